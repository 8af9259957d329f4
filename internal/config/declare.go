package config

import (
	"encoding"
	"reflect"
	"strings"
	"sync"
	"time"

	"snowdrift/internal/secret"
)

// node is one key as declared by a struct field: a group with children, a list
// of groups, or a leaf with a value.
type node struct {
	name     string // last part of the path
	path     string // dotted, from the top; within a list from its item
	doc      string
	children []*node // of a group or of a list's item
	list     bool    // children describe each item of a list
	short    string  // child that a single value or a list in place of the group is for

	// Of a leaf:
	index    []int // for reflect.Value.FieldByIndex from the top or the item
	typ      reflect.Type
	env      string
	def      string
	enum     []string
	min, max string
	example  string
	fill     string
}

func (n *node) isLeaf() bool { return n.typ != nil }

// secret reports whether the value must never be shown.
func (n *node) secret() bool { return n.typ == secretType }

// many reports whether the value is a list of texts.
func (n *node) many() bool { return n.typ == listType || n.pairs() }

// pairs reports whether the value is a mapping of texts, which a list of "name:
// value" can stand for.
func (n *node) pairs() bool { return n.typ == namesType }

// full returns the key that n is short for, n itself if it is short for none.
func (n *node) full() *node {
	if n.short == "" {
		return n
	}
	return n.child(n.short)
}

var (
	secretType   = reflect.TypeFor[secret.String]()
	listType     = reflect.TypeFor[[]string]()
	namesType    = reflect.TypeFor[Names]()
	durationType = reflect.TypeFor[time.Duration]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// declaration is the tree of keys of Config, read from its struct tags once.
var declaration = sync.OnceValue(func() *node {
	return &node{children: declare(reflect.TypeFor[Config](), "", nil, nil)}
})

// declare lists the keys of a struct. env holds variables that the enclosing
// field names for children of a shared type, as "child=VARIABLE".
func declare(t reflect.Type, prefix string, index []int, env []string) []*node {
	var nodes []*node
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("yaml")
		if name == "" {
			continue
		}
		n := &node{
			name: name, path: prefix + name, doc: f.Tag.Get("doc"), env: f.Tag.Get("env"),
			index: append(append([]int(nil), index...), i),
		}
		for _, pair := range env {
			if child, variable, _ := strings.Cut(pair, "="); child == name {
				n.env = variable
			}
		}
		switch {
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
			n.list = true
			n.children = declare(f.Type.Elem(), "", nil, nil)
		case f.Type.Kind() == reflect.Struct && !isScalar(f.Type):
			n.children = declare(f.Type, n.path+".", n.index, strings.Fields(n.env))
			n.env, n.short = "", f.Tag.Get("short")
		default:
			n.typ = f.Type
			n.def, n.example, n.fill = f.Tag.Get("default"), f.Tag.Get("example"), f.Tag.Get("fill")
			n.min, n.max = f.Tag.Get("min"), f.Tag.Get("max")
			if words := f.Tag.Get("enum"); words != "" {
				n.enum = strings.Split(words, ",")
			}
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// isScalar reports whether a struct type is one value rather than a group.
func isScalar(t reflect.Type) bool {
	return t == secretType || reflect.PointerTo(t).Implements(textType)
}

// of reports whether n is below a key at the top.
func (n *node) of(top string) bool { return strings.HasPrefix(n.path, top+".") }

// within is the path of a group with a dot behind it, "" at the top.
func (n *node) within() string {
	if n.path == "" {
		return ""
	}
	return n.path + "."
}

// leaves lists the leaves below n in the order of declaration, without those of
// list items.
func (n *node) leaves() []*node {
	var all []*node
	for _, c := range n.children {
		switch {
		case c.isLeaf():
			all = append(all, c)
		case !c.list:
			all = append(all, c.leaves()...)
		}
	}
	return all
}

// child finds a key by name.
func (n *node) child(name string) *node {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// leaf finds a leaf by its path, or by that of the group that is short for it.
func (n *node) leaf(path string) *node {
	for _, c := range n.children {
		switch {
		case c.path == path && (c.isLeaf() || c.short != ""):
			return c.full()
		case !c.isLeaf() && !c.list && strings.HasPrefix(path, c.path+"."):
			return c.leaf(path)
		}
	}
	return nil
}
