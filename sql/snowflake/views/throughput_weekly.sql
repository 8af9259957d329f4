-- How much was finished in each week? One row for each week, Monday to Sunday in UTC, project and
-- issue type in which issues were finished; weeks without any have no row.
--
-- When an issue is finished is said in cycle_time; one of which nobody knows it (finish_unknown) is
-- in no week. Points are those that issues have now.
--
-- needs: cycle_time (issue_id, project_key, issue_type, finished_at, lead_hours, cycle_hours, _site)
-- needs: issue_points (issue_id, points, _site)
-- column week: Monday of the week.
-- column project_key: Key of the project that the issues are in.
-- column issue_type: Issue type.
-- column finished_issues: Number of issues that were finished.
-- column finished_points: Sum of their story points; NULL when none of them has any.
-- column avg_lead_hours: Average of their lead_hours in cycle_time.
-- column median_cycle_hours: Median of their cycle_hours there, of those that were in progress.
-- column _site: Site of the project.
WITH finished AS (
  SELECT c._site, c.project_key, c.issue_type, c.lead_hours, c.cycle_hours,
    FLOOR(DATE_PART(EPOCH_SECOND, c.finished_at) / 86400) AS n,
    p.points
  FROM cycle_time c
  JOIN issue_points p ON p._site = c._site AND p.issue_id = c.issue_id
  WHERE c.finished_at IS NOT NULL
)
SELECT
  DATE '1970-01-01' + CAST(f.n - MOD(f.n + 3, 7) AS INTEGER) AS week,
  f.project_key, f.issue_type,
  COUNT(*) AS finished_issues,
  SUM(f.points) AS finished_points,
  AVG(f.lead_hours) AS avg_lead_hours,
  MEDIAN(f.cycle_hours) AS median_cycle_hours,
  f._site
FROM finished f
GROUP BY f.n - MOD(f.n + 3, 7), f.project_key, f.issue_type, f._site
