package jirasim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// fact reads a decoded issue along a path such as status.statusCategory.key.
func fact(fields map[string]any, path string) string {
	var v any = fields
	for _, name := range strings.Split(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return ""
		}
		v = m[name]
	}
	switch v := v.(type) {
	case nil:
		return ""
	case float64:
		return fmt.Sprint(v)
	case string:
		return v
	}
	return "?"
}

func labelsOf(fields map[string]any) []string {
	var out []string
	for _, l := range fields["labels"].([]any) {
		out = append(out, l.(string))
	}
	return out
}

// TestJQLFindsWhatTheIssuesSay compares queries with a search by hand through
// every issue that the site shows.
func TestJQLFindsWhatTheIssuesSay(t *testing.T) {
	is := func(path, want string) func(map[string]any) bool {
		return func(f map[string]any) bool { return fact(f, path) == want }
	}
	not := func(p func(map[string]any) bool) func(map[string]any) bool {
		return func(f map[string]any) bool { return !p(f) }
	}
	both := func(a, b func(map[string]any) bool) func(map[string]any) bool {
		return func(f map[string]any) bool { return a(f) && b(f) }
	}
	either := func(a, b func(map[string]any) bool) func(map[string]any) bool {
		return func(f map[string]any) bool { return a(f) || b(f) }
	}
	snow, done, bug := is("project.key", "SNOW"), is("status.statusCategory.key", "done"), is("issuetype.name", "Bug")
	someone := "5b10a2844c20165700000003"
	points := func(fn func(n float64) bool) func(map[string]any) bool {
		return func(f map[string]any) bool { n, ok := f[pointsField].(float64); return ok && fn(n) }
	}
	label := func(f map[string]any) bool { return slices.Contains(labelsOf(f), "backend") }
	tests := []struct {
		jql  string
		want func(map[string]any) bool
	}{
		{"project = SNOW", snow},
		{"project = snow", snow},
		{`project = 10000`, snow},
		{`project = "Project 1"`, snow},
		{`PROJECT in (SNOW, "OR")`, either(snow, is("project.key", "OR"))},
		{`project = "TO"`, is("project.key", "TO")},
		{`project != SNOW`, not(snow)},
		{`project not in (SNOW)`, not(snow)},
		{`project = NOSUCH`, func(map[string]any) bool { return false }},
		{"not project = SNOW", not(snow)},
		{"!(project = SNOW)", not(snow)},
		{"project = SNOW AND statusCategory = Done", both(snow, done)},
		{"project = SNOW & statusCategory = 3", both(snow, done)},
		{"project = SNOW or statusCategory = done and issuetype = Bug", either(snow, both(done, bug))},
		{"(project = SNOW or statusCategory = done) and type = Bug", both(either(snow, done), bug)},
		{"not (project = SNOW or statusCategory = done)", not(either(snow, done))},
		{"not not project = SNOW", snow},
		{`statusCategory in ("To Do", 4)`, either(is("status.statusCategory.key", "new"), is("status.statusCategory.key", "indeterminate"))},
		{`status = Done`, is("status.name", "Done")}, // under two ids
		{`status = 10003`, is("status.id", "10003")},
		{`priority in (Highest, 2)`, either(is("priority.name", "Highest"), is("priority.id", "2"))},
		{"assignee is EMPTY", is("assignee.accountId", "")},
		{"assignee is not null", not(is("assignee.accountId", ""))},
		{"assignee = empty", is("assignee.accountId", "")},
		{"assignee = " + someone, is("assignee.accountId", someone)},
		{"assignee != " + someone, both(not(is("assignee.accountId", someone)), not(is("assignee.accountId", "")))},
		{"not assignee = " + someone, both(not(is("assignee.accountId", someone)), not(is("assignee.accountId", "")))},
		{"assignee = currentUser()", is("assignee.accountId", "5b10a2844c20165700000001")},
		{"labels = backend", label},
		{"labels is empty", func(f map[string]any) bool { return len(labelsOf(f)) == 0 }},
		{"labels != backend", both(not(label), func(f map[string]any) bool { return len(labelsOf(f)) > 0 })},
		{"resolution is EMPTY", is("resolution.name", "")},
		{`resolution = "Won't Do"`, is("resolution.name", "Won't Do")},
		{"cf[10026] > 10", points(func(n float64) bool { return n > 10 })},
		{`"Story Points" <= 10 AND cf[10026] is not EMPTY`, points(func(n float64) bool { return n <= 10 })},
		{"cf[10026] = 5", points(func(n float64) bool { return n == 5 })},
		{"cf[10026] in (5, 6)", points(func(n float64) bool { return n == 5 || n == 6 })},
		{`fixVersion = "2.0"`, func(f map[string]any) bool {
			return slices.ContainsFunc(f["fixVersions"].([]any), func(v any) bool { return v.(map[string]any)["name"] == "2.0" })
		}},
		{`summary ~ "queue"`, func(f map[string]any) bool { return strings.Contains(strings.ToLower(f["summary"].(string)), "queue") }},
		{`summary ~ "que*"`, func(f map[string]any) bool {
			return slices.ContainsFunc(strings.Fields(strings.ToLower(f["summary"].(string))), func(w string) bool { return strings.HasPrefix(w, "que") })
		}},
		{`due is not EMPTY AND due < "2024-01-01"`, func(f map[string]any) bool { d := fact(f, "duedate"); return d != "" && d < "2024-01-01" }},
	}
	s := newSite(t, Options{Issues: 400, Seed: 7, TimeZone: "Europe/Berlin"})
	type truth struct {
		key    string
		fields map[string]any
	}
	var all []truth
	s.decodeEach(func(_ int64, key string, f map[string]any) { all = append(all, truth{key, f}) })
	for _, tt := range tests {
		var want []string
		for _, is := range all {
			if tt.want(is.fields) {
				want = append(want, is.key)
			}
		}
		var got []string
		for _, is := range s.searchAll(tt.jql+" ORDER BY id", 37) {
			got = append(got, is.Key)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d issues, want %d", tt.jql, len(got), len(want))
		}
		if len(want) == 400 || len(want) == 0 && !strings.Contains(tt.jql, "NOSUCH") {
			t.Errorf("%s: %d of 400 issues fit: the test does not tell anything", tt.jql, len(want))
		}
	}
}

