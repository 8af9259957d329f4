package jira

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json"
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
	// A decoder over a bytes.Buffer works in place, and its values are parts
	// of body.
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	if err := env.read(dec, body); err != nil {
		return fmt.Errorf("split the page: %w", shortJSONError(err))
	}
	return nil
}

func (env *envelope) read(dec *jsontext.Decoder, body []byte) error {
	if err := expect(dec, '{'); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if err := env.member(name.String(), dec, body); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		if err == nil {
			err = errors.New("there is more after the end of the page")
		}
		return err
	}
	return nil
}

func (env *envelope) member(name string, dec *jsontext.Decoder, body []byte) (err error) {
	switch name {
	case "issues":
		env.hasIssues = true
		return env.readIssues(dec, body)
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
	if err != nil {
		return fmt.Errorf("member %q: %w", name, err)
	}
	return nil
}

func (env *envelope) readIssues(dec *jsontext.Decoder, body []byte) error {
	if err := expect(dec, '['); err != nil {
		return err
	}
	for dec.PeekKind() != ']' {
		issue, err := span(dec, body)
		if err != nil {
			return err
		}
		if issue[0] != '{' {
			return fmt.Errorf("issue %d of the page is not an object", len(env.issues))
		}
		env.issues = append(env.issues, issue)
	}
	_, err := dec.ReadToken()
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

// checkObject requires body to be one whole JSON object.
func checkObject(body []byte) error {
	if len(body) == 0 || body[0] != '{' {
		return errors.New("the answer is not a JSON object")
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	if err := dec.SkipValue(); err != nil {
		return shortJSONError(err)
	}
	if dec.InputOffset() != int64(len(body)) {
		return errors.New("there is more after the end of the object")
	}
	return nil
}

// span reads the next value and returns the bytes of body that it stands in.
func span(dec *jsontext.Decoder, body []byte) ([]byte, error) {
	value, err := dec.ReadValue()
	if err != nil {
		return nil, err
	}
	end := dec.InputOffset()
	start := end - int64(len(value))
	return body[start:end:end], nil
}

func expect(dec *jsontext.Decoder, kind jsontext.Kind) error {
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if token.Kind() != kind {
		return fmt.Errorf("%s stands where %s belongs", token.Kind(), kind)
	}
	return nil
}

func readString(dec *jsontext.Decoder) (string, error) {
	token, err := dec.ReadToken()
	switch {
	case err != nil:
		return "", err
	case token.Kind() == '"':
		return token.String(), nil
	case token.Kind() == 'n':
		return "", nil
	}
	return "", fmt.Errorf("%s stands where a string belongs", token.Kind())
}

func readBool(dec *jsontext.Decoder) (*bool, error) {
	token, err := dec.ReadToken()
	switch {
	case err != nil:
		return nil, err
	case token.Kind() == 't', token.Kind() == 'f':
		value := token.Bool()
		return &value, nil
	case token.Kind() == 'n':
		return nil, nil
	}
	return nil, fmt.Errorf("%s stands where true or false belongs", token.Kind())
}

func readInt(dec *jsontext.Decoder) (int64, error) {
	token, err := dec.ReadToken()
	switch {
	case err != nil:
		return 0, err
	case token.Kind() == 'n':
		return -1, nil
	case token.Kind() == '0':
		return strconv.ParseInt(token.String(), 10, 64)
	}
	return 0, fmt.Errorf("%s stands where a number belongs", token.Kind())
}

// shortJSONError drops from a JSON error the piece of input that it quotes:
// errors end up in logs, and issues do not belong there.
func shortJSONError(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		return fmt.Errorf("invalid JSON at byte %d", syntax.ByteOffset)
	}
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		return fmt.Errorf("unexpected value at %q", semantic.JSONPointer)
	}
	return err
}
