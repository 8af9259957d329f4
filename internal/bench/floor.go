package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/gzip"
)

// The ways in which a floor reads a page.
const (
	floorDownload = "download" // decode gzip by the fastest reader, look at nothing
	floorScan     = "scan"     // that, and read the JSON once by the fastest reader, building nothing
	floorPlain    = "plain"    // the standard library: net/http's own gzip, encoding/json into values
)

// floored is what a floor read.
type floored struct {
	Issues   int
	Requests int
	Bytes    int64 // of JSON
}

// floor reads all issues of the site at args[1] in the way args[0], page after
// page, and prints what it read.
func floor(args []string, stdout io.Writer) error {
	if len(args) != 2 {
		return errors.New("floor takes a way of reading and a URL")
	}
	var f floored
	page := []byte{}
	var zr gzip.Reader
	for token := ""; ; {
		resp, err := ask(args[1], token, args[0] == floorPlain)
		if err != nil {
			return err
		}
		var src io.Reader = resp.Body
		if resp.Header.Get("Content-Encoding") == "gzip" {
			if err := zr.Reset(resp.Body); err != nil {
				return err
			}
			src = &zr
		}
		page, err = readAll(page[:0], src)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			return err
		}
		if err := parse(args[0], page); err != nil {
			return err
		}
		f.Requests++
		f.Bytes += int64(len(page))
		f.Issues += bytes.Count(page, []byte(`{"expand":"renderedFields`)) // with which every issue begins
		if token = nextToken(page); token == "" {
			return json.NewEncoder(stdout).Encode(f)
		}
	}
}

// ask asks for a page, as the loader does.
func ask(url, token string, plain bool) (*http.Response, error) {
	body, err := json.Marshal(map[string]any{"jql": "created >= 0 ORDER BY created ASC, key ASC", "maxResults": 200, "fields": []string{"*all"}, "nextPageToken": token})
	if token == "" {
		body, err = json.Marshal(map[string]any{"jql": "created >= 0 ORDER BY created ASC, key ASC", "maxResults": 200, "fields": []string{"*all"}})
	}
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(http.MethodPost, url+"/rest/api/3/search/jql", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth("bench@example.com", "bench")
	if !plain {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	resp, err := http.DefaultClient.Do(req)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.Join(fmt.Errorf("the site answers %s", resp.Status), resp.Body.Close())
	}
	return resp, err
}

// readAll is io.ReadAll into memory that is used again.
func readAll(b []byte, src io.Reader) ([]byte, error) {
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := src.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}

// parse reads the JSON of a page in the way of a floor.
func parse(way string, page []byte) error {
	switch way {
	case floorDownload:
		return nil
	case floorScan:
		return scan(page)
	case floorPlain:
		var v any
		return json.Unmarshal(page, &v)
	}
	return fmt.Errorf("there is no floor %q", way)
}

// scan reads JSON once and checks it, without building anything.
func scan(text []byte) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	return dec.SkipValue()
}

// nextToken finds the token of the next page behind the issues, without reading
// these again.
func nextToken(page []byte) string {
	const name = `"nextPageToken":"`
	at := bytes.LastIndex(page, []byte(name))
	if at < 0 {
		return ""
	}
	token, _, _ := bytes.Cut(page[at+len(name):], []byte(`"`))
	return string(token)
}
