-- Which days are there to count by? One row for each day, in UTC, from the creation of the oldest
-- live issue to today.
--
-- needs: issues (created, _presence)
-- needs: working_calendar (weekday, opens, closes)
-- column day: The day.
-- column week: Monday of the day's week.
-- column month: First day of the day's month.
-- column weekday: Day of the week, 1 for Monday to 7 for Sunday.
-- column working: Whether the working calendar has hours on this day.
WITH digits AS (
  SELECT digit FROM (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) AS d (digit)
),
-- Days since 1970-01-01, which was a Thursday. The condition is within MIN: as a WHERE
-- DuckDB 1.5 fails where no row group can have a row for it (duckdb/duckdb#22713).
span AS (
  SELECT epoch_ms(MIN(CASE WHEN i._presence = 'live' THEN i.created END)) // 86400000 AS first_day,
    epoch_ms(CURRENT_TIMESTAMP) // 86400000 AS last_day
  FROM issues i
),
days AS (
  SELECT s.first_day + a.digit + 10 * b.digit + 100 * c.digit + 1000 * e.digit + 10000 * f.digit AS n, s.last_day
  FROM span s CROSS JOIN digits a CROSS JOIN digits b CROSS JOIN digits c CROSS JOIN digits e CROSS JOIN digits f
)
SELECT
  DATE '1970-01-01' + CAST(d.n AS INTEGER) AS day,
  DATE '1970-01-01' + CAST(d.n - MOD(d.n + 3, 7) AS INTEGER) AS week,
  CAST(DATE_TRUNC('month', DATE '1970-01-01' + CAST(d.n AS INTEGER)) AS DATE) AS month,
  MOD(d.n + 3, 7) + 1 AS weekday,
  w.closes > w.opens AS working
FROM days d
JOIN working_calendar w ON w.weekday = MOD(d.n + 3, 7) + 1
WHERE d.n <= d.last_day
