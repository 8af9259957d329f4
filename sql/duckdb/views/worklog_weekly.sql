-- Who worked how long, in which week, for which project? One row for each week, Monday to Sunday in
-- UTC, person and project with work logged on live issues.
--
-- A worklog counts in the week in which the work began.
--
-- needs: issue_worklogs (issue_id, started, time_spent_seconds, author, author_id, _site)
-- needs: issues_current (id, project_key, _site)
-- takes: users (id text, name text, _site text)
-- column week: Monday of the week.
-- column author: Display name of who did the work; NULL for deleted apps.
-- column author_id: Account id of who did the work.
-- column project_key: Key of the project that the issues are in.
-- column hours: Hours logged.
-- column worklogs: Number of worklogs.
-- column issues: Number of issues worked on.
-- column _site: Site of the project.
WITH logs AS (
  SELECT w._site, w.issue_id, w.author_id, COALESCE(u.name, w.author) AS author, i.project_key, w.time_spent_seconds AS seconds,
    epoch_ms(w.started) // 86400000 AS n
  FROM issue_worklogs w
  JOIN issues_current i ON i._site = w._site AND i.id = w.issue_id
  LEFT JOIN users u ON u._site = w._site AND u.id = w.author_id
)
SELECT
  DATE '1970-01-01' + CAST(l.n - MOD(l.n + 3, 7) AS INTEGER) AS week,
  MAX(l.author) AS author, l.author_id, l.project_key,
  CAST(SUM(l.seconds) AS DOUBLE) / 3600 AS hours,
  COUNT(*) AS worklogs,
  COUNT(DISTINCT l.issue_id) AS issues,
  l._site
FROM logs l
GROUP BY l.n - MOD(l.n + 3, 7), l.author_id, l.project_key, l._site
