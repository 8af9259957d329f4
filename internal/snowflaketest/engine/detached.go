package engine

import (
	"context"
	"strconv"

	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/syntax"
)

// A client that is killed leaves its session behind, its transaction open and its
// locks held: nothing on the wire tells Snowflake that it is gone. That lasts until
// the session is idle for four hours, unless somebody aborts the transaction (docs:
// sql-reference/transactions, "Aborting transactions").

// showTransactions lists the user's open transactions.
func (x *execution) showTransactions(st *syntax.Show) *Result {
	x.engine.mu.Lock()
	defer x.engine.mu.Unlock()
	byID := map[string]*transaction{}
	for id, tx := range x.engine.transactions {
		byID[strconv.FormatInt(id, 10)] = tx
	}
	var rows [][]any
	for _, id := range sortedKeys(byID) {
		tx := byID[id]
		rows = append(rows, []any{tx.id, x.engine.opts.User, tx.session.ID, "transaction " + id, tx.started, "running", int64(0)})
	}
	return grid(typeShow, []string{"id", "user", "session", "name", "started_on", "state", "scope"}, filtered(st, 3, rows))
}

// abortTransaction runs SELECT SYSTEM$ABORT_TRANSACTION(id); ok is false for any
// other query.
func (x *execution) abortTransaction(ctx context.Context, q *syntax.Query) (res *Result, ok bool, err error) {
	s, isSelect := q.Body.(*syntax.Select)
	if !isSelect || len(s.Items) != 1 || s.From != nil {
		return nil, false, nil
	}
	c, isCall := s.Items[0].X.(*syntax.Call)
	if !isCall || c.Name != "SYSTEM$ABORT_TRANSACTION" {
		return nil, false, nil
	}
	id, err := transactionID(c)
	if err != nil {
		return nil, true, err
	}
	x.engine.mu.Lock()
	tx := x.engine.transactions[id]
	x.engine.mu.Unlock()
	if tx == nil || tx.session == x.Session {
		return nil, true, sferr.New("000642", "02000", "Transaction %d not found, or the session's own", id)
	}
	if !tx.session.running.TryLock() {
		return nil, true, sferr.Unsupported("SYSTEM$ABORT_TRANSACTION while a statement of the transaction runs")
	}
	defer tx.session.running.Unlock()
	if err := tx.session.rollback(ctx); err != nil {
		return nil, true, err
	}
	res = status(typeSelect, "Aborted transaction id: "+strconv.FormatInt(id, 10))
	res.Columns[0].Name = s.Items[0].Text
	return res, true, nil
}

func transactionID(c *syntax.Call) (int64, error) {
	text := ""
	if len(c.Args) == 1 {
		switch a := c.Args[0].(type) {
		case *syntax.Number:
			text = a.Text
		case *syntax.String:
			text = a.Value
		}
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, sferr.Unsupported("SYSTEM$ABORT_TRANSACTION of anything but a literal id")
	}
	return id, nil
}
