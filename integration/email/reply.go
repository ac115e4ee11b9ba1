package email

import (
	"context"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"frontline/desk"
	"frontline/plain"
)

// Replies takes the desk's replies to whoever asked, in the thread that they know.
type Replies struct {
	*Channel
	To string // where an answer to a reply goes: the desk's own address
}

var _ desk.Channel = Replies{}

// Name implements desk.Channel.
func (r Replies) Name() string { return "mail" }

// Send implements desk.Channel. The Message-ID comes from the send, so that every try of it is the same mail to programs that look, and
// an answer to it is recognised: SentID reads it.
func (r Replies) Send(ctx context.Context, l desk.Letter) (string, error) {
	receipt, err := r.Deliver(ctx, Mail{To: l.To.Address, Subject: subjectOf(l.Request), Text: textOf(l), ID: l.Send, dress: func(m *gomail.Msg) error { return r.dress(m, l) }})
	return receipt.Detail, err
}

func subjectOf(r desk.Request) string {
	if numbered.MatchString(r.Title) {
		return r.Title
	}
	return "Re: " + plain.Clip(r.Title, 200) + " [" + r.Name() + "]"
}

func textOf(l desk.Letter) string {
	var b strings.Builder
	b.WriteString(l.Text + "\n\n")
	if l.Author != "" {
		b.WriteString(l.Author + "\n")
	}
	if l.To.Person != "" { // others cannot open it
		b.WriteString("\nAll of it: " + l.Link + "\n")
	}
	return b.String()
}

// dress puts on what a reply has besides: where its answer goes, what it answers, its files.
func (r Replies) dress(m *gomail.Msg, l desk.Letter) error {
	if r.To != "" {
		if err := m.ReplyTo(r.To); err != nil {
			return err
		}
	}
	if l.Rule {
		m.SetGenHeader("Auto-Submitted", "auto-replied") // RFC 3834: programs do not answer it
	}
	if n := len(l.Thread); n > 0 {
		refs := make([]string, n)
		for i, id := range l.Thread {
			refs[i] = "<" + id + ">"
		}
		m.SetGenHeader(gomail.HeaderInReplyTo, refs[n-1])
		m.SetGenHeader(gomail.HeaderReferences, strings.Join(lastOf(refs, 20), " "))
	}
	for _, f := range l.Files {
		if err := m.AttachReader(f.Name, strings.NewReader(string(f.Body)), gomail.WithFileContentType(gomail.ContentType(f.Type))); err != nil {
			return err
		}
	}
	return nil
}

// SentID is the send whose reply has the Message-ID; empty when it is none of ours.
func (c *Channel) SentID(messageID string) string {
	local, domain, _ := strings.Cut(strings.Trim(messageID, "<>"), "@")
	_, ours, _ := strings.Cut(c.from.Address, "@")
	id, ok := strings.CutPrefix(local, "mail.")
	if !ok || !strings.EqualFold(domain, ours) {
		return ""
	}
	return id
}
