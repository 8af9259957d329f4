package flatten

import (
	"bytes"
	"slices"

	"snowdrift/internal/table"
)

// list splits a list: its ids stand between commas, in brackets or not ("[1, 2]"
// for options, "1, 2" for sprints), and its names between commas, which names may
// hold themselves. Names that cannot be told apart are left out: the ids count.
func (h *historian) list(dst []value, t table.Tracked, v value) []value {
	ids := bytes.TrimSuffix(bytes.TrimPrefix(v.id, []byte("[")), []byte("]"))
	gaps := gapsOf(t.Writing)
	if len(ids) == 0 {
		return namesAlone(dst, v.text, gaps)
	}
	first := len(dst)
	for id := range bytes.SplitSeq(ids, []byte(",")) {
		dst = append(dst, value{id: bytes.TrimSpace(id)})
	}
	h.name(dst[first:], v.text, gaps)
	return dst
}

// namesAlone splits a list without ids, at every gap that there may be.
func namesAlone(dst []value, names []byte, gaps []gap) []value {
	for len(names) > 0 {
		var one value
		one.text, names = cut(names, gaps)
		dst = append(dst, one)
	}
	return dst
}

// gap is what stands between two names of a list. A name does not begin with a
// blank, so that a comma with one behind it is no gap where gaps have none.
type gap string

const (
	narrow gap = ","
	wide   gap = ", "
)

var bothGaps = []gap{narrow, wide}

// gapsOf returns what Jira writes between names: a bare comma between options
// ("Supply,Transport"), one with a blank between sprints. It is not known for
// certain of other lists.
func gapsOf(w table.Writing) []gap {
	switch w {
	case table.Options:
		return bothGaps[:1]
	case table.Sprints:
		return bothGaps[1:]
	}
	return bothGaps
}

// in counts the gaps that there may be in names.
func (g gap) in(names []byte) int {
	n := bytes.Count(names, []byte(wide))
	if g == narrow {
		n = bytes.Count(names, []byte(narrow)) - n
	}
	return n
}

// cut returns the name before the first of some gaps, and the names behind it.
func cut(names []byte, gaps []gap) (name, rest []byte) {
	for i, c := range names {
		if c != ',' {
			continue
		}
		g := narrow
		if i+1 < len(names) && names[i+1] == ' ' {
			g = wide
		}
		if slices.Contains(gaps, g) {
			return names[:i], names[i+len(g):]
		}
	}
	return names, nil
}

// name gives the values of a list their names. Where there are more commas than
// gaps, names at either end that the issue tells elsewhere are taken off first.
func (h *historian) name(list []value, names []byte, gaps []gap) {
	for len(list) > 1 {
		if fits, ok := fitting(gaps, names, len(list)); ok {
			for i := range list {
				list[i].text, names = cut(names, fits)
			}
			return
		}
		first, last := &list[0], &list[len(list)-1]
		if name := h.called(*first); strip(&names, name, gaps, bytes.CutPrefix) {
			first.text, list = name, list[1:]
		} else if name := h.called(*last); strip(&names, name, gaps, bytes.CutSuffix) {
			last.text, list = name, list[:len(list)-1]
		} else {
			return
		}
	}
	list[0].text = names
}

// fitting returns the gap that n names can be cut at, if there is one alone.
func fitting(gaps []gap, names []byte, n int) (fits []gap, ok bool) {
	for i, g := range gaps {
		if g.in(names) != n-1 {
			continue
		}
		if ok {
			return nil, false
		}
		fits, ok = gaps[i:i+1], true
	}
	return fits, ok
}

// strip takes a name off one end of names, and the gap beside it.
func strip(names *[]byte, name []byte, gaps []gap, off func(s, end []byte) ([]byte, bool)) bool {
	rest, ok := off(*names, name)
	for _, g := range gaps {
		if others, beside := off(rest, []byte(g)); ok && beside && len(name) > 0 && (g == wide || !bytes.HasPrefix(rest, []byte(wide))) {
			*names = others
			return true
		}
	}
	return false
}

// called returns what a value is called that is told without its name: as an
// earlier change had it, or as the issue has it today.
func (h *historian) called(v value) []byte {
	for _, held := range h.held {
		if len(held.text) > 0 && held.same(v) {
			return held.text
		}
	}
	if i := slices.IndexFunc(h.now, v.same); i >= 0 {
		return h.now[i].text
	}
	return nil
}
