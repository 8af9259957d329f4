-- How long did each issue take, from its creation and from the beginning of the work on it? One
-- row for each live issue.
--
-- An issue is finished when it comes into a status of the category done and stays in that
-- category: one that was reopened and finished again is finished the second time. Work begins
-- with the first status of the category indeterminate. Times are NULL while the issue is not
-- finished; those of the cycle also if it was never in progress.
--
-- needs: time_in_status (issue_id, issue_key, project_key, issue_type, stay, status_category, entered_at, hours, working_hours, _site)
-- column issue_id: Issue, issues.id.
-- column issue_key: Current key of the issue.
-- column project_key: Key of the project that the issue is in.
-- column issue_type: Issue type.
-- column created_at: When the issue was created.
-- column started_at: When the issue first came into progress; NULL if it never did.
-- column finished_at: When the issue was finished, the last time; NULL while it is not.
-- column lead_hours: Hours from creation to finish.
-- column lead_working_hours: The same within the working calendar.
-- column cycle_hours: Hours from the first start to finish.
-- column cycle_working_hours: The same within the working calendar.
-- column _site: Site of the issue.
WITH marked AS (
  SELECT t.*,
    MAX(CASE WHEN t.status_category = 'done' THEN 0 ELSE t.stay END) OVER (PARTITION BY t._site, t.issue_id) AS last_open,
    MAX(t.stay) OVER (PARTITION BY t._site, t.issue_id) AS last_stay,
    MIN(CASE WHEN t.status_category = 'indeterminate' THEN t.stay END) OVER (PARTITION BY t._site, t.issue_id) AS first_work
  FROM time_in_status t
)
SELECT m.issue_id, m.issue_key, m.project_key, m.issue_type,
  MIN(m.entered_at) AS created_at,
  MIN(CASE WHEN m.stay = m.first_work THEN m.entered_at END) AS started_at,
  MIN(CASE WHEN m.stay = m.last_open + 1 THEN m.entered_at END) AS finished_at,
  CASE WHEN m.last_stay > m.last_open THEN SUM(CASE WHEN m.stay <= m.last_open THEN m.hours ELSE 0 END) END AS lead_hours,
  CASE WHEN m.last_stay > m.last_open THEN SUM(CASE WHEN m.stay <= m.last_open THEN m.working_hours ELSE 0 END) END AS lead_working_hours,
  CASE WHEN m.last_stay > m.last_open THEN SUM(CASE WHEN m.stay BETWEEN m.first_work AND m.last_open THEN m.hours END) END AS cycle_hours,
  CASE WHEN m.last_stay > m.last_open THEN SUM(CASE WHEN m.stay BETWEEN m.first_work AND m.last_open THEN m.working_hours END) END AS cycle_working_hours,
  m._site
FROM marked m
GROUP BY m._site, m.issue_id, m.issue_key, m.project_key, m.issue_type, m.last_open, m.last_stay
