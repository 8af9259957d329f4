-- How long was each issue in each status, and who moved it? One row for each stay of a live issue
-- in a status, the present one included, whose time runs until now.
--
-- Stays follow from the changelog: the first begins with the issue's creation, each other one
-- with a transition. Imports and scripts leave transitions that are older than the creation: there the
-- first stay begins, and ends, with the first of them, and lasts no time. Names and categories are those of known_statuses; a status that it does not have is
-- called as in the changelog, and its category is NULL, which is neither done nor not done.
-- An issue that moved between projects counts for the project that it is in.
--
-- needs: issues (id, created, status, status_id, _site)
-- needs: issues_current (id, key, project_key, _site)
-- needs: issue_changelog (issue_id, history_id, item_index, created, author, author_id, field, field_id, field_type,
--   from_id, from_string, to_id, to_string, _site)
-- needs: known_statuses (status_id, status, status_category, _site)
-- needs: working_calendar (weekday, opens, closes)
-- takes: issues (creator text, creator_id text)
-- takes: issues_current (issue_type text)
-- column issue_id: Issue, issues.id.
-- column issue_key: Current key of the issue.
-- column project_key: Key of the project that the issue is in.
-- column issue_type: Issue type.
-- column stay: Number of the stay, from 1 in each issue.
-- column status_id: Id of the status.
-- column status: Name of the status.
-- column status_category: Category of the status: new, indeterminate or done; NULL when nobody knows it.
-- column entered_at: When the issue came into the status; of the first stay, when the issue was created, or its first transition where that
--   is older.
-- column entered_by: Who moved it there; of the first stay, who created the issue.
-- column entered_by_id: Account id of who moved it there.
-- column left_at: When the issue left the status; NULL for the present one.
-- column left_by: Who moved it on.
-- column left_by_id: Account id of who moved it on.
-- column previous_status: Status that the issue came from; NULL in the first stay.
-- column next_status: Status that the issue went to; NULL in the present one.
-- column is_current: Whether the issue is in this status now.
-- column hours: Hours in the status by the calendar, until now for the present one.
-- column working_hours: Hours in the status within the working calendar.
-- column _site: Site of the issue.
WITH transitions AS (
  SELECT c._site, c.issue_id, c.created, c.author, c.author_id,
    TRY_CAST(c.from_id AS BIGINT) AS from_id, c.from_string, TRY_CAST(c.to_id AS BIGINT) AS to_id, c.to_string,
    ROW_NUMBER() OVER (PARTITION BY c._site, c.issue_id ORDER BY c.created, c.history_id, c.item_index) AS n
  FROM issue_changelog c
  WHERE COALESCE(c.field_id, c.field) = 'status' AND c.field_type = 'jira'
),
entries AS (
  SELECT i._site, i.id AS issue_id, 1 AS stay,
    CASE WHEN t.n IS NULL THEN i.status_id ELSE t.from_id END AS status_id,
    CASE WHEN t.n IS NULL THEN i.status ELSE t.from_string END AS status,
    CASE WHEN t.created < i.created THEN t.created ELSE i.created END AS entered_at, i.creator AS entered_by, i.creator_id AS entered_by_id
  FROM issues i
  LEFT JOIN transitions t ON t._site = i._site AND t.issue_id = i.id AND t.n = 1
  UNION ALL
  SELECT t._site, t.issue_id, t.n + 1, t.to_id, t.to_string, t.created, t.author, t.author_id FROM transitions t
),
stays AS (
  SELECT e._site, e.issue_id, e.stay, e.status_id, e.entered_at, e.entered_by, e.entered_by_id,
    COALESCE(k.status, e.status) AS status, k.status_category,
    LEAD(e.entered_at) OVER (PARTITION BY e._site, e.issue_id ORDER BY e.stay) AS left_at,
    LEAD(e.entered_by) OVER (PARTITION BY e._site, e.issue_id ORDER BY e.stay) AS left_by,
    LEAD(e.entered_by_id) OVER (PARTITION BY e._site, e.issue_id ORDER BY e.stay) AS left_by_id,
    LAG(COALESCE(k.status, e.status)) OVER (PARTITION BY e._site, e.issue_id ORDER BY e.stay) AS previous_status,
    LEAD(COALESCE(k.status, e.status)) OVER (PARTITION BY e._site, e.issue_id ORDER BY e.stay) AS next_status
  FROM entries e
  LEFT JOIN known_statuses k ON k._site = e._site AND k.status_id = e.status_id
),
-- Milliseconds since 1970-01-01, and the number of the day: days count from Monday, 1969-12-29.
measured AS (
  SELECT s.*, epoch_ms(s.entered_at) AS since, epoch_ms(COALESCE(s.left_at, CURRENT_TIMESTAMP)) AS until,
    epoch_ms(s.entered_at) // 86400000 + 3 AS first_day, epoch_ms(COALESCE(s.left_at, CURRENT_TIMESTAMP)) // 86400000 + 3 AS last_day
  FROM stays s
),
-- Working milliseconds: of each day of the week, of the days before it, and of the whole week.
week AS (
  SELECT h.weekday, h.opens, h.length, SUM(h.length) OVER () AS whole,
    SUM(h.length) OVER (ORDER BY h.weekday ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - h.length AS earlier
  FROM (
    SELECT w.weekday, CAST(w.opens * 3600000 AS DOUBLE) AS opens, CAST((w.closes - w.opens) * 3600000 AS DOUBLE) AS length
    FROM working_calendar w
  ) h
)
-- Working time between two instants is what has passed of it at the later one less what had passed
-- at the earlier one: whole weeks, the days of the week before, and the day's own part.
SELECT m.issue_id, i.key AS issue_key, i.project_key, i.issue_type, m.stay, m.status_id, m.status, m.status_category,
  m.entered_at, m.entered_by, m.entered_by_id, m.left_at, m.left_by, m.left_by_id, m.previous_status, m.next_status,
  m.left_at IS NULL AS is_current,
  CAST(m.until - m.since AS DOUBLE) / 3600000 AS hours,
  (((m.last_day - MOD(m.last_day, 7)) / 7 - (m.first_day - MOD(m.first_day, 7)) / 7) * b.whole + b.earlier - a.earlier
    + LEAST(GREATEST(MOD(m.until, 86400000) - b.opens, 0), b.length)
    - LEAST(GREATEST(MOD(m.since, 86400000) - a.opens, 0), a.length)) / 3600000 AS working_hours,
  m._site
FROM measured m
JOIN issues_current i ON i._site = m._site AND i.id = m.issue_id
JOIN week a ON a.weekday = MOD(m.first_day, 7) + 1
JOIN week b ON b.weekday = MOD(m.last_day, 7) + 1
