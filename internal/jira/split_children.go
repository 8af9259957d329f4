package jira

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

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
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	err := p.object(dec, func(name string) error { return p.member(name, dec, body) })
	if err == nil {
		if _, err = dec.ReadToken(); err == io.EOF {
			return nil
		}
		if err == nil {
			err = errors.New("there is more after the end of the page")
		}
	}
	return fmt.Errorf("split the page: %w", shortJSONError(err))
}

// object reads an object and hands over the names of its members; what is
// handed to must read the value.
func (p *childPage) object(dec *jsontext.Decoder, member func(name string) error) error {
	if err := expect(dec, '{'); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		text := name.String()
		if err := member(text); err != nil {
			return fmt.Errorf("member %q: %w", text, err)
		}
	}
	_, err := dec.ReadToken()
	return err
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
		err := p.object(dec, func(name string) (err error) {
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
	if err := expect(dec, '['); err != nil {
		return err
	}
	for dec.PeekKind() != ']' {
		raw, err := span(dec, body)
		if err != nil {
			return err
		}
		if raw[0] != '{' {
			return fmt.Errorf("element %d of the page is not an object", len(p.rows))
		}
		p.rows = append(p.rows, Child{Issue: issue, Raw: raw})
	}
	_, err := dec.ReadToken()
	return err
}

// readID reads an id, which Jira writes as a string and some proxies as a number.
func readID(dec *jsontext.Decoder) (int64, error) {
	token, err := dec.ReadToken()
	if err != nil {
		return 0, err
	}
	id, err := strconv.ParseInt(token.String(), 10, 64)
	if err != nil || id <= 0 {
		return 0, fmt.Errorf("%s stands where an id belongs", token.Kind())
	}
	return id, nil
}
