package pipeline_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"snowdrift/internal/jirasim"
)

// change has somebody do something to the site.
func (w *world) change() {
	c := changes[w.rng.IntN(len(changes))]
	for c.silent && !w.silent {
		c = changes[w.rng.IntN(len(changes))]
	}
	w.clock.move(time.Duration(w.rng.Int64N(int64(3 * time.Second))))
	what, err := c.make(w)
	if errors.Is(err, errNothing) {
		return
	}
	if err != nil {
		w.t.Errorf("%s: %v", c.name, err)
	}
	if known := w.clock.now().Add(time.Duration(w.lag.Load())); known.After(w.lagging) {
		w.lagging = known
	}
	w.note(c.name, "%s", what)
}

// changes are what people do, the frequent ones several times.
var changes = []struct {
	name   string
	silent bool
	make   func(w *world) (string, error)
}{
	{name: "create", make: (*world).create},
	{name: "create", make: (*world).create},
	{name: "edit", make: (*world).edit},
	{name: "edit", make: (*world).edit},
	{name: "edit many", make: (*world).editMany},
	{name: "set", make: (*world).setOdd},
	{name: "set", make: (*world).setOdd},
	{name: "comment", make: (*world).comment},
	{name: "comment", make: (*world).comment},
	{name: "work", make: (*world).work},
	{name: "move", make: (*world).moveIssue},
	{name: "move", make: (*world).moveIssue},
	{name: "delete", make: (*world).deleteIssue},
	{name: "hide", make: func(w *world) (string, error) { id := w.any(jirasim.Live); return say(id, w.sim.Hide(id)) }},
	{name: "unhide", make: func(w *world) (string, error) { id := w.any(jirasim.NoAccess); return say(id, w.sim.Unhide(id)) }},
	{name: "archive", make: func(w *world) (string, error) { id := w.any(jirasim.Live); return say(id, w.sim.Archive(id)) }},
	{name: "unarchive", make: func(w *world) (string, error) {
		id := w.any(jirasim.Archived)
		return say(id, w.sim.Unarchive(id))
	}},
	{name: "project", make: (*world).project},
	{name: "rename field", make: (*world).renameField},
	{name: "add to sprint", make: (*world).addToSprint},
	{name: "silent edit", silent: true, make: func(w *world) (string, error) { id := w.any(""); return say(id, w.sim.SilentEdit(id)) }},
	{name: "silent edit", silent: true, make: func(w *world) (string, error) { id := w.any(""); return say(id, w.sim.SilentEdit(id)) }},
	{name: "field", silent: true, make: (*world).field},
	{name: "sprint", silent: true, make: (*world).sprint},
}

// say describes a change to an issue; to none there is nothing to say.
func say(id int64, err error) (string, error) {
	if id == 0 {
		return "", errNothing
	}
	return fmt.Sprint(id), err
}

