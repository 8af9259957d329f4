package fetch

import (
	"slices"
	"testing"
)

func TestAddedFields(t *testing.T) {
	for name, tt := range map[string]struct {
		before, after, want []string
		whole               bool
	}{
		"the same":              {[]string{"a", "b"}, []string{"b", "a"}, nil, false},
		"one more":              {[]string{"a"}, []string{"a", "b"}, []string{"b"}, false},
		"one less":              {[]string{"a", "b"}, []string{"a"}, nil, false},
		"all at last":           {[]string{"a"}, []string{"*all"}, nil, true},
		"all but some at last":  {[]string{"a"}, []string{"*all", "-b"}, nil, true},
		"a list in place":       {[]string{"*all"}, []string{"a", "b"}, nil, false},
		"a list with excluded":  {[]string{"*all", "-b"}, []string{"a", "b"}, []string{"b"}, false},
		"no longer excluded":    {[]string{"*all", "-b", "-c"}, []string{"*all", "-c"}, []string{"b"}, false},
		"excluded":              {[]string{"*all"}, []string{"*all", "-b"}, nil, false},
		"navigable":             {[]string{"a"}, []string{"*navigable", "a"}, nil, true},
		"navigable out of all":  {[]string{"*all"}, []string{"*navigable"}, nil, false},
		"more than navigable":   {[]string{"*navigable"}, []string{"*navigable", "a"}, []string{"a"}, false},
		"all after navigable":   {[]string{"*navigable"}, []string{"*all"}, nil, true},
		"navigable, b was left": {[]string{"*all", "-b"}, []string{"*navigable"}, nil, true},
	} {
		got, whole := addedFields(tt.before, tt.after)
		if !slices.Equal(got, tt.want) || whole != tt.whole {
			t.Errorf("%s: %v, whole: %t", name, got, whole)
		}
	}
}
