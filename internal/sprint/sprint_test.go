package sprint

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t
}

// quote makes a JSON string of a legacy text.
func quote(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

const prefix = "com.atlassian.greenhopper.service.sprint.Sprint@1bf75fd"

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     Sprint
	}{
		{"cloud", `{"id":3,"name":"S3","state":"active","boardId":2,"goal":"ship, it","startDate":"2022-04-15T00:55:17.688Z","endDate":"2022-04-26T16:51:00.000Z"}`,
			Sprint{ID: 3, BoardID: 2, Name: "S3", State: "active", Goal: "ship, it", Start: at("2022-04-15T00:55:17.688Z"), End: at("2022-04-26T16:51:00Z")}},
		{"agile API", `{"id":7,"self":"https://example.com/rest/agile/1.0/sprint/7","state":"CLOSED","name":"Sprint 7","originBoardId":8,"createdDate":"2020-06-01T00:00:00.000+02:00","completeDate":"2020-06-22T05:59:58.980Z","goal":""}`,
			Sprint{ID: 7, BoardID: 8, Name: "Sprint 7", State: "closed", Created: at("2020-05-31T22:00:00Z"), Complete: at("2020-06-22T05:59:58.98Z")}},
		{"future with nulls", `{"state":"future","startDate":null,"endDate":"","goal":null,"name":"Next","id":"12","more":{"id":99},"boardId":null}`,
			Sprint{ID: 12, Name: "Next", State: "future"}},
		{"odd types", `{"id":5,"name":2024,"goal":["x"],"state":true,"boardId":1.5}`,
			Sprint{ID: 5, Name: "2024"}},
		{"epoch milliseconds", `{"id":5,"startDate":1759080993142}`,
			Sprint{ID: 5, Start: at("2025-09-28T17:36:33.142Z")}},
		{"last duplicate", `{"id":5,"name":"a","name":"b"}`, Sprint{ID: 5, Name: "b"}},
		{"lone surrogate", `{"id":5,"name":"a\ud800"}`, Sprint{ID: 5, Name: "a\uFFFD"}},
		{"bare id", ` 42 `, Sprint{ID: 42}},

		{"legacy", quote(prefix + "[id=1,rapidViewId=2,state=CLOSED,name=Sprint 1,goal=a, b=c,startDate=2016-06-06T21:30:53.537+10:00,endDate=2016-06-20T21:30:00.000+10:00,completeDate=<null>,sequence=1]"),
			Sprint{ID: 1, BoardID: 2, State: "closed", Name: "Sprint 1", Goal: "a, b=c", Start: at("2016-06-06T11:30:53.537Z"), End: at("2016-06-20T11:30:00Z")}},
		{"legacy, first versions", quote(prefix + "[name=Sprint 9,closed=true,startDate=2012-01-02T03:04:05.000Z,id=9]"),
			Sprint{ID: 9, Name: "Sprint 9", State: "closed", Start: at("2012-01-02T03:04:05Z")}},
		{"legacy, other order and keys", quote(prefix + "[activatedDate=2021-01-01T00:00:00.000Z,autoStartStop=false,completeDate=<null>,endDate=<null>,goal=,id=37,incompleteIssuesDestinationId=<null>,name=N,rapidViewId=<null>,sequence=37,startDate=<null>,state=ACTIVE,synced=false]"),
			Sprint{ID: 37, Name: "N", State: "active", Activated: at("2021-01-01T00:00:00Z")}},
		{"legacy, hostile text", quote(prefix + "[id=4,rapidViewId=1,state=FUTURE,name=a],[b=c,,d,goal=id=5,state=unknown,startDate=soon,id=7,name=x]],startDate=<null>,endDate=<null>,completeDate=<null>,sequence=4]"),
			Sprint{ID: 4, BoardID: 1, State: "future", Name: "a],[b=c,,d", Goal: "id=5,state=unknown,startDate=soon,id=7,name=x]]"}},
		{"legacy, null texts", quote(prefix + "[id=4,name=<null>,goal=<null>,state=<null>]"), Sprint{ID: 4}},
		{"legacy, text null", quote(prefix + "[id=4,name=null,goal=null]"), Sprint{ID: 4, Name: "null", Goal: "null"}},
		{"legacy, line ends", quote(prefix + "[id=4,goal=one\r\ntwo\n,name=x]\n"), Sprint{ID: 4, Goal: "one\r\ntwo\n", Name: "x"}},
		{"legacy, unknown key", quote(prefix + "[id=4,colour=red,sequence=4,shape=round,name=x]"), Sprint{ID: 4, Name: "x"}},
		{"legacy, short", quote("Sprint[id=4]"), Sprint{ID: 4}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse([]byte(tt.in))
			if err != nil || got != tt.want {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, tt.want)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	for name, in := range map[string]string{
		"nothing":          "",
		"null":             "null",
		"boolean":          "true",
		"array":            "[]",
		"zero":             "0",
		"fraction":         "1.5",
		"other object":     `{"value":"x"}`,
		"id of text":       `{"id":"x"}`,
		"id beyond int64":  `{"id":9999999999999999999}`,
		"cut object":       `{"id":1,"name":"x`,
		"two objects":      `{"id":1}{}`,
		"bad member":       `{"id":1,x}`,
		"empty string":     `""`,
		"other string":     `"Sprint 1"`,
		"cut string":       `"` + prefix + `[id=1`,
		"no end":           quote(prefix + "[id=1,name=x"),
		"no id":            quote(prefix + "[name=x,state=ACTIVE]"),
		"bracket only":     quote("["),
		"closed at once":   quote("x[]"),
		"bad escape":       `"Sprint[id=1]\x"`,
		"text after value": quote("Sprint[id=1]") + "]",
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := Parse([]byte(in)); !errors.Is(err, ErrSyntax) || got != (Sprint{}) {
				t.Errorf("got %+v, %v; want ErrSyntax", got, err)
			}
		})
	}
	if _, err := Parse([]byte(`"` + strings.Repeat("x", 1<<20) + `"`)); err == nil || len(err.Error()) > 300 {
		t.Errorf("error of %d bytes", len(fmt.Sprint(err)))
	}
}

