package jirasim

import (
	"fmt"
	"slices"
)

// A remark is a comment or a worklog.
type remark struct {
	id               int64
	created, updated int64
	author           int32 // -1: nobody
	seconds          int64 // of a worklog
	text             string
	internal         bool
}

// inlineRemarks is how many comments (Cloud) and worklogs (both) an issue shows.
const inlineRemarks = 20

// remarks are the generated comments or worklogs of an issue: few in most,
// more than an issue shows in some.
func (v *view) remarks(is *issue, what purpose, offset int64, usual, rare int) []remark {
	if v.s.gen == nil || is.flags&fresh != 0 {
		return nil
	}
	r := v.draw(what, is.id)
	n := 0
	switch {
	case r.one(200):
		n = rare + r.n(remarksPerIssue/2-rare)
	case r.one(2):
		n = r.n(usual)
	}
	if n == 0 {
		return nil
	}
	base := v.generated(is)
	all := make([]remark, 0, n)
	for i := range n {
		m := remark{id: firstRemark + base.id*remarksPerIssue + offset + int64(i), author: int32(r.n(len(v.s.cat.users)))}
		m.created = base.created + (base.updated-base.created)*int64(i+1)/int64(n+1)
		m.updated = m.created
		if r.one(10) {
			m.updated = m.created + r.n64(max((base.updated-m.created)/2, 1))
		}
		if r.one(100) {
			m.author = -1
		}
		m.seconds = int64(1+r.n(16)) * 900
		m.internal = r.one(30)
		if is.over == nil || !slices.Contains(is.over.gone, m.id) {
			all = append(all, m)
		}
	}
	return all
}

// comments are all comments of an issue, oldest first.
func (v *view) comments(is *issue) []remark {
	all := v.remarks(is, forComments, 0, 4, 18)
	if is.over != nil {
		all = append(all, is.over.comments...)
	}
	return all
}

// worklogs are all worklogs of an issue, oldest first.
func (v *view) worklogs(is *issue) []remark {
	all := v.remarks(is, forWorklogs, remarksPerIssue/2, 3, 22)
	if is.over != nil {
		all = append(all, is.over.worklogs...)
	}
	return all
}

func writeComments(v *view, b []byte, is *issue, _ *field) []byte {
	all := v.comments(is)
	n, size := len(all), len(all)
	if v.s.cloud {
		n = min(n, inlineRemarks)
		size = n
	}
	b = append(b, `{"comments":`...)
	b = list(b, n, func(b []byte, i int) []byte { return v.appendComment(b, is, &all[i]) })
	if v.s.cloud {
		b = append(b, `,"self":"`...)
		b = append(b, v.api...)
		b = append(b, "/issue/"...)
		b = appendInt(b, is.id)
		b = append(b, `/comment"`...)
	}
	return fmt.Appendf(b, `,"maxResults":%d,"total":%d,"startAt":0}`, size, len(all))
}

func (v *view) appendComment(b []byte, is *issue, m *remark) []byte {
	b = append(b, `{"self":"`...)
	b = append(b, v.api...)
	b = append(b, "/issue/"...)
	b = appendInt(b, is.id)
	b = append(b, "/comment/"...)
	b = appendInt(b, m.id)
	b = append(b, `","id":"`...)
	b = appendInt(b, m.id)
	b = append(b, '"')
	b = v.appendAuthors(b, m)
	b = append(b, `,"body":`...)
	b = v.appendText(b, m)
	b = append(b, `,"created":`...)
	b = appendTime(b, m.created, v.s.loc)
	b = append(b, `,"updated":`...)
	b = appendTime(b, m.updated, v.s.loc)
	if m.internal {
		b = append(b, `,"visibility":{"type":"role","value":"Developers","identifier":"Developers"}`...)
	}
	if v.s.cloud {
		b = append(b, `,"jsdPublic":true`...)
	}
	return append(b, '}')
}

func (v *view) appendAuthors(b []byte, m *remark) []byte {
	if m.author < 0 {
		return b
	}
	u := v.s.cat.users[m.author].json
	b = append(b, `,"author":`...)
	b = append(b, u...)
	b = append(b, `,"updateAuthor":`...)
	return append(b, u...)
}

func (v *view) appendText(b []byte, m *remark) []byte {
	if m.text != "" {
		return appendPlain(b, m.text, v.adf)
	}
	r := v.draw(forRemark, m.id)
	return v.s.prose.appendProse(b, r, 1+r.n(2), v.adf)
}

func writeWorklogs(v *view, b []byte, is *issue, _ *field) []byte {
	all := v.worklogs(is)
	n := min(len(all), inlineRemarks)
	b = fmt.Appendf(b, `{"startAt":0,"maxResults":%d,"total":%d,"worklogs":`, inlineRemarks, len(all))
	b = list(b, n, func(b []byte, i int) []byte { return v.appendWorklog(b, is, &all[i]) })
	return append(b, '}')
}

func (v *view) appendWorklog(b []byte, is *issue, m *remark) []byte {
	b = fmt.Appendf(b, `{"self":"%s/issue/%d/worklog/%d"`, v.api, is.id, m.id)
	b = v.appendAuthors(b, m)
	b = append(b, `,"comment":`...)
	b = v.appendText(b, m)
	b = append(b, `,"created":`...)
	b = appendTime(b, m.created, v.s.loc)
	b = append(b, `,"updated":`...)
	b = appendTime(b, m.updated, v.s.loc)
	b = append(b, `,"started":`...)
	b = appendTime(b, m.created-m.seconds*1000, v.s.loc)
	return fmt.Appendf(b, `,"timeSpent":"%s","timeSpentSeconds":%d,"id":"%d","issueId":"%d"}`, workTime(m.seconds), m.seconds, m.id, is.id)
}

func writeAttachments(v *view, b []byte, is *issue, f *field) []byte {
	r := v.ofField(is, f)
	n := []int{0, 0, 0, 0, 1, 2, 3}[r.n(7)]
	if is.flags&fresh != 0 {
		n = 0
	}
	return list(b, n, func(b []byte, i int) []byte {
		id := is.id*4 + int64(i)
		name := []string{"screen shot.png", "log (1).txt", "Übersicht 雪.pdf", `a"b.csv`}[r.n(4)]
		kind := []string{"image/png", "text/plain", "application/pdf", "text/csv"}[r.n(4)]
		b = fmt.Appendf(b, `{"self":"%s/attachment/%d","id":"%d","filename":%s,"author":`, v.api, id, id, quote(name))
		b = append(b, v.s.cat.users[r.n(len(v.s.cat.users))].json...)
		b = append(b, `,"created":`...)
		b = appendTime(b, is.created+int64(i)*61_001, v.s.loc)
		content := fmt.Sprintf("%s/rest/api/3/attachment/content/%d", v.s.opt.BaseURL, id)
		if !v.s.cloud {
			content = fmt.Sprintf("%s/secure/attachment/%d/file", v.s.opt.BaseURL, id)
		}
		return fmt.Appendf(b, `,"size":%d,"mimeType":"%s","content":"%s"}`, r.n(5_000_000), kind, content)
	})
}
