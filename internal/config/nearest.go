package config

import (
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
)

// suggest returns "; did you mean …?" for a name that is not a key of n: a key
// of n with a similar name, else a key elsewhere with just this name, else the
// list of keys that n has.
func suggest(n *node, prefix, name string) string {
	var names []string
	best, least := "", 1+len(name)/3
	for _, c := range n.children {
		names = append(names, c.name)
		if d := distance(name, c.name); d <= least {
			best, least = c.name, d-1
		}
	}
	if best != "" {
		return fmt.Sprintf("; did you mean %q?", prefix+n.within()+best)
	}
	if path := findName(declaration(), name); path != "" {
		return fmt.Sprintf("; did you mean %q?", path)
	}
	return "; known here: " + strings.Join(names, ", ")
}

// findName looks in the whole tree for a key by its last name.
func findName(n *node, name string) string {
	for _, c := range n.children {
		if c.name == name {
			return c.path
		}
		if !c.list {
			if path := findName(c, name); path != "" {
				return path
			}
		}
	}
	return ""
}

// suggestPath is suggest for a whole dotted path, as in a flag. A block is no key.
func suggestPath(path string) string {
	if b := block(declaration(), path); b != nil && b.list {
		return "; it is a list of blocks, which only the file can hold"
	} else if b != nil {
		return fmt.Sprintf("; it is a block of keys such as %q", b.leaves()[0].path)
	}
	best, least := "", 1+len(path)/4
	for _, l := range declaration().leaves() {
		if d := distance(path, l.path); d <= least {
			best, least = l.path, d-1
		}
	}
	if best == "" {
		best = findName(declaration(), path[strings.LastIndexByte(path, '.')+1:])
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// block looks for a key that holds others.
func block(n *node, path string) *node {
	for _, c := range n.children {
		switch {
		case c.path == path && !c.isLeaf():
			return c
		case !c.list && strings.HasPrefix(path, c.path+"."):
			return block(c, path)
		}
	}
	return nil
}

// distance is how far apart two names are (Levenshtein), - and _ being the same, as
// well as upper and lower case.
func distance(a, b string) int {
	fold := strings.NewReplacer("-", "_")
	return levenshtein.ComputeDistance(fold.Replace(strings.ToLower(a)), fold.Replace(strings.ToLower(b)))
}
