package engine

import (
	"testing"
)

// TestExpressions gives each expression its Snowflake type and value. The cell is
// in wire form (facts part 3.2).
func TestExpressions(t *testing.T) {
	t.Parallel()
	c := newEngine(t).client(t)
	for _, tc := range []struct{ sql, typ, want string }{
		// Literals and NUMBER arithmetic.
		{"1", "NUMBER(1,0)", "1"},
		{"-1.50", "NUMBER(3,2)", "-1.50"},
		{"1e3", "FLOAT", "1000"},
		{"'it''s \\'q\\' \\n'", "", "it's 'q' \n"},
		{"$$raw 'text' \\n$$", "", `raw 'text' \n`},
		{"1 + 2.5", "NUMBER(3,1)", "3.5"},
		{"1.25 * 2", "NUMBER(4,2)", "2.50"},
		{"1 / 3", "NUMBER(7,6)", "0.333333"},
		{"7 / 2", "NUMBER(7,6)", "3.500000"},
		{"MOD(-7, 3)", "NUMBER(1,0)", "-1"},
		{"7 % 4", "NUMBER(1,0)", "3"},
		{"2.5::NUMBER(38,0)", "NUMBER(38,0)", "3"},
		{"-2.5::NUMBER(38,0)", "NUMBER(38,0)", "-3"},
		{"'1.005'::NUMBER(10,2)", "NUMBER(10,2)", "1.01"},
		{"TRY_CAST('x' AS NUMBER)", "NUMBER(38,0)", "NULL"},
		{"TRY_TO_NUMBER('12')", "NUMBER(38,0)", "12"},
		{"TO_NUMBER('12.345', 10, 2)", "NUMBER(10,2)", "12.35"},
		{"ROUND(2.345, 2)", "NUMBER(4,2)", "2.35"},
		{"FLOOR(-1.5)", "NUMBER(2,0)", "-2"},
		{"CEIL(1.21, 1)", "NUMBER(3,1)", "1.3"},
		{"TRUNC(1.29, 1)", "NUMBER(3,1)", "1.2"},
		{"ROUND(2.5::FLOAT)", "FLOAT", "3"},
		{"ABS(-1.5)", "NUMBER(2,1)", "1.5"},
		{"DIV0(1, 0)", "NUMBER(7,6)", "0.000000"},
		{"POWER(2, 10)", "FLOAT", "1024"},
		{"BITAND(6, 3)", "NUMBER(38,0)", "2"},
		{"12345678901234567890123456789012345678 - 1", "NUMBER(38,0)", "12345678901234567890123456789012345677"},
		// Conditions and NULL.
		{"IFF(1 > 2, 'a', 'b')", "", "b"},
		{"NVL(NULL, 5)", "NUMBER(1,0)", "5"},
		{"COALESCE(NULL, 1, 2.5)", "NUMBER(2,1)", "1.0"},
		{"NULLIF(1, 1)", "NUMBER(1,0)", "NULL"},
		{"GREATEST(1, NULL)", "NUMBER(1,0)", "NULL"},
		{"LEAST(3, 2, 5)", "NUMBER(1,0)", "2"},
		{"DECODE(NULL, NULL, 'n', 'x')", "", "n"},
		{"CASE 2 WHEN 1 THEN 'one' WHEN 2 THEN 'two' END", "", "two"},
		{"1 IS DISTINCT FROM NULL", "BOOLEAN", "1"},
		{"NULL IS NOT DISTINCT FROM NULL", "BOOLEAN", "1"},
		{"EQUAL_NULL(1, NULL)", "BOOLEAN", "0"},
		{"1 IN (2, NULL)", "BOOLEAN", "NULL"},
		{"(1, 2) IN ((1, 3), (1, 2))", "BOOLEAN", "1"},
		{"2 BETWEEN 1 AND 3 AND NOT FALSE", "BOOLEAN", "1"},
		{"'5' = 5", "BOOLEAN", "1"},
		{"'on'::BOOLEAN", "BOOLEAN", "1"},
		{"ZEROIFNULL(NULL)", "NUMBER(1,0)", "0"},
		// Texts.
		{"'a' || 1 || NULL", "VARCHAR(16777216)", "NULL"},
		{"'a' || 1.50", "VARCHAR(16777216)", "a1.50"},
		{"CONCAT_WS('-', 'a', 'b')", "VARCHAR(16777216)", "a-b"},
		{"UPPER('täg')", "", "TÄG"},
		{"SPLIT_PART('a.b.c', '.', 2)", "", "b"},
		{"SPLIT('a,b', ',')[1]::VARCHAR", "", "b"},
		{"REGEXP_LIKE('abc', 'b')", "BOOLEAN", "0"},
		{"'abc' RLIKE 'a.*'", "BOOLEAN", "1"},
		{"REGEXP_REPLACE('a1b2', '[0-9]')", "", "ab"},
		{"'a_b' LIKE 'a^_b' ESCAPE '^'", "BOOLEAN", "1"},
		{"'abc' ILIKE ANY ('x%', 'AB%')", "BOOLEAN", "1"},
		{"CONTAINS('abc', 'bc')", "BOOLEAN", "1"},
		{"LPAD('7', 3, '0')", "", "007"},
		{"'abcdef'::VARCHAR(3)", "VARCHAR(3)", "abc"},
		{"1.50::VARCHAR", "VARCHAR(16777216)", "1.50"},
		{"100::FLOAT::VARCHAR", "VARCHAR(16777216)", "100"},
		{"TRUE::VARCHAR", "VARCHAR(16777216)", "true"},
		{"LENGTH('äö')", "NUMBER(38,0)", "2"},
		// VARIANT.
		{`PARSE_JSON('{"b":1, "a":[1,2.50,1e2]}')`, "VARIANT", "{\n  \"a\": [\n    1,\n    2.5,\n    1.000000000000000e+02\n  ],\n  \"b\": 1\n}"},
		{`TO_JSON(PARSE_JSON('{"b":1, "a":null}'))`, "VARCHAR(16777216)", `{"a":null,"b":1}`},
		{`PARSE_JSON('{"a":{"B c":["x"]}}'):a."B c"[0]`, "VARIANT", `"x"`},
		{`PARSE_JSON('{"a":{"B c":["x"]}}'):a['B c'][0]::VARCHAR`, "VARCHAR(16777216)", "x"},
		{`PARSE_JSON('{"a":1}'):A`, "VARIANT", "NULL"},
		{`PARSE_JSON('{"n":1.5}'):n::NUMBER`, "NUMBER(38,0)", "2"},
		{`PARSE_JSON('{"n":"12"}'):n::NUMBER + 1`, "NUMBER(38,0)", "13"},
		{`PARSE_JSON('{"n":null}'):n::VARCHAR`, "VARCHAR(16777216)", "NULL"},
		{`IS_NULL_VALUE(PARSE_JSON('{"n":null}'):n)`, "BOOLEAN", "1"},
		{`PARSE_JSON('{"n":null}'):n IS NULL`, "BOOLEAN", "0"},
		{`'{"a":1}'::VARIANT`, "VARIANT", `"{\"a\":1}"`},
		{`TYPEOF('{"a":1}'::VARIANT)`, "VARCHAR(16777216)", "VARCHAR"},
		{`TYPEOF(PARSE_JSON('12'))`, "VARCHAR(16777216)", "INTEGER"},
		{`PARSE_JSON('{"s":"x"}'):s = 'x'`, "BOOLEAN", "1"},
		{`PARSE_JSON('{"n":1.5}'):n > 1`, "BOOLEAN", "1"},
		{`PARSE_JSON('{"b":2,"a":1}') = PARSE_JSON('{ "a":1, "b":2 }')`, "BOOLEAN", "1"},
		{`TRY_PARSE_JSON('{"a":1,"a":2}')`, "VARIANT", "NULL"},
		{`PARSE_JSON('')`, "VARIANT", "NULL"},
		{`TO_JSON(OBJECT_CONSTRUCT('b', 1.50, 'a', NULL, 'c', 'x"y'))`, "VARCHAR(16777216)", `{"b":1.5,"c":"x\"y"}`},
		{`TO_JSON(ARRAY_CONSTRUCT(1, 'a', NULL, PARSE_JSON('{}')))`, "VARCHAR(16777216)", `[1,"a",null,{}]`},
		{`ARRAY_SIZE(PARSE_JSON('[1,2]'))`, "NUMBER(38,0)", "2"},
		{`ARRAY_CONTAINS('b'::VARIANT, ARRAY_CONSTRUCT('a', 'b'))`, "BOOLEAN", "1"},
		{`GET(PARSE_JSON('{"a":5}'), 'a')::NUMBER`, "NUMBER(38,0)", "5"},
		{`GET_PATH(PARSE_JSON('{"a":{"b":5}}'), 'a.b')::NUMBER`, "NUMBER(38,0)", "5"},
		{`COALESCE(PARSE_JSON('{"a":"x"}'):a, 'y')::VARCHAR`, "VARCHAR(16777216)", "x"},
		{`PARSE_JSON('"2024-01-02T03:04:05.678Z"')::TIMESTAMP_TZ::VARCHAR`, "VARCHAR(16777216)", "2024-01-02 03:04:05.678 +0000"},
		{`PARSE_JSON('true')::BOOLEAN`, "BOOLEAN", "1"},
	} {
		checkExpression(t, c, tc.sql, tc.typ, tc.want)
	}
}

