package flatten

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"snowdrift/internal/rawjson"
	"snowdrift/internal/table"
)

// FuzzPaths: paths that are followed together lead to where each leads alone.
func FuzzPaths(f *testing.F) {
	const all = "a a.b a.c a.b.c b|a b|a.c b|a.b c|b|a.a a.b|c c.c.c"
	for _, s := range []string{
		`{"a":{"b":{"c":1},"c":null},"b":null}`, `{"a":{"b":1},"a":{"b":2,"b":3},"c":{"c":{"c":[]}}}`, `{"\u0061":{"b":"x"},"a":null}`,
		`{"a":"x","c":{"c":7}}`, `{ "b" : { "c" : 1e400 , "a" : { } } , "a" : [ ] }`, `[{"a":1}]`, `null`, ``,
	} {
		f.Add([]byte(s), all)
	}
	f.Fuzz(func(t *testing.T, value []byte, list string) {
		if value = bytes.TrimSpace(value); len(value) > 0 && !json.Valid(value) {
			return
		}
		var p paths
		var alone [][]table.Step
		for _, path := range bytes.Fields([]byte(list)) {
			_, steps := table.Path(path).Steps()
			p.add(steps)
			alone = append(alone, steps)
		}
		p.reach(&p.root, value)
		reached := slices.Clone(p.ends)
		c := rawjson.NewCursor(value)
		if v := p.read(&c); !bytes.Equal(v, value) || !reflect.DeepEqual(p.ends, reached) {
			t.Errorf("%s in %s: read %q to %+v, reached %+v", list, value, v, p.ends, reached)
		}
		for i, steps := range alone {
			found, ok := follow(value, steps)
			if end := p.ends[i]; !bytes.Equal(end.value, found) || end.blocked == ok {
				t.Errorf("%s in %s: led to %q (blocked: %t), alone %q (%t)", list, value, end.value, end.blocked, found, !ok)
			}
		}
	})
}
