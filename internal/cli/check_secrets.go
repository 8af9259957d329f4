package cli

import (
	"context"
	"errors"
	"slices"
	"strings"

	"snowdrift/internal/config"
	"snowdrift/internal/secret"
)

// secrets reads every secret that the configuration refers to, and tells of
// those that will be replaced whether their place takes a new value.
func (d *doctor) secrets(ctx context.Context, cfg *config.Config) {
	for key, value := range cfg.SecretValues() {
		if value.Reference() == "" {
			continue // stands in the configuration, whose warnings say so
		}
		if _, err := value.Reveal(ctx); err != nil {
			found, mend := cutMend(err.Error(), err)
			if command := obtain[plain(key)]; command != "" && errors.Is(err, secret.NotFound) {
				mend = "run " + command
			}
			d.failures = append(d.failures, err)
			d.add(finding{Check: key, Status: failed, Found: found, Mend: mend})
			continue
		}
		d.ok(key, "secret %s can be read (%s)", key, value.Reference())
		if replaced(cfg, key) && !value.Writable() {
			d.warn(key, "secret "+key+" is replaced at every use, and "+value.Reference()+" takes no new value: the next run could not log in", "keep it at file:PATH, vault:MOUNT/PATH#FIELD or aws-ssm:NAME")
		}
	}
}

// Keys of secrets that a command obtains.
const (
	refreshTokenKey = "jira.auth.oauth2.refresh_token"
	accessTokenKey  = "jira.auth.oauth1.access_token"
)

var obtain = map[string]string{refreshTokenKey: "snowdrift auth oauth2", accessTokenKey: "snowdrift auth oauth1"}

// plain is a key without the source that it is of.
func plain(key string) string {
	if _, rest, found := strings.Cut(key, "]."); found {
		return rest
	}
	return key
}

// replaced reports whether a load stores a new value at a key.
func replaced(cfg *config.Config, key string) bool {
	return plain(key) == refreshTokenKey && slices.ContainsFunc(cfg.Sites(), func(site *config.Config) bool {
		auth := site.Jira.Auth
		return auth.Method == config.AuthOAuth2 && auth.OAuth2.Grant == config.GrantRefreshToken
	})
}