// TestFunctions calls every remaining function at least once.
func TestFunctions(t *testing.T) {
	t.Parallel()
	c := newEngine(t).client(t)
	for _, tc := range []struct{ sql, want string }{
		{"LOWER('A') || INITCAP('ab cd') || LEN('abc') || OCTET_LENGTH('ä')", "aAb Cd32"},
		{"TRIM(' a ') || LTRIM('xxa', 'x') || RTRIM('a  ') || TRIM('xax', 'x')", "aaaa"},
		{"RPAD('a', 3) || '|' || RPAD('a', 3, 'b') || LPAD('a', 3)", "a  |abb  a"},
		{"LEFT('abc', 2) || RIGHT('abc', 2) || SUBSTR('abc', 2) || SUBSTRING('abc', 2, 1)", "abbcbcb"},
		{"REPLACE('abc', 'b') || REPLACE('abc', 'b', 'x') || REPEAT('a', 2) || REVERSE('ab') || TRANSLATE('abc', 'b', 'x')", "acaxcaabaaxc"},
		{"POSITION('b' IN 'abc') + POSITION('c', 'abc') + CHARINDEX('z', 'abc')", "5"},
		{"STARTSWITH('abc', 'a') AND ENDSWITH('abc', 'c')", "1"},
		{"ASCII('A') || CHR(66) || CHAR(67)", "65BC"},
		{"TO_JSON(SPLIT('a,b', ','))", `["a","b"]`},
		{"REGEXP_REPLACE('aab', 'a', 'x') || REGEXP_SUBSTR('xaay', 'a+') || REGEXP_COUNT('aXaX', 'X') || IFF(REGEXP_LIKE('A', 'a', 'i') AND RLIKE('a', 'a'), 't', 'f')", "xxbaa2t"},
		{"MD5('a') = MD5_HEX('a') AND LENGTH(SHA1('a')) = 40 AND SHA2('a') = SHA2_HEX('a')", "1"},
		{"HEX_ENCODE('a') || BASE64_ENCODE('a') || TO_BINARY('FF')::VARCHAR", "61YQ==FF"},
		{"SIGN(-2) + SQRT(4) + EXP(0) + LN(1) + LOG(10, 100) + POW(2, 2)", "8"},
		{"BITOR(1, 2) + BITXOR(3, 1) + BITSHIFTLEFT(1, 3) + BITSHIFTRIGHT(8, 3)", "14"},
		{"NVL2(NULL, 1, 2) + NULLIFZERO(3) + IFNULL(NULL, 4)", "9"},
		{"CONCAT('a', 1, 'b')", "a1b"},
		{"LENGTH(UUID_STRING())", "36"},
		{"TRUNCATE(1.9) + TRUNC(-1.9) + CEIL(1.1) + FLOOR(1.99, 1)", "3.9"},
		{"TO_DECIMAL('1.5', 5, 1) + TO_NUMERIC(1) + TO_DOUBLE('1.5') + TRY_TO_DECIMAL('x')", "NULL"},
		{"TO_BOOLEAN('yes') AND TRY_TO_BOOLEAN('t')", "1"},
		{"TRY_TO_DOUBLE('x') IS NULL AND TRY_TO_TIME('x') IS NULL AND TRY_TO_TIMESTAMP('x') IS NULL AND TRY_TO_TIMESTAMP_LTZ('x') IS NULL", "1"},
		{"CHECK_JSON('{') || COALESCE(CHECK_JSON('{}'), '')", "invalid JSON"},
		{"CURRENT_ACCOUNT() || CURRENT_VERSION() || LAST_QUERY_ID() IS NOT NULL AND CURRENT_SESSION() > 0", "1"},
		{"TO_JSON(TO_VARIANT('a')) || TO_JSON(TO_ARRAY(1)) || TO_JSON(TO_OBJECT(PARSE_JSON('{}'))) || TO_JSON(OBJECT_CONSTRUCT_KEEP_NULL('a', NULL))", `"a"[1]{}{"a":null}`},
		{"TO_JSON(OBJECT_KEYS(PARSE_JSON('{\"a\":1,\"b\":2}'))) || ARRAY_TO_STRING(ARRAY_CONSTRUCT(1, 'b'), '-') || ARRAY_SIZE(ARRAY_DISTINCT(ARRAY_CONSTRUCT(1, 1)))", `["a","b"]1-b1`},
		{"IS_ARRAY(PARSE_JSON('[]')) AND IS_OBJECT(PARSE_JSON('{}')) AND NOT IS_ARRAY(PARSE_JSON('1'))", "1"},
		{"AS_VARCHAR(PARSE_JSON('\"a\"')) || COALESCE(AS_CHAR(PARSE_JSON('1')), 'no') || TO_JSON(AS_ARRAY(PARSE_JSON('[1]')))", "ano[1]"},
		{"DAYNAME('2024-01-01'::DATE) || MONTHNAME('2024-01-01'::DATE)", "MonJan"},
		{"TIMESTAMP_FROM_PARTS(2024, 1, 2, 3, 4, 5)::VARCHAR || TIMESTAMP_NTZ_FROM_PARTS('2024-01-02'::DATE, '03:04:05'::TIME)::VARCHAR", "2024-01-02 03:04:05.0002024-01-02 03:04:05.000"},
		{"YEAR(D) || QUARTER(D) || MONTH(D) || DAY(D) || DAYOFMONTH(D) || WEEK(D) || WEEKOFYEAR(D) || WEEKISO(D) || DAYOFYEAR(D) || YEAROFWEEKISO(D) FROM (SELECT '2024-12-30'::DATE AS D)", "202441230301113652025"},
		{"HOUR(T) || MINUTE(T) || SECOND(T) || DATE_PART('dow', T) || DATE_PART(epoch_millisecond, T) FROM (SELECT '2024-01-01 10:11:12.345'::TIMESTAMP_NTZ AS T)", "10111211704103872345"},
		{"TIMEADD(hour, 1, T)::VARCHAR || TIMESTAMPADD('ms', 5, T)::VARCHAR || ADD_MONTHS(T, -1)::VARCHAR FROM (SELECT '2024-01-01 10:00:00'::TIMESTAMP_NTZ AS T)",
			"2024-01-01 11:00:00.0002024-01-01 10:00:00.0052023-12-01 10:00:00.000"},
		{"TIMEDIFF(quarter, A, B) || TIMESTAMPDIFF(year, A, B) || DATEDIFF(week, A, B) FROM (SELECT '2023-12-31'::DATE AS A, '2024-01-01'::DATE AS B)", "111"},
		{"DATE('2024-01-01')::VARCHAR || TIME('01:02:03')::VARCHAR || TO_TIME('040506', 'HH24MISS')::VARCHAR", "2024-01-0101:02:0304:05:06"},
		{"GETDATE() = SYSTIMESTAMP() AND LOCALTIMESTAMP() = CURRENT_TIMESTAMP(3) AND CURRENT_TIME()::VARCHAR = '12:30:00'", "1"},
		{"TO_TIMESTAMP_LTZ('2024-01-01T00:00:00Z')::VARCHAR || TO_CHAR(5) || TO_VARCHAR(TRUE)", "2024-01-01 00:00:00.000 +00005true"},
		{"MIN(X) || MAX(X) || ANY_VALUE(5) || MODE(X) || MAX_BY(X, -X) || VAR_POP(X) || ROUND(STDDEV(X)) FROM (SELECT 1 AS X UNION ALL SELECT 3 UNION ALL SELECT 3)", "13531" + "0.88888888888888881"},
		{"BOOLOR_AGG(X) AND NOT BOOLAND_AGG(X) FROM (SELECT TRUE AS X UNION ALL SELECT FALSE)", "1"},
		{"PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY X) || ROUND(VARIANCE(X)) || ROUND(CORR(X, X)) || STDDEV_POP(X) FROM (SELECT 1 AS X UNION ALL SELECT 3)", "1211"},
		{"COUNT(DISTINCT X) || SUM(DISTINCT X) || ROUND(STDDEV_SAMP(X)) || ROUND(VAR_SAMP(X)) FROM (SELECT 1 AS X UNION ALL SELECT 1)", "1100"},
		{"RANK() OVER (ORDER BY 1) || DENSE_RANK() OVER (ORDER BY 1) || NTILE(2) OVER (ORDER BY 1) || PERCENT_RANK() OVER (ORDER BY 1) || CUME_DIST() OVER (ORDER BY 1) || LAG(5, 1, 7) OVER (ORDER BY 1)", "111017"},
	} {
		checkExpression(t, c, tc.sql, "", tc.want)
	}
}

