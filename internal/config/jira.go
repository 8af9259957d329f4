package config

import (
	"time"

	"snowdrift/internal/secret"
)

// Values of jira.deployment.
const (
	DeploymentAuto       = "auto"
	DeploymentCloud      = "cloud"
	DeploymentDataCenter = "datacenter"
)

// Values of jira.rich_text.
const (
	RichTextPlain    = "plain"
	RichTextMarkdown = "markdown"
	RichTextBoth     = "both"
)

// Values of jira.auth.method.
const (
	AuthBasic  = "basic"
	AuthBearer = "bearer"
	AuthOAuth2 = "oauth2"
	AuthOAuth1 = "oauth1"
)

// Values of jira.auth.oauth2.grant.
const (
	GrantRefreshToken      = "refresh_token"
	GrantClientCredentials = "client_credentials"
)

// Values of jira.search.type.
const (
	SearchSimple = "SIMPLE"
	SearchJQL    = "JQL"
)

// Jira says which site to read, as whom, and what of it.
type Jira struct {
	URL               string        `yaml:"url" env:"JIRA_URL" fill:"https://your-company.atlassian.net" doc:"Base URL of the site, with the context path if there is one (https://issues.example.org/jira)."`
	Site              string        `yaml:"site" default:"jira" doc:"Name of the site in the column _site, which tells rows of several sites apart: letters, digits, - and _. Rows keep it when the address changes. In sources, a source's name is its site."`
	Deployment        string        `yaml:"deployment" default:"auto" enum:"auto,cloud,datacenter" doc:"Kind of site; auto asks the site."`
	CloudID           string        `yaml:"cloud_id" env:"JIRA_CLOUD_ID" example:"11223344-a1b2-3b33-c444-def123456789" doc:"Cloud id for the api.atlassian.com gateway, which scoped tokens and service accounts need. Found out when left out."`
	Auth              Auth          `yaml:"auth" doc:"The login."`
	Search            Search        `yaml:"search" doc:"Which issues to load."`
	Fields            Fields        `yaml:"fields" short:"select" doc:"Issue fields. A single value or a list is short for select."`
	RichText          string        `yaml:"rich_text" default:"plain" enum:"plain,markdown,both" doc:"What is made of rich text, in issues, comments and worklogs: a column of plain text, one of Markdown (its name ends in _markdown), or both. The original stays in _raw."`
	PageSize          int           `yaml:"page_size" default:"200" min:"1" max:"5000" doc:"Issues asked for in one request; Jira may answer with fewer."`
	Concurrency       int           `yaml:"concurrency" default:"8" min:"1" max:"64" doc:"Requests in flight at once, at most."`
	RequestsPerSecond float64       `yaml:"requests_per_second" default:"0" min:"0" doc:"Upper limit on requests; 0 leaves the pace to Jira's own limits."`
	RequestTimeout    time.Duration `yaml:"request_timeout" default:"2m" min:"1s" doc:"Longest time for one request, its answer included."`
	RetryBudget       time.Duration `yaml:"retry_budget" default:"15m" min:"0s" doc:"Longest time spent on waiting and repeating before one request is given up."`
	MaxResponse       Size          `yaml:"max_response" default:"256MB" min:"1MB" doc:"Largest answer accepted, after decompression."`
	Overlap           time.Duration `yaml:"overlap" default:"10m" min:"0s" doc:"How far each run looks back behind the last change it saw, for changes that Jira's index showed late."`
	PartitionIssues   int           `yaml:"partition_issues" default:"20000" min:"1" doc:"Issues in one partition of a first load, at most, about. Small sites get smaller ones, so that there are some for every request in flight."`
	AllowHTTP         bool          `yaml:"allow_http" default:"false" doc:"Allow http:// to hosts other than this machine; the token then travels in clear."`
	TLS               TLS           `yaml:"tls" doc:"Certificates, for a site behind a private authority or one that asks for client certificates."`
	Proxy             secret.String `yaml:"proxy" example:"http://proxy.example.org:3128" doc:"URL of a proxy; left out, HTTPS_PROXY and NO_PROXY apply. Masked because it may hold a password."`
}

// Fields says which issue fields to load, and how to call their columns.
type Fields struct {
	Select []string `yaml:"select" default:"all" doc:"Fields to load: all, *navigable, or a list of ids, names and -exclusions."`
	Rename Names    `yaml:"rename" example:"{story_points: customfield_10016}" doc:"Names for columns of custom fields, each with the id or name of its field. A field that has a column already gets a second one; both are filled from then on."`
}

