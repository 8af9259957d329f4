package load

import (
	"fmt"

	"snowdrift/internal/table"
)

// Mistyped is the error for a column of t that has values of another type than it
// is to have: has is the destination's name of that type.
func (d Dialect) Mistyped(t *table.Table, c table.Column, has string) error {
	return &Error{
		Op: "prepare table", On: t.Name,
		Err:  fmt.Errorf("column %s is to be %s, and is %s with values in it", c.Name, d.Types[c.Type], has),
		Hint: "ALTER TABLE " + d.Quote(t.Name) + " RENAME COLUMN " + d.Quote(c.Name) + " TO …, or DROP COLUMN if nobody needs the values; then snowdrift state clear --rewrite, and snowdrift run makes the column anew and fills it",
	}
}

// Alike reports whether columns of two types take each other's values: any document
// goes into either. Then a column with values of the other type is no reason to stop.
func Alike(a, b table.Type) bool {
	document := func(t table.Type) bool { return t == table.JSON || t == table.List }
	return a == b || document(a) && document(b)
}
