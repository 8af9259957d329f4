-- What did each sprint take on, and what came of it? One row for each sprint that has begun, with
-- numbers of issues and their story points.
--
-- What the words mean is said in sprint_issues, which lists the issues. All that was committed or
-- added was removed, completed or carried over, or its status has a category that nobody knows; in a
-- sprint under way it may still be open. Points are NULL in a sprint none of whose issues has any.
--
-- needs: known_sprints (sprint_id, sprint, state, board_id, goal, start_date, end_date, complete_date, ended_at, _site)
-- needs: sprint_issues (issue_id, sprint_id, points, committed, added, removed, completed, carried_over, _site)
-- column sprint_id: Id of the sprint.
-- column sprint: Name of the sprint.
-- column state: active or closed.
-- column board_id: Id of the board that the sprint was made on.
-- column goal: Goal of the sprint.
-- column start_date: When the sprint began.
-- column end_date: When the sprint is or was to end.
-- column complete_date: When the sprint was completed; NULL while it is under way.
-- column committed_issues: Issues in the sprint when it began.
-- column committed_points: Their story points.
-- column added_issues: Issues that came in after it had begun.
-- column added_points: Their story points.
-- column removed_issues: Issues that were taken out before it ended.
-- column removed_points: Their story points.
-- column completed_issues: Issues in the sprint and done at its end.
-- column completed_points: Their story points.
-- column carried_over_issues: Issues in the sprint and not done when it was completed.
-- column carried_over_points: Their story points.
-- column unknown_issues: Issues in the sprint at its end of which nobody knows whether they were done.
-- column unknown_points: Their story points.
-- column _site: Site of the sprint.
SELECT s.sprint_id, s.sprint, s.state, s.board_id, s.goal, s.start_date, s.end_date, s.complete_date,
  COUNT(CASE WHEN i.committed THEN 1 END) AS committed_issues,
  CASE WHEN COUNT(i.points) > 0 THEN SUM(CASE WHEN i.committed THEN COALESCE(i.points, 0) ELSE 0 END) END AS committed_points,
  COUNT(CASE WHEN i.added THEN 1 END) AS added_issues,
  CASE WHEN COUNT(i.points) > 0 THEN SUM(CASE WHEN i.added THEN COALESCE(i.points, 0) ELSE 0 END) END AS added_points,
  COUNT(CASE WHEN i.removed THEN 1 END) AS removed_issues,
  CASE WHEN COUNT(i.points) > 0 THEN SUM(CASE WHEN i.removed THEN COALESCE(i.points, 0) ELSE 0 END) END AS removed_points,
  COUNT(CASE WHEN i.completed THEN 1 END) AS completed_issues,
  CASE WHEN COUNT(i.points) > 0 THEN SUM(CASE WHEN i.completed THEN COALESCE(i.points, 0) ELSE 0 END) END AS completed_points,
  COUNT(CASE WHEN i.carried_over THEN 1 END) AS carried_over_issues,
  CASE WHEN COUNT(i.points) > 0 THEN SUM(CASE WHEN i.carried_over THEN COALESCE(i.points, 0) ELSE 0 END) END AS carried_over_points,
  COUNT(CASE WHEN i.completed IS NULL THEN i.issue_id END) AS unknown_issues,
  CASE WHEN COUNT(i.points) > 0 THEN SUM(CASE WHEN i.completed IS NULL THEN COALESCE(i.points, 0) ELSE 0 END) END AS unknown_points,
  s._site
FROM known_sprints s
LEFT JOIN sprint_issues i ON i._site = s._site AND i.sprint_id = s.sprint_id
WHERE s.ended_at IS NOT NULL
GROUP BY s._site, s.sprint_id, s.sprint, s.state, s.board_id, s.goal, s.start_date, s.end_date, s.complete_date
