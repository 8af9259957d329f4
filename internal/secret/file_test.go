package secret

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// put writes a file with the given mode, whatever the umask.
func put(t *testing.T, name, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func fileRef(path, field string) Reference {
	return Reference{Scheme: "file", Name: path, Field: field}
}

func TestFileRead(t *testing.T) {
	const doc = `{"a": {"b": "canary-3f1c", "n": 12345678901234567890, "t": true, "list": ["x", "y"], "none": null}, "a.b": "dotted"}`
	for _, c := range []struct {
		name, content, field, want string
		kind                       Kind
	}{
		{"whole", "token\n", "", "token\n", ""},
		{"dots", doc, "a.b", canary, ""},
		{"pointer", doc, "/a/b", canary, ""},
		{"pointer to a dotted name", doc, "/a.b", "dotted", ""},
		{"exact number", doc, "a.n", "12345678901234567890", ""},
		{"boolean", doc, "a.t", "true", ""},
		{"item", doc, "/a/list/1", "y", ""},
		{"escapes", `{"a/b~c": "\u00e9\n"}`, "/a~1b~0c", "é\n", ""},
		{"missing", doc, "a.c", "", NoField},
		{"below a text", doc, "a.b.c", "", NoField},
		{"object", doc, "a", "", NoField},
		{"null", doc, "a.none", "", NoField},
		{"no document", "canary-3f1c", "a", "", Invalid},
		{"broken behind the field", `{"a": "x", canary-3f1c`, "a", "", Invalid},
		{"two names alike", `{"a": "x", "a": "y"}`, "a", "", Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := File{}.Read(t.Context(), fileRef(put(t, "s", c.content, 0o600), c.field))
			if c.kind == "" && err != nil {
				t.Fatal(err)
			}
			if c.kind != "" && (!errors.Is(err, c.kind) || strings.Contains(err.Error(), canary)) {
				t.Errorf("got %v, want %q", err, c.kind)
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestFileRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes are those of Unix")
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o601} {
		_, err := ReadFile(put(t, "s", canary, mode))
		if !errors.Is(err, Insecure) || !strings.Contains(err.Error(), "chmod 600") || strings.Contains(err.Error(), canary) {
			t.Errorf("mode %#o: %v", mode, err)
		}
	}
	for _, mode := range []os.FileMode{0o600, 0o400, 0o700} {
		if content, err := ReadFile(put(t, "s", canary, mode)); string(content) != canary || err != nil {
			t.Errorf("mode %#o: %v", mode, err)
		}
	}
	if _, err := ReadFile(filepath.Join(t.TempDir(), "none")); !errors.Is(err, NotFound) {
		t.Errorf("missing: %v", err)
	}
	if _, err := ReadFile(t.TempDir()); !errors.Is(err, Invalid) {
		t.Errorf("directory: %v", err)
	}
	if _, err := ReadFile(put(t, "s", strings.Repeat("x", maxFile+1), 0o600)); !errors.Is(err, Invalid) {
		t.Errorf("large: %v", err)
	}
}

func TestFileWrite(t *testing.T) {
	whole := put(t, "whole", "old\n", 0o600)
	doc := put(t, "doc", "{ \"keep\": 1.50,\n  \"a\": {\"b\": \"old\"} }\n", 0o600)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(whole, link); err != nil {
		t.Fatal(err)
	}
	created := filepath.Join(t.TempDir(), "new")
	for _, c := range []struct{ path, field, value, file, want string }{
		{whole, "", "new", whole, "new\n"},
		{link, "", "newer", whole, "newer\n"},
		{created, "", "first", created, "first\n"},
		{doc, "a.b", `new"é`, doc, "{ \"keep\": 1.50,\n  \"a\": {\"b\": \"new\\\"é\"} }\n"},
	} {
		if err := (File{}).Write(t.Context(), fileRef(c.path, c.field), c.value); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(c.file)
		if err != nil || string(content) != c.want {
			t.Errorf("%s: got %q, want %q, %v", filepath.Base(c.path), content, c.want, err)
		}
		info, err := os.Stat(c.file)
		if err != nil || info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
			t.Errorf("%s: mode %v, %v", filepath.Base(c.path), info.Mode(), err)
		}
		left, err := filepath.Glob(filepath.Join(filepath.Dir(c.file), ".snowdrift-*"))
		if len(left) > 0 || err != nil {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v", err)
	}
}

func TestFileWriteRefused(t *testing.T) {
	err := File{}.Write(t.Context(), fileRef(filepath.Join(t.TempDir(), "none", "s"), ""), canary)
	if !errors.Is(err, ReadOnly) || strings.Contains(err.Error(), canary) {
		t.Errorf("directory missing: %v", err)
	}
	path := put(t, "s", `{"a": "x"}`, 0o600)
	if err := (File{}).Write(t.Context(), fileRef(path, "b"), canary); !errors.Is(err, NoField) {
		t.Errorf("field missing: %v", err)
	}
	if err := (File{}).Write(t.Context(), fileRef(path, "a"), "\xff"); !errors.Is(err, Invalid) {
		t.Errorf("not UTF-8: %v", err)
	}
	if content, err := os.ReadFile(path); string(content) != `{"a": "x"}` || err != nil {
		t.Errorf("a refused write changed the file: %q, %v", content, err)
	}
}

// FuzzField: what SetField wrote, Field reads; nothing else changed.
func FuzzField(f *testing.F) {
	f.Add(`{"a":{"b":"x"},"c":[1,{"d":null}]}`, "a.b", "new")
	f.Add(`{"a":["x","y"]}`, "/a/1", `"`)
	f.Add(`[`, "", "")
	f.Fuzz(func(t *testing.T, doc, field, value string) {
		changed, err := SetField([]byte(doc), field, value)
		if err != nil {
			return
		}
		got, err := Field(changed, field)
		if err != nil || got != value {
			t.Fatalf("set %q at %q in %q: read back %q, %v", value, field, doc, got, err)
		}
	})
}
