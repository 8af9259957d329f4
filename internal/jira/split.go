package jira

import (
	"snowdrift/internal/rawjson"
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

// splitPage finds the issues in the body of a page, without copying
// and without looking into them: legal issues hold numbers like 1e400, lone
// surrogates, repeated names and hundreds of levels of rich text, and have to
// come out byte for byte. What is checked is that the whole is JSON, so that a
// body that was cut is never taken for a shorter page. Nesting may be 10,000 deep.
//
// env is reset first; the capacity of env.issues is reused.
func splitPage(body []byte, env *envelope) error {
	*env = envelope{issues: env.issues[:0], startAt: -1, maxResults: -1, total: -1}
	return readPage(body, env.member)
}

func (env *envelope) member(name string, c *rawjson.Cursor) (err error) {
	switch name {
	case "issues":
		env.hasIssues = true
		return readObjects(c, func(raw []byte) { env.issues = append(env.issues, raw) })
	case "names":
		env.names = span(c)
	case "schema":
		env.schema = span(c)
	case "nextPageToken":
		env.nextToken, err = readString(c)
	case "isLast":
		env.isLast, err = readBool(c)
	case "startAt":
		env.startAt, err = readInt(c)
	case "maxResults":
		env.maxResults, err = readInt(c)
	case "total":
		env.total, err = readInt(c)
	case "warnings", "warningMessages", "issueErrors":
		err = env.readWarnings(c)
	}
	return err
}

// readWarnings keeps warnings, which are texts (Data Center) or objects
// (Cloud), as they are: they are for people.
func (env *envelope) readWarnings(c *rawjson.Cursor) error {
	if c.Type() != rawjson.Array {
		return nil
	}
	return readArray(c, func() error {
		text := c.Value()
		if rawjson.TypeOf(text) == rawjson.String {
			text = rawjson.AppendString(nil, text)
		}
		env.warnings = append(env.warnings, clip(oneLine(string(text))))
		return nil
	})
}
