package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"time"

	"frontline/plain"
)

// What is kept of a signal. The raw body holds the rest for 7 days.
const (
	MaxTitle = 1024     // characters of a title, a label's value or a link's title; PagerDuty's limit of a summary
	MaxText  = 16 << 10 // bytes of a text
	MaxKey   = 255      // bytes of a key or a group; PagerDuty's limit of a dedup_key, and both are indexed
)

// Tidy returns the batch as it can be stored and shown, whatever the sender wrote: valid UTF-8 without control characters (PostgreSQL
// refuses NUL), titles on one line, nothing beyond the limits, links that are http or https, times in UTC and microseconds.
// A key or group that is too long is replaced by its SHA-256, so that it stays the same identity. Tidying twice changes nothing.
func (b Batch) Tidy() Batch {
	signals := make([]Signal, len(b.Signals))
	for i, s := range b.Signals {
		signals[i] = s.tidy()
	}
	b.Signals = signals
	return b
}

func (s Signal) tidy() Signal {
	s.Key = identity(s.Key)
	s.Group = identity(s.Group)
	s.Title = line(s.Title)
	s.Text = plain.Cut(plain.Prose(s.Text), MaxText)
	s.Host = line(s.Host)
	s.Labels = tidyLabels(s.Labels)
	s.Links = tidyLinks(s.Links)
	s.StartedAt = micro(s.StartedAt)
	s.EndedAt = micro(s.EndedAt)
	return s
}

func tidyLabels(labels map[string]string) map[string]string {
	out := make(map[string]string, len(labels))
	for name, value := range labels {
		if name = identity(name); name != "" {
			out[name] = line(value)
		}
	}
	return out
}

func tidyLinks(links []Link) []Link {
	var out []Link
	for _, l := range links {
		l.URL = strings.TrimSpace(l.URL)
		u, err := url.Parse(l.URL)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			continue // javascript:, data: and the like never become something a person clicks
		}
		if l.Title = line(l.Title); l.Title == "" {
			l.Title = u.Host
		}
		out = append(out, Link{Title: l.Title, URL: u.String()})
	}
	return out
}

// identity keeps short keys readable and makes long ones short.
func identity(s string) string {
	s = plain.Line(s)
	if len(s) <= MaxKey {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// line is s on one line, at most MaxTitle characters.
func line(s string) string { return plain.Clip(plain.Line(s), MaxTitle) }

func micro(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// SeverityOf reads the words for severity that monitoring systems and their users share. A missing or an unknown word is Error, as
// Alertmanager itself tells PagerDuty: waking once too often is better than a page that waits for the morning.
func SeverityOf(word string) Severity {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "critical", "crit", "page", "fatal", "emergency", "emerg", "disaster", "p1", "sev1":
		return Critical
	case "warning", "warn", "minor", "medium", "moderate", "p3", "sev3":
		return Warning
	case "info", "information", "informational", "notice", "none", "low", "debug", "ok", "p4", "p5", "sev4", "sev5":
		return Info
	}
	return Error
}