func TestJQLIdentity(t *testing.T) {
	s := newSite(t, Options{Issues: 50})
	id := s.IDs()[10]
	key := ""
	s.decodeEach(func(i int64, k string, _ map[string]any) {
		if i == id {
			key = k
		}
	})
	ok(t, s.Move(id, other(s, key)))
	for jql, want := range map[string]int{
		fmt.Sprintf("id = %d", id): 1, fmt.Sprintf("issue = %d", id): 1, "key = " + key: 1, // the key before the move
		"key = " + strings.ToLower(key): 1, fmt.Sprintf("id in (%d, %d)", id, s.IDs()[11]): 2,
		fmt.Sprintf("id != %d", id): 49, fmt.Sprintf("id > %d", id): 39, fmt.Sprintf("id <= %d", id): 11,
		"key in (SNOW-1, snow-2)": 2, "key > SNOW-10 and key <= SNOW-12": 2, "key = SNOW-9999": 0, "id in (1, 2)": 0,
	} {
		if got := len(s.searchAll(jql, 100)); got != want {
			t.Errorf("%s: %d issues, want %d", jql, got, want)
		}
	}
}

// other is a project that the key does not belong to.
func other(s *site, key string) string {
	for _, p := range s.Projects() {
		if !strings.HasPrefix(key, p+"-") {
			return p
		}
	}
	return ""
}

