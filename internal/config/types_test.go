package config

import (
	"testing"
	"time"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{
		"0": 0, "1024": 1024, "128MB": 128e6, "128 mb": 128e6, "1GiB": 1 << 30, "1.5GiB": 3 << 29, "2KiB": 2048, "1TB": 1e12, "7B": 7, "0.5KB": 500,
	} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%q: got %d, %v; want %d", text, s, err, want)
		}
	}
	for _, text := range []string{"", "MB", "-1MB", "1e3", "1,5GB", "1 0", "1XB", "0x10", "9999999999GB"} {
		if err := new(Size).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
	for want, s := range map[string]Size{"0B": 0, "128MB": 128e6, "1GiB": 1 << 30, "1GB": 1e9, "1536MiB": 3 << 29, "1001B": 1001} {
		if s.String() != want {
			t.Errorf("%d: got %s, want %s", s, s, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "15m": 15 * time.Minute, "24h": 24 * time.Hour, "7d": 168 * time.Hour, "1d12h": 36 * time.Hour, "0.5d": 12 * time.Hour, "0s": 0, "1h30m": 90 * time.Minute,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%q: got %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "5", "d", "-1h", "1d-1h", "1w", "1h 30m", "9999999d", "100000d999999h"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
	for want, d := range map[string]time.Duration{"0s": 0, "15m": 15 * time.Minute, "24h": 24 * time.Hour, "1h30m": 90 * time.Minute, "1m1s": 61 * time.Second, "10h0m1s": 10*time.Hour + time.Second} {
		if got := formatDuration(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}

func TestDate(t *testing.T) {
	var d Date
	if err := d.UnmarshalText([]byte("2024-02-29")); err != nil || d != (Date{2024, time.February, 29}) || d.String() != "2024-02-29" || d.IsZero() {
		t.Errorf("got %v, %v", d, err)
	}
	if zero := (Date{}); !zero.IsZero() || zero.String() != "" {
		t.Errorf("zero: %q", zero)
	}
}

func TestPercent(t *testing.T) {
	for text, want := range map[string]float64{"10%": 0.1, "2.5 %": 0.025, "0%": 0, "100%": 1} {
		var p Percent
		if err := p.UnmarshalText([]byte(text)); err != nil || p.Share() != want {
			t.Errorf("%q: got %v, %v; want %v", text, p.Share(), err, want)
		}
	}
	for _, text := range []string{"10", "%", "ten%", "NaN%", "Inf%"} {
		if err := new(Percent).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
	if got := Percent(7).String(); got != "7%" {
		t.Errorf("got %s", got)
	}
}

func FuzzSize(f *testing.F) {
	for _, text := range []string{"128MB", "1.5 GiB", "7"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s, back Size
		if s.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := back.UnmarshalText([]byte(s.String())); err != nil || s < 0 || s < 1<<53 && back != s {
			t.Errorf("%q: %d, written %s, read back %d, %v", text, s, s, back, err)
		}
	})
}

func FuzzDuration(f *testing.F) {
	for _, text := range []string{"7d", "1d12h", "90s", "1h0.5s"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parseDuration(text)
		if err != nil {
			return
		}
		if back, err := parseDuration(formatDuration(d)); err != nil || d < 0 || back != d {
			t.Errorf("%q: %v, written %s, read back %v, %v", text, d, formatDuration(d), back, err)
		}
	})
}

func TestCadence(t *testing.T) {
	for text, want := range map[string]Cadence{
		"run": {}, "Never": {Never: true}, "6h": {After: 6 * time.Hour}, "1d12h": {After: 36 * time.Hour},
	} {
		var c Cadence
		if err := c.UnmarshalText([]byte(text)); err != nil || c != want {
			t.Errorf("%s: %+v, %v", text, c, err)
		}
		var again Cadence
		if err := again.UnmarshalText([]byte(c.String())); err != nil || again != c {
			t.Errorf("%s writes itself as %s", text, c)
		}
	}
	for _, text := range []string{"", "always", "0s", "-1h", "6"} {
		if err := new(Cadence).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
