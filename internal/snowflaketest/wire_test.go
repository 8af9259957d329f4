package snowflaketest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// request sends one request as the driver would and decodes the answer.
func request(t *testing.T, srv *Server, method, path, token string, body any) map[string]any {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, fmt.Sprintf("http://%s:%d%s", srv.Host(), srv.Port(), path), bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", `Snowflake Token="`+token+`"`)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, raw)
	}
	return out
}

func post(t *testing.T, srv *Server, path, token string, body any) map[string]any {
	t.Helper()
	return request(t, srv, http.MethodPost, path, token, body)
}

// mapping reads the answer of one of the WireMock mappings that the driver is
// tested with.
func mapping(t *testing.T, name string, scenario int) any {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/snowflakedb/gosnowflake").Output()
	if err != nil {
		t.Fatalf("find the driver's sources: %v", err)
	}
	raw, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "test_data", "wiremock", "mappings", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Mappings []struct {
			Response struct {
				JSONBody any `json:"jsonBody"`
			} `json:"response"`
		} `json:"mappings"`
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m.Mappings[scenario].Response.JSONBody
}

// sameShape checks that got has every field of want, of the same JSON kind; null
// goes with everything. Fields named in free are not looked into.
func sameShape(t *testing.T, path string, got, want any, free ...string) {
	t.Helper()
	if got == nil || want == nil {
		return
	}
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			t.Errorf("%s is %T, want an object", path, got)
			return
		}
		for k, v := range w {
			inner, has := g[k]
			isFree := strings.Contains(strings.Join(free, " "), k)
			if !has && !isFree {
				t.Errorf("%s has no field %q", path, k)
			} else if !isFree {
				sameShape(t, path+"."+k, inner, v, free...)
			}
		}
	case []any:
		g, ok := got.([]any)
		if !ok {
			t.Errorf("%s is %T, want an array", path, got)
			return
		}
		if len(g) > 0 && len(w) > 0 {
			sameShape(t, path+"[0]", g[0], w[0], free...)
		}
	default:
		if fmt.Sprintf("%T", got) != fmt.Sprintf("%T", want) {
			t.Errorf("%s is %T, want %T", path, got, want)
		}
	}
}

// TestShapes compares the server's answers with those that the driver's own tests
// expect.
func TestShapes(t *testing.T) {
	t.Parallel()
	srv := account(t, func(o *Options) { o.PATs, o.OAuthToken = []string{"pat"}, func() string { return "oauth" } })
	pat := func(token string) map[string]any {
		return rawLogin(t, srv, map[string]any{"AUTHENTICATOR": "PROGRAMMATIC_ACCESS_TOKEN", "LOGIN_NAME": "LOADER", "TOKEN": token})
	}
	in := pat("pat")
	sameShape(t, "login", in, mapping(t, "auth/pat/successful_flow.json", 0), "value")
	sameShape(t, "invalid PAT", pat("no"), mapping(t, "auth/pat/invalid_token.json", 0), "headers")
	sameShape(t, "invalid OAuth", rawLogin(t, srv, map[string]any{"AUTHENTICATOR": "OAUTH", "TOKEN": "no"}),
		mapping(t, "auth/oauth2/login_request_with_expired_access_token.json", 0), "headers requestId")
	token, ok := in["data"].(map[string]any)["token"].(string)
	if !ok {
		t.Fatal("no token")
	}
	query := func(id string, body map[string]any) map[string]any {
		return post(t, srv, "/queries/v1/query-request?requestId="+id, token, body)
	}
	sameShape(t, "SELECT 1", query("1", map[string]any{"sqlText": "SELECT 1"}), mapping(t, "select1.json", 0))
	async := query("2", map[string]any{"sqlText": "SELECT 1", "asyncExec": true})
	sameShape(t, "async", async, mapping(t, "query/long_running_query.json", 0))
	if async["code"] != "333334" {
		t.Errorf("async code %v", async["code"])
	}
	data := async["data"].(map[string]any)
	result := request(t, srv, http.MethodGet, data["getResultUrl"].(string), token, nil)
	if result["success"] != true || fmt.Sprint(result["data"].(map[string]any)["rowset"]) != "[[1]]" {
		t.Errorf("result by id: %v", result)
	}
	status := func(id string) map[string]any {
		return request(t, srv, http.MethodGet, "/monitoring/queries/"+id+"?requestId=x", token, nil)
	}
	sameShape(t, "status", status(data["queryId"].(string)), mapping(t, "query/query_monitoring.json", 0))
	failed := query("3", map[string]any{"sqlText": "SELECT nope"})
	fields := map[string]any{"internalError": false, "errorCode": "", "age": 0.0, "sqlState": "", "queryId": "", "line": 0.0, "pos": 0.0, "type": ""}
	sameShape(t, "error", failed, map[string]any{"data": fields, "code": "", "message": "", "success": false})
	got := status(failed["data"].(map[string]any)["queryId"].(string))
	sameShape(t, "failed status", got, mapping(t, "query/query_monitoring_error.json", 0))
	if s := fmt.Sprint(got); !strings.Contains(s, "FAILED_WITH_ERROR") || !strings.Contains(s, "000904") {
		t.Errorf("status of a failed statement: %s", s)
	}
	sameShape(t, "logout", post(t, srv, "/session?delete=true", token, nil), mapping(t, "close_session.json", 0))
	if after := query("4", map[string]any{"sqlText": "SELECT 1"}); after["code"] != "390111" {
		t.Errorf("statement after logout: %v", after)
	}
}
