package jira

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMessageOf(t *testing.T) {
	basic := basicHeader("user7", "p4ss:word")
	tests := []struct{ name, contentType, body, authorization, want string }{
		{"jira", "application/json", `{"errorMessages":["Feld\n\"X\" fehlt","Zwei"],"errors":{"b":"B","a":"A"}}`, "", `Feld "X" fehlt; Zwei; a: A; b: B`},
		{"gateway", "application/json", `{"message":"Client must be authenticated to access this resource.","status-code":401}`, "", "Client must be authenticated to access this resource."},
		{"gateway scope", "application/json", `{"code":401,"message":"Unauthorized; scope does not match"}`, "", "Unauthorized; scope does not match"},
		{"problem", "application/problem+json", `{"type":"about:blank","title":"Unsupported Media Type","status":415,"detail":"no"}`, "", "Unsupported Media Type; no"},
		{"oauth", "application/json", `{"error":"invalid_grant","error_description":"unknown"}`, "", "invalid_grant; unknown"},
		{"empty envelope", "application/json", `{"errorMessages":[],"errors":{}}`, "", ""},
		{"odd member", "application/json", `{"message":"kept","errors":[1,2]}`, "", "kept"},
		{"unknown object", "application/json", `{"fault":"something that we have never seen"}`, "", `{"fault":"something that we have never seen"}`},
		{"text", "text/plain", "upstream\tconnect error\x00\r\n", "", "upstream connect error"},
		{"page", "text/html;charset=UTF-8", "<html><title>dead link</title></html>", "", "the answer is an HTML page"},
		{"page in disguise", "", "  <!DOCTYPE html>", "", "the answer is an HTML page"},
		{"nothing", "application/json", " \n", "", ""},
		{"echoed header", "text/plain", "bad header " + basic, basic, "bad header ***"},
		{"echoed password", "text/plain", "user7:p4ss:word or p4ss:word", basic, "*** or ***"},
		{"echoed bearer", "text/plain", "token abc refused", "Bearer abc", "token *** refused"},
		{"bytes", "text/plain", "a\xffb", "", "a\uFFFDb"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := messageOf(tt.contentType, []byte(tt.body), tt.authorization); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	t.Run("long", func(t *testing.T) {
		got := messageOf("text/plain", []byte(strings.Repeat("å", 5000)), "")
		if len(got) > maxMessage || !utf8.ValidString(got) || !strings.HasSuffix(got, "…") {
			t.Errorf("%d bytes, valid %v", len(got), utf8.ValidString(got))
		}
	})
}

func FuzzMessageOf(f *testing.F) {
	f.Add("application/json", []byte(`{"errorMessages":["a"],"errors":{"b":"secret-7"}}`))
	f.Add("text/plain", []byte("Bearer secret-7 \x00 <html>"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		got := messageOf(contentType, body, "Bearer secret-7")
		if len(got) > maxMessage || !utf8.ValidString(got) || strings.ContainsAny(got, "\x00\r\n\x1b") {
			t.Errorf("message %q", got)
		}
		if strings.Contains(got, "secret-7") {
			t.Errorf("message %q shows the credential", got)
		}
	})
}

// A signed request carries its token in the open, beside the signature.
func TestOAuthTokenIsRedacted(t *testing.T) {
	header := `OAuth oauth_consumer_key="snowdrift", oauth_nonce="n", oauth_token="a%2Fb-7", oauth_version="1.0", oauth_signature="c2ln"`
	for _, said := range []string{"token a/b-7 is wrong", "token a%2Fb-7 is wrong", "got " + header} {
		body := `{"message":` + strconv.Quote(said) + `}`
		if got := messageOf("application/json", []byte(body), header); strings.Contains(got, "b-7") || !strings.Contains(got, "***") {
			t.Errorf("%s", got)
		}
	}
}
