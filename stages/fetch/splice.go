package fetch

import (
	"bytes"
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

// look finds the places in a raw issue, in one pass.
func look(raw []byte) issue {
	is := issue{raw: raw}
	var id []byte
	c := rawjson.NewCursor(raw)
	first := func(value *[]byte) { // that is not null, see package rawjson
		if rawjson.IsNull(*value) {
			*value = c.Value()
		}
	}
	c.Members(func(name []byte) {
		switch {
		case string(name) == "id":
			first(&id)
		case string(name) == "changelog":
			first(&is.changelog)
		case string(name) == "fields" && c.Type() == rawjson.Object:
			c.Members(func(name []byte) {
				for k, r := range remarks {
					if string(name) == r.field {
						first(&is.remarks[k])
					}
				}
			})
		}
	})
	is.id, _ = rawjson.Int64(id)
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

// edit puts a page that holds all children there are, as Jira would write it, in
// the place of drop bytes at an offset.
type edit struct {
	at, drop int
	added    string // the member that the page is to be the value of, where there is none
	page     []byte // as it came; nil: it is made of the children
	list     string // the member of the page that the children are in
	children [][]byte
}

// editChangelog returns an edit, still without a page, of an issue's changelog, or
// of the member that is to be it.
func (is issue) editChangelog(added string) edit {
	if len(is.changelog) > 0 {
		return edit{at: rawjson.Offset(is.raw, is.changelog), drop: len(is.changelog)}
	}
	return edit{at: bytes.LastIndexByte(is.raw, '}'), added: added}
}

// size is about as many bytes as appendTo appends.
func (e *edit) size() int {
	n := len(e.added) + len(e.page) + len(e.list) + 100
	for _, c := range e.children {
		n += len(c) + len(",")
	}
	return n
}

func (e *edit) appendTo(dst []byte) []byte {
	if e.added != "" {
		dst = append(append(append(dst, `,"`...), e.added...), `":`...)
	}
	if e.page != nil {
		return append(dst, e.page...)
	}
	n := int64(len(e.children))
	dst = strconv.AppendInt(append(dst, `{"startAt":0,"maxResults":`...), n, 10)
	dst = strconv.AppendInt(append(dst, `,"total":`...), n, 10)
	dst = append(append(append(dst, `,"`...), e.list...), `":[`...)
	for i, c := range e.children {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, c...)
	}
	return append(dst, "]}"...)
}

// apply returns a copy of raw with the edits, which do not overlap.
func apply(raw []byte, edits ...edit) []byte {
	slices.SortFunc(edits, func(a, b edit) int { return cmp.Compare(a.at, b.at) })
	size := len(raw)
	for i := range edits {
		size += edits[i].size() - edits[i].drop
	}
	dst := make([]byte, 0, size)
	from := 0
	for _, e := range edits {
		dst = e.appendTo(append(dst, raw[from:e.at]...))
		from = e.at + e.drop
	}
	return append(dst, raw[from:]...)
}
