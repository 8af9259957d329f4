package jira

import (
	"bytes"
	"encoding/base64"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxMessage bounds what we keep of an error text, in bytes.
const maxMessage = 1 << 10

// lenient are the options under which everything that Jira serves is read:
// lone surrogates and repeated names are legal in what people type into issues.
var lenient = json.JoinOptions(
	jsontext.AllowInvalidUTF8(true),
	jsontext.AllowDuplicateNames(true),
)

// errorBody is the union of the error envelopes seen in the wild: Jira's own,
// the gateway's, Spring's problem document and an OAuth server's.
type errorBody struct {
	ErrorMessages    []string          `json:"errorMessages"`
	Errors           map[string]string `json:"errors"`
	Message          string            `json:"message"`
	Title            string            `json:"title"`
	Detail           string            `json:"detail"`
	Error            string            `json:"error"`
	ErrorDescription string            `json:"error_description"`
}

// messageOf gives the words of an error answer on one line, without markup,
// control characters and anything of the credentials with which it was asked.
func messageOf(contentType string, body []byte, authorization string) string {
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return ""
	}
	if isHTML(contentType) || body[0] == '<' {
		return "the answer is an HTML page"
	}
	text := string(body)
	var parsed errorBody
	if body[0] == '{' {
		// A member of an unexpected type must not hide the others, so that an
		// error here leaves what was read before it.
		err := json.Unmarshal(body, &parsed, lenient)
		if words := parsed.words(); len(words) > 0 {
			text = strings.Join(words, "; ")
		} else if err == nil && len(body) <= len(`{"errorMessages":[],"errors":{}}`)+8 {
			text = ""
		}
	}
	return clip(oneLine(redact(text, authorization)))
}

func (e errorBody) words() []string {
	words := slices.Clone(e.ErrorMessages)
	for _, field := range slices.Sorted(maps.Keys(e.Errors)) {
		words = append(words, field+": "+e.Errors[field])
	}
	words = append(words, e.Message, e.Title, e.Detail, e.Error, e.ErrorDescription)
	return slices.DeleteFunc(words, func(w string) bool { return strings.TrimSpace(w) == "" })
}

func isHTML(contentType string) bool {
	return strings.Contains(strings.ToLower(contentType), "html")
}

// oauthToken finds the access token in an OAuth 1.0a header.
var oauthToken = regexp.MustCompile(`^OAuth .*\boauth_token="([^"]*)"`)

// redact removes the credential that we sent, in each form in which a proxy
// that echoes requests could show it.
func redact(text, authorization string) string {
	_, credential, _ := strings.Cut(authorization, " ")
	secrets := []string{authorization, credential}
	if decoded, err := base64.StdEncoding.DecodeString(credential); err == nil {
		_, password, _ := strings.Cut(string(decoded), ":")
		secrets = append(secrets, string(decoded), password)
	}
	if m := oauthToken.FindStringSubmatch(authorization); m != nil {
		secrets = append(secrets, m[1])
		if token, err := url.PathUnescape(m[1]); err == nil {
			secrets = append(secrets, token)
		}
	}
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	return text
}

func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return strings.Join(strings.Fields(text), " ")
}

func clip(text string) string {
	if len(text) <= maxMessage {
		return text
	}
	cut := maxMessage - len("…")
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}