func TestJQLErrors(t *testing.T) {
	for _, tt := range []struct {
		jql, cloud, dc string // part of the message; "": 200
	}{
		{"project = TO", "'TO' is a reserved JQL word. You must surround it in quotation marks", "reserved"},
		{"order = 1", "Expecting 'by'", "Expecting 'by'"},
		{"frobnicate = 1", "Field 'frobnicate' does not exist or you do not have permission to view it.", "does not exist"},
		{"cf[99] = 1", "Field 'cf[99]' does not exist", "does not exist"},
		{"project = NOSUCH", "", "The value 'NOSUCH' does not exist for the field 'project'."},
		{"status = Nope", "The value 'Nope' does not exist for the field 'status'.", "does not exist"},
		{"key = SNOW-99999", "", "An issue with key 'SNOW-99999' does not exist for field 'key'."},
		{"id = 1", "", "A value with ID '1' does not exist for the field 'id'."},
		{`updated >= "2024-13-01"`, "Date value '2024-13-01' for field 'updated' is invalid", "is invalid"},
		{`updated >= "2024-01-01 10:00:00"`, "is invalid", "is invalid"},
		{`updated >= "2024-01-01T10:00"`, "is invalid", "is invalid"},
		{`updated >= "1732877091000"`, "is invalid", "is invalid"},
		{`updated >= "2024-01-01 10:00 UTC"`, "is invalid", "is invalid"},
		{`updated ~ "x"`, "The operator '~' is not supported by the 'updated' field.", "not supported"},
		{`summary = "x"`, "The operator '=' is not supported by the 'summary' field.", "not supported"},
		{"project > SNOW", "not supported", "not supported"},
		{`project = "SNOW`, "The quoted string has not been completed.", "completed"},
		{`project = "a\qb"`, `'\q' is an illegal JQL escape sequence`, "illegal"},
		{"project = a+b", "The character '+' is a reserved JQL character", "reserved"},
		{"(project = SNOW", "Expecting ')'", "Expecting ')'"},
		{"project = SNOW)", "Expecting either 'OR' or 'AND'", "Expecting"},
		{"project SNOW", "Expecting operator", "Expecting operator"},
		{"project in SNOW", "does not support", "does not support"},
		{"project = (SNOW)", "does not support", "does not support"},
		{"project is SNOW", "does not support", "does not support"},
		{"status was Done", "does not evaluate 'was'", "does not evaluate"},
		{"updated > yesterday()", "Unable to find JQL function 'yesterday()'", "Unable"},
		{"project = SNOW order by nothing", "Not able to sort using field 'nothing'", "Not able"},
		{"project = SNOW order by summary", "does not order by 'summary'", "does not order"},
		{"", "Unbounded JQL queries are not allowed here.", ""},
		{"order by updated", "Unbounded JQL queries are not allowed here.", ""},
		{"project = SNOW order by id,id,id,id,id,id,id,id", "JQL can be ordered by at most 7 fields.", ""},
		{strings.Repeat("(", 9999), "nested too deeply", "nested too deeply"},
	} {
		for _, d := range []string{Cloud, DataCenter} {
			s := newSite(t, Options{Deployment: d, Issues: 20})
			path, want := "/rest/api/3/search/jql", tt.cloud
			if d == DataCenter {
				path, want = "/rest/api/2/search", tt.dc
			}
			x := s.do("POST", path, mustJSON(map[string]any{"jql": tt.jql}))
			if want == "" {
				s.want(x, 200, nil)
				continue
			}
			var e struct{ ErrorMessages []string }
			s.want(x, 400, &e)
			if !strings.Contains(strings.Join(e.ErrorMessages, " "), want) {
				t.Errorf("%s: %.60q: %q, want %q in it", d, tt.jql, e.ErrorMessages, want)
			}
		}
	}
}

func TestNotValidatedQueriesWarn(t *testing.T) {
	s := newSite(t, Options{Deployment: DataCenter, Issues: 20})
	var p struct {
		Total           int
		WarningMessages []string
	}
	s.post("/rest/api/2/search", mustJSON(map[string]any{"jql": fmt.Sprintf("id in (1, %d)", s.IDs()[0]), "validateQuery": false}), &p)
	if p.Total != 1 || len(p.WarningMessages) != 1 {
		t.Errorf("%+v, want the issue that exists and a warning about the one that does not", p)
	}
}

// Everything that a string can hold can be quoted, and is found again.
func TestJQLStrings(t *testing.T) {
	for _, tt := range []struct{ quoted, want string }{
		{`"a\"b\\c"`, `a"b\c`}, {`'it\'s'`, "it's"}, {`"\n\r\t\ "`, "\n\r\t "}, {`"\u96ea"`, "雪"}, {`"'"`, "'"}, {`'"'`, `"`},
		{`"雪 order by"`, "雪 order by"},
	} {
		q, err := parseJQL("summary ~ " + tt.quoted)
		ok(t, err)
		if got := q.where.(*clause).operands[0].text; got != tt.want {
			t.Errorf("%s: %q, want %q", tt.quoted, got, tt.want)
		}
	}
}

