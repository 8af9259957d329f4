package sqltype

import (
	"testing"

	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/syntax"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name       string
		args       []int
		want, duck string
	}{
		{"NUMBER", nil, "NUMBER(38,0)", "DECIMAL(38,0)"},
		{"DECIMAL", []int{10, 2}, "NUMBER(10,2)", "DECIMAL(10,2)"},
		{"BIGINT", nil, "NUMBER(38,0)", "DECIMAL(38,0)"},
		{"DOUBLE", nil, "FLOAT", "DOUBLE"},
		{"STRING", nil, "VARCHAR(16777216)", "VARCHAR"},
		{"CHAR", nil, "VARCHAR(1)", "VARCHAR"},
		{"VARCHAR", []int{134217728}, "VARCHAR(134217728)", "VARCHAR"},
		{"TIMESTAMP", nil, "TIMESTAMP_NTZ(9)", "TIMESTAMP"},
		{"TIMESTAMP_TZ", []int{9}, "TIMESTAMP_TZ(9)", "STRUCT(t TIMESTAMPTZ, o SMALLINT)"},
		{"VARIANT", nil, "VARIANT", "VARCHAR"},
		{"BINARY", nil, "BINARY(8388608)", "BLOB"},
	} {
		got, err := Resolve(syntax.TypeName{Name: tc.name, Args: tc.args})
		if err != nil || got.String() != tc.want || got.DuckDB() != tc.duck {
			t.Errorf("%s%v = %s, %s, %v; want %s, %s", tc.name, tc.args, got, got.DuckDB(), err, tc.want, tc.duck)
		}
	}
	for _, tc := range []struct {
		name string
		args []int
		code string
	}{
		{"GEOGRAPHY", nil, "002040"}, {"NUMBER", []int{39}, "002017"}, {"NUMBER", []int{5, 6}, "002017"}, {"VARCHAR", []int{0}, "002018"},
		{"VARCHAR", []int{134217729}, "002018"}, {"TIMESTAMP_TZ", []int{3}, "001003"}, {"DATE", []int{3}, "001003"},
	} {
		if got, err := Resolve(syntax.TypeName{Name: tc.name, Args: tc.args}); sferr.As(err).Code != tc.code {
			t.Errorf("%s%v = %s, %v; want error %s", tc.name, tc.args, got, err, tc.code)
		}
	}
}

func TestArithmetic(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		op   string
		l, r Type
		want string
	}{
		{"+", Fixed(3, 1), Fixed(2, 0), "NUMBER(4,1)"},
		{"-", Fixed(38, 0), Fixed(38, 2), "NUMBER(38,2)"},
		{"*", Fixed(5, 2), Fixed(5, 2), "NUMBER(10,4)"},
		{"*", Fixed(38, 10), Fixed(38, 10), "NUMBER(38,12)"},
		{"/", Fixed(1, 0), Fixed(1, 0), "NUMBER(7,6)"},
		{"/", Fixed(38, 14), Fixed(5, 0), "NUMBER(38,14)"},
		{"%", Fixed(38, 0), Fixed(19, 0), "NUMBER(38,0)"},
	} {
		if got := Arithmetic(tc.op, tc.l, tc.r).String(); got != tc.want {
			t.Errorf("%s %s %s = %s, want %s", tc.l, tc.op, tc.r, got, tc.want)
		}
	}
}

func TestCommon(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		l, r Type
		want string
	}{
		{Type{}, Of(Date), "DATE"},
		{Fixed(5, 2), Fixed(10, 0), "NUMBER(12,2)"},
		{Fixed(5, 2), Of(Float), "FLOAT"},
		{Of(Text), Fixed(38, 0), "NUMBER(38,5)"},
		{Of(Text), Of(TimestampTZ), "TIMESTAMP_TZ(9)"},
		{Of(Date), Of(TimestampLTZ), "TIMESTAMP_LTZ(9)"},
		{Of(TimestampNTZ), Of(TimestampTZ), "TIMESTAMP_TZ(9)"},
		{Of(Text), Of(Variant), "VARIANT"},
		{Of(Array), Of(Object), "VARIANT"},
		{Of(Boolean), Fixed(1, 0), ""},
		{Of(Binary), Of(Text), ""},
	} {
		for range 2 {
			got, ok := Common(tc.l, tc.r)
			if ok != (tc.want != "") || ok && got.String() != tc.want {
				t.Errorf("%s with %s = %s, %t; want %q", tc.l, tc.r, got, ok, tc.want)
			}
			tc.l, tc.r = tc.r, tc.l
		}
	}
}
