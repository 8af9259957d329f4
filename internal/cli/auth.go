package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"snowdrift/internal/config"
	"snowdrift/internal/jira"
	"snowdrift/internal/jira/oauth"
	"snowdrift/internal/secret"
)

func (a *app) auth() *cobra.Command {
	c := &cobra.Command{
		Use:   "auth",
		Short: "Obtain a token that a person has to approve",
		Long: `Auth obtains the tokens of the login methods oauth2 and oauth1, for which a person
has to approve once, and stores them where the configuration refers to.`,
		Example: "  snowdrift auth oauth2 -c snowdrift.yaml",
		Args:    exactArgs(0, "a command"),
		RunE: func(c *cobra.Command, _ []string) error {
			return usageError{fmt.Errorf("%s takes a command: oauth2 or oauth1", c.CommandPath())}
		},
	}
	c.AddCommand(a.authOAuth2(), a.authOAuth1())
	return c
}

func (a *app) authOAuth2() *cobra.Command {
	var listen string
	c := &cobra.Command{
		Use:   "oauth2",
		Short: "Let a person approve the app in the browser, and store the refresh token",
		Long: `Oauth2 prints a URL to open in a browser, waits on a loopback address for the
browser to come back, and stores the refresh token where
jira.auth.oauth2.refresh_token refers to. Register the printed address with
/callback as the app's callback URL.`,
		Example: "  snowdrift auth oauth2 --listen localhost:8976",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.loadSite()
			if err != nil {
				return err
			}
			place := cfg.Jira.Auth.OAuth2.RefreshToken
			if err := ready(cfg, refreshTokenKey, place); err != nil {
				return err
			}
			transport, err := transportOf(c.Context(), cfg.Jira)
			if err != nil {
				return err
			}
			token, err := oauthApp(cfg.Jira, transport).Authorize(c.Context(), listen, func(url string) error {
				_, err := fmt.Fprintf(a.stdout, "Open this address in a browser and approve:\n\n  %s\n\n", url)
				return err
			})
			if err != nil {
				return ofUsage(err)
			}
			return a.store(c.Context(), place, token)
		},
	}
	c.Flags().StringVar(&listen, "listen", "localhost:8976", "loopback address to which the browser comes back")
	return c
}

func (a *app) authOAuth1() *cobra.Command {
	return &cobra.Command{
		Use:   "oauth1",
		Short: "Let a person approve the application link, and store the access token",
		Long: `Oauth1 prints a URL to open in a browser, asks for the verification code that Jira
shows there, and stores the access token where jira.auth.oauth1.access_token
refers to.`,
		Example: "  snowdrift auth oauth1 -c snowdrift.yaml",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.loadSite()
			if err != nil {
				return err
			}
			return a.dance(c.Context(), cfg)
		},
	}
}

// dance goes through the three steps of OAuth 1.0a.
func (a *app) dance(ctx context.Context, cfg *config.Config) error {
	link := cfg.Jira.Auth.OAuth1
	if err := ready(cfg, accessTokenKey, link.AccessToken); err != nil {
		return err
	}
	transport, err := transportOf(ctx, cfg.Jira)
	if err != nil {
		return err
	}
	dance := oauth.Dance{BaseURL: cfg.Jira.URL, ConsumerKey: link.ConsumerKey, PrivateKey: rotating{link.PrivateKey}, Transport: transport}
	approval, err := dance.Begin(ctx)
	if err != nil {
		return ofUsage(err)
	}
	fmt.Fprintf(a.stdout, "Open this address in a browser and approve:\n\n  %s\n\nVerification code: ", approval.URL)
	code, err := a.readLine(ctx)
	if err != nil {
		return usageError{fmt.Errorf("read the verification code: %w", err)}
	}
	token, err := dance.Finish(ctx, approval, strings.TrimSpace(code))
	if err != nil {
		return err
	}
	return a.store(ctx, link.AccessToken, token)
}

// ready checks, before a person is asked to approve, that the token will have a
// place.
func ready(cfg *config.Config, key string, place secret.String) error {
	if cfg.Jira.URL == "" {
		return usageError{errors.New("jira.url is missing: set it in the file or as JIRA_URL in the environment")}
	}
	if !place.Writable() {
		return usageError{fmt.Errorf("%s names no place where a token can be stored: set it to a reference that can be written, such as file:jira.token, vault:… or aws-ssm:…", key)}
	}
	return nil
}

// ofUsage makes what Jira had no part in an error of usage.
func ofUsage(err error) error {
	if jira.KindOf(err) != "" || errors.Is(err, context.Canceled) {
		return err
	}
	return usageError{err}
}

// store writes a token to where the configuration refers to. It is never
// printed: terminals are recorded and scrolled back.
func (a *app) store(ctx context.Context, place secret.String, token string) error {
	if err := place.Replace(ctx, token); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "stored in %s\n", place.Reference())
	return nil
}
