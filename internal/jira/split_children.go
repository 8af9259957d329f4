package jira

import (
	"errors"

	"snowdrift/internal/rawjson"
)

// childPage is a page of children taken apart, in place.
type childPage struct {
	issue   int64
	list    string // member that holds the elements
	hasList bool
	rows    []Child
	startAt int64 // -1: absent
	total   int64 // -1: absent
	token   string
}

func (p *childPage) split(body []byte) error { return readPage(body, p.member) }

func (p *childPage) member(name string, c *rawjson.Cursor) (err error) {
	switch name {
	case p.list:
		p.hasList = true
		if p.list != "issueChangeLogs" {
			return p.elements(c, p.issue)
		}
		return p.changelogs(c)
	case "startAt":
		p.startAt, err = readInt(c)
	case "total":
		p.total, err = readInt(c)
	case "nextPageToken":
		p.token, err = readString(c)
	}
	return err
}

// changelogs reads [{"issueId":"1","changeHistories":[…]}, …].
func (p *childPage) changelogs(c *rawjson.Cursor) error {
	return readArray(c, func() error {
		issue, first := int64(0), len(p.rows)
		err := readObject(c, func(name string) (err error) {
			switch name {
			case "issueId":
				issue, err = readID(c)
			case "changeHistories":
				err = p.elements(c, 0)
			}
			return err
		})
		if err != nil {
			return err
		}
		if issue == 0 {
			return errors.New("a changelog does not say whose it is")
		}
		for i := range p.rows[first:] {
			p.rows[first+i].Issue = issue
		}
		return nil
	})
}

func (p *childPage) elements(c *rawjson.Cursor, issue int64) error {
	return readObjects(c, func(raw []byte) { p.rows = append(p.rows, Child{Issue: issue, Raw: raw}) })
}
