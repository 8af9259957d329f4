package config

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"github.com/joho/godotenv"

	"snowdrift/internal/secret"
)

// Load reads the configuration at path, with this process's environment and
// with overrides by key ("jira.page_size": "100"), as flags give them. An empty
// path means snowdrift.yaml in the working directory if it is there, else no
// file. The error is an [*Error].
func Load(path string, overrides map[string]string) (*Config, error) {
	return Loader{Environment: os.LookupEnv}.Load(context.Background(), path, overrides)
}

// Loader reads configurations.
type Loader struct {
	// Environment looks a variable up, as os.LookupEnv does.
	Environment func(name string) (string, bool)
}

// loading is one Load under way.
type loading struct {
	overrides map[string]string
	env       func(name string) (string, bool)
	dotenv    map[string]string
	openMode  fs.FileMode // of the .env file if others may read it, else 0
	doc       *document
	dir       string // of the file; "" without one
	resolver  *secret.Resolver
	settings  []setting
	problems  problems
	unset     problems // of variables that only Jira needs
}

// setting is one value with its origin, kept for Config.Rows.
type setting struct {
	key        string
	node       *node
	value      reflect.Value
	origin     Origin
	via        string // reference that a plain value was read from
	deliberate bool   // a secret that comes from a ${…} or carries the prefix `literal:`
	unset      string // the variable that it needs and that is not set
	dotEnv     bool   // (a part of) it stands in the .env file
}

// Load is like the function Load, with the loader's environment. The context
// bounds the reading of values that are references; secrets are read later.
func (l Loader) Load(ctx context.Context, path string, overrides map[string]string) (*Config, error) {
	in := &loading{overrides: overrides, env: l.Environment}
	file, err := in.readFile(path)
	if err != nil {
		return nil, err
	}
	if err := in.readDotEnv(); err != nil {
		return nil, err
	}
	in.checkOverrides()

	c := &Config{file: file}
	in.resolver = bootstrap(in.lookup)
	in.assignAll(ctx, c, func(n *node) bool { return n.of("secrets") })
	c.resolver = resolver(c.Secrets, in.lookup)
	in.resolver = c.resolver
	in.assignAll(ctx, c, func(n *node) bool { return !n.of("secrets") })
	in.assignSources(ctx, c)
	c.loaded, c.openDotEnv, c.unset = in.settings, in.openDotEnv(), in.unset
	c.normalize()

	in.problems = append(in.doc.problems, in.problems...)
	if len(in.problems) == 0 {
		in.problems = c.validate()
	}
	if len(in.problems) > 0 {
		in.problems = append(in.problems, in.unset...)
		if err := c.Close(); err != nil {
			in.problems = append(in.problems, Problem{Text: "close secret stores: " + err.Error(), Err: err})
		}
		return nil, in.problems.err()
	}
	return c, nil
}

// readFile finds and parses the YAML file and returns its path, "" without one.
func (in *loading) readFile(path string) (string, error) {
	in.doc = parseDocument("", nil)
	name := path
	if name == "" {
		name = DefaultFile
	}
	content, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) && path == "" {
		return "", nil
	}
	if err != nil {
		return "", fileProblem(name, "cannot be read", err)
	}
	in.dir = filepath.Dir(name)
	in.doc = parseDocument(name, bytes.TrimPrefix(content, []byte("\ufeff")))
	return name, nil
}

// readDotEnv reads the .env file beside the configuration. Its parser's errors
// quote the content and are therefore not passed on.
func (in *loading) readDotEnv() error {
	name := filepath.Join(in.dir, ".env")
	content, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fileProblem(name, "cannot be read", err)
	}
	if in.dotenv, err = parseDotEnv(string(content)); err != nil {
		return fileProblem(name, "has a line that is not NAME=value", nil)
	}
	info, err := os.Stat(name)
	if err != nil {
		return fileProblem(name, "cannot be read", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" { // as for file: references
		in.openMode = mode
	}
	return nil
}

// parseDotEnv takes values as they are. godotenv, which knows quotes, comments and values
// of several lines, would take $NAME in them for a variable; so it sees no $ but a
// character that no variable can have in its stead.
func parseDotEnv(text string) (map[string]string, error) {
	const dollar = "\x00"
	if strings.Contains(text, dollar) {
		return nil, errors.New("it holds a zero byte")
	}
	variables, err := godotenv.Unmarshal(strings.ReplaceAll(text, "$", dollar))
	for name, value := range variables {
		variables[name] = strings.ReplaceAll(value, dollar, "$")
	}
	return variables, err
}

