package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"snowdrift/internal/config"
	"snowdrift/internal/privatekey"
	"snowdrift/sql"
	"snowdrift/stages/load/snowflake"
)

func (a *app) setup() *cobra.Command {
	var print bool
	c := &cobra.Command{
		Use:   "setup --print",
		Short: "Print the SQL that prepares a Snowflake account",
		Long: `Setup prints what an administrator runs once in Snowflake: role, service user with
the public half of the configured key, warehouse, database, schema and the least
grants, each line explained. It connects to nothing. A DuckDB file needs none of
it.`,
		Example: "  snowdrift setup --print > setup.sql",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			if !print {
				return usageError{errors.New("snowdrift runs no set-up itself, since it takes an administrator; use: snowdrift setup --print")}
			}
			cfg, err := a.loadConfig(nil)
			if err != nil {
				return err
			}
			return a.printSetup(c.Context(), cfg)
		},
	}
	c.Flags().BoolVar(&print, "print", false, "print the statements")
	return c
}

// setupNames is what sql/snowflake/setup.sql is filled with: identifiers, quoted,
// the role as a text, too, and the public key of a key pair.
type setupNames struct {
	Role, User, Warehouse, Database, Schema string
	RoleText, PublicKey, Fingerprint        string
	AccessToken                             bool // the user logs in with one
}

func (a *app) printSetup(ctx context.Context, cfg *config.Config) error {
	if cfg.Destination.Type != config.DestinationSnowflake {
		return usageError{fmt.Errorf("destination.type is %s, which needs no set-up; setup is for snowflake", cfg.Destination.Type)}
	}
	s := cfg.Destination.Snowflake
	var n setupNames
	for _, name := range []struct {
		key, value string
		into       *string
	}{
		{"role", s.Role, &n.Role}, {"user", s.User, &n.User}, {"warehouse", s.Warehouse, &n.Warehouse},
		{"database", s.Database, &n.Database}, {"schema", s.Schema, &n.Schema},
	} {
		if name.value == "" {
			return usageError{fmt.Errorf("set destination.snowflake.%s: the set-up has to name it", name.key)}
		}
		*name.into = snowflake.Dialect.Quote(name.value)
	}
	n.RoleText, n.AccessToken = snowflake.Dialect.Literal(strings.ToUpper(s.Role)), s.Auth == config.SnowflakePAT
	if s.Auth == config.SnowflakeKeyPair {
		pair, err := keyPair(ctx, s)
		if err != nil {
			return err
		}
		n.PublicKey, n.Fingerprint = privatekey.PublicText(&pair.Key.PublicKey), privatekey.Fingerprint(&pair.Key.PublicKey)
	}
	t, err := template.New("setup.sql").Parse(sql.Text("snowflake/setup.sql"))
	if err != nil {
		return err
	}
	return t.Execute(a.stdout, n)
}