// TestTimes runs in a session whose zone is UTC.
func TestTimes(t *testing.T) {
	t.Parallel()
	c := newEngine(t).client(t)
	for _, tc := range []struct{ sql, typ, want string }{
		{"CURRENT_TIMESTAMP()", "TIMESTAMP_LTZ(9)", "1719837000.123456000"},
		{"CURRENT_TIMESTAMP", "TIMESTAMP_LTZ(9)", "1719837000.123456000"},
		{"SYSDATE()", "TIMESTAMP_NTZ(9)", "1719837000.123456000"},
		{"CURRENT_DATE", "DATE", "19905"},
		{"'2024-01-02'::DATE", "DATE", "19724"},
		{"DATE '2024-01-02' + 1", "DATE", "19725"},
		{"DATE '2024-01-02' - DATE '2023-12-31'", "NUMBER(9,0)", "2"},
		{"TIMESTAMP_NTZ '1969-12-31 23:59:59.5'", "TIMESTAMP_NTZ(9)", "-1.500000000"},
		{"TO_TIMESTAMP_TZ('2024-01-02T03:04:05.678+02:00')", "TIMESTAMP_TZ(9)", "1704157445.678000000 1560"},
		{"TO_TIMESTAMP_TZ('2024-01-02T23:30:00-08:00')::DATE", "DATE", "19724"},
		{"TO_TIMESTAMP_TZ('2024-01-02T23:30:00-08:00')::TIMESTAMP_NTZ::VARCHAR", "VARCHAR(16777216)", "2024-01-02 23:30:00.000"},
		{"TO_TIMESTAMP_TZ('2024-01-02T23:30:00-08:00')::TIMESTAMP_LTZ::VARCHAR", "VARCHAR(16777216)", "2024-01-03 07:30:00.000 +0000"},
		{"TO_TIMESTAMP_NTZ('2024-01-02T23:30:00-08:00')", "TIMESTAMP_NTZ(9)", "1704238200.000000000"},
		{"TO_TIMESTAMP_TZ('2024-01-02T03:04:05+02:00') = TO_TIMESTAMP_TZ('2024-01-02T01:04:05Z')", "BOOLEAN", "1"},
		{"TO_TIMESTAMP_TZ('2024-01-02T10:00:00.000+0200', 'YYYY-MM-DD\"T\"HH24:MI:SS.FF3TZHTZM')::VARCHAR", "VARCHAR(16777216)", "2024-01-02 10:00:00.000 +0200"},
		{"TO_DATE('02/01/2024', 'DD/MM/YYYY')", "DATE", "19724"},
		{"TRY_TO_TIMESTAMP_TZ('nonsense')", "TIMESTAMP_TZ(9)", "NULL"},
		{"TRY_TO_DATE('2024-02-30')", "DATE", "NULL"},
		{"TO_TIMESTAMP(1704157445678, 3)", "TIMESTAMP_NTZ(9)", "1704157445.678000000"},
		{"TO_TIMESTAMP_TZ(1704157445)::VARCHAR", "VARCHAR(16777216)", "2024-01-02 01:04:05.000 +0000"},
		{"CONVERT_TIMEZONE('Europe/Berlin', TO_TIMESTAMP_TZ('2024-07-01T10:00:00Z'))::VARCHAR", "VARCHAR(16777216)", "2024-07-01 12:00:00.000 +0200"},
		{"CONVERT_TIMEZONE('UTC', 'America/New_York', '2024-07-01 10:00:00'::TIMESTAMP_NTZ)::VARCHAR", "VARCHAR(16777216)", "2024-07-01 06:00:00.000"},
		{"DATEADD(day, -1, '2024-03-01'::DATE)", "DATE", "19782"},
		{"DATEADD('month', 1, '2024-01-31'::DATE)::VARCHAR", "VARCHAR(16777216)", "2024-02-29"},
		{"DATEADD(hour, 1, '2024-03-01'::DATE)::VARCHAR", "VARCHAR(16777216)", "2024-03-01 01:00:00.000"},
		{"DATEADD(minute, 90, TO_TIMESTAMP_TZ('2024-01-02T23:30:00-08:00'))::VARCHAR", "VARCHAR(16777216)", "2024-01-03 01:00:00.000 -0800"},
		{"DATEDIFF(day, '2024-01-02 23:00:00'::TIMESTAMP_NTZ, '2024-01-03 01:00:00'::TIMESTAMP_NTZ)", "NUMBER(38,0)", "1"},
		{"DATEDIFF('second', TO_TIMESTAMP_TZ('2024-01-01T00:00:00Z'), TO_TIMESTAMP_TZ('2024-01-01T00:00:00-08:00'))", "NUMBER(38,0)", "28800"},
		{"DATEDIFF(hour, '1969-12-31 10:59:00'::TIMESTAMP_NTZ, '1969-12-31 11:01:00'::TIMESTAMP_NTZ)", "NUMBER(38,0)", "1"},
		{"DATEDIFF(week, '2024-01-08'::DATE, '2024-01-07'::DATE)", "NUMBER(38,0)", "-1"},
		{"DATEDIFF(day, '1969-12-31 23:00:00'::TIMESTAMP_NTZ, '1970-01-01 01:00:00'::TIMESTAMP_NTZ)", "NUMBER(38,0)", "1"},
		{"DATEDIFF(month, '2024-01-31'::DATE, '2024-02-01'::DATE)", "NUMBER(38,0)", "1"},
		{"DATE_TRUNC('week', '2024-01-07'::DATE)::VARCHAR", "VARCHAR(16777216)", "2024-01-01"},
		{"DATE_TRUNC('day', TO_TIMESTAMP_TZ('2024-01-02T23:30:00-08:00'))::VARCHAR", "VARCHAR(16777216)", "2024-01-02 00:00:00.000 -0800"},
		{"DAYOFWEEKISO('2024-01-07'::DATE)", "NUMBER(38,0)", "7"},
		{"DAYOFWEEK('2024-01-07'::DATE)", "NUMBER(38,0)", "0"},
		{"EXTRACT(epoch_second FROM TO_TIMESTAMP_TZ('2024-01-01T00:00:00Z'))", "NUMBER(38,0)", "1704067200"},
		{"DATE_PART(year, '2024-05-06'::DATE)", "NUMBER(38,0)", "2024"},
		{"LAST_DAY('2024-02-03'::DATE)::VARCHAR", "VARCHAR(16777216)", "2024-02-29"},
		{"TO_CHAR('2024-05-06 07:08:09'::TIMESTAMP_NTZ, 'DD.MM.YYYY HH24:MI')", "VARCHAR(16777216)", "06.05.2024 07:08"},
		{"'2024-01-31'::DATE + INTERVAL '1 month, 2 days'", "DATE", "19784"},
		{"'2024-01-31'::DATE + INTERVAL '2 hours'", "TIMESTAMP_NTZ(9)", "1706666400.000000000"},
		{"'10:11:12.5'::TIME", "TIME(9)", "36672.500000000"},
		{"'10:11:12'::TIME::VARCHAR", "VARCHAR(16777216)", "10:11:12"},
		{"DATE_FROM_PARTS(2024, 2, 29)", "DATE", "19782"},
	} {
		checkExpression(t, c, tc.sql, tc.typ, tc.want)
	}
}

