-- From when to when was each issue in each sprint? One row for each time that a live issue was in a
-- sprint, from the changelog.
--
-- An issue stays in a sprint when that is completed; it leaves it only when somebody takes it out.
-- Where its first change of sprints is older than its creation, as imports leave it, that stands for the creation.
--
-- needs: issues (id, created, _site)
-- needs: issues_current (id, key, _site)
-- needs: issue_sprints (issue_id, sprint_id, _site)
-- needs: issue_changelog (issue_id, history_id, item_index, created, field, field_id, field_type, from_id, to_id, _site)
-- takes: fields (id text, plugin text, _site text)
-- column issue_id: Issue, issues.id.
-- column issue_key: Current key of the issue.
-- column sprint_id: Id of the sprint.
-- column added_at: When the issue came into the sprint; its creation, if it was in it from the beginning.
-- column removed_at: When the issue was taken out of the sprint; NULL while it is in it.
-- column _site: Site of the issue.
WITH changes AS (
  SELECT c._site, c.issue_id, c.created, c.from_id, c.to_id,
    ROW_NUMBER() OVER (PARTITION BY c._site, c.issue_id ORDER BY c.created, c.history_id, c.item_index) AS n,
    LEAD(c.created) OVER (PARTITION BY c._site, c.issue_id ORDER BY c.created, c.history_id, c.item_index) AS replaced_at
  FROM issue_changelog c
  LEFT JOIN fields f ON f._site = c._site AND f.id = c.field_id AND f.plugin = 'com.pyxis.greenhopper.jira:gh-sprint'
  WHERE c.field_type = 'custom' AND (c.field = 'Sprint' OR f.id IS NOT NULL)
),
-- What the field held: the ids of sprints with commas between them, before the first change and
-- after each.
lists AS (
  SELECT c._site, c.issue_id, 0 AS n, CASE WHEN c.created < i.created THEN c.created ELSE i.created END AS since, c.created AS until, c.from_id AS held
  FROM changes c
  JOIN issues i ON i._site = c._site AND i.id = c.issue_id
  WHERE c.n = 1
  UNION ALL
  SELECT c._site, c.issue_id, c.n, c.created, c.replaced_at, c.to_id FROM changes c
),
held AS (
  SELECT DISTINCT l._site, l.issue_id, l.n, l.since, l.until, TRY_CAST(TRIM(e.element) AS BIGINT) AS sprint_id
  FROM lists l, UNNEST(string_split(l.held, ',')) AS e (element)
  UNION ALL
  -- Never changed: in today's sprints since the creation.
  SELECT i._site, i.id, 0, i.created, NULL, s.sprint_id
  FROM issues i
  JOIN issue_sprints s ON s._site = i._site AND s.issue_id = i.id
  LEFT JOIN changes c ON c._site = i._site AND c.issue_id = i.id AND c.n = 1
  WHERE c.n IS NULL
),
-- Values that follow each other and all name the sprint are one time in it.
runs AS (
  SELECT h.*, h.n - ROW_NUMBER() OVER (PARTITION BY h._site, h.issue_id, h.sprint_id ORDER BY h.n) AS run
  FROM held h
  WHERE h.sprint_id IS NOT NULL
)
SELECT r.issue_id, i.key AS issue_key, r.sprint_id, MIN(r.since) AS added_at,
  CASE WHEN COUNT(*) = COUNT(r.until) THEN MAX(r.until) END AS removed_at,
  r._site
FROM runs r
JOIN issues_current i ON i._site = r._site AND i.id = r.issue_id
GROUP BY r._site, r.issue_id, i.key, r.sprint_id, r.run
