package neighbour

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/emersion/go-message/mail"
)

// Message is a mail as it came.
type Message struct {
	From    string   // the envelope's sender
	To      []string // the envelope's recipients, in lower case
	Secure  bool     // it came over TLS
	User    string   // who had signed in
	Subject string
	Header  mail.Header
	Text    string // the text/plain part
	HTML    string // the text/html part
	Files   []File // pictures and attachments
	Raw     []byte

	read bool
}

// File is a part of a mail that is not its text.
type File struct {
	Name string // empty for a picture shown in the text
	Type string // "image/png"
	ID   string // how the text refers to it: cid:ID
	Body []byte
}

var link = regexp.MustCompile(`https?://[^\s"'<>]+`)

// Links returns the URLs in the text part and then those in the HTML part, each once.
func (m *Message) Links() []string {
	var all []string
	for _, found := range link.FindAllString(m.Text+"\n"+strings.ReplaceAll(m.HTML, "&amp;", "&"), -1) {
		found = strings.TrimRight(found, ".,;:!?)")
		if !slices.Contains(all, found) {
			all = append(all, found)
		}
	}
	return all
}

func readMessage(raw []byte) (*Message, error) {
	r, err := mail.CreateReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("not a mail: %w", err)
	}
	m := &Message{Raw: raw, Header: r.Header}
	if m.Subject, err = r.Header.Subject(); err != nil {
		return nil, fmt.Errorf("its subject: %w", err)
	}
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return nil, fmt.Errorf("its parts: %w", err)
		}
		if err := m.add(part); err != nil {
			return nil, fmt.Errorf("its parts: %w", err)
		}
	}
}

func (m *Message) add(part *mail.Part) error {
	body, err := io.ReadAll(part.Body)
	if err != nil {
		return err
	}
	switch h := part.Header.(type) {
	case *mail.AttachmentHeader:
		name, _ := h.Filename()
		kind, _, _ := h.ContentType()
		m.Files = append(m.Files, File{Name: name, Type: kind, Body: body})
	case *mail.InlineHeader:
		kind, _, _ := h.ContentType()
		switch {
		case kind == "text/plain" && m.Text == "":
			m.Text = string(body)
		case kind == "text/html" && m.HTML == "":
			m.HTML = string(body)
		default:
			id := strings.Trim(h.Get("Content-Id"), "<>")
			m.Files = append(m.Files, File{Type: kind, ID: id, Body: body})
		}
	}
	return nil
}
