package jirasim

import (
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const invalidPayload = "Invalid request payload. Refer to the REST API documentation and try again."

// decode reads a request's JSON body strictly: another content type is a 415,
// a property that is not declared or of another type a 400. It returns false
// and the answer when the body is refused.
func (c *call) decode(into any) (answer, bool) {
	kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		if c.s.cloud {
			return problem(http.StatusUnsupportedMediaType, "Content-Type '"+kind+"' is not supported."), false
		}
		return answer{status: http.StatusUnsupportedMediaType, kind: htmlType, body: []byte("<html><body>Unsupported Media Type</body></html>")}, false
	}
	body, err := io.ReadAll(io.LimitReader(c.r.Body, 10<<20))
	if err != nil {
		return failure(http.StatusBadRequest, invalidPayload), false
	}
	err = json.Unmarshal(body, into, json.RejectUnknownMembers(true), jsontext.AllowDuplicateNames(true))
	if err != nil {
		return failure(http.StatusBadRequest, invalidPayload), false
	}
	return answer{}, true
}

// A number is an optional JSON integer that knows whether it was null.
type number struct {
	set, null bool
	n         int
}

// UnmarshalJSON takes an integer or null, nothing else.
func (n *number) UnmarshalJSON(b []byte) error {
	n.set = true
	if string(b) == "null" {
		n.null = true
		return nil
	}
	var err error
	n.n, err = strconv.Atoi(string(b))
	return err
}

// queryNumber reads an integer parameter; false when it is no integer.
func (c *call) queryNumber(name string, fallback int) (int, bool) {
	text := c.r.URL.Query().Get(name)
	if text == "" {
		return fallback, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// queryList reads a parameter that may be repeated or hold commas.
func (c *call) queryList(name string) []string {
	var out []string
	for _, v := range c.r.URL.Query()[name] {
		out = append(out, strings.Split(v, ",")...)
	}
	return out
}
