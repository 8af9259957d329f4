// Package oauth holds the logins that need more than a header: OAuth 2.0, of a
// person (3LO, with refresh tokens that rotate) or of a service (2LO, client
// credentials), and OAuth 1.0a with RSA-SHA1 for older Server and Data Center.
//
// A login for a run comes from [App.UserLogin], [App.ServiceLogin] or is an
// [OneLogin]; hand it to jira.Dial. The consent of a person is asked for once,
// beforehand: with [App.Authorize], which waits on a loopback port for the
// browser to come back, or with the two steps of [Dance].
//
// Atlassian's refresh tokens are good for one use. The new one that comes with
// each access token is stored through a callback before the access token is
// used, so that a run that is killed leaves the next one something to log in
// with; a token that was received but not yet stored can still be replaced by the
// used one for ten minutes, on Atlassian's side.
//
// Secrets are not printed: errors show codes and descriptions of the
// authorization server, never what was sent to it.
package oauth
