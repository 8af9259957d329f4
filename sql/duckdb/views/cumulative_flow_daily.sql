-- How many issues were in each status at the end of each day? One row for each day, in UTC,
-- project and status, from the day on which an issue of the project first was in the status; the
-- last day is today, as it stands now.
--
-- Only live issues count, each with its whole history for the project that it is in now. A transition
-- before the first day of calendar_days, as an import or a script may leave, counts on that day.
--
-- needs: time_in_status (project_key, status_id, status, status_category, entered_at, left_at, _site)
-- needs: calendar_days (day)
-- column day: The day.
-- column project_key: Key of the project.
-- column status_id: Id of the status.
-- column status: Name of the status.
-- column status_category: Category of the status: new, indeterminate or done; NULL when nobody knows it.
-- column issues: Number of issues that were in the status when the day ended.
-- column _site: Site of the project.
WITH calendar AS (
  SELECT MIN(c.day) AS first_day FROM calendar_days c
),
-- Who left a status before entering it, as by a transition before the issue's creation, never was in it.
moves AS (
  SELECT t._site, t.project_key, t.status_id, t.status, t.status_category, epoch_ms(t.entered_at) // 86400000 AS n, 1 AS change
  FROM time_in_status t
  UNION ALL
  SELECT t._site, t.project_key, t.status_id, t.status, t.status_category, epoch_ms(CASE WHEN t.left_at < t.entered_at THEN t.entered_at ELSE t.left_at END) // 86400000, -1
  FROM time_in_status t
  WHERE t.left_at IS NOT NULL
),
dated AS (
  SELECT m.*, CASE WHEN DATE '1970-01-01' + CAST(m.n AS INTEGER) < c.first_day THEN c.first_day
    ELSE DATE '1970-01-01' + CAST(m.n AS INTEGER) END AS day
  FROM moves m CROSS JOIN calendar c
),
flows AS (
  SELECT m._site, m.project_key, m.status_id, MAX(m.status) AS status, MAX(m.status_category) AS status_category, MIN(m.day) AS first_day
  FROM dated m
  GROUP BY m._site, m.project_key, m.status_id
),
changes AS (
  SELECT m._site, m.project_key, m.status_id, m.day, SUM(m.change) AS change
  FROM dated m
  GROUP BY m._site, m.project_key, m.status_id, m.day
)
SELECT c.day, f.project_key, f.status_id, f.status, f.status_category,
  CAST(SUM(COALESCE(h.change, 0)) OVER (PARTITION BY f._site, f.project_key, f.status_id ORDER BY c.day
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS BIGINT) AS issues,
  f._site
FROM flows f
JOIN calendar_days c ON c.day >= f.first_day
LEFT JOIN changes h ON h._site = f._site AND h.project_key IS NOT DISTINCT FROM f.project_key
  AND h.status_id IS NOT DISTINCT FROM f.status_id AND h.day = c.day
