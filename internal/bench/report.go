package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// sheet is a table for people, and for docs/PERFORMANCE.md.
type sheet struct {
	out   io.Writer
	title string
	rows  [][]string
}

func newSheet(out io.Writer, title string, columns ...string) *sheet {
	return &sheet{out: out, title: title, rows: [][]string{columns}}
}

func (t *sheet) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t *sheet) print() error {
	fmt.Fprintf(t.out, "\n%s\n", t.title)
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range t.rows {
		fmt.Fprintln(w, strings.Join(row, "\t")+"\t")
	}
	return w.Flush()
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()) }

func megabytes(n int64) string { return fmt.Sprintf("%.0f", float64(n)/1e6) }
