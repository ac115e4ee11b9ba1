package web

import (
	"io/fs"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"frontline/people"
)

func walkTemplates(f func(name, text string)) error {
	return fs.WalkDir(templateFiles, "templates", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := templateFiles.ReadFile(name)
		f(name, string(text))
		return err
	})
}

func TestMoments(t *testing.T) {
	zone := time.FixedZone("EET", 2*60*60)
	now := time.Date(2026, 11, 24, 1, 24, 0, 0, time.UTC) // a Tuesday, 03:24 in Tallinn
	cases := []struct {
		before   time.Duration
		ago, abs string
	}{
		{0, "now", "03:24"},
		{4 * time.Second, "now", "03:23"},
		{9 * time.Second, "9 s", "03:23"},
		{43 * time.Minute, "43 min", "02:41"},
		{2 * time.Hour, "2 h", "01:24"},
		{2*time.Hour + 10*time.Minute, "2 h 10 min", "01:14"},
		{14*time.Hour + 40*time.Minute, "14 h", "Mon 12:44"},
		{4 * 24 * time.Hour, "4 d", "Fri 03:24"},
		{40 * 24 * time.Hour, "40 d", "15 Oct 03:24"},
		{400 * 24 * time.Hour, "400 d", "20 Oct 2025"},
		{-4*time.Minute - 30*time.Second, "in 4 min", "03:28"},
		{-50 * 24 * time.Hour, "in 50 d", "13 Jan 2027"},
	}
	for _, c := range cases {
		m := moment{T: now.Add(-c.before), now: now, zone: zone}
		if m.Ago() != c.ago || m.Abs() != c.abs {
			t.Errorf("%v before: %q %q, want %q %q", c.before, m.Ago(), m.Abs(), c.ago, c.abs)
		}
	}
	m := moment{T: now, now: now, zone: zone}
	if got := m.ISO() + " " + m.UTC() + " " + m.ClockZone() + " " + m.Day(); got != "2026-11-24T03:24:00+02:00 2026-11-24 01:24:00 UTC 03:24 EET Tue 24 Nov" {
		t.Errorf("the moment writes itself as %s", got)
	}
}

func TestNumbersAndDurations(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", -1204: "-1,204", 1234567: "1,234,567"} {
		if got := number(n); got != want {
			t.Errorf("number(%d) = %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0 ms", 850 * time.Millisecond: "850 ms", 108 * time.Second: "1 min 48 s", time.Hour: "1 h",
		76*time.Hour + 20*time.Minute: "3 d 4 h", -2 * time.Minute: "-2 min",
	} {
		if got := duration(d); got != want {
			t.Errorf("duration(%v) = %q, want %q", d, got, want)
		}
	}
	for _, c := range []struct{ n, all, want int }{{0, 0, 0}, {1, 3, 33}, {999, 1000, 99}, {5, 4, 100}, {-1, 4, 0}} {
		if got := percent(c.n, c.all); got != c.want {
			t.Errorf("percent(%d, %d) = %d, want %d", c.n, c.all, got, c.want)
		}
	}
	if got := plural(1, "alert", "alerts") + ", " + plural(1204, "alert", "alerts"); got != "1 alert, 1,204 alerts" {
		t.Errorf("plural says %s", got)
	}
}

// TestIconsExist: whatever a template, a wing or a state names is in the sprite, and the style screen shows the whole sprite.
func TestIconsExist(t *testing.T) {
	sprite, err := templateFiles.ReadFile("templates/frame/icons.html")
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, m := range regexp.MustCompile(`<symbol id="i-([a-z]+)"`).FindAllSubmatch(sprite, -1) {
		have = append(have, string(m[1]))
	}
	if !slices.Equal(have, icons()) {
		t.Errorf("the style screen shows %v, the sprite has %v", icons(), have)
	}
	used := regexp.MustCompile(`template "icon" "([a-z]+)"|\(state "[a-z]+" "[^"]*" "([a-z]+)"|\(note "[a-z]*" "([a-z]+)"`)
	err = walkTemplates(func(name, text string) {
		for _, m := range used.FindAllStringSubmatch(text, -1) {
			if icon := m[1] + m[2] + m[3]; !slices.Contains(have, icon) {
				t.Errorf("%s uses the icon %s, which is not in the sprite", name, icon)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wings() {
		if !slices.Contains(have, w.Icon) {
			t.Errorf("%s uses the icon %s, which is not in the sprite", w.Word, w.Icon)
		}
	}
}

// TestScreensAreLight: 60 KB before compression, with everything that is on it.
func TestScreensAreLight(t *testing.T) {
	d := newDesk(t)
	for _, path := range []string{"/sign-in", "/setup/first", "/me", "/me/password", "/me/tokens", "/debug/style", "/nowhere"} {
		if got := d.to(path, ask{as: people.Admin}).Body.Len(); got > 60<<10 {
			t.Errorf("%s weighs %d bytes", path, got)
		}
	}
}

func TestPartsSayTheirState(t *testing.T) {
	d := newDesk(t)
	got := d.to("/debug/style", ask{as: people.Member}).is(http.StatusOK)
	got.has(`[data-theme=light] .promise.broken .left`, "late").has(`[data-theme=dark] .promise.soon .left`, "11 min left").
		has(`[data-theme=light] .said .public header`, "Public: customers read this").
		has(`[data-theme=light] .said .internal header`, "Internal").
		has(`[data-theme=light] .steps [aria-current=step]`, "Fixing").
		has(`[data-theme=light] .pager a[rel=next]`, "Older")
	for _, n := range got.all(".state, .note") {
		if textOf(n) == "" {
			t.Error("a state has no word: colour and shape alone")
		}
	}
	for _, n := range got.all("time") {
		for _, want := range []string{"datetime", "title"} {
			if !slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == want && a.Val != "" }) {
				t.Errorf("a time lacks %s: %s", want, textOf(n))
			}
		}
	}
}

func TestHeadingsAndLandmarks(t *testing.T) {
	d := newDesk(t)
	for _, path := range []string{"/sign-in", "/me", "/me/password", "/me/tokens", "/debug/style", "/nowhere"} {
		for _, as := range []people.Role{"", people.Lead} {
			got := d.to(path, ask{as: as})
			if got.Code == http.StatusSeeOther {
				continue
			}
			got.has("h1", "").has("main", "").has(".skip", "Skip to content")
			if title := textOf(got.all("title")[0]); !strings.HasSuffix(title, "– Frontline") || strings.HasPrefix(title, "–") {
				t.Errorf("%s has the title %q", path, title)
			}
		}
	}
}
