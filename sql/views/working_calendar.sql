-- When does the week's working time begin and end? One row for each day of the week, with hours
-- of the day in UTC: Monday to Friday from 9 to 17.
--
-- Working hours in all other views come from here. To change them, replace this view by one of
-- your own with the same columns (CREATE OR REPLACE VIEW working_calendar AS ...). A day without
-- work opens and closes at the same hour; hours may have fractions, such as 8.5. snowdrift leaves
-- a view alone that it did not make, which it knows by the comment.
--
-- column weekday: Day of the week, 1 for Monday to 7 for Sunday.
-- column opens: Hour of the day, in UTC, at which work begins, such as 9 or 8.5.
-- column closes: Hour of the day, in UTC, at which work ends.
SELECT weekday, CAST(opens AS DOUBLE) AS opens, CAST(closes AS DOUBLE) AS closes
FROM (VALUES (1, 9, 17), (2, 9, 17), (3, 9, 17), (4, 9, 17), (5, 9, 17), (6, 0, 0), (7, 0, 0)) AS week (weekday, opens, closes)
