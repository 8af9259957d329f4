-- How much of each sprint was left at the end of each of its days? One row for each sprint that has
-- begun and each day, in UTC, from its start to its completion, or to today.
--
-- The last day is as it stood at the completion, or stands now. Points are those that issues have
-- now; they are NULL in a sprint none of whose issues has any.
--
-- needs: known_sprints (sprint_id, sprint, start_date, ended_at, _site)
-- needs: sprint_membership (issue_id, sprint_id, added_at, removed_at, _site)
-- needs: time_in_status (issue_id, status_category, entered_at, left_at, _site)
-- needs: issue_points (issue_id, points, _site)
-- column sprint_id: Id of the sprint.
-- column sprint: Name of the sprint.
-- column day: The day.
-- column scope_issues: Issues in the sprint when the day ended.
-- column scope_points: Their story points.
-- column remaining_issues: Those of them that were not done.
-- column remaining_points: Their story points.
-- column unknown_issues: Those of them of which nobody knows whether they were done.
-- column unknown_points: Their story points.
-- column _site: Site of the sprint.
WITH digits AS (
  SELECT digit FROM (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) AS d (digit)
),
numbers AS (
  SELECT a.digit + 10 * b.digit + 100 * c.digit + 1000 * e.digit AS n
  FROM digits a CROSS JOIN digits b CROSS JOIN digits c CROSS JOIN digits e
),
begun AS (
  SELECT s._site, s.sprint_id, s.sprint,
    FLOOR(DATE_PART(EPOCH_SECOND, s.start_date) / 86400) AS first_day, FLOOR(DATE_PART(EPOCH_SECOND, s.ended_at) / 86400) AS last_day,
    DATE_PART(EPOCH_MILLISECOND, s.ended_at) AS ended
  FROM known_sprints s
  WHERE s.ended_at IS NOT NULL
),
-- The end of each day, or that of the sprint.
moments AS (
  SELECT r._site, r.sprint_id, r.sprint, DATE '1970-01-01' + CAST(r.first_day + n.n AS INTEGER) AS day,
    LEAST((r.first_day + n.n + 1) * 86400000, r.ended) AS moment
  FROM begun r
  JOIN numbers n ON n.n <= r.last_day - r.first_day
),
members AS (
  SELECT b._site, b.sprint_id, b.issue_id, DATE_PART(EPOCH_MILLISECOND, b.added_at) AS added, DATE_PART(EPOCH_MILLISECOND, b.removed_at) AS removed,
    p.points
  FROM sprint_membership b
  JOIN issue_points p ON p._site = b._site AND p.issue_id = b.issue_id
),
stays AS (
  SELECT t._site, t.issue_id, DATE_PART(EPOCH_MILLISECOND, t.entered_at) AS entered, DATE_PART(EPOCH_MILLISECOND, t.left_at) AS ended,
    CASE WHEN t.status_category = 'done' THEN 'done' WHEN t.status_category IS NULL THEN 'unknown' ELSE 'open' END AS is_now
  FROM time_in_status t
),
counted AS (
  SELECT m._site, m.sprint_id, m.sprint, m.day,
    COUNT(t.issue_id) AS scope_issues,
    SUM(CASE WHEN t.issue_id IS NOT NULL THEN b.points END) AS scope_points,
    COUNT(CASE WHEN t.is_now = 'open' THEN 1 END) AS remaining_issues,
    SUM(CASE WHEN t.is_now = 'open' THEN b.points END) AS remaining_points,
    COUNT(CASE WHEN t.is_now = 'unknown' THEN 1 END) AS unknown_issues,
    SUM(CASE WHEN t.is_now = 'unknown' THEN b.points END) AS unknown_points,
    -- Without any points in the whole sprint a sum of none is not 0 but unknown.
    CASE WHEN MAX(COUNT(b.points)) OVER (PARTITION BY m._site, m.sprint_id) > 0 THEN 0 END AS nothing
  FROM moments m
  LEFT JOIN members b ON b._site = m._site AND b.sprint_id = m.sprint_id
    AND b.added <= m.moment AND COALESCE(b.removed > m.moment, TRUE)
  LEFT JOIN stays t ON t._site = b._site AND t.issue_id = b.issue_id
    AND t.entered <= m.moment AND COALESCE(t.ended > m.moment, TRUE)
  GROUP BY m._site, m.sprint_id, m.sprint, m.day
)
SELECT c.sprint_id, c.sprint, c.day, c.scope_issues, COALESCE(c.scope_points, c.nothing) AS scope_points,
  c.remaining_issues, COALESCE(c.remaining_points, c.nothing) AS remaining_points,
  c.unknown_issues, COALESCE(c.unknown_points, c.nothing) AS unknown_points, c._site
FROM counted c
