package secret

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Field returns the part of a JSON document that field selects: "a.b" by member
// names, "/a/0" as RFC 6901 pointer. Strings are returned unquoted, numbers and
// booleans as written. Errors are an *Error without operation and reference and
// quote nothing of the document.
func Field(doc []byte, field string) (string, error) {
	start, end, err := locate(doc, field)
	if err != nil {
		return "", err
	}
	value := jsontext.Value(doc[start:end])
	switch value.Kind() {
	case '"':
		text, err := jsontext.AppendUnquote(nil, []byte(value))
		if err != nil {
			return "", notJSON()
		}
		return string(text), nil
	case '{', '[', 'n':
		return "", &Error{Kind: NoField, Mend: "the field must hold a string, not an object, an array or null"}
	default:
		return string(value), nil
	}
}

// SetField returns doc with text in place of the value that field selects and
// every other byte as it was.
func SetField(doc []byte, field, text string) ([]byte, error) {
	start, end, err := locate(doc, field)
	if err != nil {
		return nil, err
	}
	quoted, err := jsontext.AppendQuote(nil, text)
	if err != nil {
		return nil, &Error{Kind: Invalid, Mend: "the new value is not valid UTF-8"}
	}
	return slices.Concat(doc[:start], quoted, doc[end:]), nil
}

// locate finds the bytes of the selected value and checks the whole document.
func locate(doc []byte, field string) (start, end int, err error) {
	path := strings.Split(field, ".")
	if strings.HasPrefix(field, "/") {
		path = slices.Collect(jsontext.Pointer(field).Tokens())
	}
	d := jsontext.NewDecoder(bytes.NewReader(doc))
	value, at, err := descend(d, path)
	if err != nil {
		return 0, 0, err
	}
	if value == nil {
		return 0, 0, &Error{Kind: NoField, Mend: "the document has no member " + strconv.Quote(field)}
	}
	return at - len(value), at, nil
}

// descend reads one value and returns a copy of the part of it that path
// selects with the offset of its end, nil when there is none.
func descend(d *jsontext.Decoder, path []string) (found jsontext.Value, end int, err error) {
	kind := d.PeekKind()
	if len(path) == 0 || (kind != '{' && kind != '[') {
		value, err := d.ReadValue()
		if err != nil {
			return nil, 0, notJSON()
		}
		if len(path) > 0 {
			return nil, 0, nil
		}
		return value.Clone(), int(d.InputOffset()), nil
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, 0, notJSON()
	}
	for i := 0; d.PeekKind() != '}' && d.PeekKind() != ']'; i++ {
		name := strconv.Itoa(i)
		if kind == '{' {
			token, err := d.ReadToken()
			if err != nil {
				return nil, 0, notJSON()
			}
			name = token.String()
		}
		if name != path[0] {
			if err := d.SkipValue(); err != nil {
				return nil, 0, notJSON()
			}
			continue
		}
		if found, end, err = descend(d, path[1:]); err != nil {
			return nil, 0, err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, 0, notJSON()
	}
	return found, end, nil
}

// notJSON hides the decoder's own error, which quotes the input.
func notJSON() error {
	return &Error{Kind: Invalid, Mend: "the secret is not a JSON document, so no field of it can be chosen"}
}
