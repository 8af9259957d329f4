package snowflake

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"snowdrift/state"
)

// The hint is the state once more, in the comment of the pipeline's stage, which
// SHOW reads without a warehouse. It is replaced by a mark before the
// transaction that changes the state, and written again after COMMIT, so it is
// never newer than the truth, and a run that dies in between leaves the mark:
// then the state is read from its table. A hint that is older nevertheless,
// written late by a run that lost its lease, is noticed when the state's row,
// which changes only from the commit id that the run knows, does not change.

// commitMark is the comment while a commit is under way.
const commitMark = "snowdrift: a commit is under way"

// hintPrefix begins a comment that is a hint: the compressed state follows.
const hintPrefix = "snowdrift state: "

// maxHint is the longest comment that is tried. How long Snowflake lets them be
// is not documented; one that it refuses or cuts is no hint, and the next run
// reads the table.
const maxHint = 256 << 10

func commentOnStage(pipeline, text string) string {
	return fmt.Sprintf("COMMENT ON STAGE %s IS %s", Dialect.Quote(stageOf(pipeline)), Dialect.Literal(text))
}

// encodeHint returns the comment for a state, "" if it is too long for one.
func encodeHint(st *state.State) (string, error) {
	var b bytes.Buffer
	b.WriteString(hintPrefix)
	text := base64.NewEncoder(base64.StdEncoding, &b)
	packed := gzip.NewWriter(text)
	if err := json.NewEncoder(packed).Encode(st); err != nil {
		return "", fmt.Errorf("encode state: %w", err)
	}
	if err := packed.Close(); err != nil {
		return "", fmt.Errorf("encode state: %w", err)
	}
	if err := text.Close(); err != nil {
		return "", fmt.Errorf("encode state: %w", err)
	}
	if b.Len() > maxHint {
		return "", nil
	}
	return b.String(), nil
}

// maxState bounds what a hint may unpack to.
const maxState = 64 << 20

// decodeHint returns the state in a comment, nil if the comment is no hint or
// not a whole one: checksum and form must be right.
func decodeHint(comment, pipeline string) *state.State {
	text, found := strings.CutPrefix(comment, hintPrefix)
	if !found {
		return nil
	}
	packed, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)))
	if err != nil {
		return nil
	}
	document, err := io.ReadAll(io.LimitReader(packed, maxState))
	if err != nil {
		return nil
	}
	st, err := state.Parse(document)
	if err != nil || st.Pipeline != pipeline || st.Commit == "" {
		return nil
	}
	return st
}

// markHint takes the hint away, before a transaction that changes the state.
func (w *Warehouse) markHint(ctx context.Context, s *session) error {
	if err := w.uploads.ensureStage(ctx, s); err != nil {
		return err
	}
	return s.run(ctx, "mark the commit", stageOf(w.job.Pipeline), commentOnStage(w.job.Pipeline, commitMark))
}

// writeHint writes the hint, after COMMIT.
func (w *Warehouse) writeHint(ctx context.Context, s *session, st *state.State) error {
	comment, err := encodeHint(st)
	if err != nil || comment == "" {
		return err
	}
	return s.run(ctx, "write the state's hint", stageOf(w.job.Pipeline), commentOnStage(w.job.Pipeline, comment))
}

// renewHint writes the hint of an idle run again with the column ledger as it is
// now, if nobody has touched it since: what another pipeline added would be read
// from its table by every idle run to come.
func (w *Warehouse) renewHint(ctx context.Context, s *session) error {
	st, err := w.readHint(ctx, s, w.renewal.Pipeline)
	if err != nil || st == nil || st.Commit != w.renewal.Commit {
		return err
	}
	return w.writeHint(ctx, s, w.renewal)
}

// readHint returns the state in the comment of a pipeline's stage, nil if there
// is none to rely on.
func (w *Warehouse) readHint(ctx context.Context, s *session, pipeline string) (*state.State, error) {
	name := Dialect.Fold(stageOf(pipeline))
	rows, err := s.named(ctx, "read the state's hint", pipeline, "SHOW STAGES LIKE "+Dialect.Literal(name)+" IN SCHEMA")
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if r["name"] == name { // LIKE takes underscores for any character
			w.uploads.sawStage()
			return decodeHint(r["comment"], pipeline), nil
		}
	}
	return nil, nil
}
