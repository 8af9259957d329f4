package gcp

import (
	"encoding/json"
	"errors"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/api/option"

	"snowdrift/internal/secret"
)

// secretManager answers the REST calls of Secret Manager.
func secretManager(w http.ResponseWriter, r *http.Request) {
	refuse := func(code int, status string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": code, "status": status, "message": "canary in the message"}})
	}
	name, ok := strings.CutPrefix(r.URL.Path, "/v1/projects/my-project/secrets/")
	name, latest := strings.CutSuffix(name, "/versions/latest:access")
	values := map[string]string{"jira": "canary-1\n", "doc": `{"token": "canary-2"}`}
	switch {
	case !ok || !latest:
		refuse(http.StatusNotFound, "NOT_FOUND")
	case name == "forbidden":
		refuse(http.StatusForbidden, "PERMISSION_DENIED")
	case name == "disabled":
		refuse(http.StatusBadRequest, "FAILED_PRECONDITION")
	case name == "broken":
		refuse(http.StatusInternalServerError, "INTERNAL")
	case values[name] == "":
		refuse(http.StatusNotFound, "NOT_FOUND")
	default:
		value := []byte(values[name])
		sum := int64(crc32.Checksum(value, crc32.MakeTable(crc32.Castagnoli)))
		_ = json.NewEncoder(w).Encode(map[string]any{
			"name":    "projects/123/secrets/" + name + "/versions/1",
			"payload": map[string]any{"data": value, "dataCrc32c": strconv.FormatInt(sum, 10)},
		})
	}
}

func TestRead(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(secretManager))
	defer server.Close()
	s := &SecretManager{Options: []option.ClientOption{option.WithEndpoint(server.URL), option.WithoutAuthentication()}}
	for _, c := range []struct {
		name, field, want string
		kind              secret.Kind
	}{
		{name: "my-project/jira", want: "canary-1\n"},
		{name: "my-project/doc", field: "token", want: "canary-2"},
		{name: "my-project/doc", field: "none", kind: secret.NoField},
		{name: "my-project/none", kind: secret.NotFound},
		{name: "other/jira", kind: secret.NotFound},
		{name: "my-project/forbidden", kind: secret.Denied},
		{name: "my-project/disabled", kind: secret.Invalid},
		{name: "my-project/broken", kind: secret.Unreachable},
	} {
		got, err := s.Read(t.Context(), secret.Reference{Scheme: "gcp-sm", Name: c.name, Field: c.field})
		if got != c.want || (c.kind == "") != (err == nil) || c.kind != "" && (!errors.Is(err, c.kind) || strings.Contains(err.Error(), "canary")) {
			t.Errorf("%s#%s: got %q, %v", c.name, c.field, got, err)
		}
	}
	server.Close()
	if _, err := s.Read(t.Context(), secret.Reference{Name: "my-project/jira"}); !errors.Is(err, secret.Unreachable) {
		t.Errorf("nobody listens: %v", err)
	}
}

func TestWithoutCredentials(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", t.TempDir()+"/none.json")
	_, err := new(SecretManager).Read(t.Context(), secret.Reference{Name: "my-project/jira"})
	if !errors.Is(err, secret.Unreachable) || !strings.Contains(err.Error(), "GOOGLE_APPLICATION_CREDENTIALS") {
		t.Errorf("got %v", err)
	}
}

func TestCheck(t *testing.T) {
	for name, ok := range map[string]bool{"p/n": true, "example.com:p/a_b-1": true, "123/n": true, "p": false, "p/": false, "p/a/b": false, "/n": false} {
		if err := new(SecretManager).Check(secret.Reference{Name: name}); (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
