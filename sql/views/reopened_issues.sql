-- Which issues came back after they were done, and how often? One row for each live issue that
-- went from a status of the category done to one of another category.
--
-- Statuses whose category nobody knows are passed over.
--
-- needs: time_in_status (issue_id, issue_key, project_key, issue_type, stay, status, status_category, entered_at, entered_by,
--   entered_by_id, _site)
-- needs: issues_current (id, status, status_category, _site)
-- column issue_id: Issue, issues.id.
-- column issue_key: Current key of the issue.
-- column project_key: Key of the project that the issue is in.
-- column issue_type: Issue type.
-- column times_reopened: How often the issue was reopened.
-- column first_reopened_at: When it was reopened first.
-- column last_reopened_at: When it was reopened last.
-- column last_reopened_by: Who reopened it last.
-- column last_reopened_by_id: Account id of who reopened it last.
-- column reopened_from: Status in which it was done before, the last time.
-- column reopened_to: Status that it went to, the last time.
-- column status: Status of the issue now.
-- column status_category: Category of that status.
-- column _site: Site of the issue.
WITH steps AS (
  SELECT t.*, LAG(t.status_category) OVER (PARTITION BY t._site, t.issue_id ORDER BY t.stay) AS category_before,
    LAG(t.status) OVER (PARTITION BY t._site, t.issue_id ORDER BY t.stay) AS status_before
  FROM time_in_status t
  WHERE t.status_category IS NOT NULL
),
reopenings AS (
  SELECT s.* FROM steps s
  WHERE s.category_before = 'done' AND s.status_category <> 'done'
),
counted AS (
  SELECT r.*, COUNT(*) OVER (PARTITION BY r._site, r.issue_id) AS times_reopened,
    MIN(r.entered_at) OVER (PARTITION BY r._site, r.issue_id) AS first_reopened_at
  FROM reopenings r
  QUALIFY ROW_NUMBER() OVER (PARTITION BY r._site, r.issue_id ORDER BY r.stay DESC) = 1
)
SELECT c.issue_id, c.issue_key, c.project_key, c.issue_type, c.times_reopened, c.first_reopened_at,
  c.entered_at AS last_reopened_at, c.entered_by AS last_reopened_by, c.entered_by_id AS last_reopened_by_id,
  c.status_before AS reopened_from, c.status AS reopened_to, i.status, i.status_category, c._site
FROM counted c
JOIN issues_current i ON i._site = c._site AND i.id = c.issue_id
