package vaulttest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// engine is a key-value engine.
type engine struct {
	v2      bool
	secrets map[string][]version // in version 1 the last one counts
}

// version is one version of a secret; data is nil once deleted.
type version struct {
	data map[string]any
}

func newEngine(v2 bool) *engine { return &engine{v2: v2, secrets: map[string][]version{}} }

func (e *engine) serve(method, path string, body map[string]any) answer {
	if !e.v2 {
		return e.serveV1(method, path, body)
	}
	name, ok := strings.CutPrefix(path, "data/")
	if !ok {
		a := refuse(http.StatusNotFound)
		a.body["warnings"] = []string{"Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use."}
		return a
	}
	versions := e.secrets[name]
	switch method {
	case http.MethodGet:
		return readV2(versions)
	case http.MethodDelete:
		if len(versions) > 0 {
			versions[len(versions)-1].data = nil
		}
		return done()
	}
	content, ok := body["data"].(map[string]any)
	if !ok {
		return refuse(http.StatusBadRequest, "no data provided")
	}
	options, _ := body["options"].(map[string]any)
	if cas, given := options["cas"]; given && fmt.Sprint(cas) != fmt.Sprint(len(versions)) {
		return refuse(http.StatusBadRequest, "check-and-set parameter did not match the current version")
	}
	e.secrets[name] = append(versions, version{maps.Clone(content)})
	return data(metadata(len(versions)+1, false))
}

func readV2(versions []version) answer {
	if len(versions) == 0 {
		return refuse(http.StatusNotFound)
	}
	last := versions[len(versions)-1]
	a := data(map[string]any{"data": last.data, "metadata": metadata(len(versions), last.data == nil)})
	if last.data == nil {
		a.body["data"].(map[string]any)["data"] = nil
		a.status = http.StatusNotFound
	}
	return a
}

func metadata(number int, deleted bool) map[string]any {
	deletion := ""
	if deleted {
		deletion = "2026-01-02T03:04:05.678901234Z"
	}
	return map[string]any{
		"created_time": "2026-01-01T00:00:00.000000000Z", "custom_metadata": nil,
		"deletion_time": deletion, "destroyed": false, "version": json.Number(fmt.Sprint(number)),
	}
}

func (e *engine) serveV1(method, path string, body map[string]any) answer {
	switch method {
	case http.MethodGet:
		versions := e.secrets[path]
		if len(versions) == 0 {
			return refuse(http.StatusNotFound)
		}
		return data(versions[len(versions)-1].data)
	case http.MethodDelete:
		delete(e.secrets, path)
	default:
		e.secrets[path] = []version{{maps.Clone(body)}}
	}
	return done()
}