// TestZones shows what the account's zone does to a session that sets none.
func TestZones(t *testing.T) {
	t.Parallel()
	c := newEngine(t).client(t, "TIMEZONE", "America/Los_Angeles")
	for _, tc := range []struct{ sql, typ, want string }{
		{"'2024-07-01 10:00:00'::TIMESTAMP_NTZ::TIMESTAMP_TZ::VARCHAR", "VARCHAR(16777216)", "2024-07-01 10:00:00.000 -0700"},
		{"'2024-07-01 10:00:00'::TIMESTAMP_NTZ::TIMESTAMP_LTZ", "TIMESTAMP_LTZ(9)", "1719853200.000000000"},
		{"TO_TIMESTAMP_TZ('2024-01-01 10:00:00')", "TIMESTAMP_TZ(9)", "1704132000.000000000 960"},
		{"TO_TIMESTAMP_TZ('2024-07-01T10:00:00Z')::TIMESTAMP_LTZ::TIMESTAMP_NTZ::VARCHAR", "VARCHAR(16777216)", "2024-07-01 03:00:00.000"},
		{"CURRENT_DATE()", "DATE", "19905"},
		{"CURRENT_TIMESTAMP()::TIMESTAMP_NTZ::VARCHAR", "VARCHAR(16777216)", "2024-07-01 05:30:00.123"},
		{"DATEADD(day, 1, '2024-03-09 12:00:00 -0800'::TIMESTAMP_LTZ)::VARCHAR", "VARCHAR(16777216)", "2024-03-10 12:00:00.000 -0700"},
		{"DATEADD(hour, 24, '2024-03-09 12:00:00 -0800'::TIMESTAMP_LTZ)::VARCHAR", "VARCHAR(16777216)", "2024-03-10 13:00:00.000 -0700"},
	} {
		checkExpression(t, c, tc.sql, tc.typ, tc.want)
	}
}

