-- What became of each issue of each sprint? One row for each sprint that has begun and each live
-- issue that was in it at some time while it ran.
--
-- Of a sprint that is under way, now counts as its end. Whether an issue is done goes by the
-- category of its status at the end of the sprint; where nobody knows that, completed is NULL, and so
-- is carried_over once the sprint is completed. Points are those that the issue has now.
--
-- needs: known_sprints (sprint_id, sprint, start_date, complete_date, ended_at, _site)
-- needs: sprint_membership (issue_id, issue_key, sprint_id, added_at, removed_at, _site)
-- needs: time_in_status (issue_id, project_key, issue_type, status, status_category, entered_at, left_at, _site)
-- needs: issue_points (issue_id, points, _site)
-- column sprint_id: Id of the sprint.
-- column sprint: Name of the sprint.
-- column issue_id: Issue, issues.id.
-- column issue_key: Current key of the issue.
-- column project_key: Key of the project that the issue is in.
-- column issue_type: Issue type.
-- column points: Story points.
-- column status_at_end: Status of the issue when the sprint was completed, or now.
-- column committed: Whether the issue was in the sprint when it began.
-- column added: Whether the issue came into the sprint after it had begun.
-- column removed: Whether the issue was taken out of the sprint before it ended.
-- column completed: Whether the issue was in the sprint at its end, and done; NULL when nobody knows whether it was done.
-- column carried_over: Whether the issue was in the sprint when it was completed, and not done; NULL when nobody knows.
-- column _site: Site of the sprint.
WITH spans AS (
  SELECT m._site, m.sprint_id, m.issue_id, m.issue_key, m.added_at, m.removed_at, s.sprint, s.start_date, s.complete_date, s.ended_at
  FROM sprint_membership m
  JOIN known_sprints s ON s._site = m._site AND s.sprint_id = m.sprint_id
  WHERE s.ended_at IS NOT NULL
),
judged AS (
  SELECT p._site, p.sprint_id, p.sprint, p.issue_id, p.issue_key, p.complete_date, p.ended_at,
    MAX(CASE WHEN p.added_at <= p.start_date THEN 1 ELSE 0 END) AS at_start,
    MAX(CASE WHEN COALESCE(p.removed_at > p.ended_at, TRUE) THEN 1 ELSE 0 END) AS at_end
  FROM spans p
  WHERE p.added_at <= p.ended_at AND COALESCE(p.removed_at > p.start_date, TRUE)
  GROUP BY p._site, p.sprint_id, p.sprint, p.issue_id, p.issue_key, p.complete_date, p.ended_at
)
SELECT j.sprint_id, j.sprint, j.issue_id, j.issue_key, t.project_key, t.issue_type,
  p.points,
  t.status AS status_at_end,
  j.at_start = 1 AS committed,
  j.at_start = 0 AS added,
  j.at_end = 0 AS removed,
  j.at_end = 1 AND t.status_category = 'done' AS completed,
  j.at_end = 1 AND t.status_category <> 'done' AND j.complete_date IS NOT NULL AS carried_over,
  j._site
FROM judged j
JOIN issue_points p ON p._site = j._site AND p.issue_id = j.issue_id
JOIN time_in_status t ON t._site = j._site AND t.issue_id = j.issue_id
  AND t.entered_at <= j.ended_at AND COALESCE(t.left_at > j.ended_at, TRUE)