// An unreadable date costs that date only.
func TestUnreadableDate(t *testing.T) {
	want := Sprint{ID: 3, Name: "S", State: "closed", End: at("2022-04-26T16:51:00Z")}
	for _, in := range []string{
		`{"startDate":"51502-07-15T02:40:00.000Z","completeDate":"soon","id":3,"name":"S","state":"closed","endDate":"2022-04-26T16:51:00.000Z"}`,
		quote(prefix + "[id=3,startDate=51502-07-15T02:40:00.000Z,completeDate=12/Feb/19,name=S,state=CLOSED,endDate=2022-04-26T16:51:00.000Z]"),
	} {
		got, err := Parse([]byte(in))
		if !errors.Is(err, ErrDate) || errors.Is(err, ErrSyntax) || got != want {
			t.Errorf("got  %+v, %v\nwant %+v and ErrDate", got, err, want)
		}
		if !strings.Contains(fmt.Sprint(err), "startDate") || !strings.Contains(fmt.Sprint(err), "completeDate") {
			t.Errorf("the error does not name both dates: %v", err)
		}
	}
}

// legacyText writes s as Jira does, with the keys in the given order.
func legacyText(s Sprint, r *rand.Rand) string {
	date := func(t time.Time) string {
		if t.IsZero() {
			return "<null>"
		}
		return t.In(time.FixedZone("", 10*60*60)).Format("2006-01-02T15:04:05.000-07:00")
	}
	fields := []string{
		fmt.Sprintf("id=%d", s.ID), fmt.Sprintf("rapidViewId=%d", s.BoardID), "state=" + strings.ToUpper(s.State),
		"name=" + s.Name, "goal=" + s.Goal, "startDate=" + date(s.Start), "endDate=" + date(s.End),
		"completeDate=" + date(s.Complete), "activatedDate=" + date(s.Activated),
		fmt.Sprintf("sequence=%d", s.ID), "autoStartStop=false", "incompleteIssuesDestinationId=<null>", "synced=true",
	}
	r.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	return prefix + "[" + strings.Join(fields, ",") + "]"
}

// Any name and goal that do not imitate a key come back, in any order of keys.
func FuzzLegacyRoundTrip(f *testing.F) {
	f.Add("Sprint 1", "a, b=c", uint64(1))
	f.Add("]", ",,=,", uint64(2))
	f.Add("x[id", "\n", uint64(3))
	f.Fuzz(func(t *testing.T, name, goal string, seed uint64) {
		for _, s := range []string{name, goal} {
			for _, k := range legacyKeys {
				if strings.Contains(","+s, ","+k.name+"=") {
					t.Skip("imitates a key")
				}
			}
			if s == "<null>" {
				t.Skip("is null")
			}
		}
		r := rand.New(rand.NewPCG(seed, 1))
		want := Sprint{
			ID: 1 + r.Int64N(1<<40), BoardID: 1 + r.Int64N(1000), State: []string{"active", "closed", "future"}[r.IntN(3)],
			Name: strings.ToValidUTF8(name, "\uFFFD"), Goal: strings.ToValidUTF8(goal, "\uFFFD"),
			Start: time.UnixMilli(r.Int64N(1 << 42)).UTC(), Activated: time.UnixMilli(r.Int64N(1 << 42)).UTC(),
		}
		got, err := Parse([]byte(quote(legacyText(want, r))))
		if err != nil || got != want {
			t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"id":3,"name":"S3","state":"active","boardId":2,"startDate":"2022-04-15T00:55:17.688Z"}`))
	f.Add([]byte(quote(prefix + "[id=1,rapidViewId=1,state=CLOSED,name=Sprint 1,goal=a, b=c,startDate=2016-06-06T21:30:53.537+10:00,completeDate=<null>]")))
	f.Add([]byte("12"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := Parse(raw)
		switch {
		case err == nil || errors.Is(err, ErrDate):
			if s.ID <= 0 || s.BoardID < 0 || s.State != strings.ToLower(s.State) {
				t.Errorf("unusable %+v, %v", s, err)
			}
		case !errors.Is(err, ErrSyntax) || s != (Sprint{}):
			t.Errorf("%+v, %v", s, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for name, in := range map[string]string{
		"object": `{"id":3,"name":"S3","state":"active","boardId":2,"goal":"","startDate":"2022-04-15T00:55:17.688Z","endDate":"2022-04-26T16:51:00.000Z"}`,
		"legacy": quote(prefix + "[id=1,rapidViewId=1,state=CLOSED,name=Sprint 1,goal=a, b=c,startDate=2016-06-06T21:30:53.537+10:00,endDate=2016-06-06T21:30:53.537+10:00,completeDate=<null>,sequence=1]"),
	} {
		b.Run(name, func(b *testing.B) {
			raw := []byte(in)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
