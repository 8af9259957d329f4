package engine

import (
	"context"
	"database/sql/driver"
	"fmt"

	"github.com/duckdb/duckdb-go/v2"
)

// assertionConnector opens connections to the engine's DuckDB and sets them up.
type assertionConnector struct {
	*duckdb.Connector
	setup string
}

// Connect implements driver.Connector.
func (c *assertionConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	execer, ok := conn.(driver.ExecerContext)
	if !ok {
		return nil, fmt.Errorf("DuckDB connection %T cannot execute", conn)
	}
	if _, err := execer.ExecContext(ctx, c.setup, nil); err != nil {
		return nil, fmt.Errorf("set up DuckDB connection: %w", err)
	}
	return conn, nil
}

// Close does nothing: the database belongs to the engine. Without this method
// sql.DB would close it together with the handle.
func (c *assertionConnector) Close() error { return nil }
