-- Which statuses are there, and of what category? One row for each status that is in the table of
-- statuses or that issues are in, and for those that Jira comes with.
--
-- Jira lists the statuses of workflows in use only: changelogs tell of others, too. Of those that
-- Jira comes with the category is known all the same, by their ids: Open (1) and Reopened (4) are
-- new, In Progress (3) is indeterminate, Resolved (5) and Closed (6) are done. A status without a
-- row has a category that nobody knows.
--
-- needs: issues (id, updated, status, status_id, status_category, _site)
-- takes: statuses (id int, name text, category text, _site text)
-- column status_id: Id of the status.
-- column status: Name of the status; NULL where only changelogs tell it.
-- column status_category: Category of the status: new, indeterminate or done.
-- column _site: Site of the status.
WITH built_in AS (
  SELECT b.status_id, b.status_category
  FROM (VALUES (1, 'new'), (3, 'indeterminate'), (4, 'new'), (5, 'done'), (6, 'done')) AS b (status_id, status_category)
),
-- What the issue that changed last says of its status.
seen AS (
  SELECT i._site, i.status_id, i.status, i.status_category FROM issues i
  WHERE i.status_id IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (PARTITION BY i._site, i.status_id ORDER BY i.updated DESC NULLS LAST, i.id DESC) = 1
),
told AS (
  SELECT s._site, s.id AS status_id, s.name AS status, s.category AS status_category, 1 AS n FROM statuses s
  UNION ALL
  SELECT h._site, h.status_id, h.status, h.status_category, 2 FROM seen h
  UNION ALL
  SELECT DISTINCT h._site, b.status_id, CAST(NULL AS VARCHAR), b.status_category, 3 FROM seen h CROSS JOIN built_in b
)
SELECT t.status_id,
  COALESCE(MAX(CASE WHEN t.n = 1 THEN t.status END), MAX(CASE WHEN t.n = 2 THEN t.status END)) AS status,
  COALESCE(MAX(CASE WHEN t.n = 1 THEN t.status_category END), MAX(CASE WHEN t.n = 2 THEN t.status_category END),
    MAX(CASE WHEN t.n = 3 THEN t.status_category END)) AS status_category,
  t._site
FROM told t
GROUP BY t._site, t.status_id
