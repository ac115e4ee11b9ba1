package oncall

import (
	"net/url"

	"frontline/plain"
)

// MaxButtons is how many buttons a message keeps: what a phone shows, and ntfy takes.
const MaxButtons = 3

// Tidy returns the message as a channel can send it, whatever a monitoring system wrote into it: title and page on one line, no control
// characters anywhere, links and buttons only to http and https, at most MaxButtons of them.
func (m Message) Tidy() Message {
	m.Title = plain.Line(m.Title)
	m.Page = plain.Line(m.Page)
	m.Body = plain.Prose(m.Body)
	if !web(m.Link) {
		m.Link = ""
	}
	var buttons []Button
	for _, b := range m.Buttons {
		b.Label = plain.Line(b.Label)
		if b.Label != "" && web(b.URL) && len(buttons) < MaxButtons {
			buttons = append(buttons, b)
		}
	}
	m.Buttons = buttons
	return m
}

// Began says when it began, for people and in the zone that At is in: "Since 2026-11-23 02:14 EET". It is empty when nobody knows.
func (m Message) Began() string {
	if m.At.IsZero() {
		return ""
	}
	return m.At.Format("Since 2006-01-02 15:04 MST")
}

func web(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}
