package jirasim

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// feedPage is how many entries one page of a worklog feed has.
const feedPage = 1000

// A stamp is one entry of a worklog feed.
type stamp struct{ id, at int64 }

// serveWorklogUpdated lists what was written since an instant.
func serveWorklogUpdated(c *call) answer {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	v, st := c.s.viewLocked(false), &c.s.store
	return c.feed(func(since int64) []stamp {
		var all []stamp
		for i := range st.issues {
			is := &st.issues[i]
			if is.updated < since || c.s.gen == nil || !st.readable(is) {
				continue
			}
			for _, m := range v.worklogs(is) {
				if m.updated >= since {
					all = append(all, stamp{m.id, m.updated})
				}
			}
		}
		return all
	})
}

// serveWorklogDeleted lists what was deleted since an instant.
func serveWorklogDeleted(c *call) answer {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return c.feed(func(since int64) []stamp {
		var all []stamp
		for _, t := range c.s.tombstones {
			if t.at >= since {
				all = append(all, t)
			}
		}
		return all
	})
}

// feed answers one page, oldest first and without the last minute; mu is held.
func (c *call) feed(entries func(since int64) []stamp) answer {
	since, ok := c.queryNumber("since", 0)
	if !ok {
		return failure(http.StatusBadRequest, "since must be a number of milliseconds.")
	}
	horizon := c.at.Add(-time.Minute).UnixMilli()
	all := slices.DeleteFunc(entries(int64(since)), func(s stamp) bool { return s.at > horizon })
	slices.SortFunc(all, func(a, b stamp) int { return int(min(max(a.at-b.at, -1), 1)) })
	last := len(all) <= feedPage
	if !last {
		all = all[:feedPage]
	}
	until := int64(since)
	if n := len(all); n > 0 {
		until = all[n-1].at
	}
	at := func(ms int64) string {
		return quote("http://" + c.r.Host + c.r.URL.Path + "?since=" + strconv.FormatInt(ms, 10))
	}
	b := []byte(`{"values":`)
	b = list(b, len(all), func(b []byte, i int) []byte {
		return fmt.Appendf(b, `{"worklogId":%d,"updatedTime":%d,"properties":[]}`, all[i].id, all[i].at)
	})
	b = fmt.Appendf(b, `,"since":%d,"until":%d,"self":%s,"lastPage":%t`, since, until, at(int64(since)), last)
	if !c.s.cloud {
		b = fmt.Appendf(b, `,"isLastPage":%t`, last)
	}
	if !last {
		b = fmt.Appendf(b, `,"nextPage":%s`, at(until))
	}
	return jsonAnswer(append(b, '}'))
}

// serveWorklogList finds worklogs by id.
func serveWorklogList(c *call) answer {
	var q struct {
		IDs []int64 `json:"ids"`
	}
	if a, ok := c.decode(&q); !ok {
		return a
	}
	if len(q.IDs) > 1000 {
		return failure(http.StatusBadRequest, "At most 1000 ids are allowed.")
	}
	found := c.childrenByID(q.IDs, (*view).worklogs, (*view).appendWorklog)
	return jsonAnswer(list(nil, len(found), rawRows(found).append))
}
