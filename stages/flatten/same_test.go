package flatten

import "testing"

func TestSame(t *testing.T) {
	const issue = `{"expand":"names","id":"1","self":"https://a/1","key":"TO-1","fields":{"summary":"x","votes":{"votes":2,"hasVoted":false},"lastViewed":null,"labels":["a"],"comment":{"total":1,"maxResults":1,"startAt":0,"comments":[{"id":"7"}]}}}`
	for name, tt := range map[string]struct {
		other string
		same  bool
	}{
		"itself":              {issue, true},
		"read otherwise":      {`{"id":"1","self":"https://gateway/1","fields":{"comment":{"comments":[{"id":"7"}],"maxResults":20,"total":1},"summary":"x","labels":["a"],"votes":{"votes":2,"hasVoted":true},"lastViewed":"now","duedate":null},"key":"TO-1"}`, true},
		"another summary":     {`{"id":"1","key":"TO-1","fields":{"summary":"y","votes":{"votes":2},"labels":["a"],"comment":{"comments":[{"id":"7"}]}}}`, false},
		"another key":         {`{"id":"1","key":"TO-2","fields":{"summary":"x","votes":{"votes":2},"labels":["a"],"comment":{"comments":[{"id":"7"}]}}}`, false},
		"a field more":        {`{"id":"1","key":"TO-1","fields":{"duedate":"2026-01-01","summary":"x","votes":{"votes":2},"labels":["a"],"comment":{"comments":[{"id":"7"}]}}}`, false},
		"a field less":        {`{"id":"1","key":"TO-1","fields":{"votes":{"votes":2},"labels":["a"],"comment":{"comments":[{"id":"7"}]}}}`, false},
		"another vote":        {`{"id":"1","key":"TO-1","fields":{"summary":"x","votes":{"votes":3},"labels":["a"],"comment":{"comments":[{"id":"7"}]}}}`, false},
		"a comment less":      {`{"id":"1","key":"TO-1","fields":{"summary":"x","votes":{"votes":2},"labels":["a"],"comment":{"comments":[]}}}`, false},
		"no fields":           {`{"id":"1","key":"TO-1"}`, false},
		"a text, no document": {`"text"`, false},
	} {
		if got := Same([]byte(issue), []byte(tt.other)); got != tt.same {
			t.Errorf("%s: %t", name, got)
		}
	}
}
