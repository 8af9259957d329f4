package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"snowdrift/internal/config"
)

func (a *app) check() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Try both ends: who we are at Jira, whether the destination takes writes",
		Long: `Check reads the configuration, reaches Jira and the destination, and says in a
line each what it found. It changes nothing in Jira, and leaves nothing in the
destination but an empty file where there was none.`,
		Example: "  snowdrift check -c snowdrift.yaml",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.loadConfig(nil)
			if err != nil {
				fmt.Fprintf(a.stdout, "✗ configuration: %v\n", err)
				return err
			}
			fmt.Fprintf(a.stdout, "✓ configuration %s\n", cfg.File())
			return errors.Join(a.checkJira(c.Context(), cfg), a.checkDestination(c.Context(), cfg))
		},
	}
}

func (a *app) checkJira(ctx context.Context, cfg *config.Config) error {
	source, client, err := a.openSource(ctx, cfg)
	if err != nil {
		fmt.Fprintf(a.stdout, "✗ Jira: %v\n", err)
		return err
	}
	defer client.Close()
	site := client.Site()
	fmt.Fprintf(a.stdout, "✓ Jira %s: %s %s, clock %s apart\n", site.BaseURL, site.Deployment, site.Version, site.ClockSkew.Abs().Round(time.Second))
	fmt.Fprintf(a.stdout, "✓ login as %s, time zone %s\n", site.User.Name, site.TimeZone)
	fmt.Fprintf(a.stdout, "✓ %d projects visible, %d custom fields selected\n", len(source.Projects()), len(source.Fields().Custom))
	return nil
}

func (a *app) checkDestination(ctx context.Context, cfg *config.Config) error {
	w, err := a.openWarehouse(ctx, cfg, false)
	if err == nil {
		_, err = w.State(ctx, cfg.Pipeline)
		err = errors.Join(err, w.Close())
	}
	if err != nil {
		fmt.Fprintf(a.stdout, "✗ destination: %v\n", err)
		return err
	}
	fmt.Fprintf(a.stdout, "✓ destination %s can be read and written\n", cfg.Destination.Type)
	return nil
}
