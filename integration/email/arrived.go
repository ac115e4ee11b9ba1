package email

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // mails in old character sets
	"github.com/emersion/go-message/mail"

	"frontline/desk"
	"frontline/plain"
)

// Arrived is a mail as it came in, understood.
type Arrived struct {
	ID        string // its Message-ID without brackets; made of its content when it has none
	From      string // the author's address, lower case; nobody has proved that it is theirs
	Name      string // as the author writes it
	Subject   string
	Text      string // the text part, or what the HTML part says
	Answers   []string
	Automatic bool // from a program, such as a note that somebody is away; a bounce is not, for it says that our words did not arrive
	Files     []desk.File
	Left      []string // what was left out, a sentence each
}

// MostBytes is the largest mail that is taken.
const MostBytes = 30 << 20

// Read understands a mail (RFC 5322, RFC 2045). It loses nothing: what it cannot understand becomes a file of the message.
func Read(raw []byte) Arrived {
	sum := sha256.Sum256(raw)
	a := Arrived{ID: "sha256." + hex.EncodeToString(sum[:])}
	entity, err := message.ReadWithOptions(bytes.NewReader(raw), &message.ReadOptions{MaxHeaderBytes: 1 << 20})
	if entity == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		a.Subject, a.Text = "A mail that cannot be read", "This mail is not written as mails are. It is attached as it came."
		a.attach("mail.eml", raw)
		return a
	}
	a.head(mail.Header{Header: entity.Header})
	var page string // the HTML part, for mails without a text part
	if err := entity.Walk(func(_ []int, part *message.Entity, err error) error { return a.part(part, err, &page) }); err != nil && !errors.Is(err, errTooMany) {
		a.Left = append(a.Left, "A part of this mail cannot be read; the whole of it is attached.")
		a.attach("mail.eml", raw)
	}
	if plain.Blank(a.Text) {
		a.Text = readable(page)
	}
	if plain.Blank(a.Text) {
		a.Text = "(This mail has no text.)"
	}
	for _, left := range a.Left {
		a.Text += "\n\n[" + left + "]"
	}
	return a
}

// head reads who wrote it, and to what it belongs.
func (a *Arrived) head(h mail.Header) {
	if id, err := h.MessageID(); err == nil && id != "" {
		a.ID = id
	}
	if from, err := h.AddressList("From"); err == nil && len(from) > 0 {
		a.From, a.Name = strings.ToLower(from[0].Address), plain.Line(from[0].Name)
	}
	subject, err := h.Subject()
	if err != nil {
		subject = h.Get("Subject")
	}
	a.Subject = plain.Clip(plain.Line(subject), 300)
	if plain.Blank(a.Subject) {
		a.Subject = "(no subject)"
	}
	for _, field := range []string{"References", "In-Reply-To"} {
		ids, _ := h.MsgIDList(field) // a broken list answers nothing
		a.Answers = append(a.Answers, ids...)
	}
	a.Answers = lastOf(a.Answers, 50)
	a.Automatic = automatic(h)
}

func lastOf(all []string, n int) []string { return all[max(0, len(all)-n):] }

// automatic says whether a program wrote the mail (RFC 3834, RFC 3464, and what is in use besides).
func automatic(h mail.Header) bool {
	submitted, _, _ := strings.Cut(strings.ToLower(h.Get("Auto-Submitted")), ";")
	kind, params, _ := mime.ParseMediaType(h.Get("Content-Type"))
	precedence := strings.ToLower(h.Get("Precedence"))
	if kind == "multipart/report" && params["report-type"] == "delivery-status" {
		return false
	}
	return submitted != "" && strings.TrimSpace(submitted) != "no" || precedence == "auto_reply" || precedence == "bulk" || precedence == "junk" ||
		h.Get("X-Autoreply") != "" || h.Get("X-Autorespond") != ""
}

var errTooMany = errors.New("enough")

// part takes in one part of the mail: text is joined, everything else is a file.
func (a *Arrived) part(e *message.Entity, err error, page *string) error {
	if err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		return err
	}
	kind, params, err := e.Header.ContentType()
	if err != nil {
		kind = "application/octet-stream"
	}
	if strings.HasPrefix(kind, "multipart/") {
		return nil
	}
	disposition, named, _ := e.Header.ContentDisposition()
	body, err := io.ReadAll(io.LimitReader(e.Body, MostBytes))
	if err != nil {
		return err
	}
	name := named["filename"]
	if name == "" {
		name = params["name"]
	}
	switch {
	case disposition != "attachment" && name == "" && kind == "text/plain":
		a.Text = strings.TrimSpace(a.Text + "\n\n" + plain.Prose(string(body)))
	case disposition != "attachment" && name == "" && kind == "text/html":
		*page += string(body)
	default:
		if name == "" {
			name = unnamed(kind)
		}
		return a.keep(name, body)
	}
	return nil
}

// unnamed is how a part without a name is called.
func unnamed(kind string) string {
	if kind == "message/rfc822" {
		return "mail.eml"
	}
	if ends, err := mime.ExtensionsByType(kind); err == nil && len(ends) > 0 {
		slices.Sort(ends)
		return "part" + ends[0]
	}
	return "part"
}

// keep takes a file, or says why it was left out.
func (a *Arrived) keep(name string, body []byte) error {
	switch {
	case len(a.Files) >= desk.MostFiles-1: // one place is for the mail as it came
		a.Left = append(a.Left, "More files came than are kept; ask for the rest.")
		return errTooMany
	case len(body) > desk.LargestFile:
		a.Left = append(a.Left, fmt.Sprintf("%s was left out: it has %d MB.", plain.Clip(plain.Line(name), 100), len(body)>>20))
		return nil
	}
	a.attach(name, body)
	return nil
}

func (a *Arrived) attach(name string, body []byte) {
	if len(body) <= desk.LargestFile {
		a.Files = append(a.Files, desk.File{Name: name, Body: body})
	}
}

var numbered = regexp.MustCompile(`(?i)\[R-([1-9][0-9]{0,17})\]`)

// Number is the request that the subject names: "Re: No webhooks [R-1042]"; 0 when it names none.
func (a Arrived) Number() int64 {
	m := numbered.FindStringSubmatch(a.Subject)
	if m == nil {
		return 0
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return 0
	}
	return n
}
