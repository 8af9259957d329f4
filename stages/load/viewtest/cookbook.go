package viewtest

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"snowdrift/stages/load"
)

// Cookbook runs the queries of docs/COOKBOOK.md on a small site that stands still
// (pantry.go), and compares their answers with the tables behind them. With
// update it writes the tables; whoever does reads them, for they are examples to
// others.
func Cookbook(t *testing.T, d Destination, dialect, page string, update bool) {
	stock(t, d)
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	w := d.Open(t)
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	recipes := parseCookbook(string(text))
	if len(recipes) < 20 {
		t.Errorf("%d questions, want 20", len(recipes))
	}
	for _, r := range recipes {
		t.Run(r.title, func(t *testing.T) {
			query := r.queries[dialect]
			if query == "" {
				query = r.queries[""]
			}
			if query == "" {
				t.Fatalf("no query for %s", dialect)
			}
			got := answerTable(t, w, query)
			if update {
				text = bytes.Replace(text, []byte(r.whole), []byte(strings.Replace(r.whole, r.answer, got, 1)), 1)
				return
			}
			if got != r.answer {
				t.Errorf("%s\n got\n%swant\n%s", query, got, r.answer)
			}
		})
	}
	if update {
		if err := os.WriteFile(page, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// recipe is a question with its queries, by dialect, "" for all, and the answer.
type recipe struct {
	title   string
	queries map[string]string
	answer  string
	whole   string
}

var (
	heading = regexp.MustCompile(`(?m)^## (\d+\. .+)$`)
	fence   = regexp.MustCompile("(?ms)^```sql ?(\\w*)\n(.*?)^```\n")
	answers = regexp.MustCompile(`(?m)(?:^\|.*\|\n)+`)
)

// parseCookbook cuts the page into its questions.
func parseCookbook(text string) (out []recipe) {
	at := heading.FindAllStringSubmatchIndex(text, -1)
	for n, m := range at {
		end := len(text)
		if n+1 < len(at) {
			end = at[n+1][0]
		}
		r := recipe{title: text[m[2]:m[3]], whole: text[m[0]:end], queries: map[string]string{}}
		for _, q := range fence.FindAllStringSubmatch(r.whole, -1) {
			r.queries[q[1]] = q[2]
		}
		r.answer = answers.FindString(r.whole)
		out = append(out, r)
	}
	return out
}

// answerTable returns the answer to a query in Markdown.
func answerTable(t *testing.T, w load.Warehouse, query string) string {
	t.Helper()
	rows, err := w.Query(t.Context(), query)
	if err != nil {
		t.Fatalf("%s\n%v", query, err)
	}
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	names, rule := rows.Columns(), []string(nil)
	for n := range names {
		names[n], rule = strings.ToLower(names[n]), append(rule, "---")
	}
	line(names)
	line(rule)
	for cells, err := range rows.All() {
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, c := range cells {
			texts = append(texts, pretty(c))
		}
		line(texts)
	}
	return b.String()
}

var fraction = regexp.MustCompile(`^-?\d+\.\d+$`)

// pretty is a cell as people write it. Numbers with a fraction come as numbers or
// as texts; both are cut to two digits.
func pretty(cell any) string {
	text := fmt.Sprint(cell)
	switch v := cell.(type) {
	case nil:
		return ""
	case time.Time:
		return strings.TrimSuffix(v.UTC().Format("2006-01-02 15:04"), " 00:00")
	case float64:
		text = strconv.FormatFloat(v, 'f', 6, 64)
	}
	if fraction.MatchString(text) {
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			text = strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(f, 'f', 2, 64), "0"), ".")
		}
	}
	return text
}