func checkExpression(t *testing.T, c client, sql, typ, want string) {
	t.Helper()
	res, err := c.do("SELECT " + sql)
	if err != nil {
		t.Errorf("%s\n%v", sql, err)
		return
	}
	if got := res.lines()[0]; got != want {
		t.Errorf("%s = %q, want %q", sql, got, want)
	}
	if got := res.Columns[0].Type.String(); typ != "" && got != typ {
		t.Errorf("%s has type %s, want %s", sql, got, typ)
	}
}

// TestRefusals lists expressions and statements that must fail, with the number.
func TestRefusals(t *testing.T) {
	t.Parallel()
	c := newEngine(t).client(t)
	c.run(`CREATE TABLE T (ID NUMBER(38,0) NOT NULL, N NUMBER(5,2), S VARCHAR(3), V VARIANT)`)
	for _, tc := range []struct{ sql, code string }{
		{"SELECT 1/0", "100051"},
		{"SELECT MOD(1, 0)", "100051"},
		{"SELECT 'x'::NUMBER", "100038"},
		{"SELECT 'x'::BOOLEAN", "100037"},
		{"SELECT 'x'::TIMESTAMP_TZ", "100035"},
		{"SELECT '2024-02-30'::DATE", "100040"},
		{"SELECT TO_TIMESTAMP_TZ('2024-01-01T10:00:00.000+0000')", "100035"},
		{"SELECT 1000::NUMBER(3,0)", "100039"},
		{"SELECT 99999999999999999999999999999999999999 + 1", "100046"},
		{"SELECT 99999999999999999999::NUMBER(38,0) * 99999999999999999999::NUMBER(38,0)", "100046"},
		{"SELECT SUM(X) FROM (SELECT 99999999999999999999999999999999999999 AS X UNION ALL SELECT 1)", "100046"},
		{`SELECT PARSE_JSON('{"a":1,"a":2}')`, "100069"},
		{`SELECT PARSE_JSON('{"a":NaN}')`, "100069"},
		{`SELECT PARSE_JSON('{"a":1e400}')`, "100069"},
		{`SELECT PARSE_JSON('"x"')::NUMBER`, "100071"},
		{`SELECT PARSE_JSON('[1]')::NUMBER`, "100071"},
		{`SELECT TRY_CAST(PARSE_JSON('1') AS NUMBER)`, "001065"},
		{"SELECT NOPE", "000904"},
		{"SELECT T.NOPE FROM T", "000904"},
		{"SELECT id FROM T AS x WHERE T.ID = 1", "000904"},
		{`SELECT "id" FROM T`, "000904"},
		{"SELECT ID FROM T a JOIN T b ON a.ID = b.ID", "002028"},
		{"SELECT * FROM NOPE", "002003"},
		{"SELECT * FROM NOPE.T", "002043"},
		{"SELECT ID, COUNT(*) FROM T", "000979"},
		{"SELECT ROW_NUMBER() OVER (PARTITION BY ID) FROM T", "002303"},
		{"SELECT HASH(ID) FROM T", "001003"},
		{"SELECT * FROM T NATURAL JOIN T", "001003"},
		{"SELECT FROM T", "001003"},
		{"SELEC 1", "001003"},
		{"SELECT 1; SELECT 2", "000008"},
		{"INSERT INTO T (ID, N) VALUES (1, 12345)", "100039"},
		{"INSERT INTO T (ID, S) VALUES (1, 'abcd')", "100078"},
		{"INSERT INTO T (N) VALUES (1)", "100072"},
		{"INSERT INTO T (ID, V) VALUES (1, 'x')", "002023"},
		{`INSERT INTO T (ID, V) VALUES (1, PARSE_JSON('{}'))`, "002014"},
		{"INSERT INTO T (ID, ID) VALUES (1, 1)", "002025"},
		{"INSERT INTO T (ID) VALUES (1, 2)", "002020"},
		{"CREATE TABLE T (X NUMBER)", "002002"},
		{"CREATE TABLE U (X NUMBER, X NUMBER)", "002025"},
		{`CREATE TABLE U (X NUMBER, "x" NUMBER)`, "001003"},
		{"CREATE TABLE U (X NUMBER DEFAULT 1)", "001003"},
		{"CREATE TABLE U (X NOPE)", "002040"},
		{"ALTER TABLE T ADD COLUMN ID NUMBER", "001430"},
		{"ALTER TABLE T ALTER COLUMN S SET DATA TYPE VARCHAR(2)", "002108"},
		{"DROP TABLE NOPE", "002003"},
		{"ALTER SESSION SET NOPE = 1", "000002"},
		{"ALTER SESSION SET TIMEZONE = 'Mars/Olympus'", "391912"},
		{"USE ROLE ACCOUNTADMIN", "003013"},
		{"CREATE FUNCTION F() RETURNS NUMBER", "001003"},
		{"COPY INTO T FROM @NOPE FILE_FORMAT=(TYPE=PARQUET)", "002043"},
		{"LIST @NOPE/x/", "002043"},
		{"PUT 'file:///x' @NOPE", "002043"},
	} {
		c.fails(tc.sql, tc.code)
	}
}