// openDotEnv warns of secrets in a .env file that others may read; "" if there are
// none.
func (in *loading) openDotEnv() string {
	secrets := slices.ContainsFunc(in.settings, func(s setting) bool { return s.node.secret() && s.dotEnv })
	if in.openMode == 0 || !secrets {
		return ""
	}
	name := filepath.Join(in.dir, ".env")
	return fmt.Sprintf("%s holds secrets and has the mode %#o, so that others can read them; run chmod 600 %s", name, in.openMode, name)
}

// inDotEnv reports whether a variable is that of the .env file.
func (in *loading) inDotEnv(name string) bool {
	_, outside := in.env(name)
	_, inside := in.dotenv[name]
	return inside && !outside
}

func fileProblem(name, text string, err error) error {
	if err != nil {
		text += ": " + err.Error()
	}
	return &Error{Problems: []Problem{{Origin: Origin{Kind: FromFile, Name: name}, Text: text, Err: err}}}
}

// lookup is the environment with the .env file behind it.
func (in *loading) lookup(name string) (string, bool) {
	if value, ok := in.env(name); ok {
		return value, true
	}
	value, ok := in.dotenv[name]
	return value, ok
}

// checkOverrides notes flags that name no key, and keeps the others under the
// keys that they are short for.
func (in *loading) checkOverrides() {
	given := in.overrides
	in.overrides = map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		n := declaration().leaf(key)
		if n == nil {
			in.problems.add("", Origin{Kind: FromFlag}, "unknown key %q%s", key, suggestPath(key))
			continue
		}
		in.overrides[n.path] = given[key]
	}
}

// find returns the value of n from the strongest layer that has one; prefix is
// that of a list item, which only the file can hold.
func (in *loading) find(n *node, prefix string) (written, bool) {
	if prefix == "" {
		if text, ok := in.overrides[n.path]; ok {
			return n.split(text, Origin{Kind: FromFlag}), true
		}
		if n.env != "" {
			if text, _ := in.env(n.env); text != "" {
				return n.split(text, Origin{Kind: FromEnvironment, Name: n.env}), true
			}
			if text := in.dotenv[n.env]; text != "" {
				return n.split(text, Origin{Kind: FromDotEnv, Name: n.env}), true
			}
		}
	}
	w, ok := in.doc.values[prefix+n.path]
	return w, ok
}

// enclosed reports whether a text stands between brackets.
func enclosed(text, left, right string) bool {
	return len(text) > 1 && strings.HasPrefix(text, left) && strings.HasSuffix(text, right)
}

// split makes a list of what a flag or variable says for a key of many values:
// A,B or [A, B], with "quotes" around an item that has a comma; {A: x, B: y} where
// values have names.
func (n *node) split(text string, origin Origin) written {
	w := written{texts: []string{text}, origin: origin}
	if !n.many() {
		return w
	}
	text = strings.TrimSpace(text)
	if enclosed(text, "[", "]") || n.pairs() && enclosed(text, "{", "}") {
		text = text[1 : len(text)-1]
	}
	r := csv.NewReader(strings.NewReader(text))
	r.TrimLeadingSpace, r.LazyQuotes, r.FieldsPerRecord = true, true, -1
	lines, err := r.ReadAll()
	if err != nil {
		return w // not a list, so one item
	}
	w.list, w.texts = true, nil
	for _, line := range lines {
		for _, item := range line {
			w.texts = append(w.texts, strings.TrimSpace(item))
		}
	}
	return w
}

// assignAll sets the keys at the top that match, from the strongest layer that
// has one.
func (in *loading) assignAll(ctx context.Context, c *Config, match func(*node) bool) {
	leaves := declaration().leaves()
	if in.settings == nil {
		in.settings = make([]setting, len(leaves))
	}
	for i, n := range leaves {
		if !match(n) {
			continue
		}
		s := &in.settings[i]
		*s = setting{key: n.path, node: n, value: reflect.ValueOf(c).Elem().FieldByIndex(n.index)}
		w, found := in.find(n, "")
		if found {
			found = in.set(ctx, s, w)
		}
		if !found && n.def != "" {
			in.set(ctx, s, written{texts: []string{n.def}, origin: Origin{Kind: FromDefault}})
		}
	}
}

// assignSources fills the list of sources: each begins as a copy of the jira
// block at the top.
func (in *loading) assignSources(ctx context.Context, c *Config) {
	list := declaration().child("sources")
	item := &node{children: list.children}
	c.Sources = make([]Source, in.doc.counts[list.path])
	for i := range c.Sources {
		c.Sources[i].Jira = c.Jira
		prefix := fmt.Sprintf("%s[%d].", list.path, i)
		for _, n := range item.leaves() {
			w, found := in.find(n, prefix)
			if !found {
				continue
			}
			s := setting{key: prefix + n.path, node: n, value: reflect.ValueOf(&c.Sources[i]).Elem().FieldByIndex(n.index)}
			if in.set(ctx, &s, w) {
				in.settings = append(in.settings, s)
			}
		}
	}
}
