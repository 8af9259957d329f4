package translate

import (
	"errors"
	"testing"
	"time"

	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/sqltype"
	"snowdrift/internal/snowflaketest/syntax"
)

// oneTable is a catalog of the table T with a column of each kind.
type oneTable struct{}

func (oneTable) Relation(n syntax.Name) (Relation, error) {
	if n[len(n)-1] != "T" {
		return Relation{}, sferr.Missing("Object", n[len(n)-1])
	}
	r := Relation{SQL: "t"}
	for k := sqltype.Number; k <= sqltype.Array; k++ {
		r.Columns = append(r.Columns, Column{Name: k.String(), Type: sqltype.Of(k)})
	}
	return r, nil
}

func environment(source string) *Env {
	return &Env{Now: time.Unix(0, 0), Zone: "America/Los_Angeles", Database: "RAW", Schema: "JIRA", Source: source}
}

// TestSQL shows what some of Snowflake's semantics become in DuckDB.
func TestSQL(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		`SELECT 1`: `SELECT CAST('1' AS DECIMAL(1,0)) AS c1`,
		`SELECT VARCHAR X FROM T ORDER BY X DESC`: `SELECT r1."VARCHAR" AS c1 FROM t AS r1 ORDER BY r1."VARCHAR" DESC NULLS FIRST`,
		`SELECT VARIANT:a."b c"[0] FROM T`:        `SELECT CAST(json_extract(r1."VARIANT", '$."a"."b c"[0]') AS VARCHAR) AS c1 FROM t AS r1`,
		`SELECT VARCHAR::VARIANT FROM T`:          `SELECT CAST(to_json(r1."VARCHAR") AS VARCHAR) AS c1 FROM t AS r1`,
		`SELECT COUNT(*) FROM T WHERE TIMESTAMP_TZ > TIMESTAMP_LTZ`: `SELECT CAST(count(*) AS DECIMAL(18,0)) AS c1 FROM t AS r1 ` +
			`WHERE (struct_extract(r1."TIMESTAMP_TZ", 't') > struct_extract(sf_zoned(r1."TIMESTAMP_LTZ", 'America/Los_Angeles'), 't'))`,
		`SELECT TIMESTAMP_LTZ::DATE FROM T`: `SELECT CAST(timezone('America/Los_Angeles', r1."TIMESTAMP_LTZ") AS DATE) AS c1 FROM t AS r1`,
		`SELECT FIRST_VALUE(FLOAT) OVER (ORDER BY DATE) FROM T`: `SELECT first_value(r1."FLOAT") OVER (ORDER BY r1."DATE" NULLS LAST ` +
			`ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS c1 FROM t AS r1`,
		`WITH a (X) AS (SELECT 1) SELECT X FROM a`: `WITH w1 AS (SELECT CAST('1' AS DECIMAL(1,0)) AS c1) SELECT r2.c1 AS c1 FROM w1 AS r2`,
	} {
		st, err := syntax.Parse(sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		q, err := Select(environment(sql), oneTable{}, st.(*syntax.SelectStatement).Query)
		if err != nil || q.SQL != want {
			t.Errorf("%s\n got %s, %v\nwant %s", sql, q.SQL, err, want)
		}
	}
}

// FuzzSelect: no query that parses may crash the translator, and what it refuses
// has a number.
func FuzzSelect(f *testing.F) {
	for _, s := range []string{
		`SELECT * EXCLUDE (DATE), SUM(NUMBER) OVER (PARTITION BY VARCHAR ORDER BY DATE DESC ROWS 1 PRECEDING) FROM T QUALIFY TRUE`,
		`SELECT LISTAGG(VARCHAR, ',') WITHIN GROUP (ORDER BY NUMBER), PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY FLOAT) FROM T GROUP BY 1`,
		`SELECT DATEADD(day, NUMBER, DATE), DATEDIFF('s', DATE, TIMESTAMP_TZ), DATE_TRUNC(week, DATE), TO_TIMESTAMP_TZ(VARCHAR, 'YYYY'), ROUND(NUMBER, 2) FROM T`,
		`WITH RECURSIVE a (X) AS (SELECT 1 UNION ALL SELECT X + 1 FROM a) SELECT (SELECT MAX(X) FROM a), f.VALUE FROM T, LATERAL FLATTEN(INPUT => VARIANT, OUTER => TRUE) f`,
		`SELECT IFF(BOOLEAN, NULL, 1), DECODE(NUMBER, 1, 'a', 'b'), GET(VARIANT, 0), OBJECT_CONSTRUCT('a', DATE), (NUMBER, DATE) IN (SELECT 1, '2024-01-01') FROM T USING (X)`,
		`SELECT DATE + INTERVAL '1 day, 2 hours', NUMBER / 0, -VARCHAR, VARIANT LIKE ANY ('a'), TRY_CAST(VARCHAR AS DATE), ?, $1:a FROM T a JOIN T b USING (DATE)`,
		`SELECT COLUMN1 FROM VALUES (1, ?), (2.5, NULL) UNION SELECT SEQ4() FROM TABLE(GENERATOR(ROWCOUNT => 1)) ORDER BY 1 LIMIT 1 OFFSET 2`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		st, err := syntax.Parse(s)
		if err != nil {
			return
		}
		q, ok := st.(*syntax.SelectStatement)
		if !ok {
			return
		}
		out, err := Select(environment(s), oneTable{}, q.Query)
		var e *sferr.Error
		if err == nil && (out.SQL == "" || len(out.Columns) == 0) || err != nil && !errors.As(err, &e) {
			t.Errorf("%q: %v, %v", s, out, err)
		}
	})
}
