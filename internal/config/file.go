package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// written is a value as it stands somewhere, before its type is known.
type written struct {
	texts  []string // the value, or the items of a list
	list   bool
	origin Origin
}

// document is a YAML file sorted by declared key.
type document struct {
	file     string
	values   map[string]written // by path; list items as "sources[0].name"
	counts   map[string]int     // items of each list of groups
	anchors  map[string]ast.Node
	problems problems
}

// parseDocument reads YAML, noting every key that is not declared and every
// value of the wrong shape. Values keep their ${…}.
func parseDocument(file string, content []byte) *document {
	d := &document{file: file, values: map[string]written{}, counts: map[string]int{}, anchors: map[string]ast.Node{}}
	parsed, err := parser.ParseBytes(content, 0)
	if err != nil {
		d.syntax(err)
		return d
	}
	var bodies []ast.Node
	for _, doc := range parsed.Docs {
		if doc.Body != nil {
			bodies = append(bodies, doc.Body)
		}
	}
	if len(bodies) > 1 {
		d.problems.add("", d.of(bodies[1]), "a second YAML document begins here; a configuration is one document")
		return d
	}
	if len(bodies) == 1 {
		d.group(declaration(), bodies[0], "")
	}
	return d
}

// syntax notes what the YAML parser refused. Its own text would quote the
// source, secrets included, so only the message and the position are taken.
func (d *document) syntax(err error) {
	var e yaml.Error
	if !errors.As(err, &e) {
		d.problems.add("", Origin{Kind: FromFile, Name: d.file}, "is not YAML")
		return
	}
	d.problems.add("", d.at(e.GetToken()), "is not YAML: %s", e.GetMessage())
}

func (d *document) at(t *token.Token) Origin {
	o := Origin{Kind: FromFile, Name: d.file}
	if t != nil && t.Position != nil {
		o.Line, o.Column = t.Position.Line, t.Position.Column
	}
	return o
}

// of is where a value stands; an alias of nothing stands nowhere.
func (d *document) of(value ast.Node) Origin {
	if value == nil {
		return d.at(nil)
	}
	if m, ok := value.(ast.MapNode); ok { // whose own token is a colon
		if iter := m.MapRange(); iter.Next() {
			return d.at(iter.Key().GetToken())
		}
	}
	return d.at(value.GetToken())
}

// group reads the keys of a mapping. prefix is the item of a list that n's
// paths are counted from, such as "sources[0].", or "".
func (d *document) group(n *node, body ast.Node, prefix string) {
	m, ok := body.(ast.MapNode)
	if !ok {
		d.problems.add(strings.TrimSuffix(prefix+n.path, "."), d.of(body), "must hold keys such as %s, not %s", n.children[0].name, shape(body))
		return
	}
	for iter := m.MapRange(); iter.Next(); {
		key := iter.Key()
		if key.IsMergeKey() {
			d.problems.add("", d.at(key.GetToken()), "merge keys (<<) are not read; sources take what they do not say from the jira block at the top")
			continue
		}
		name := key.GetToken().Value
		child := n.child(name)
		if child == nil {
			d.problems.add("", d.at(key.GetToken()), "unknown key %q%s", prefix+n.within()+name, suggest(n, prefix, name))
			continue
		}
		d.entry(child, d.unwrap(iter.Value()), prefix, d.at(key.GetToken()))
	}
}

// entry reads the value of one declared key. A key without a value counts as
// not written.
func (d *document) entry(n *node, value ast.Node, prefix string, at Origin) {
	if _, isGroup := value.(ast.MapNode); !isGroup {
		n = n.full()
	}
	switch value := value.(type) {
	case nil, *ast.NullNode:
		return
	case *ast.SequenceNode:
		d.sequence(n, value, prefix, at)
		return
	default:
		if n.list {
			d.problems.add(prefix+n.path, at, "must be a list, not %s", shape(value))
			return
		}
		if !n.isLeaf() {
			d.group(n, value, prefix)
			return
		}
		if m, ok := value.(ast.MapNode); ok && n.pairs() {
			d.pairs(n, m, prefix, at)
			return
		}
		text, ok := scalar(value)
		if !ok {
			d.problems.add(prefix+n.path, at, "must be %s, not %s", wants(n), shape(value))
			return
		}
		d.values[prefix+n.path] = written{texts: []string{text}, origin: d.of(value)}
	}
}

// pairs reads a mapping of texts.
func (d *document) pairs(n *node, m ast.MapNode, prefix string, at Origin) {
	w := written{texts: []string{}, list: true, origin: at}
	for iter := m.MapRange(); iter.Next(); {
		name, item := iter.Key().GetToken().Value, d.unwrap(iter.Value())
		text, ok := scalar(item)
		if !ok {
			d.problems.add(prefix+n.path, d.at(iter.Key().GetToken()), "%s must be a single value, not %s", name, shape(item))
			continue
		}
		w.texts = append(w.texts, name+": "+text)
	}
	d.values[prefix+n.path] = w
}

// sequence reads a list of texts or of groups.
func (d *document) sequence(n *node, list *ast.SequenceNode, prefix string, at Origin) {
	switch {
	case n.list:
		d.counts[n.path] = len(list.Values)
		for i, item := range list.Values {
			item = d.unwrap(item)
			d.group(&node{children: n.children}, item, fmt.Sprintf("%s[%d].", n.path, i))
		}
	case n.isLeaf() && n.many():
		w := written{texts: []string{}, list: true, origin: at}
		for _, item := range list.Values {
			item = d.unwrap(item)
			text, ok := scalar(item)
			if !ok {
				d.problems.add(prefix+n.path, d.of(item), "must list single values, not %s", shape(item))
				continue
			}
			w.texts = append(w.texts, text)
		}
		d.values[prefix+n.path] = w
	case n.isLeaf():
		d.problems.add(prefix+n.path, at, "must be %s, not a list", wants(n))
	default:
		d.problems.add(prefix+n.path, at, "must hold keys such as %s, not a list", n.children[0].name)
	}
}

// unwrap follows anchors, aliases and tags to the value itself. The bound stops
// an anchor that stands for its own alias.
func (d *document) unwrap(value ast.Node) ast.Node {
	for range 16 {
		switch v := value.(type) {
		case *ast.AnchorNode:
			d.anchors[v.Name.GetToken().Value] = v.Value
			value = v.Value
		case *ast.AliasNode:
			value = d.anchors[v.Value.GetToken().Value]
		case *ast.TagNode:
			value = v.Value
		default:
			return value
		}
	}
	return nil
}

// scalar returns the text of a single value as written: 007 stays 007.
func scalar(value ast.Node) (string, bool) {
	switch v := value.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return v.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return v.GetToken().Value, true
	default:
		return "", false
	}
}

// shape names what a value is, for messages.
func shape(value ast.Node) string {
	switch value.(type) {
	case ast.MapNode:
		return "a block of keys"
	case *ast.SequenceNode:
		return "a list"
	case nil, *ast.NullNode:
		return "nothing"
	default:
		return "a single value"
	}
}

// wants names what a key holds, for messages.
func wants(n *node) string {
	switch {
	case n.pairs():
		return "a block of names, each with a value"
	case n.many():
		return "a single value or a list"
	}
	return "a single value"
}
