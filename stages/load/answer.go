package load

import (
	"database/sql"
	"fmt"
	"iter"
)

// Cells yields the rows of an answer with so many columns, each as convert leaves it, and
// closes the answer.
func Cells(rows *sql.Rows, columns int, convert func(cells []any)) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		defer rows.Close()
		cells, into := make([]any, columns), make([]any, columns)
		for i := range cells {
			into[i] = &cells[i]
		}
		for rows.Next() {
			if err := rows.Scan(into...); err != nil {
				yield(nil, fmt.Errorf("read the answer: %w", err))
				return
			}
			if convert(cells); !yield(cells, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, fmt.Errorf("read the answer: %w", err))
		}
	}
}
