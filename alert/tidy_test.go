package alert

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestTidy(t *testing.T) {
	long := strings.Repeat("ä", 400)
	got := Batch{Signals: []Signal{{
		Key:    " fp\x001 ",
		Group:  long,
		Status: Firing,
		Title:  "Queue\r\n  stopped\x00 \xff",
		Text:   "first\r\nsecond\ttab\x07\n",
		Labels: map[string]string{"service": "decision-\npipeline", "\x00": "nameless"},
		Links: []Link{
			{Title: "Runbook", URL: " https://wiki.verity.example/a b "},
			{URL: "http://prometheus.verity.example/graph"},
			{Title: "Click me", URL: "javascript:alert(1)"},
			{Title: "Relative", URL: "/graph"},
			{Title: "Local", URL: "file:///etc/passwd"},
			{Title: "No host", URL: "https://"},
		},
		StartedAt: time.Date(2026, 11, 23, 4, 14, 7, 311_222_333, time.FixedZone("EET", 7200)),
		Host:      "worker\n3",
	}}}.Tidy().Signals[0]

	want := Signal{
		Key:    "fp 1",
		Group:  got.Group, // looked at below
		Status: Firing,
		Title:  "Queue stopped �",
		Text:   "first\nsecond\ttab",
		Labels: map[string]string{"service": "decision- pipeline"},
		Links: []Link{
			{Title: "Runbook", URL: "https://wiki.verity.example/a%20b"},
			{Title: "prometheus.verity.example", URL: "http://prometheus.verity.example/graph"},
		},
		StartedAt: time.Date(2026, 11, 23, 2, 14, 7, 311_222_000, time.UTC),
		Host:      "worker 3",
	}
	if len(got.Group) != len("sha256:")+64 || !strings.HasPrefix(got.Group, "sha256:") {
		t.Errorf("a long group became %q", got.Group)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("tidied signal (-want +got):\n%s", d)
	}
}

func TestTidyKeepsLimitsAndIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bytes := rapid.SliceOfN(rapid.Byte(), 0, 3*MaxText/2)
		s := Signal{
			Key:    string(bytes.Draw(t, "key")),
			Title:  string(bytes.Draw(t, "title")),
			Text:   strings.Repeat(rapid.String().Draw(t, "text"), rapid.IntRange(1, 5000).Draw(t, "times")),
			Labels: map[string]string{"service": rapid.String().Draw(t, "label")},
		}
		once := Batch{Signals: []Signal{s}}.Tidy()
		if d := cmp.Diff(once, once.Tidy()); d != "" {
			t.Fatalf("tidying twice changes (-once +twice):\n%s", d)
		}
		got := once.Signals[0]
		for name, v := range map[string]string{"key": got.Key, "title": got.Title, "text": got.Text, "label": got.Labels["service"]} {
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
				t.Errorf("%s cannot be stored: %q", name, v)
			}
		}
		if len(got.Key) > MaxKey || utf8.RuneCountInString(got.Title) > MaxTitle || len(got.Text) > MaxText || strings.Contains(got.Title, "\n") {
			t.Errorf("beyond the limits: key %d, title %d, text %d", len(got.Key), utf8.RuneCountInString(got.Title), len(got.Text))
		}
	})
}

func TestLongKeysStayApart(t *testing.T) {
	a, b := strings.Repeat("x", MaxKey+1)+"a", strings.Repeat("x", MaxKey+1)+"b"
	tidied := Batch{Signals: []Signal{{Key: a}, {Key: b}, {Key: a}}}.Tidy().Signals
	if tidied[0].Key == tidied[1].Key || tidied[0].Key != tidied[2].Key {
		t.Errorf("long keys lost their identity: %q, %q, %q", tidied[0].Key, tidied[1].Key, tidied[2].Key)
	}
}

func TestSeverityOf(t *testing.T) {
	for word, want := range map[string]Severity{
		"critical": Critical, "Page": Critical, " P1 ": Critical,
		"error": Error, "high": Error, "major": Error, "": Error, "urgent": Error, "sev2": Error,
		"warning": Warning, "WARN": Warning,
		"info": Info, "none": Info, "low": Info,
	} {
		if got := SeverityOf(word); got != want {
			t.Errorf("SeverityOf(%q) = %s, want %s", word, got, want)
		}
	}
}
