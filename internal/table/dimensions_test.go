package table

import (
	"slices"
	"testing"
)

func TestDimensionsAreDescribed(t *testing.T) {
	names := map[string]bool{"issues": true}
	for _, c := range Children() {
		names[c.Name] = true
	}
	for _, d := range Dimensions() {
		if names[d.Name] || d.Role != Dimension || d.Field == "" || d.Price == "" || !sentence(d.Doc) {
			t.Errorf("table %s, read from %q for %q: %q", d.Name, d.Field, d.Price, d.Doc)
		}
		names[d.Name] = true
		_, each := d.Each.Steps()
		if len(each) == 0 || !each[len(each)-1].Each {
			t.Errorf("%s: %q leads to no elements", d.Name, d.Each)
		}
		arrays := 0
		for _, s := range each {
			if s.Each {
				arrays++
			}
		}
		if d.Key[len(d.Key)-1] != Site {
			t.Errorf("%s has the key %q", d.Name, d.Key)
		}
		for _, key := range d.Key[:len(d.Key)-1] {
			if c := d.Column(key); c == nil || c.Type != Int && c.Type != Text || c.Source != FromValue {
				t.Errorf("%s: no column for the key %s that every element has", d.Name, key)
			}
		}
		columns := map[string]bool{}
		for _, c := range d.Columns {
			if columns[c.Name] || reserved[c.Name] || c.Type == 0 || !sentence(c.Doc) {
				t.Errorf("%s.%s: %s, %q", d.Name, c.Name, c.Type, c.Doc)
			}
			columns[c.Name] = true
			if outer, _ := c.Path.Steps(); outer >= arrays {
				t.Errorf("%s.%s: %q leads out of %q", d.Name, c.Name, c.Path, d.Each)
			}
		}
		if !slices.Equal(d.Columns[len(d.Columns)-len(ownDimension):], ownDimension) {
			t.Errorf("%s does not end with our own columns", d.Name)
		}
	}
}
