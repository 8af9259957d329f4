package jira

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// hostile are issues that Jira may legally serve, each of which some JSON
// reader refuses or changes.
var hostile = map[string]string{
	"huge number":       `{"id":"1","fields":{"n":1e400,"m":-0.0,"k":123456789012345678901234567890}}`,
	"lone surrogate":    `{"id":"1","fields":{"s":"\ud800 \udfff\ud800"}}`,
	"escaped NUL":       `{"id":"1","fields":{"s":"a\u0000b"}}`,
	"repeated names":    `{"id":"1","id":"2","fields":{"a":1,"a":2}}`,
	"white space":       "{ \"id\" :\t\"1\" ,\r\n \"fields\" : { } }",
	"broken UTF-8":      "{\"id\":\"1\",\"s\":\"\xff\xfe\xc3\"}",
	"raw separators":    "{\"id\":\"1\",\"s\":\"\u2028\u2029\"}",
	"escaped slashes":   `{"id":"1","s":"\/\"\\]}{[,"}`,
	"envelope's names":  `{"id":"1","issues":[],"nextPageToken":5,"total":"x","isLast":{}}`,
	"200 levels":        nested(200),
	"5,000 levels":      nested(5000),
	"3 MB in one field": `{"id":"1","s":"` + strings.Repeat("långe ", 500_000) + `"}`,
	"empty":             `{}`,
}

func nested(depth int) string {
	return strings.Repeat(`{"content":[`, depth/2) + strings.Repeat(`]}`, depth/2)
}

func TestSplitPageKeepsBytes(t *testing.T) {
	for name, issue := range hostile {
		t.Run(name, func(t *testing.T) {
			body := []byte(`{"nextPageToken":"t","issues":[` + issue + ",\n" + issue + `],"isLast":false}`)
			original := bytes.Clone(body)
			var env envelope
			if err := splitPage(body, &env); err != nil {
				t.Fatal(err)
			}
			if len(env.issues) != 2 || string(env.issues[0]) != issue || string(env.issues[1]) != issue {
				t.Errorf("%d issues, or altered ones", len(env.issues))
			}
			if env.nextToken != "t" || env.isLast == nil || *env.isLast {
				t.Errorf("envelope %+v", env)
			}
			if !bytes.Equal(body, original) {
				t.Error("the body was altered")
			}
			if start := bytes.Index(body, env.issues[0]); &body[start] != &env.issues[0][0] {
				t.Error("the issue was copied")
			}
		})
	}
}

func TestSplitPageEnvelope(t *testing.T) {
	yes, no := true, false
	tests := []struct {
		name string
		body string
		want envelope
	}{
		{"cloud", `{"issues":[],"nextPageToken":"a\u0062","isLast":true,"names":{"a":"A"},"schema":{"a":{"type":"x"}}}`,
			envelope{hasIssues: true, nextToken: "ab", isLast: &yes, startAt: -1, maxResults: -1, total: -1}},
		{"data center", `{"expand":"x","total":7,"maxResults":5,"startAt":2,"warningMessages":["a\nb"],"issues":[]}`,
			envelope{hasIssues: true, startAt: 2, maxResults: 5, total: 7, warnings: []string{"a b"}}},
		{"nulls", `{"total":null,"isLast":null,"nextPageToken":null,"warnings":null,"issues":[]}`,
			envelope{hasIssues: true, startAt: -1, maxResults: -1, total: -1}},
		{"bulk errors", `{"issues":[],"issueErrors":[{"id":"5","errorMessage":"no"}],"isLast":false}`,
			envelope{hasIssues: true, isLast: &no, startAt: -1, maxResults: -1, total: -1, warnings: []string{`{"id":"5","errorMessage":"no"}`}, failed: []int64{5}}},
		{"no issues", `{}`, envelope{startAt: -1, maxResults: -1, total: -1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var env envelope
			if err := splitPage([]byte(tt.body), &env); err != nil {
				t.Fatal(err)
			}
			show := func(e envelope) string {
				last := "absent"
				if e.isLast != nil {
					last = fmt.Sprint(*e.isLast)
				}
				return fmt.Sprintf("%d %v %q %v %q %s %d %d %d", len(e.issues), e.hasIssues, e.warnings, e.failed, e.nextToken, last, e.startAt, e.maxResults, e.total)
			}
			if show(env) != show(tt.want) {
				t.Errorf("got  %s\nwant %s", show(env), show(tt.want))
			}
		})
	}
}

