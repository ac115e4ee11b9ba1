package email

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"html/template"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"frontline/fault"
	"frontline/oncall"
	"frontline/plain"
)

const (
	maxSubject = 200       // characters: what a list of mails shows, and more
	maxBody    = 256 << 10 // bytes
)

// letterhead makes mails of pages, as text and as HTML that tell the same.
type letterhead struct{ html *template.Template }

// link is something to open. Nothing happens by opening it: an acknowledgement is the press of a button on the screen that opens, since
// mail scanners open links too.
type link struct{ Label, URL string }

// content is what both forms tell.
type content struct {
	Title, Body, Began, Page string
	Links                    []link
}

const footer = "Opening a link changes nothing: you acknowledge on the screen that opens."

func newLetterhead() (letterhead, error) {
	t, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return letterhead{}, fault.Wrap(err, fault.Internal, "The form of the mails is broken. Tell your administrator.")
	}
	return letterhead{html: t}, nil
}

// letter is the mail of a tidy message.
func (h letterhead) letter(m oncall.Message) (Mail, error) {
	c := content{Title: m.Title, Body: plain.Cut(m.Body, maxBody), Began: m.Began(), Page: m.Page, Links: links(m)}
	var html bytes.Buffer
	if err := h.html.Execute(&html, c); err != nil {
		return Mail{}, fault.Wrap(err, fault.Internal, "The mail cannot be written. Tell your administrator.")
	}
	return Mail{
		Subject: subject(m),
		Text:    c.text(),
		HTML:    html.String(),
		ID:      m.Attempt,
		Thread:  m.Page,
		Urgent:  m.Urgency == oncall.High,
	}, nil
}

// subject begins with what the mail belongs to and how loud it is, so that a person can sort and filter: "[P-12 high] The queue stopped".
func subject(m oncall.Message) string {
	tag := strings.TrimSpace(m.Page + " " + string(m.Urgency))
	if m.Page == "" {
		return m.Title
	}
	return "[" + tag + "] " + m.Title
}

// links are the message's buttons and its own link. A button that would act at once leads to the message's link instead, which shows the
// screen with that button.
func links(m oncall.Message) []link {
	var out []link
	seen := map[string]bool{}
	add := func(label, url string) {
		if url != "" && !seen[url] {
			seen[url] = true
			out = append(out, link{label, url})
		}
	}
	for _, b := range m.Buttons {
		if b.Post {
			b.URL = m.Link
		}
		add(plain.Clip(b.Label, 60), b.URL)
	}
	add("Open", m.Link)
	return out
}

func (c content) text() string {
	parts := []string{c.Title}
	for _, p := range []string{c.Body, c.Began} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	var lines []string
	for _, l := range c.Links {
		lines = append(lines, l.Label+": "+l.URL)
	}
	if len(lines) > 0 {
		parts = append(parts, strings.Join(lines, "\n"), footer)
	}
	return strings.Join(parts, "\n\n") + "\n"
}

// pageHTML is small on purpose: mail programs understand little, and people read it at night.
const pageHTML = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>{{.Title}}</title></head>
<body style="margin:0;padding:24px;font:16px/1.5 system-ui,sans-serif">
<h1 style="margin:0 0 12px;font-size:20px;line-height:1.3">{{.Title}}</h1>
{{with .Body}}<p style="margin:0 0 12px;white-space:pre-wrap">{{.}}</p>
{{end}}{{with .Began}}<p style="margin:0 0 12px">{{.}}</p>
{{end}}{{range .Links}}<p style="margin:0 0 12px"><a href="{{.URL}}" style="display:inline-block;padding:12px 20px;border:2px solid;border-radius:8px;font-weight:600">{{.Label}}</a></p>
{{end}}{{if .Links}}<p style="margin:0;font-size:14px">` + footer + `</p>
{{end}}</body></html>
`

// compose writes the mail with the headers that make it behave: its own identity, its thread, and the words that keep out-of-office
// answers away (RFC 3834, and Microsoft's own).
func (c *Channel) compose(m Mail) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(c.from)
	if err := msg.To(m.To); err != nil {
		return nil, err
	}
	msg.Subject(plain.Clip(plain.Line(m.Subject), maxSubject))
	msg.SetDateWithValue(c.clock.Now())
	msg.SetMessageIDWithValue(c.id("mail", m.identity()))
	if m.Thread != "" {
		root := "<" + c.id("thread", m.Thread) + ">"
		msg.SetGenHeader(gomail.HeaderInReplyTo, root)
		msg.SetGenHeader(gomail.HeaderReferences, root)
	}
	if m.dress != nil {
		if err := m.dress(msg); err != nil {
			return nil, err
		}
	} else {
		msg.SetGenHeader("Auto-Submitted", "auto-generated")
	}
	msg.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All")
	if m.Urgent {
		msg.SetImportance(gomail.ImportanceHigh)
	}
	msg.SetBodyString(gomail.TypeTextPlain, plain.Cut(m.Text, maxBody))
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return msg, nil
}

// identity is what the Message-ID is made of.
func (m Mail) identity() string {
	if m.ID != "" {
		return m.ID
	}
	return hash(strings.Join([]string{m.To, m.Subject, m.Text, m.Thread}, "\x00"))
}

// id is a Message-ID in the sender's domain, made of what identifies the mail or its thread.
func (c *Channel) id(kind, of string) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	if len(of) > 64 || strings.Trim(of, letters) != "" {
		of = hash(of)
	}
	_, domain, _ := strings.Cut(c.from.Address, "@")
	return kind + "." + of + "@" + domain
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}
