package config

import (
	"cmp"
	"context"
	"encoding"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	"snowdrift/internal/secret"
)

// set turns what is written into the value of a setting and reports whether
// there was something: an empty text, as ${NAME:-} may leave it, counts as
// nothing. Problems show the text as it was written, before variables and
// references were replaced, and of secrets nothing.
func (in *loading) set(ctx context.Context, s *setting, w written) bool {
	s.origin, s.dotEnv = w.origin, w.origin.Kind == FromDotEnv
	var texts []string
	for _, text := range w.texts {
		resolved, err := in.expand(ctx, s, text)
		if unset := unsetVariable(""); errors.As(err, &unset) && s.node.forJira() {
			in.postpone(ctx, s, err)
			s.origin, s.unset = w.origin, string(unset)
			return true
		}
		if err != nil {
			in.note(s, "", err)
			return true
		}
		if resolved != "" {
			texts = append(texts, resolved)
		}
	}
	switch {
	case len(texts) == 0 && w.list && s.node.def != "":
		in.note(s, "", fmt.Errorf("is an empty list; leave the key out for its default (%s)", s.node.def))
	case len(texts) == 0:
		s.origin, s.via = Origin{}, ""
		return false
	case s.node.pairs():
		names, err := parseNames(texts)
		if err != nil {
			in.note(s, "", err)
		}
		s.value.Set(reflect.ValueOf(names))
	case s.node.many():
		s.value.Set(reflect.ValueOf(texts))
	default:
		if err := in.parse(s, texts[0]); err != nil {
			in.note(s, w.texts[0], err)
		}
	}
	return true
}

// postpone leaves a setting at its default. That it needs a variable which is not set
// is a problem for those only who talk to Jira, see Config.RequireVariables.
func (in *loading) postpone(ctx context.Context, s *setting, err error) {
	in.unset = append(in.unset, Problem{Key: s.key, Origin: s.origin, Text: err.Error(), Err: err})
	if s.node.def != "" {
		in.set(ctx, s, written{texts: []string{s.node.def}, origin: Origin{Kind: FromDefault}})
	}
}

// forJira reports whether a key means nothing to who does not talk to Jira. The name
// of the site does: it is in the tables.
func (n *node) forJira() bool { return n.of("jira") && n.path != "jira.site" }

// note adds the problem err of a setting; shown is the text it is about.
func (in *loading) note(s *setting, shown string, err error) {
	text := err.Error()
	if shown != "" && !s.node.secret() {
		text = strconv.Quote(shown) + " " + text
	}
	in.problems = append(in.problems, Problem{Key: s.key, Origin: s.origin, Text: text, Err: err})
}

// expand replaces variables in a text from the file, and a reference by what
// its store holds unless the key is a secret, which is read when it is used.
func (in *loading) expand(ctx context.Context, s *setting, text string) (string, error) {
	if s.origin.Kind == FromFile {
		plain, err := interpolate(text, func(name string) (string, bool) {
			s.dotEnv = s.dotEnv || in.inDotEnv(name)
			return in.lookup(name)
		})
		if err != nil {
			return "", err
		}
		s.deliberate = s.deliberate || plain != text
		text = plain
	}
	if s.node.secret() {
		return text, nil
	}
	if rest, ok := strings.CutPrefix(text, secret.Literal); ok {
		return rest, nil
	}
	ref, ok, err := in.resolver.Reference(text, in.base(s))
	if err != nil || !ok {
		return text, err
	}
	s.via = ref.String()
	return in.resolver.Lookup(ctx, ref)
}

// base is the directory that a relative path is taken from.
func (in *loading) base(s *setting) string {
	if s.origin.Kind == FromFile {
		return in.dir
	}
	return ""
}

// parse sets the value from its final text.
func (in *loading) parse(s *setting, text string) error {
	n, v := s.node, s.value
	switch {
	case n.secret():
		str, err := in.resolver.Parse(text, in.base(s))
		if err != nil {
			return err
		}
		if s.origin.Kind == FromFlag && str.Reference() == "" && !str.IsZero() {
			return errors.New("a secret in a flag can be read by every user of this machine; give env:NAME or file:PATH instead")
		}
		v.Set(reflect.ValueOf(str))
		name, isEnv := strings.CutPrefix(str.Reference(), "env:")
		s.dotEnv = s.dotEnv || isEnv && in.inDotEnv(name)
		s.deliberate = s.deliberate || strings.HasPrefix(text, secret.Literal)
		return nil
	case v.Type() == reflect.TypeFor[Path]():
		if s.origin.Kind == FromFile && !filepath.IsAbs(text) {
			text = filepath.Join(in.dir, text)
		}
		v.SetString(text)
		return nil
	}
	if err := parseInto(v, n, text); err != nil {
		return err
	}
	return checkRange(v, n)
}

// parseInto sets v, of any declared type that is not a secret, a path or a
// list.
func parseInto(v reflect.Value, n *node, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch {
	case v.Type() == durationType:
		d, err := parseDuration(text)
		if err != nil {
			return err
		}
		v.SetInt(int64(d))
	case v.Kind() == reflect.Bool:
		if text != "true" && text != "false" {
			return errors.New("is neither true nor false")
		}
		v.SetBool(text == "true")
	case v.Kind() == reflect.Int:
		i, err := strconv.Atoi(text)
		if err != nil {
			return errors.New("is not a whole number")
		}
		v.SetInt(int64(i))
	case v.Kind() == reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || f-f != 0 { // not a number or infinite
			return errors.New("is not a number")
		}
		v.SetFloat(f)
	case v.Kind() == reflect.String:
		return setWord(v, n, text)
	default:
		return fmt.Errorf("cannot be set: the type %s is not supported", v.Type())
	}
	return nil
}

// setWord sets a text; one of a fixed set of words in the words' own spelling.
func setWord(v reflect.Value, n *node, text string) error {
	if len(n.enum) == 0 {
		v.SetString(text)
		return nil
	}
	for _, word := range n.enum {
		if strings.EqualFold(word, text) {
			v.SetString(word)
			return nil
		}
	}
	return fmt.Errorf("is not one of %s", strings.Join(n.enum, ", "))
}

// checkRange holds a value against the declared limits.
func checkRange(v reflect.Value, n *node) error {
	for _, limit := range []struct {
		text  string
		wrong int
		word  string
	}{{n.min, -1, "less"}, {n.max, 1, "more"}} {
		if limit.text == "" {
			continue
		}
		bound := reflect.New(v.Type()).Elem()
		if err := parseInto(bound, n, limit.text); err != nil {
			return fmt.Errorf("limit of %s: %w", n.path, err)
		}
		if compare(v, bound) == limit.wrong {
			return fmt.Errorf("is %s than %s", limit.word, limit.text)
		}
	}
	return nil
}

// compare orders two numbers of one type.
func compare(a, b reflect.Value) int {
	if a.CanInt() {
		return cmp.Compare(a.Int(), b.Int())
	}
	return cmp.Compare(a.Float(), b.Float())
}

// format writes a value as it would stand in the file; secrets are masked.
func format(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case secret.String:
		if x.IsZero() {
			return ""
		}
		return x.String()
	case []string:
		return strings.Join(x, ", ")
	case time.Duration:
		return formatDuration(x)
	default:
		return fmt.Sprint(x)
	}
}
