package pipeline

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"

	"snowdrift/stages"
	"snowdrift/stages/batch"
)

// Where a destination wants files of so many issues each, a commit takes whole ones. What
// has come beyond them when the readers were held stays in open files and goes into a
// later commit: it would be a row group of its own, which takes as much memory as a full
// one and as long to write. The last whole file stays, too: should no other come, rows
// that fill none are not committed by themselves, for then they would be copied. The
// readings and ends of partitions that came with issues stay behind with them.

// leave returns how many of so many whole files stay when a commit ends. With none it takes
// all that there is.
func leave(whole int) int {
	if whole > 1 {
		return 1
	}
	return 0
}

// fill counts the issues of a file, so that a chunk ends where the file does.
type fill struct {
	rows  int // of a file; 0 does not mind
	have  int // issues of the open file
	whole int // files before it
}

// issue notes an issue, and reports whether it fills the file.
func (f *fill) issue() (full bool) {
	if f.have++; f.rows == 0 || f.have < f.rows {
		return false
	}
	f.have = 0
	f.whole++
	return true
}

// cut notes that a commit ends.
func (f *fill) cut() {
	if f.whole = leave(f.whole); f.whole == 0 {
		f.have = 0
	}
}

// cutter divides what batch has written into commits.
type cutter struct {
	files  *batch.Batcher
	out    chan<- stages.Cut
	format stages.Format
	whole  []stages.Cut // what came up to the end of each whole file of issues
	open   stages.Cut   // what came after
	passed int64        // bytes of the files of this commit that were passed on already
}

// take notes what came with a chunk that was written. Files that are closed are passed on
// at once unless the commit may have to do without them.
func (c *cutter) take(ctx context.Context, chunk stages.Chunk) error {
	c.open.Read = append(c.open.Read, chunk.Read...)
	c.open.Returned = append(c.open.Returned, chunk.Returned...)
	c.open.Done = append(c.open.Done, chunk.Done...)
	if chunk.Full {
		if err := c.files.Flush(); err != nil {
			return err
		}
	}
	c.open.Files = append(c.open.Files, c.files.Closed()...)
	switch {
	case chunk.Full:
		c.close()
	case c.format.IssueRows == 0:
		for _, f := range c.open.Files {
			c.passed += f.Bytes
			if err := send(ctx, c.out, stages.Cut{Files: []stages.File{f}}); err != nil {
				return err
			}
		}
		c.open.Files = nil
	}
	return nil
}

// close ends what is open, whose files are closed.
func (c *cutter) close() {
	c.whole = append(c.whole, c.open)
	c.open = stages.Cut{}
}

// held returns the files that wait here for the commit.
func (c *cutter) held() (files []stages.File) {
	for _, w := range c.whole {
		files = append(files, w.Files...)
	}
	return append(files, c.open.Files...)
}

// size returns the bytes that wait for the commit.
func (c *cutter) size() int64 {
	n := c.passed + c.files.Pending()
	for _, f := range c.held() {
		n += f.Bytes
	}
	return n
}

// filled reports whether there are as many whole files as a commit should take.
func (c *cutter) filled() bool {
	n := len(c.whole)
	return c.format.CommitFiles > 0 && n-leave(n) >= c.format.CommitFiles
}

// end ends a commit, with whole files of issues if there are some. The last one, after which
// nothing comes, leaves nothing.
func (c *cutter) end(ctx context.Context, last bool) error {
	left := leave(len(c.whole))
	if left > 0 && !last {
		if err := c.files.Settle(); err != nil {
			return err
		}
		return c.commit(ctx, len(c.whole)-left)
	}
	if err := c.files.Flush(); err != nil {
		return err
	}
	c.open.Files = append(c.open.Files, c.files.Closed()...)
	c.close()
	return c.commit(ctx, len(c.whole))
}

// commit passes on the first of what is whole.
func (c *cutter) commit(ctx context.Context, n int) error {
	cut := stages.Cut{Commit: true}
	for _, w := range c.whole[:n] {
		cut.Files = append(cut.Files, w.Files...)
		cut.Read = append(cut.Read, w.Read...)
		cut.Returned = append(cut.Returned, w.Returned...)
		cut.Done = append(cut.Done, w.Done...)
	}
	if err := send(ctx, c.out, cut); err != nil {
		return err
	}
	c.whole, c.passed = slices.Delete(c.whole, 0, n), 0
	return nil
}

// discard removes all files that were not passed on.
func (c *cutter) discard() error {
	err := c.files.Discard()
	for _, f := range c.held() {
		if failed := os.Remove(f.Path); failed != nil && !errors.Is(failed, fs.ErrNotExist) {
			err = errors.Join(err, failed)
		}
	}
	return err
}
