-- How long did each issue take, from its creation and from the beginning of the work on it? One
-- row for each live issue.
--
-- An issue is finished when it comes into a status of the category done and stays in that
-- category: one that was reopened and finished again is finished the second time. Work begins
-- with the first status of the category indeterminate. Times are NULL while the issue is not
-- finished; those of the cycle also if it was never in progress. They are NULL, too, where they hang
-- on a status whose category nobody knows: that of the finish if the issue came from such a one into
-- done, that of the start if it was in one before it was first seen in progress. Where the first
-- transition is older than the creation, as imports and scripts leave it, lead time begins with that
-- transition, and the issue may have started and finished before it was created.
--
-- needs: time_in_status (issue_id, issue_key, project_key, issue_type, stay, status_category, entered_at, hours, working_hours, _site)
-- needs: issues_current (id, created, _site)
-- column issue_id: Issue, issues.id.
-- column issue_key: Current key of the issue.
-- column project_key: Key of the project that the issue is in.
-- column issue_type: Issue type.
-- column created_at: When the issue was created, issues.created.
-- column started_at: When the issue first came into progress; NULL if it never did, or nobody knows.
-- column finished_at: When the issue was finished, the last time; NULL while it is not, or nobody knows.
-- column finish_unknown: Whether nobody knows if, or since when, the issue is finished, since the last status that is not done has no known
--   category.
-- column lead_hours: Hours from creation, or from the first transition where that is older, to finish.
-- column lead_working_hours: The same within the working calendar.
-- column cycle_hours: Hours from the first start to finish.
-- column cycle_working_hours: The same within the working calendar.
-- column _site: Site of the issue.
WITH marked AS (
  SELECT t.*,
    MAX(CASE WHEN t.status_category = 'done' THEN 0 ELSE t.stay END) OVER (PARTITION BY t._site, t.issue_id) AS last_open,
    MIN(CASE WHEN COALESCE(t.status_category, 'indeterminate') = 'indeterminate' THEN t.stay END) OVER (PARTITION BY t._site, t.issue_id) AS first_work
  FROM time_in_status t
),
summed AS (
  SELECT m._site, m.issue_id, m.issue_key, m.project_key, m.issue_type,
    MIN(CASE WHEN m.stay = m.first_work AND m.status_category IS NOT NULL THEN m.entered_at END) AS started_at,
    MIN(CASE WHEN m.stay = m.last_open + 1 THEN m.entered_at END) AS done_at,
    COUNT(CASE WHEN m.stay = m.last_open AND m.status_category IS NULL THEN 1 END) > 0 AS finish_unknown,
    SUM(CASE WHEN m.stay <= m.last_open THEN m.hours ELSE 0 END) AS lead_hours,
    SUM(CASE WHEN m.stay <= m.last_open THEN m.working_hours ELSE 0 END) AS lead_working_hours,
    SUM(CASE WHEN m.stay BETWEEN m.first_work AND m.last_open THEN m.hours END) AS cycle_hours,
    SUM(CASE WHEN m.stay BETWEEN m.first_work AND m.last_open THEN m.working_hours END) AS cycle_working_hours
  FROM marked m
  GROUP BY m._site, m.issue_id, m.issue_key, m.project_key, m.issue_type
)
SELECT s.issue_id, s.issue_key, s.project_key, s.issue_type, i.created AS created_at, s.started_at,
  CASE WHEN NOT s.finish_unknown THEN s.done_at END AS finished_at,
  s.finish_unknown,
  CASE WHEN s.done_at IS NOT NULL AND NOT s.finish_unknown THEN s.lead_hours END AS lead_hours,
  CASE WHEN s.done_at IS NOT NULL AND NOT s.finish_unknown THEN s.lead_working_hours END AS lead_working_hours,
  CASE WHEN s.done_at IS NOT NULL AND NOT s.finish_unknown AND s.started_at IS NOT NULL THEN s.cycle_hours END AS cycle_hours,
  CASE WHEN s.done_at IS NOT NULL AND NOT s.finish_unknown AND s.started_at IS NOT NULL THEN s.cycle_working_hours END AS cycle_working_hours,
  s._site
FROM summed s
JOIN issues_current i ON i._site = s._site AND i.id = s.issue_id
