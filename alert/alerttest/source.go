// Package alerttest is the conformance suite of alert sources: what every door for signals does, whoever knocks.
//
// A door commits before it answers 2xx, refuses only what says nothing, asks the sender to come again when the database cannot commit, and
// keeps the source's token to itself.
package alerttest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"frontline/alert"
	"frontline/secret"
)

// Accept is what a door calls to commit a batch: door.Accept.
type Accept = func(ctx context.Context, token secret.Text, b alert.Batch) error

// Source is an integration under test.
type Source struct {
	Parse   func(body []byte) (alert.Batch, error)
	Handler func(Accept, *slog.Logger) http.Handler
	Path    string                                        // the pattern the handler is mounted at
	Token   string                                        // a well-formed token of a configured source
	Request func(token string, body []byte) *http.Request // as the sender would post the body
	Body    func(token string) []byte                     // a good body that names no token but this one
	Folder  string                                        // genuine payloads: NAME.json, and what they mean in NAME.want
	Refused map[string]string                             // bodies that say nothing, and a word of the reason
	Limit   int                                           // bytes of body that are still taken
	Taken   int                                           // the status of a committed batch
	Unknown int                                           // the status for a token that no source has
}

// Run checks the source.
func Run(t *testing.T, s Source) {
	t.Run("genuine payloads", s.genuine)
	t.Run("unknown fields", s.unknownFields)
	t.Run("refused bodies", s.refused)
	t.Run("committed before the answer", s.committed)
	t.Run("answers", s.answers)
	t.Run("methods", s.methods)
	t.Run("size", s.size)
	t.Run("broken connection", s.broken)
	t.Run("deadline", s.deadline)
	t.Run("at once", s.atOnce)
}

// Check says what is wrong with a batch that a parser returned: whatever the body was, what comes out can be stored and shown.
func Check(b alert.Batch) error {
	if len(b.Signals) == 0 {
		return fmt.Errorf("a batch without signals is not a batch: return a fault of kind Invalid")
	}
	if len(b.Raw) == 0 {
		return fmt.Errorf("the raw body is missing")
	}
	if b.Partial != (b.Left > 0) || b.Left < 0 {
		return fmt.Errorf("partial is %t with %d left out", b.Partial, b.Left)
	}
	for i, s := range b.Signals {
		if err := checkSignal(s); err != nil {
			return fmt.Errorf("signal %d: %w", i, err)
		}
	}
	return nil
}

func checkSignal(s alert.Signal) error {
	switch s.Status {
	case alert.Firing:
		if s.Title == "" {
			return fmt.Errorf("firing without a title")
		}
		if !s.EndedAt.IsZero() {
			return fmt.Errorf("firing and ended")
		}
		switch s.Severity {
		case alert.Critical, alert.Error, alert.Warning, alert.Info:
		default:
			return fmt.Errorf("firing with severity %q", s.Severity)
		}
	case alert.Acknowledged, alert.Resolved:
	default:
		return fmt.Errorf("status %q", s.Status)
	}
	if s.Key == "" || len(s.Key) > alert.MaxKey || len(s.Group) > alert.MaxKey {
		return fmt.Errorf("key of %d bytes, group of %d", len(s.Key), len(s.Group))
	}
	if utf8.RuneCountInString(s.Title) > alert.MaxTitle || len(s.Text) > alert.MaxText {
		return fmt.Errorf("title of %d characters, text of %d bytes", utf8.RuneCountInString(s.Title), len(s.Text))
	}
	for _, l := range s.Links {
		if !strings.HasPrefix(l.URL, "http://") && !strings.HasPrefix(l.URL, "https://") {
			return fmt.Errorf("link to %q", l.URL)
		}
	}
	lines := []string{s.Key, s.Group, s.Title, s.Host}
	for name, value := range s.Labels {
		lines = append(lines, name, value)
	}
	for _, v := range lines {
		if !utf8.ValidString(v) || strings.ContainsFunc(v, unicode.IsControl) {
			return fmt.Errorf("%q is not one clean line", v)
		}
	}
	if !utf8.ValidString(s.Text) || strings.ContainsRune(s.Text, 0) {
		return fmt.Errorf("the text %q cannot be stored", s.Text)
	}
	return nil
}

// Seed gives a fuzz target the genuine payloads of a folder.
func Seed(f *testing.F, folder string) {
	f.Helper()
	for _, name := range payloads(f, folder) {
		body, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
}

// payloads lists the folder's genuine payloads; there must be some.
func payloads(t testing.TB, folder string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no genuine payload in %s: %v", folder, err)
	}
	return names
}

// Describe writes a batch so that a person can judge it. It is the form of the .want files.
func Describe(b alert.Batch) string {
	var out strings.Builder
	for _, s := range b.Signals {
		fmt.Fprintf(&out, "%s %s %s\n", s.Status, orNone(string(s.Severity)), orNone(s.Title))
		field(&out, "key", s.Key)
		field(&out, "group", s.Group)
		field(&out, "host", s.Host)
		if !s.StartedAt.IsZero() {
			field(&out, "from", s.StartedAt.Format("2006-01-02T15:04:05.999999Z07:00"))
		}
		if !s.EndedAt.IsZero() {
			field(&out, "to", s.EndedAt.Format("2006-01-02T15:04:05.999999Z07:00"))
		}
		for _, name := range sortedKeys(s.Labels) {
			field(&out, "label", name+"="+s.Labels[name])
		}
		for _, l := range s.Links {
			field(&out, "link", l.Title+" <"+l.URL+">")
		}
		if s.Text != "" {
			for l := range strings.SplitSeq(s.Text, "\n") {
				field(&out, "text", l)
			}
		}
	}
	if b.Partial {
		fmt.Fprintf(&out, "partial: %d left out\n", b.Left)
	}
	return out.String()
}

func field(out *strings.Builder, name, value string) {
	if value != "" {
		fmt.Fprintf(out, "  %-5s %s\n", name, value)
	}
}

func orNone(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
