package jira

import (
	"github.com/go-json-experiment/json/jsontext"
)

// envelope is a page of issues taken apart. Its byte slices are parts of the
// buffer that was split.
type envelope struct {
	issues     [][]byte
	hasIssues  bool // the member was there, if only as an empty array
	names      []byte
	schema     []byte
	warnings   []string
	nextToken  string
	isLast     *bool
	startAt    int64 // -1: absent
	maxResults int64 // -1: absent
	total      int64 // -1: absent
}

// splitPage finds the issues in the body of a page in one pass, without copying
// and without looking into them: legal issues hold numbers like 1e400, lone
// surrogates, repeated names and hundreds of levels of rich text, and have to
// come out byte for byte. What is checked is that the whole is JSON, so that a
// body that was cut is never taken for a shorter page. Nesting may be 10,000
// deep, the limit of jsontext.
//
// env is reset first; the capacity of env.issues is reused.
func splitPage(body []byte, env *envelope) error {
	*env = envelope{issues: env.issues[:0], startAt: -1, maxResults: -1, total: -1}
	return readPage(body, func(name string, dec *jsontext.Decoder) error { return env.member(name, dec, body) })
}

func (env *envelope) member(name string, dec *jsontext.Decoder, body []byte) (err error) {
	switch name {
	case "issues":
		env.hasIssues = true
		return readObjects(dec, body, func(raw []byte) { env.issues = append(env.issues, raw) })
	case "names":
		env.names, err = span(dec, body)
	case "schema":
		env.schema, err = span(dec, body)
	case "nextPageToken":
		env.nextToken, err = readString(dec)
	case "isLast":
		env.isLast, err = readBool(dec)
	case "startAt":
		env.startAt, err = readInt(dec)
	case "maxResults":
		env.maxResults, err = readInt(dec)
	case "total":
		env.total, err = readInt(dec)
	case "warnings", "warningMessages", "issueErrors":
		err = env.readWarnings(dec, body)
	default:
		err = dec.SkipValue()
	}
	return err
}

// readWarnings keeps warnings, which are texts (Data Center) or objects
// (Cloud), as they are: they are for people.
func (env *envelope) readWarnings(dec *jsontext.Decoder, body []byte) error {
	if dec.PeekKind() != '[' {
		return dec.SkipValue()
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != ']' {
		if dec.PeekKind() == '"' {
			text, err := readString(dec)
			if err != nil {
				return err
			}
			env.warnings = append(env.warnings, clip(oneLine(text)))
			continue
		}
		value, err := span(dec, body)
		if err != nil {
			return err
		}
		env.warnings = append(env.warnings, clip(oneLine(string(value))))
	}
	_, err := dec.ReadToken()
	return err
}
