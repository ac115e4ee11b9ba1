package company

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-message/mail"
	"github.com/emersion/go-smtp"

	"frontline/secret"
)

// Mail is a mail as it came.
type Mail struct {
	ID      string
	At      time.Time
	From    string
	To      []string
	Subject string
	Text    string
	HTML    string
}

const mostMails = 200

// mailbox is Verity's mail server (RFC 5321): whatever it is sent, it keeps and shows.
type mailbox struct {
	log      *record
	server   *smtp.Server
	listener net.Listener
	served   sync.WaitGroup
}

func newMailbox(log *record) *mailbox {
	m := &mailbox{log: log}
	m.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &delivery{mailbox: m}, nil }))
	m.server.Domain, m.server.EnableSMTPUTF8, m.server.MaxMessageBytes, m.server.MaxRecipients = "localhost", true, 4<<20, 100
	m.server.ReadTimeout, m.server.WriteTimeout = time.Minute, time.Minute
	m.server.ErrorLog = silent{}
	return m
}

// silent keeps the library from writing to the terminal: a connection that breaks is the sender's to tell.
type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

func (m *mailbox) listen(ctx context.Context) error {
	var cfg net.ListenConfig
	var err error
	if m.listener, err = cfg.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return fmt.Errorf("the mail server cannot be opened: %w", err)
	}
	m.served.Go(func() { _ = m.server.Serve(m.listener) }) // it says that it was closed
	return nil
}

func (m *mailbox) address() string { return m.listener.Addr().String() }

func (m *mailbox) close() error {
	if m.listener == nil {
		return nil
	}
	err := errors.Join(m.server.Close(), m.listener.Close())
	m.served.Wait()
	if errors.Is(err, net.ErrClosed) || errors.Is(err, smtp.ErrServerClosed) {
		return nil
	}
	return err
}

func (m *mailbox) keep(got Mail) {
	m.log.change(func(now time.Time, o *Observed) {
		got.At = now
		o.Mails = append([]Mail{got}, o.Mails...)
		o.Mails = o.Mails[:min(len(o.Mails), mostMails)]
	})
}

// delivery is one connection of a sender.
type delivery struct {
	mailbox *mailbox
	from    string
	to      []string
}

var _ smtp.Session = (*delivery)(nil)

// Mail implements smtp.Session.
func (d *delivery) Mail(from string, _ *smtp.MailOptions) error {
	d.from = from
	return nil
}

// Rcpt implements smtp.Session.
func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	d.to = append(d.to, strings.ToLower(to))
	return nil
}

// Data implements smtp.Session.
func (d *delivery) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	got, err := readMail(raw)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: err.Error()}
	}
	got.From, got.To = d.from, slices.Clone(d.to)
	d.mailbox.keep(got)
	return nil
}

// Reset implements smtp.Session.
func (d *delivery) Reset() { d.from, d.to = "", nil }

// Logout implements smtp.Session.
func (d *delivery) Logout() error { return nil }

// readMail takes the subject and the two forms of the text out of a mail.
func readMail(raw []byte) (Mail, error) {
	r, err := mail.CreateReader(bytes.NewReader(raw))
	if err != nil {
		return Mail{}, fmt.Errorf("not a mail: %w", err)
	}
	m := Mail{ID: secret.Random(10)}
	if m.Subject, err = r.Header.Subject(); err != nil {
		return Mail{}, fmt.Errorf("the subject cannot be read: %w", err)
	}
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return Mail{}, fmt.Errorf("a part cannot be read: %w", err)
		}
		h, ok := part.Header.(*mail.InlineHeader)
		if !ok {
			continue // an attachment
		}
		body, err := io.ReadAll(part.Body)
		if err != nil {
			return Mail{}, fmt.Errorf("a part cannot be read: %w", err)
		}
		switch kind, _, _ := h.ContentType(); {
		case kind == "text/plain" && m.Text == "":
			m.Text = string(body)
		case kind == "text/html" && m.HTML == "":
			m.HTML = string(body)
		}
	}
}
