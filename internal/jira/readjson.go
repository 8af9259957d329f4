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

// decoderOf returns a decoder that works in place, as over a bytes.Buffer it
// does: its values are parts of body. It takes all that Jira is known to send:
// invalid UTF-8, repeated names, and nesting 10,000 deep, its own limit.
func decoderOf(body []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
}

// readPage reads body, which has to be one JSON object and nothing more, and
// hands over the names of its members; what is handed to must read the value.
func readPage(body []byte, member func(name string, dec *jsontext.Decoder) error) error {
	dec := decoderOf(body)
	err := readObject(dec, func(name string) error { return member(name, dec) })
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

// readObject reads an object, as readPage does.
func readObject(dec *jsontext.Decoder, member func(name string) error) error {
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

// readObjects reads an array of objects and hands over the bytes of each.
func readObjects(dec *jsontext.Decoder, body []byte, object func(raw []byte)) error {
	if err := expect(dec, '['); err != nil {
		return err
	}
	for n := 0; dec.PeekKind() != ']'; n++ {
		raw, err := span(dec, body)
		if err != nil {
			return err
		}
		if raw[0] != '{' {
			return fmt.Errorf("element %d is not an object", n)
		}
		object(raw)
	}
	_, err := dec.ReadToken()
	return err
}

// checkObject requires body to be one whole JSON object.
func checkObject(body []byte) error {
	if len(body) == 0 || body[0] != '{' {
		return errors.New("the answer is not a JSON object")
	}
	dec := decoderOf(body)
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
