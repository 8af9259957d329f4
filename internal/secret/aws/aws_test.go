package aws

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"snowdrift/internal/secret"
)

// cloud is both services at one endpoint, as far as secrets need them: protocol
// JSON 1.1, the operation in a header.
type cloud struct {
	mu         sync.Mutex
	secrets    map[string]map[string]any
	parameters map[string]string
	code       string // refuse everything with this code
	regions    []string
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Credential=KEY/DATE/REGION/SERVICE/aws4_request
	if parts := strings.Split(r.Header.Get("Authorization"), "/"); len(parts) > 2 {
		c.regions = append(c.regions, parts[2])
	}
	var body struct {
		SecretID       string `json:"SecretId"`
		Name, Value    string
		Type           string
		WithDecryption bool
		Overwrite      bool
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	refuse := func(code string) {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": "no " + body.SecretID + body.Name})
	}
	answer := map[string]any{}
	switch target := r.Header.Get("X-Amz-Target"); {
	case c.code != "":
		refuse(c.code)
		return
	case target == "secretsmanager.GetSecretValue":
		found, ok := c.secrets[body.SecretID]
		if !ok {
			refuse("ResourceNotFoundException")
			return
		}
		answer = found
	case target == "AmazonSSM.GetParameter":
		value, ok := c.parameters[body.Name]
		if !ok || !body.WithDecryption {
			refuse("ParameterNotFound")
			return
		}
		answer["Parameter"] = map[string]any{"Name": body.Name, "Value": value, "Type": "SecureString"}
	case target == "AmazonSSM.PutParameter" && body.Type == "SecureString" && body.Overwrite:
		c.parameters[body.Name] = body.Value
		answer["Version"] = 2
	default:
		refuse("ValidationException")
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(answer)
}

const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:jira-AbCdEf"

// start runs the double and points the SDK at it.
func start(t *testing.T) *cloud {
	c := &cloud{
		secrets: map[string]map[string]any{
			"jira":   {"SecretString": `{"token": "canary-1", "port": 1}`},
			"text":   {"SecretString": "canary-2"},
			"binary": {"SecretBinary": []byte("canary-3")},
			arn:      {"SecretString": "canary-4"},
		},
		parameters: map[string]string{"/prod/jira": "canary-5"},
	}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "canary-key",
		"AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/none", "AWS_SHARED_CREDENTIALS_FILE": "/none", "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
	return c
}

func TestSecretsManager(t *testing.T) {
	c := start(t)
	var s SecretsManager
	for _, test := range []struct {
		name, field, want string
		kind              secret.Kind
	}{
		{"jira", "token", "canary-1", ""}, {"jira", "port", "1", ""}, {"jira", "", `{"token": "canary-1", "port": 1}`, ""},
		{"text", "", "canary-2", ""}, {"binary", "", "canary-3", ""}, {arn, "", "canary-4", ""},
		{"jira", "tokn", "", secret.NoField}, {"text", "token", "", secret.Invalid}, {"none", "", "", secret.NotFound},
	} {
		got, err := s.Read(t.Context(), secret.Reference{Scheme: "aws-sm", Name: test.name, Field: test.field})
		if got != test.want || (test.kind == "") != (err == nil) || test.kind != "" && !errors.Is(err, test.kind) {
			t.Errorf("%s#%s: got %q, %v", test.name, test.field, got, err)
		}
	}
	if c.regions[0] != "eu-central-1" || c.regions[5] != "eu-west-1" {
		t.Errorf("an ARN is asked in its own region; got %q", c.regions)
	}
}

func TestParameters(t *testing.T) {
	start(t)
	var p Parameters
	ref := secret.Reference{Scheme: "aws-ssm", Name: "/prod/jira"}
	if got, err := p.Read(t.Context(), ref); got != "canary-5" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if err := p.Write(t.Context(), ref, "rotated"); err != nil {
		t.Fatal(err)
	}
	if got, err := p.Read(t.Context(), ref); got != "rotated" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	ref.Name = "/none"
	if _, err := p.Read(t.Context(), ref); !errors.Is(err, secret.NotFound) {
		t.Errorf("got %v", err)
	}
	if err := p.Check(secret.Reference{Name: "x", Field: "f"}); !errors.Is(err, secret.Invalid) {
		t.Errorf("got %v", err)
	}
}

func TestRefusals(t *testing.T) {
	c := start(t)
	for code, kind := range map[string]secret.Kind{
		"AccessDeniedException": secret.Denied, "UnrecognizedClientException": secret.Denied, "ExpiredTokenException": secret.Denied,
		"DecryptionFailure": secret.Denied, "ValidationException": secret.Invalid, "InternalServiceError": secret.Unreachable,
	} {
		c.code = code
		var p Parameters
		_, err := p.Read(t.Context(), secret.Reference{Name: "/prod/jira"})
		if !errors.Is(err, kind) || !strings.Contains(err.Error(), code) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v", code, err)
		}
		err = p.Write(t.Context(), secret.Reference{Name: "/prod/jira"}, "canary-6")
		if !errors.Is(err, kind) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v", code, err)
		}
		var s SecretsManager
		if _, err := s.Read(t.Context(), secret.Reference{Name: "jira"}); !errors.Is(err, kind) {
			t.Errorf("%s: got %v", code, err)
		}
	}
}

func TestWithoutSetting(t *testing.T) {
	start(t)
	read := func() error {
		var s SecretsManager
		_, err := s.Read(t.Context(), secret.Reference{Name: "jira"})
		return err
	}
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	if err := read(); !errors.Is(err, secret.Unreachable) || strings.Contains(err.Error(), "canary") {
		t.Errorf("nobody listens: %v", err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	if err := read(); !errors.Is(err, secret.Unreachable) || !strings.Contains(err.Error(), "AWS credentials") {
		t.Errorf("no credentials: %v", err)
	}
	t.Setenv("AWS_REGION", "")
	if err := read(); !errors.Is(err, secret.Invalid) || !strings.Contains(err.Error(), "AWS_REGION") {
		t.Errorf("no region: %v", err)
	}
	t.Setenv("AWS_PROFILE", "none")
	if err := read(); !errors.Is(err, secret.Denied) || !strings.Contains(err.Error(), "AWS_PROFILE") {
		t.Errorf("no such profile: %v", err)
	}
}
