package jira

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"snowdrift/internal/rawjson"
)

// validJSON requires body to be JSON. It may be what Jira is known to send: invalid
// UTF-8, repeated names, and nesting 10,000 deep.
func validJSON(body []byte) error {
	if rawjson.Valid(body) {
		return nil
	}
	// Where it is not, jsontext tells.
	err := jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)).SkipValue()
	if err == nil {
		err = errors.New("there is more after the end")
	}
	return shortJSONError(err)
}

// readPage reads body, which has to be one JSON object and nothing more, and hands
// over the names of its members, with the cursor at the value.
func readPage(body []byte, member func(name string, c *rawjson.Cursor) error) error {
	err := validJSON(body)
	if err == nil {
		c := rawjson.NewCursor(body)
		err = readObject(&c, func(name string) error { return member(name, &c) })
	}
	if err != nil {
		return fmt.Errorf("split the page: %w", err)
	}
	return nil
}

// The functions that follow read the value that a cursor is at, and require it to be
// of some kind.

// readObject hands over the names of an object's members, up to the first error.
func readObject(c *rawjson.Cursor, member func(name string) error) error {
	if err := expect(c.Type(), rawjson.Object); err != nil {
		return err
	}
	var failed error
	c.Members(func(name []byte) {
		if failed != nil {
			return
		}
		if err := member(string(name)); err != nil {
			failed = fmt.Errorf("member %q: %w", name, err)
		}
	})
	return failed
}

// readArray calls element for an array's elements, up to the first error.
func readArray(c *rawjson.Cursor, element func() error) error {
	if err := expect(c.Type(), rawjson.Array); err != nil {
		return err
	}
	var failed error
	c.Elements(func() {
		if failed == nil {
			failed = element()
		}
	})
	return failed
}

// readObjects hands over the bytes of each object of an array.
func readObjects(c *rawjson.Cursor, object func(raw []byte)) error {
	return readArray(c, func() error {
		if err := expect(c.Type(), rawjson.Object); err != nil {
			return fmt.Errorf("an element: %w", err)
		}
		object(span(c))
		return nil
	})
}

// checkObject requires body to be one whole JSON object.
func checkObject(body []byte) error {
	if rawjson.TypeOf(body) != rawjson.Object {
		return errors.New("the answer is not a JSON object")
	}
	return validJSON(body)
}

// span returns the bytes of a value, with no room behind them.
func span(c *rawjson.Cursor) []byte { return slices.Clip(c.Value()) }

// kinds are the names of what may stand somewhere.
var kinds = map[rawjson.Type]string{rawjson.Null: "null", rawjson.Bool: "a boolean", rawjson.Number: "a number",
	rawjson.String: "a string", rawjson.Array: "an array", rawjson.Object: "an object"}

func expect(got, want rawjson.Type) error {
	if got != want {
		return fmt.Errorf("%s stands where %s belongs", kinds[got], kinds[want])
	}
	return nil
}

// readString returns what a string says, nothing for null.
func readString(c *rawjson.Cursor) (string, error) {
	v := c.Value()
	if rawjson.IsNull(v) {
		return "", nil
	}
	return string(rawjson.AppendString(nil, v)), expect(rawjson.TypeOf(v), rawjson.String)
}

// readBool returns nil for null.
func readBool(c *rawjson.Cursor) (*bool, error) {
	v := c.Value()
	if rawjson.IsNull(v) {
		return nil, nil
	}
	value := v[0] == 't'
	return &value, expect(rawjson.TypeOf(v), rawjson.Bool)
}

// readInt returns -1 for null.
func readInt(c *rawjson.Cursor) (int64, error) {
	v := c.Value()
	if rawjson.IsNull(v) {
		return -1, nil
	}
	if err := expect(rawjson.TypeOf(v), rawjson.Number); err != nil {
		return 0, err
	}
	return strconv.ParseInt(string(v), 10, 64)
}

// readID reads an id, which Jira writes as a string and some proxies as a number.
func readID(c *rawjson.Cursor) (int64, error) {
	v := c.Value()
	id, ok := rawjson.Int64(v)
	if !ok || id <= 0 {
		return 0, fmt.Errorf("%s stands where an id belongs", kinds[rawjson.TypeOf(v)])
	}
	return id, nil
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
