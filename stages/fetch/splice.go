package fetch

import (
	"cmp"
	"slices"
	"strconv"

	"snowdrift/internal/rawjson"
)

// issue is a raw issue and the places in it where Jira shows pages of children;
// nil where there is none.
type issue struct {
	raw       []byte
	id        int64
	remarks   [2][]byte // see the list of that name
	changelog []byte
}

// look finds the places in a raw issue. Of duplicate members it takes the one
// that counts, the first that is not null.
func look(raw []byte) issue {
	is := issue{raw: raw}
	first := func(known *[]byte, value []byte) {
		if rawjson.IsNull(*known) {
			*known = value
		}
	}
	rawjson.Members(raw, func(name, value []byte) bool {
		switch string(name) {
		case "id":
			is.id, _ = rawjson.Int64(value)
		case "changelog":
			first(&is.changelog, value)
		case "fields":
			rawjson.Members(value, func(name, value []byte) bool {
				for k, r := range remarks {
					if string(name) == r.field {
						first(&is.remarks[k], value)
					}
				}
				return true
			})
		}
		return true
	})
	return is
}

// lacks reports whether a page of children inside an issue holds fewer than
// there are, or does not say. Jira's maxResults tells nothing. What is no page
// is nothing to complete.
func lacks(page []byte, list string) bool {
	if rawjson.TypeOf(page) != rawjson.Object {
		return false
	}
	total, ok := rawjson.Int64(rawjson.Lookup(page, "total"))
	return !ok || total > int64(count(page, list))
}

// count is the number of elements that a page shows.
func count(page []byte, list string) int {
	n := 0
	rawjson.Elements(rawjson.Lookup(page, list), func([]byte) bool {
		n++
		return true
	})
	return n
}

// envelope writes a page that holds all children there are, as Jira would.
func envelope(list string, elements [][]byte) []byte {
	size := len(elements) + 100
	for _, e := range elements {
		size += len(e)
	}
	n := strconv.Itoa(len(elements))
	b := make([]byte, 0, size)
	b = append(b, `{"startAt":0,"maxResults":`+n+`,"total":`+n+`,"`+list+`":[`...)
	for i, e := range elements {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, e...)
	}
	return append(b, "]}"...)
}

// edit replaces drop bytes at an offset by put.
type edit struct {
	at, drop int
	put      []byte
}

// apply returns a copy of raw with the edits, which do not overlap.
func apply(raw []byte, edits []edit) []byte {
	slices.SortFunc(edits, func(a, b edit) int { return cmp.Compare(a.at, b.at) })
	size := len(raw)
	for _, e := range edits {
		size += len(e.put) - e.drop
	}
	dst := make([]byte, 0, size)
	from := 0
	for _, e := range edits {
		dst = append(append(dst, raw[from:e.at]...), e.put...)
		from = e.at + e.drop
	}
	return append(dst, raw[from:]...)
}

// offset tells where in raw a value begins that was found in it: a slice of a
// slice reaches to the same end.
func offset(raw, value []byte) int { return cap(raw) - cap(value) }