func TestSplitPageRefuses(t *testing.T) {
	whole := `{"issues":[{"id":"1"}],"isLast":true}`
	for cut := range len(whole) {
		var env envelope
		if err := splitPage([]byte(whole[:cut]), &env); err == nil {
			t.Errorf("a page cut after %d bytes is taken for whole", cut)
		}
	}
	for _, body := range []string{`[]`, `null`, `{"issues":{}}`, `{"issues":[1]}`, `{"issues":["x"]}`, whole + `{}`, whole + `x`, `{"issues":[{}],}`,
		`{"total":"7"}`, `{"total":1.5}`, `{"total":1e99}`, `{"isLast":"true"}`, `{"nextPageToken":7}`, `{"issues":[{"a":01}]}`, "{\"issues\":[{\"a\":\"\x01\"}]}",
		`{"issues":[` + strings.Repeat("[", 20_000) + `]}`} {
		var env envelope
		err := splitPage([]byte(body), &env)
		if err == nil {
			t.Errorf("%.40q is taken for a page", body)
		} else if len(err.Error()) > 200 {
			t.Errorf("long error %v", err)
		}
	}
}

// Errors end up in logs, and the contents of issues do not belong there.
func TestSplitPageErrorsShowNoContent(t *testing.T) {
	for _, body := range []string{`{"issues":[{"summary":"confidential" "x"}]}`, `{"issues":[{"confidential":}]}`, `{"issues":[{"a":confidential}]}`} {
		err := splitPage([]byte(body), new(envelope))
		if err == nil || strings.Contains(err.Error(), "conf") {
			t.Errorf("error %v", err)
		}
	}
}

func FuzzSplitPage(f *testing.F) {
	for _, issue := range hostile {
		if len(issue) < 1<<12 {
			f.Add([]byte(`{"issues":[` + issue + `],"isLast":true}`))
		}
	}
	f.Add([]byte(`{"total":7,"warnings":[{}],"names":{},"nextPageToken":"x","issues":[{},{}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		original := bytes.Clone(body)
		var env envelope
		err := splitPage(body, &env)
		if !bytes.Equal(body, original) {
			t.Fatal("the body was altered")
		}
		if err != nil {
			return
		}
		if !jsontext.Value(body).IsValid(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)) {
			t.Fatalf("invalid JSON was accepted: %q", body)
		}
		for _, issue := range env.issues {
			if !jsontext.Value(issue).IsValid(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)) || issue[0] != '{' {
				t.Fatalf("issue %q", issue)
			}
		}
		// A reader that was written by others finds the same issues.
		var other struct {
			Issues []json.RawMessage `json:"issues"`
		}
		if bytes.Count(body, []byte(`ssues`)) == 1 && json.Unmarshal(body, &other) == nil && bytes.Contains(body, []byte(`"issues"`)) {
			if len(other.Issues) != len(env.issues) {
				t.Fatalf("%d issues, encoding/json finds %d in %q", len(env.issues), len(other.Issues), body)
			}
			for i := range other.Issues {
				if !bytes.Equal(other.Issues[i], env.issues[i]) {
					t.Fatalf("issue %d: %q, encoding/json finds %q", i, env.issues[i], other.Issues[i])
				}
			}
		}
	})
}

// BenchmarkSplitPage splits a page of 100 issues of about 12 KB.
func BenchmarkSplitPage(b *testing.B) {
	var fields []string
	for i := range 120 {
		fields = append(fields, fmt.Sprintf(`"customfield_%d":{"self":"https://jira.example.com/rest/api/2/option/%d","value":"Value \"%d\"","n":[1.5,null,true]}`, 10000+i, i, i))
	}
	issue := `{"id":"10001","key":"ED-1","fields":{` + strings.Join(fields, ",") + `}}`
	body := []byte(`{"issues":[` + strings.Repeat(issue+",", 99) + issue + `],"isLast":true}`)
	var env envelope
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if err := splitPage(body, &env); err != nil || len(env.issues) != 100 {
			b.Fatal(len(env.issues), err)
		}
	}
}
