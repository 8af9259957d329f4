package table

import (
	"slices"
	"strings"
	"testing"
)

func TestChildrenAreDescribed(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Children() {
		if seen[c.Name] || !strings.HasPrefix(c.Name, "issue_") || c.Role != Child || !sentence(c.Doc) {
			t.Errorf("table %s: %q", c.Name, c.Doc)
		}
		seen[c.Name] = true
		if (c.Field == "") != (c.Plugin != "") {
			t.Errorf("%s comes from the field %q and from the plugin %q", c.Name, c.Field, c.Plugin)
		}
		if _, steps := c.Each.Steps(); len(steps) == 0 || !steps[len(steps)-1].Each {
			t.Errorf("%s: %q leads to no elements", c.Name, c.Each)
		}
		if c.Columns[0].Name != IssueID || c.Columns[0].Source != FromIssue || c.Key[0] != IssueID || len(c.Key) < 3 {
			t.Errorf("%s begins with %+v and has the key %q", c.Name, c.Columns[0], c.Key)
		}
		if last := c.Columns[len(c.Columns)-1]; last.Name != Site || c.Key[len(c.Key)-1] != Site {
			t.Errorf("%s ends with %+v and has the key %q", c.Name, last, c.Key)
		}
		for _, key := range c.Key[:len(c.Key)-1] {
			if c.Column(key) == nil || c.Column(key).Type != Int && key != "user_id" {
				t.Errorf("%s: no column of integers for the key %s", c.Name, key)
			}
		}
		columns := map[string]bool{}
		for _, col := range c.Columns {
			if columns[col.Name] || reserved[col.Name] || col.Type == 0 || !sentence(col.Doc) {
				t.Errorf("%s.%s: %s, %q", c.Name, col.Name, col.Type, col.Doc)
			}
			columns[col.Name] = true
			if outer, _ := col.Path.Steps(); outer >= strings.Count(string(c.Each), "[]") {
				t.Errorf("%s.%s: %q leads out of %q", c.Name, col.Name, col.Path, c.Each)
			}
		}
	}
}

// sentence: one that ends, on one line.
func sentence(s string) bool {
	return strings.HasSuffix(s, ".") && !strings.Contains(s, "\n") && len(s) > 10
}

func TestChoose(t *testing.T) {
	var all []string
	for _, c := range Children() {
		if !c.OnRequest {
			all = append(all, c.Name)
		}
	}
	for _, d := range Dimensions() {
		if !d.OnRequest {
			all = append(all, d.Name)
		}
	}
	for _, tt := range []struct{ names, want []string }{
		{nil, nil},
		{[]string{"issues"}, nil},
		{[]string{Default}, all},
		{[]string{"issue_labels", Default, "issues"}, all},
		{[]string{Default, "-sprints"}, all[:len(all)-1]},
		{[]string{"-sprints"}, all[:len(all)-1]},
		{[]string{"-issue_comments", "-group_members"}, all[1:]},
		{[]string{"group_members", Default, "-issue_comments"}, slices.Insert(slices.Clone(all[1:]), slices.Index(all, "fields")-1, "group_members")},
		{[]string{"sprints", "issue_watchers", "projects"}, []string{"issue_watchers", "projects", "sprints"}},
		{[]string{"issue_labels", "-issue_links"}, []string{"issue_labels"}},
		{[]string{"issue_labels", "issue_comments", "issue_labels"}, []string{"issue_comments", "issue_labels"}},
	} {
		children, dimensions, err := Choose(tt.names)
		var got []string
		for _, c := range children {
			got = append(got, c.Name)
		}
		for _, d := range dimensions {
			got = append(got, d.Name)
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%q: %q, %v", tt.names, got, err)
		}
	}
	for _, name := range []string{"comments", "ISSUES", "", "-", "-default", "_snowdrift_value_errors"} {
		if _, _, err := Choose([]string{Default, name}); err == nil || !strings.Contains(err.Error(), "issue_worklogs") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
