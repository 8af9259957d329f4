package jira

import (
	"errors"

	"github.com/go-json-experiment/json/jsontext"
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

func (p *childPage) split(body []byte) error {
	return readPage(body, func(name string, dec *jsontext.Decoder) error { return p.member(name, dec, body) })
}

func (p *childPage) member(name string, dec *jsontext.Decoder, body []byte) (err error) {
	switch name {
	case p.list:
		p.hasList = true
		if p.list != "issueChangeLogs" {
			return p.elements(dec, body, p.issue)
		}
		return p.changelogs(dec, body)
	case "startAt":
		p.startAt, err = readInt(dec)
	case "total":
		p.total, err = readInt(dec)
	case "nextPageToken":
		p.token, err = readString(dec)
	default:
		err = dec.SkipValue()
	}
	return err
}

// changelogs reads [{"issueId":"1","changeHistories":[…]}, …].
func (p *childPage) changelogs(dec *jsontext.Decoder, body []byte) error {
	if err := expect(dec, '['); err != nil {
		return err
	}
	for dec.PeekKind() != ']' {
		issue, first := int64(0), len(p.rows)
		err := readObject(dec, func(name string) (err error) {
			switch name {
			case "issueId":
				issue, err = readID(dec)
			case "changeHistories":
				err = p.elements(dec, body, 0)
			default:
				err = dec.SkipValue()
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
	}
	_, err := dec.ReadToken()
	return err
}

func (p *childPage) elements(dec *jsontext.Decoder, body []byte, issue int64) error {
	return readObjects(dec, body, func(raw []byte) { p.rows = append(p.rows, Child{Issue: issue, Raw: raw}) })
}
