package engine

import (
	"context"
	"maps"
	"path"
	"time"

	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/stage"
	"snowdrift/internal/snowflaketest/syntax"
)

// shortening is an upload that is to lose its end once it has arrived: the
// server never learns when that is, so it cuts the file when it next looks.
type shortening struct {
	stage, name string
	keep        int64
}

// ShortenPut makes the file that a PUT is about to upload lose all but keep bytes.
func (s *Session) ShortenPut(p *syntax.Put, keep int64) error {
	s.running.Lock()
	defer s.running.Unlock()
	st, err := s.findStage(p.Location.Stage)
	if err != nil {
		return err
	}
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	s.engine.shortenings = append(s.engine.shortenings, shortening{st.id, path.Join(p.Location.Path, path.Base(p.File)), keep})
	return nil
}

// staged lists the files of a stage below prefix and matching pattern.
func (e *Engine) staged(ctx context.Context, s *stageObject, prefix, pattern string) ([]stage.File, error) {
	files, err := e.opts.Stages.List(ctx, s.id)
	if err != nil {
		return nil, err
	}
	if cut, err := e.shorten(ctx, s, files); err != nil {
		return nil, err
	} else if cut {
		if files, err = e.opts.Stages.List(ctx, s.id); err != nil {
			return nil, err
		}
	}
	re, err := matching(pattern)
	if err != nil {
		return nil, err
	}
	var out []stage.File
	for _, f := range files {
		if stage.Under(f, prefix) && (pattern == "" || re.MatchString(f.Name)) {
			out = append(out, f)
		}
	}
	return out, nil
}

// shorten carries out the shortenings whose files have arrived.
func (e *Engine) shorten(ctx context.Context, s *stageObject, files []stage.File) (cut bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var rest []shortening
	for _, sh := range e.shortenings {
		found := false
		for _, f := range files {
			if sh.stage == s.id && sh.name == f.Name && f.Size > sh.keep {
				found = true
				if err := e.opts.Stages.Truncate(ctx, s.id, f.Name, sh.keep); err != nil {
					return false, err
				}
			}
		}
		if cut = cut || found; !found {
			rest = append(rest, sh)
		}
	}
	e.shortenings = rest
	return cut, nil
}

func (x *execution) put(ctx context.Context, st *syntax.Put) (*Result, error) {
	s, err := x.findStage(st.Location.Stage)
	if err != nil {
		return nil, err
	}
	if err := x.require("WRITE", s.name); err != nil {
		return nil, err
	}
	up, err := x.engine.opts.Stages.Upload(ctx, s.id, st.Location.Path, path.Base(st.File), x.QueryID, st.Overwrite)
	if err != nil {
		return nil, err
	}
	return &Result{Put: &Put{Upload: up, Source: st.File, Parallel: st.Parallel, AutoCompress: st.AutoCompress, Overwrite: st.Overwrite, SourceCompression: st.SourceCompression}}, nil
}

func (x *execution) list(ctx context.Context, st *syntax.List) (*Result, error) {
	s, err := x.findStage(st.Location.Stage)
	if err != nil {
		return nil, err
	}
	if err := x.require("READ", s.name); err != nil {
		return nil, err
	}
	files, err := x.engine.staged(ctx, s, st.Location.Path, st.Pattern)
	if err != nil {
		return nil, err
	}
	var rows [][]any
	for _, f := range files {
		rows = append(rows, []any{shownPath(s, f.Name), f.Size, f.MD5, f.Modified.UTC().Format(time.RFC1123)})
	}
	return grid(typeShow, []string{"name", "size", "md5", "last_modified"}, rows), nil
}

func (x *execution) remove(ctx context.Context, st *syntax.Remove) (*Result, error) {
	s, err := x.findStage(st.Location.Stage)
	if err != nil {
		return nil, err
	}
	if err := x.require("WRITE", s.name); err != nil {
		return nil, err
	}
	files, err := x.engine.staged(ctx, s, st.Location.Path, st.Pattern)
	if err != nil {
		return nil, err
	}
	var rows [][]any
	for _, f := range files {
		if err := x.engine.opts.Stages.Remove(ctx, s.id, f.Name); err != nil {
			return nil, sferr.As(err)
		}
		rows = append(rows, []any{shownPath(s, f.Name), "removed"})
	}
	return grid(typeShow, []string{"name", "result"}, rows), nil
}

// StagedFiles lists the files of all stages that exist, temporary ones included,
// as "STAGE/path".
func (e *Engine) StagedFiles(ctx context.Context) ([]string, error) {
	e.mu.Lock()
	stages := maps.Clone(e.stages)
	e.mu.Unlock()
	var out []string
	for _, id := range sortedKeys(stages) {
		files, err := e.opts.Stages.List(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			out = append(out, stages[id].name[2]+"/"+f.Name)
		}
	}
	return out, nil
}
