-- Which sprints are there? One row for each sprint, from the table of sprints where it is loaded,
-- else as the issues in the sprint show it.
--
-- Closing a sprint changes no issue, so what an issue shows may be older than the sprint: of
-- several, the one counts that knows of the completion, then the issue that changed last.
--
-- A sprint that is deleted, or hidden from the account with its boards, keeps the state that it had.
-- If it had begun and was not completed, nobody knows when it ended: sprint_issues, sprint_report and
-- sprint_burndown leave it out.
--
-- needs: issue_sprints (issue_id, sprint_id, sprint, state, board_id, goal, start_date, end_date, complete_date, _site)
-- needs: issues (id, updated, _site)
-- takes: sprints (id int, name text, state text, board_id int, goal text, start_date timestamp, end_date timestamp,
--   complete_date timestamp, _presence text, _site text)
-- column sprint_id: Id of the sprint.
-- column sprint: Name of the sprint.
-- column state: future, active or closed.
-- column board_id: Id of the board that the sprint was made on.
-- column goal: Goal of the sprint.
-- column start_date: When the sprint begins or began.
-- column end_date: When the sprint is or was to end.
-- column complete_date: When the sprint was completed; NULL before.
-- column ended_at: When the sprint ended for other views: its completion, or now while it is under way; NULL of one that has
--   not begun, and of one that is gone and was not completed.
-- column _presence: live while Jira lists the sprint, gone when it is deleted or hidden from the account; NULL when the
--   table of sprints does not have it.
-- column _site: Site of the sprint.
WITH shown AS (
  SELECT s.* FROM issue_sprints s
  JOIN issues i ON i._site = s._site AND i.id = s.issue_id
  QUALIFY ROW_NUMBER() OVER (PARTITION BY s._site, s.sprint_id
    ORDER BY CASE WHEN s.complete_date IS NULL THEN 1 ELSE 0 END, i.updated DESC NULLS LAST, s.issue_id DESC) = 1
),
known AS (
  SELECT p.id AS sprint_id, p.name AS sprint, LOWER(p.state) AS state, p.board_id, p.goal, p.start_date, p.end_date, p.complete_date,
    p._presence, p._site
  FROM sprints p
  UNION ALL
  SELECT s.sprint_id, s.sprint, s.state, s.board_id, s.goal, s.start_date, s.end_date, s.complete_date, CAST(NULL AS VARCHAR), s._site
  FROM shown s
  LEFT JOIN sprints p ON p._site = s._site AND p.id = s.sprint_id
  WHERE p.id IS NULL
)
SELECT k.sprint_id, k.sprint, k.state, k.board_id, k.goal, k.start_date, k.end_date, k.complete_date,
  CASE WHEN COALESCE(k.state, '') <> 'future' AND k.start_date <= COALESCE(k.complete_date, CURRENT_TIMESTAMP())
    AND (k.complete_date IS NOT NULL OR COALESCE(k._presence, '') <> 'gone')
    THEN COALESCE(k.complete_date, CURRENT_TIMESTAMP()) END AS ended_at,
  k._presence, k._site
FROM known k
