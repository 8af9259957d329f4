package config

import "snowdrift/internal/secret"

// login checks that the chosen method has all it needs.
func (v *validation) login(prefix string, a Auth) {
	switch a.Method {
	case AuthBasic:
		v.basic(prefix, a)
	case AuthBearer:
		v.need(prefix+"token", a.Token, "the personal access token")
	case AuthOAuth2:
		if a.OAuth2.ClientID == "" {
			v.missing(prefix+"oauth2.client_id", "the app's or service account's client id")
		}
		v.need(prefix+"oauth2.client_secret", a.OAuth2.ClientSecret, "the client secret")
		if a.OAuth2.Grant == GrantRefreshToken {
			v.need(prefix+"oauth2.refresh_token", a.OAuth2.RefreshToken, "the refresh token; snowdrift auth oauth2 obtains one")
		}
	case AuthOAuth1:
		if a.OAuth1.ConsumerKey == "" {
			v.missing(prefix+"oauth1.consumer_key", "the consumer key of the application link")
		}
		v.need(prefix+"oauth1.private_key", a.OAuth1.PrivateKey, "the RSA private key")
		v.need(prefix+"oauth1.access_token", a.OAuth1.AccessToken, "the access token; snowdrift auth oauth1 obtains one")
	}
}

// basic wants e-mail and API token (Cloud) or user and password (Server), and
// knows the usual mix-ups.
func (v *validation) basic(prefix string, a Auth) {
	cloud := a.Email != "" || !a.APIToken.IsZero()
	server := a.User != "" || !a.Password.IsZero()
	switch {
	case cloud && server:
		v.add(prefix+"method", "basic is e-mail with api_token (Cloud) or user with password (Server); remove one pair")
	case server:
		if a.User == "" {
			v.missing(prefix+"user", "the user name")
		}
		v.need(prefix+"password", a.Password, "the password")
	case cloud:
		if a.Email == "" {
			v.missing(prefix+"email", "the e-mail address of the account that the API token belongs to")
		}
		v.need(prefix+"api_token", a.APIToken, "the API token")
	case !a.Token.IsZero():
		v.add(prefix+"method", "is basic, but only a token is given; for a personal access token set method: bearer")
	default:
		v.missing(prefix+"email", "the login: email with api_token (Cloud), user with password (Server), or another method")
	}
}

func (v *validation) need(key string, s secret.String, what string) {
	if s.IsZero() {
		v.missing(key, what)
	}
}
