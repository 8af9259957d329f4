package engine

import (
	"context"
	"errors"
	"regexp"

	"github.com/duckdb/duckdb-go/v2"

	"snowdrift/internal/snowflaketest/duckfn"
	"snowdrift/internal/snowflaketest/sferr"
)

// duckErrors turns DuckDB's run-time errors into Snowflake's. What matches none is
// an internal error: a fault of the translation, which a test should see.
var duckErrors = []struct {
	pattern     *regexp.Regexp
	code, state string
	message     string
}{
	{regexp.MustCompile(`(?s)Conversion Error: Could not convert string ["'](.*)["'] to BOOL`), "100037", "22018", "Boolean value '$1' is not recognized"},
	{regexp.MustCompile(`(?s)Conversion Error: Could not convert string ["'](.*)["'] to (?:DECIMAL|DOUBLE|U?INT|HUGEINT)`), "100038", "22018", "Numeric value '$1' is not recognized"},
	{regexp.MustCompile(`Conversion Error: Casting value "(.*)" to type DECIMAL.* failed: value is out of range`), "100039", "22003", "Numeric value '$1' is out of range"},
	{regexp.MustCompile(`Conversion Error: Could not cast value (\S+) (?:from .* )?to DECIMAL`), "100039", "22003", "Numeric value '$1' is out of range"},
	{regexp.MustCompile(`Out of Range Error: Overflow in \w+ of DECIMAL\(\d+\) \((.*)\)`), "100046", "22003", "Number out of representable range: $1"},
	{regexp.MustCompile(`(?:Out of Range Error|Conversion Error): (.*out of range.*)`), "100046", "22003", "Number out of representable range: $1"},
	{regexp.MustCompile(`(?:Conversion Error|Invalid Input Error): .*(?:hex|blob).*`), "100115", "22000", "The value is not a legal hex-encoded string"},
	{regexp.MustCompile(`Binder Error: column "?(.*?)"? must appear in the GROUP BY clause`), "000979", "42601", "[$1] is not a valid group by expression"},
	{regexp.MustCompile(`Invalid Input Error: More than one row returned by a subquery`), "090150", "22000", "Single-row subquery returns more than one row."},
}

// statementError gives any error of a statement its Snowflake form.
func statementError(ctx context.Context, err error) error {
	var e *sferr.Error
	if errors.As(err, &e) {
		return e
	}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return sferr.New("000630", "57014", "Statement reached its statement or warehouse timeout of STATEMENT_TIMEOUT_IN_SECONDS and was canceled.")
	case ctx.Err() != nil:
		return sferr.Canceled()
	}
	var duck *duckdb.Error
	if !errors.As(err, &duck) {
		return sferr.As(err)
	}
	if e := duckfn.Decode(duck.Msg); e != nil {
		return e
	}
	for _, d := range duckErrors {
		if m := d.pattern.FindStringSubmatchIndex(duck.Msg); m != nil {
			return sferr.New(d.code, d.state, "%s", d.pattern.ExpandString(nil, d.message, duck.Msg, m))
		}
	}
	return sferr.As(err)
}