// Auth is the login to Jira.
type Auth struct {
	Method   string        `yaml:"method" env:"JIRA_AUTH_METHOD" default:"basic" enum:"basic,bearer,oauth2,oauth1" doc:"basic: e-mail and API token on Cloud, user and password on Server. bearer: personal access token of Data Center. oauth2: an app or service account. oauth1: an application link of Server or Data Center."`
	Email    string        `yaml:"email" env:"JIRA_EMAIL" fill:"${JIRA_EMAIL}" doc:"Cloud, method basic: e-mail address of the account."`
	APIToken secret.String `yaml:"api_token" env:"JIRA_API_TOKEN" fill:"${JIRA_API_TOKEN}" doc:"Cloud, method basic: API token of the account."`
	User     string        `yaml:"user" env:"JIRA_USER" example:"loader" doc:"Server and Data Center, method basic: user name."`
	Password secret.String `yaml:"password" env:"JIRA_PASSWORD" example:"file:jira.password" doc:"Server and Data Center, method basic: password."`
	Token    secret.String `yaml:"token" env:"JIRA_TOKEN" example:"vault:secret/jira#token" doc:"Method bearer: personal access token."`
	OAuth2   OAuth2        `yaml:"oauth2" doc:"Method oauth2."`
	OAuth1   OAuth1        `yaml:"oauth1" doc:"Method oauth1, with RSA-SHA1 signatures."`
}

// OAuth2 is a login by OAuth 2.0.
type OAuth2 struct {
	Grant        string        `yaml:"grant" default:"refresh_token" enum:"refresh_token,client_credentials" doc:"refresh_token: an app that a user approved (snowdrift auth oauth2). client_credentials: a service account."`
	ClientID     string        `yaml:"client_id" env:"JIRA_CLIENT_ID" example:"my-client-id" doc:"Client id of the app or service account."`
	ClientSecret secret.String `yaml:"client_secret" env:"JIRA_CLIENT_SECRET" example:"env:JIRA_CLIENT_SECRET" doc:"Its secret."`
	RefreshToken secret.String `yaml:"refresh_token" env:"JIRA_REFRESH_TOKEN" example:"file:jira.refresh" doc:"Refresh token. Cloud replaces it at every use, so keep it at a place that can be written: file, vault or aws-ssm."`
	TokenURL     string        `yaml:"token_url" example:"https://auth.atlassian.com/oauth/token" doc:"Token endpoint; left out, the one of the deployment."`
	AuthorizeURL string        `yaml:"authorize_url" example:"https://auth.atlassian.com/authorize" doc:"Where snowdrift auth oauth2 sends the browser; left out, the one of the deployment."`
	Scopes       []string      `yaml:"scopes" example:"[read:jira-work, read:jira-user, offline_access]" doc:"Scopes to ask for; left out, those of the example. Boards and sprints need others beside them, see docs/OPERATIONS.md."`
}

// OAuth1 is a login by OAuth 1.0a.
type OAuth1 struct {
	ConsumerKey string        `yaml:"consumer_key" env:"JIRA_CONSUMER_KEY" example:"snowdrift" doc:"Consumer key of the application link."`
	PrivateKey  secret.String `yaml:"private_key" env:"JIRA_PRIVATE_KEY" example:"file:jira-oauth1.pem" doc:"RSA private key in PEM whose public half the application link has."`
	AccessToken secret.String `yaml:"access_token" env:"JIRA_ACCESS_TOKEN" example:"file:jira.access" doc:"Access token, as snowdrift auth oauth1 obtained it."`
}

// Search says which issues to load.
type Search struct {
	Type           string   `yaml:"type" env:"JIRA_SEARCH_TYPE" default:"SIMPLE" enum:"SIMPLE,JQL" doc:"SIMPLE: the conditions below. JQL: a query of your own. Neither given, everything the login may see is loaded."`
	Project        []string `yaml:"project" env:"JIRA_PROJECT" example:"[PROJ, Another Project]" doc:"SIMPLE: projects by key, name or id; one or a list."`
	StatusCategory []string `yaml:"status_category" example:"[To Do, In Progress, Done]" doc:"SIMPLE: status categories; one or a list."`
	UpdatedAfter   Date     `yaml:"updated_after" example:"2023-10-01" doc:"SIMPLE: only issues updated on this day or later."`
	CreatedAfter   Date     `yaml:"created_after" example:"2023-10-01" doc:"SIMPLE: only issues created on this day or later."`
	JQL            string   `yaml:"jql" env:"JIRA_JQL" example:"project = PROJ AND labels = data" doc:"JQL: the query, without ORDER BY."`
}

// TLS says whom to trust and which certificate to show.
type TLS struct {
	CAFile                      Path   `yaml:"ca_file" example:"company-ca.pem" doc:"PEM file of authorities to trust besides the system's."`
	CAPEM                       string `yaml:"ca_pem" example:"${COMPANY_CA_PEM}" doc:"The same, as text."`
	CertFile                    Path   `yaml:"cert_file" example:"client.pem" doc:"PEM file of the client certificate."`
	KeyFile                     Path   `yaml:"key_file" example:"client.key" doc:"PEM file of the client certificate's private key."`
	DangerouslySkipVerification bool   `yaml:"dangerously_skip_verification" default:"false" doc:"Accept any certificate. Whoever sits in between can read the token; every run warns."`
}