func FuzzParseJQL(f *testing.F) {
	for _, seed := range []string{"project = 1 AND (a in (b, \"c\") or not x is not empty) order by id desc, cf[10] asc", "!a ~ 'x' && b||c", `a = "\u00e9\`, "cf[", "a=b(c,'d')"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, jql string) {
		q, err := parseJQL(jql)
		if err == nil && q.where != nil && fmt.Sprint(describe(q.where.negated().negated())) != fmt.Sprint(describe(q.where)) {
			t.Errorf("%q: twice negated it is another query", jql)
		}
	})
}

// describe is a query as nested lists.
func describe(n node) any {
	switch n := n.(type) {
	case *clause:
		return []any{n.field, n.op, n.operands}
	case *junction:
		out := []any{n.or}
		for _, m := range n.members {
			out = append(out, describe(m))
		}
		return out
	}
	return nil
}

func TestJQLOrder(t *testing.T) {
	s := newSite(t, Options{Issues: 300, Seed: 3})
	for order, key := range map[string]func(foundIssue) string{
		"created ASC, key ASC":      func(is foundIssue) string { return string(is.Fields["created"]) },
		"createdDate, id":           func(is foundIssue) string { return string(is.Fields["created"]) },
		"updated, key":              func(is foundIssue) string { return string(is.Fields["updated"]) },
		"key":                       func(is foundIssue) string { p, n, _ := splitKey(is.Key); return fmt.Sprintf("%s%06d", p, n) },
		"id":                        func(is foundIssue) string { return is.ID },
		"project ASC, created DESC": func(is foundIssue) string { p, _, _ := splitKey(is.Key); return p },
	} {
		up := s.searchAll("project is not empty ORDER BY "+order, 41)
		if len(up) != 300 || !slices.IsSortedFunc(up, func(a, b foundIssue) int { return strings.Compare(key(a), key(b)) }) {
			t.Errorf("%s: %d issues, sorted: no", order, len(up))
		}
	}
	newest := s.searchAll("project is not empty ORDER BY updated DESC", 300)
	if !slices.IsSortedFunc(newest, func(a, b foundIssue) int {
		return strings.Compare(string(b.Fields["updated"]), string(a.Fields["updated"]))
	}) {
		t.Error("updated DESC is not sorted")
	}
	if up := s.searchAll("project is not empty", 300); up[0].ID < up[299].ID {
		t.Error("without an order the newest issue should come first")
	}
}

// Windows that are cut by binary search find what a full scan finds.
func TestWindowsAreExact(t *testing.T) {
	s := newSite(t, Options{Issues: 500, Seed: 9})
	all := s.store.issues
	r := draw(1, 99)
	for range 200 {
		a, b := all[r.n(len(all))], all[r.n(len(all))]
		low, high := min(a.updated, b.updated), max(a.updated, b.updated)
		clow, chigh := min(a.created, b.created), max(a.created, b.created)
		order := []string{"", "order by updated, key", "order by created desc", "order by key", "order by updated desc"}[r.n(5)]
		for jql, fits := range map[string]func(is issue) bool{
			fmt.Sprintf("updated >= %d and updated < %d %s", low, high, order):                           func(is issue) bool { return is.updated >= low && is.updated < high },
			fmt.Sprintf("created > %d and created <= %d %s", clow, chigh, order):                         func(is issue) bool { return is.created > clow && is.created <= chigh },
			fmt.Sprintf("updated >= %d and created <= %d %s", low, chigh, order):                         func(is issue) bool { return is.updated >= low && is.created <= chigh },
			fmt.Sprintf("updated >= %d or created <= %d %s", high, clow, order):                          func(is issue) bool { return is.updated >= high || is.created <= clow },
			fmt.Sprintf("not (updated >= %d or created <= %d) %s", high, clow, order):                    func(is issue) bool { return is.updated < high && is.created > clow },
			fmt.Sprintf("updated in (%d, %d) and project in (SNOW, \"TO\", DRIFT) %s", low, high, order): func(is issue) bool { return (is.updated == low || is.updated == high) && is.project < 3 },
		} {
			want := 0
			for _, is := range all {
				if fits(is) {
					want++
				}
			}
			f, err := s.search(jql, false)
			ok(t, err)
			if len(f.slots) != want {
				t.Fatalf("%s: %d issues, want %d", jql, len(f.slots), want)
			}
			if !slices.IsSortedFunc(f.slots, func(x, y int32) int { return f.compare(&s.store.issues[x], &s.store.issues[y]) }) {
				t.Fatalf("%s: not in order", jql)
			}
		}
	}
}
