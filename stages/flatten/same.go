package flatten

import (
	"bytes"
	"slices"

	"snowdrift/internal/rawjson"
)

// Same reports whether two raw issues tell the same. What depends on who asked,
// how, or through which address counts for nothing, like the order of members;
// null counts as absent.
func Same(a, b []byte) bool {
	one, other := essence(a), essence(b)
	slices.SortFunc(one, byName)
	slices.SortFunc(other, byName)
	return slices.EqualFunc(one, other, func(x, y part) bool { return x.name == y.name && bytes.Equal(x.value, y.value) })
}

// part is a member of an issue or of its fields.
type part struct {
	name  string
	value []byte
}

func byName(a, b part) int { return bytes.Compare([]byte(a.name), []byte(b.name)) }

// incidental are members of an issue that tell how it was read.
var incidental = map[string]bool{"self": true, "expand": true}

// pages are the members in which Jira shows a page of an issue's children, and
// the list in each: where a page began and how long it might have been depends
// on how it was read.
var pages = map[string]string{"comment": "comments", "worklog": "worklogs", "changelog": "histories"}

// essence lists what a raw issue tells.
func essence(raw []byte) []part {
	var out []part
	add := func(prefix string, name, value []byte) {
		key := string(name)
		if m, is := personal[key]; is {
			value = rawjson.Lookup(value, m)
		}
		if list, is := pages[key]; is && rawjson.TypeOf(value) == rawjson.Object {
			value = rawjson.Lookup(value, list)
		}
		if !rawjson.IsNull(value) {
			out = append(out, part{prefix + key, value})
		}
	}
	rawjson.Members(raw, func(name, value []byte) bool {
		switch {
		case string(name) == "fields":
			rawjson.Members(value, func(name, value []byte) bool {
				add("fields.", name, value)
				return true
			})
		case !incidental[string(name)]:
			add("", name, value)
		}
		return true
	})
	return out
}
