package jira

import "snowdrift/internal/rawjson"

// envelope is a page of issues taken apart. The issues are parts of the
// buffer that was split.
type envelope struct {
	issues     [][]byte
	hasIssues  bool // the member was there, if only as an empty array
	warnings   []string
	failed     []int64 // ids of issues that Jira failed to load
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
	case "warnings", "warningMessages":
		err = env.readWarnings(c, nil)
	case "issueErrors":
		err = env.readWarnings(c, func(issue []byte) {
			if id, ok := rawjson.Int64(rawjson.Lookup(issue, "id")); ok {
				env.failed = append(env.failed, id)
			}
		})
	}
	return err
}

// readWarnings keeps warnings, which are texts (Data Center) or objects
// (Cloud), as they are: they are for people. Objects are handed over besides, if
// somebody wants them.
func (env *envelope) readWarnings(c *rawjson.Cursor, object func([]byte)) error {
	if c.Type() != rawjson.Array {
		return nil
	}
	return readArray(c, func() error {
		text := c.Value()
		if object != nil && rawjson.TypeOf(text) == rawjson.Object {
			object(text)
		}
		if rawjson.TypeOf(text) == rawjson.String {
			text = rawjson.AppendString(nil, text)
		}
		env.warnings = append(env.warnings, clip(oneLine(string(text))))
		return nil
	})
}