// any returns an issue in a state, "" being any but deleted; 0 if there is none.
func (w *world) any(presence string) int64 {
	var ids []int64
	for _, id := range w.ids {
		if p := w.sim.Presence(id); p == presence || presence == "" && p != jirasim.Deleted {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return 0
	}
	return ids[w.rng.IntN(len(ids))]
}

func (w *world) anyProject() string {
	projects := w.sim.Projects()
	return projects[w.rng.IntN(len(projects))]
}

func (w *world) create() (string, error) {
	project := w.anyProject()
	id, err := w.sim.Create(project)
	w.ids = append(w.ids, id)
	return fmt.Sprintf("%d in %s", id, project), err
}

func (w *world) edit() (string, error) {
	id := w.any("")
	return say(id, w.sim.Edit(id))
}

func (w *world) editMany() (string, error) {
	ids := w.sim.IDs()
	n := min(w.rng.IntN(15), len(ids))
	for _, id := range ids[:n] {
		if w.rng.IntN(2) == 0 {
			w.clock.move(time.Duration(w.rng.Int64N(int64(2 * time.Minute))))
		}
		if err := w.sim.Edit(id); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d issues", n), nil
}

// Values that fit their field, and such as do not.
var (
	numberValues = []string{`3`, `4.5`, `-1e-7`, `null`, `""`, `1e400`, `"seven"`, `{"a":1}`, `[1]`, `12345678901234567890`}
	textValues   = []string{`"plain"`, `"NUL \u0000 inside"`, `"half \ud83d"`, `"half \ud83d"`, `null`, `7`, `["a"]`, `{"a":{"b":null}}`, `"Zeile\nzwei ✅"`}
	labelValues  = []string{`[]`, `["a","b c"]`, `["a\"b","ü"]`}
)

// setOdd sets a field to a value that need not fit it.
func (w *world) setOdd() (string, error) {
	id := w.any("")
	field, values := "labels", labelValues
	switch w.rng.IntN(3) {
	case 0:
		field, values = w.numbers[w.rng.IntN(len(w.numbers))], numberValues
	case 1:
		field, values = w.texts[w.rng.IntN(len(w.texts))], textValues
	}
	value := values[w.rng.IntN(len(values))]
	what, err := say(id, w.sim.EditField(id, field, json.RawMessage(value)))
	return fmt.Sprintf("%s: %s of %s", value, field, what), err
}

func (w *world) comment() (string, error) {
	id := w.any("")
	comments := w.sim.Comments(id)
	if id == 0 {
		return "", errNothing
	}
	switch n := w.rng.IntN(4); {
	case n == 0 && len(comments) > 0:
		c := comments[w.rng.IntN(len(comments))]
		return fmt.Sprintf("%d of %d is deleted", c, id), w.sim.DeleteComment(id, c)
	case n == 1:
		for range 25 { // more than an issue shows
			if _, err := w.sim.AddComment(id, "one of many"); err != nil {
				return "", err
			}
		}
		return fmt.Sprintf("25 to %d", id), nil
	}
	c, err := w.sim.AddComment(id, fmt.Sprintf("Comment of step %d", len(w.log)))
	if err != nil || w.rng.IntN(2) == 0 {
		return fmt.Sprintf("%d to %d", c, id), err
	}
	return fmt.Sprintf("%d to %d, edited", c, id), w.sim.EditComment(id, c, "edited")
}

func (w *world) work() (string, error) {
	id := w.any("")
	if id == 0 {
		return "", errNothing
	}
	worklogs := w.sim.Worklogs(id)
	if len(worklogs) > 0 && w.rng.IntN(3) == 0 {
		l := worklogs[w.rng.IntN(len(worklogs))]
		return fmt.Sprintf("%d of %d is deleted", l, id), w.sim.DeleteWorklog(id, l)
	}
	l, err := w.sim.AddWorklog(id, time.Hour, "work")
	return fmt.Sprintf("%d to %d", l, id), err
}

func (w *world) moveIssue() (string, error) {
	id, project := w.any(jirasim.Live), w.anyProject()
	var issue struct{ Key string }
	if id == 0 || json.Unmarshal(w.sim.Raw(id), &issue) != nil || strings.HasPrefix(issue.Key, project+"-") {
		return "", errNothing
	}
	return fmt.Sprintf("%d from %s to %s", id, issue.Key, project), w.sim.Move(id, project)
}

func (w *world) deleteIssue() (string, error) {
	id := w.any("")
	return say(id, w.sim.Delete(id))
}

// project hides or archives a project, or undoes that. Two always stay.
func (w *world) project() (string, error) {
	key := w.anyProject()
	switch {
	case w.hidden[key]:
		delete(w.hidden, key)
		return key + " is shown", w.sim.ShowProject(key)
	case w.archived[key]:
		delete(w.archived, key)
		return key + " is restored", w.sim.RestoreProject(key)
	case len(w.hidden)+len(w.archived) >= 2:
		return "", errNothing
	case w.rng.IntN(2) == 0:
		w.hidden[key] = true
		return key + " is hidden", w.sim.HideProject(key)
	}
	w.archived[key] = true
	return key + " is archived", w.sim.ArchiveProject(key)
}

func (w *world) renameField() (string, error) {
	fields := slices.Concat(w.numbers, w.texts)
	field, name := fields[w.rng.IntN(len(fields))], fmt.Sprintf("Renamed %d", len(w.log))
	return field + " to " + name, w.sim.RenameField(field, name)
}

// field adds a field or changes the type of one.
func (w *world) field() (string, error) {
	kinds := jirasim.Kinds()
	kind := kinds[w.rng.IntN(len(kinds))]
	if w.rng.IntN(2) == 0 {
		id, err := w.sim.AddField(fmt.Sprintf("Added %d", len(w.log)), kind)
		return "added " + id + ", " + kind, err
	}
	fields := slices.Concat(w.numbers, w.texts)
	id := fields[w.rng.IntN(len(fields))]
	return id + " becomes " + kind, w.sim.RetypeField(id, kind)
}

func (w *world) addToSprint() (string, error) {
	id, sprints := w.any(""), w.sim.Sprints()
	sprint := sprints[w.rng.IntN(len(sprints))]
	what, err := say(id, w.sim.AddToSprint(id, sprint))
	return fmt.Sprintf("%s to %d", what, sprint), err
}

// sprint renames, starts or closes one.
func (w *world) sprint() (string, error) {
	sprints := w.sim.Sprints()
	id := sprints[w.rng.IntN(len(sprints))]
	switch w.rng.IntN(3) {
	case 0:
		if w.sim.StartSprint(id) == nil {
			return fmt.Sprint(id, " is started"), nil
		}
	case 1:
		if w.sim.CloseSprint(id) == nil {
			return fmt.Sprint(id, " is closed"), nil
		}
	}
	return fmt.Sprint(id, " is renamed"), w.sim.RenameSprint(id, fmt.Sprintf("Sprint of step %d", len(w.log)))
}
