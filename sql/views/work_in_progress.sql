-- What is being worked on, and for how long already? One row for each live issue whose status is
-- of the category indeterminate.
--
-- needs: time_in_status (issue_id, issue_key, project_key, issue_type, stay, status, status_category, entered_at, is_current,
--   hours, working_hours, _site)
-- needs: issues_current (id, _site)
-- needs: issue_points (issue_id, points, _site)
-- takes: issues_current (summary text, assignee text, assignee_id text)
-- column issue_id: Issue, issues.id.
-- column issue_key: Current key of the issue.
-- column project_key: Key of the project that the issue is in.
-- column issue_type: Issue type.
-- column summary: Summary of the issue.
-- column assignee: Display name of the assignee.
-- column assignee_id: Account id of the assignee.
-- column points: Story points.
-- column status: Name of the status.
-- column entered_at: When the issue came into the status.
-- column hours_in_status: Hours since then.
-- column working_hours_in_status: The same within the working calendar.
-- column started_at: When the issue first came into progress; NULL when nobody knows, see cycle_time.
-- column age_hours: Hours since then, whatever happened in between.
-- column age_working_hours: The same within the working calendar.
-- column _site: Site of the issue.
WITH marked AS (
  SELECT t.*, MIN(CASE WHEN COALESCE(t.status_category, 'indeterminate') = 'indeterminate' THEN t.stay END) OVER (PARTITION BY t._site, t.issue_id) AS first_work
  FROM time_in_status t
),
aged AS (
  SELECT m.*,
    MIN(CASE WHEN m.stay = m.first_work AND m.status_category IS NOT NULL THEN m.entered_at END) OVER (PARTITION BY m._site, m.issue_id) AS started_at,
    SUM(CASE WHEN m.stay >= m.first_work THEN m.hours END) OVER (PARTITION BY m._site, m.issue_id) AS age_hours,
    SUM(CASE WHEN m.stay >= m.first_work THEN m.working_hours END) OVER (PARTITION BY m._site, m.issue_id) AS age_working_hours
  FROM marked m
)
SELECT a.issue_id, a.issue_key, a.project_key, a.issue_type, i.summary, i.assignee, i.assignee_id,
  p.points,
  a.status, a.entered_at, a.hours AS hours_in_status, a.working_hours AS working_hours_in_status,
  a.started_at,
  CASE WHEN a.started_at IS NOT NULL THEN a.age_hours END AS age_hours,
  CASE WHEN a.started_at IS NOT NULL THEN a.age_working_hours END AS age_working_hours,
  a._site
FROM aged a
JOIN issues_current i ON i._site = a._site AND i.id = a.issue_id
JOIN issue_points p ON p._site = a._site AND p.issue_id = a.issue_id
WHERE a.is_current AND a.status_category = 'indeterminate'
