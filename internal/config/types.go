package config

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Path is the path of a file or directory. One that is written relative in the
// configuration file is joined to that file's directory while loading.
type Path string

// Size is a number of bytes.
type Size int64

// Units of size: decimal and binary, as DuckDB reads them too. In this order
// the first that divides a size without rest writes it shortest.
var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40}, {"TB", 1e12}, {"GiB", 1 << 30}, {"GB", 1e9},
	{"MiB", 1 << 20}, {"MB", 1e6}, {"KiB", 1 << 10}, {"KB", 1e3}, {"B", 1},
}

var sizeForm = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)$`)

// UnmarshalText reads "128MB", "1.5 GiB" or a plain number of bytes. MB is a
// million bytes, MiB 1,048,576.
func (s *Size) UnmarshalText(text []byte) error {
	wrong := errors.New(`is not a size; write it as 128MB or 1GiB`)
	m := sizeForm.FindSubmatch(text)
	if m == nil {
		return wrong
	}
	unit := int64(1)
	if name := string(m[2]); name != "" {
		unit = 0
		for _, u := range sizeUnits {
			if strings.EqualFold(u.name, name) {
				unit = u.bytes
			}
		}
	}
	number, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil || unit == 0 {
		return wrong
	}
	bytes := number * float64(unit)
	if bytes >= math.MaxInt64 {
		return errors.New("is more bytes than can be counted")
	}
	*s = Size(bytes)
	return nil
}

// String writes the size in the largest unit that is exact: "128MB", "1GiB".
func (s Size) String() string {
	for _, u := range sizeUnits {
		if s != 0 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return "0B"
}

var dayForm = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)d(.*)$`)

// parseDuration reads what time.ParseDuration does, with days in front: "7d",
// "1d12h".
func parseDuration(text string) (time.Duration, error) {
	wrong := errors.New(`is not a duration; write it as 90s, 15m, 24h or 7d`)
	var days, rest time.Duration
	if m := dayForm.FindStringSubmatch(text); m != nil {
		number, err := strconv.ParseFloat(m[1], 64)
		if err != nil || number > 100_000 { // time.Duration ends at 292 years
			return 0, wrong
		}
		days, text = time.Duration(number*24*float64(time.Hour)), m[2]
		if text == "" {
			return days, nil
		}
	}
	rest, err := time.ParseDuration(text)
	if err != nil || rest < 0 || days+rest < 0 {
		return 0, wrong
	}
	return days + rest, nil
}

// formatDuration writes a duration the way a person would: "24h", "15m",
// "1h30m".
func formatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Names are texts by name: what a file writes as a mapping, and a flag or
// variable as a list of name: text.
type Names map[string]string

// parseNames reads a list of name: text.
func parseNames(pairs []string) (Names, error) {
	names := Names{}
	for _, pair := range pairs {
		name, text, found := strings.Cut(pair, ":")
		name, text = strings.TrimSpace(name), strings.TrimSpace(text)
		if !found || name == "" || text == "" {
			return nil, fmt.Errorf("%q is not in the form name: value", pair)
		}
		if _, twice := names[name]; twice {
			return nil, fmt.Errorf("has %s twice", name)
		}
		names[name] = text
	}
	return names, nil
}

// String writes the names in their order.
func (n Names) String() string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(n)) {
		pairs = append(pairs, name+": "+n[name])
	}
	return strings.Join(pairs, ", ")
}

// Date is a day, without a time zone of its own: Jira reads it in the zone of
// the account.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// UnmarshalText reads yyyy-MM-dd.
func (d *Date) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		for _, layout := range []string{"2006/01/02", time.RFC3339, "2006-01-02 15:04", "2.1.2006", "2006-1-2", "20060102"} {
			if t, err := time.Parse(layout, string(text)); err == nil {
				return fmt.Errorf("is not in the form yyyy-MM-dd; write %s", t.Format(time.DateOnly))
			}
		}
		return errors.New("is not a day in the form yyyy-MM-dd, such as 2023-10-01")
	}
	d.Year, d.Month, d.Day = t.Date()
	return nil
}

// IsZero reports whether no day was given.
func (d Date) IsZero() bool { return d == Date{} }

// String writes yyyy-MM-dd, "" for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// Percent is a share in hundredths: 10 for "10%".
type Percent float64

// UnmarshalText reads "10%". The sign is required, since 0.1 and 10 could both
// mean a tenth.
func (p *Percent) UnmarshalText(text []byte) error {
	number, found := strings.CutSuffix(string(text), "%")
	value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !found || err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		return errors.New("is not a percentage; write it as 10%")
	}
	*p = Percent(value)
	return nil
}

// String writes "10%".
func (p Percent) String() string {
	return strconv.FormatFloat(float64(p), 'f', -1, 64) + "%"
}

// Share returns the percentage as a fraction: 0.1 for 10%.
func (p Percent) Share() float64 { return float64(p) / 100 }

// Cadence says how often something is done: in every run, never, or when so
// much time has passed.
type Cadence struct {
	Never bool
	After time.Duration // 0: in every run
}

// DeepCadence is a Cadence of what is not done in every run: validate refuses run.
type DeepCadence struct{ Cadence }

// errDeep says so of all that a DeepCadence cannot be.
var errDeep = errors.New("is neither never nor a duration such as 24h; to compare all versions in one run: snowdrift run --deep")

// UnmarshalText reads run, never, or a duration.
func (c *Cadence) UnmarshalText(text []byte) error {
	switch word := strings.ToLower(string(text)); word {
	case "run":
		*c = Cadence{}
	case "never":
		*c = Cadence{Never: true}
	default:
		d, err := parseDuration(word)
		if err != nil || d == 0 {
			return errors.New("is not one of run, never or a duration such as 6h")
		}
		*c = Cadence{After: d}
	}
	return nil
}

// UnmarshalText reads what a Cadence does.
func (c *DeepCadence) UnmarshalText(text []byte) error {
	if err := c.Cadence.UnmarshalText(text); err != nil {
		return errDeep
	}
	return nil
}

// String writes what UnmarshalText reads.
func (c Cadence) String() string {
	switch {
	case c.Never:
		return "never"
	case c.After == 0:
		return "run"
	}
	return formatDuration(c.After)
}
