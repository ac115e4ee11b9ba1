package email

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-message"
	"github.com/emersion/go-message/mail"

	"frontline/clock"
	"frontline/fault"
	"frontline/plain"
	"frontline/secret"
)

// MailboxSettings say where a mailbox is.
type MailboxSettings struct {
	Host     string
	Port     int
	TLS      TLS // StartTLS, Implicit or None
	User     string
	Password secret.Text
	Roots    *x509.CertPool // the system's when nil
	Folder   string         // that mail comes into: "INBOX" when empty
	Done     string         // the folder that taken mail is moved to: "Frontline" when empty
	Refused  string         // and the one for what can never be taken: "Frontline refused" when empty
}

// Mailbox takes mail for the desk out of a mailbox on an IMAP server (RFC 3501, RFC 9051). A mail stays in its folder until it is durable here, and is
// then moved to another one: nothing is deleted, and nothing is lost while either side is down. What is moved again after a crash is known by its
// Message-ID. The server tells of new mail at once where it can (IDLE, RFC 2177); otherwise it is asked every minute.
type Mailbox struct {
	Settings  MailboxSettings
	Addresses func(context.Context) ([]string, error) // which addresses are ours, lower case
	Take      Take
	Clock     clock.Clock
	Log       *slog.Logger

	mu   sync.Mutex
	look Look
}

// Look is how a mailbox was when it was last looked into.
type Look struct {
	At     time.Time // when all was last well; zero when it never was
	Taken  int       // mails since the start
	Failed error     // what is wrong now; nil when all is well
	Since  time.Time // when that began
}

// The times of a mailbox.
const (
	mailboxPoll  = time.Minute      // without news, and where the server does not tell of new mail
	mailboxPatch = 2 * time.Minute  // for everything that is one look, but for the waiting
	mailboxAgain = 10 * time.Second // after the first failure; doubles up to mailboxPoll times five
	mostAtOnce   = 50               // mails of one look, so that a full folder is taken piece by piece
)

func or(s, usual string) string {
	if s == "" {
		return usual
	}
	return s
}

// Name is how people call it: who@host.
func (m *Mailbox) Name() string { return m.Settings.User + " on " + m.Settings.Host }

// Last returns how the mailbox was when it was last looked into.
func (m *Mailbox) Last() Look {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.look
}

func (m *Mailbox) well(taken int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.look.Failed != nil {
		m.Log.Info("the mailbox of the desk is reached again", "mailbox", m.Name())
	}
	m.look = Look{At: m.Clock.Now(), Taken: m.look.Taken + taken}
}

func (m *Mailbox) failed(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.look.Failed == nil {
		m.look.Since = m.Clock.Now()
		m.Log.Warn("the mailbox of the desk cannot be read; its mail waits there", "mailbox", m.Name(), "err", err)
	}
	m.look.Failed = err
}

// Run takes mail until the context ends.
func (m *Mailbox) Run(ctx context.Context) {
	pause := mailboxAgain
	for ctx.Err() == nil {
		err := m.session(ctx, func() { pause = mailboxAgain })
		if ctx.Err() != nil {
			return
		}
		m.failed(err)
		tick, stop := m.Clock.After(pause)
		select {
		case <-tick:
		case <-ctx.Done():
			stop()
		}
		pause = min(2*pause, 5*mailboxPoll)
	}
}

// session keeps one connection until it breaks. well is called after each look that went well.
func (m *Mailbox) session(ctx context.Context, well func()) error {
	news := make(chan struct{}, 1)
	c, stop, err := m.open(ctx, news)
	if err != nil {
		return err
	}
	defer stop()
	for {
		taken, more, err := m.drain(ctx, c)
		if err != nil {
			return m.unread(err)
		}
		m.well(taken)
		well()
		if more {
			continue
		}
		if err := m.wait(ctx, c, news); err != nil {
			return m.unread(err)
		}
	}
}

// open connects, signs in, makes the folders and selects the one that mail comes into. stop ends the connection.
func (m *Mailbox) open(ctx context.Context, news chan<- struct{}) (*imapclient.Client, func(), error) {
	s := m.Settings
	limited, cancel := context.WithTimeout(ctx, mailboxPatch)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(limited, "tcp", net.JoinHostPort(s.Host, fmt.Sprint(s.Port)))
	if err != nil {
		return nil, nil, m.unread(err)
	}
	ended := context.AfterFunc(ctx, func() { _ = conn.Close() })
	late := context.AfterFunc(limited, func() { _ = conn.Close() })
	c, err := m.secured(limited, conn, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{Mailbox: func(x *imapclient.UnilateralDataMailbox) {
		if x.NumMessages != nil {
			select {
			case news <- struct{}{}:
			default:
			}
		}
	}}})
	stop := func() {
		ended()
		if c != nil {
			_ = c.Close()
		}
		_ = conn.Close()
	}
	if err == nil {
		err = m.enter(c)
	}
	if !late() && err == nil {
		err = limited.Err()
	}
	if err != nil {
		stop()
		return nil, nil, m.unread(err)
	}
	return c, stop, nil
}

// secured begins the protocol over the connection.
func (m *Mailbox) secured(ctx context.Context, conn net.Conn, o *imapclient.Options) (*imapclient.Client, error) {
	o.TLSConfig = &tls.Config{ServerName: m.Settings.Host, RootCAs: m.Settings.Roots, MinVersion: tls.VersionTLS12, NextProtos: []string{"imap"}}
	switch m.Settings.TLS {
	case Implicit:
		over := tls.Client(conn, o.TLSConfig)
		if err := over.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		return imapclient.New(over, o), nil
	case StartTLS:
		return imapclient.NewStartTLS(conn, o)
	}
	return imapclient.New(conn, o), nil
}

func (m *Mailbox) enter(c *imapclient.Client) error {
	if err := c.Login(m.Settings.User, m.Settings.Password.Reveal()).Wait(); err != nil {
		return signIn{err}
	}
	if caps := c.Caps(); !caps.Has(imap.CapMove) && !caps.Has(imap.CapUIDPlus) {
		return fault.New(fault.Invalid, "The mail server %s can neither move mails nor expunge one of them (MOVE or UIDPLUS). Let it forward the desk's mail by SMTP instead, see --mail-in.", m.Settings.Host)
	}
	for _, folder := range []string{or(m.Settings.Done, "Frontline"), or(m.Settings.Refused, "Frontline refused")} {
		err := c.Create(folder, nil).Wait()
		var said *imap.Error
		if err != nil && !errors.As(err, &said) { // a server that says no has it already, or says so again when a mail is moved
			return err
		}
	}
	_, err := c.Select(or(m.Settings.Folder, "INBOX"), nil).Wait()
	return err
}

// signIn is a refusal of user and password.
type signIn struct{ error }

func (s signIn) Unwrap() error { return s.error }

// unread is what people are told when the mailbox cannot be read.
func (m *Mailbox) unread(err error) error {
	var known *fault.Error
	var refused signIn
	var said *imap.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.As(err, &refused) && errors.As(err, &said):
		return fault.Wrap(err, fault.Unavailable, "The mail server %s does not let %s in: %s. Check the user and FRONTLINE_MAILBOX_PASSWORD.", m.Settings.Host, m.Settings.User, plain.Clip(plain.Line(said.Text), 200))
	case errors.As(err, &said):
		return fault.Wrap(err, fault.Unavailable, "The mail server %s refuses: %s. Mail waits there.", m.Settings.Host, plain.Clip(plain.Line(said.Text), 200))
	}
	return fault.Wrap(err, fault.Unavailable, "The mail server %s cannot be reached. Mail waits there; it is tried again.", m.Settings.Host)
}

// drain takes the mails that are there, the oldest first. It says how many, and whether there may be more.
func (m *Mailbox) drain(ctx context.Context, c *imapclient.Client) (taken int, more bool, err error) {
	limited, cancel := context.WithTimeout(ctx, mailboxPatch)
	defer cancel()
	defer context.AfterFunc(limited, func() { _ = c.Close() })()
	found, err := c.UIDSearch(&imap.SearchCriteria{NotFlag: []imap.Flag{imap.FlagDeleted}}, nil).Wait()
	if err != nil {
		return 0, false, err
	}
	uids := found.AllUIDs()
	slices.Sort(uids)
	if more = len(uids) > mostAtOnce; more {
		uids = uids[:mostAtOnce]
	}
	for _, uid := range uids {
		if err := m.one(ctx, c, uid); err != nil {
			return taken, false, err
		}
		taken++
	}
	return taken, more, nil
}

// one takes one mail and moves it away. One that cannot be taken now stays.
func (m *Mailbox) one(ctx context.Context, c *imapclient.Client, uid imap.UID) error {
	set := imap.UIDSetNum(uid)
	sized, err := c.Fetch(set, &imap.FetchOptions{UID: true, RFC822Size: true}).Collect()
	if err != nil || len(sized) == 0 { // it went away meanwhile: another replica was faster
		return err
	}
	to := or(m.Settings.Done, "Frontline")
	if sized[0].RFC822Size > MostBytes {
		m.Log.Warn("a mail is too large to be taken, and lies in a folder of its own", "mailbox", m.Name(), "bytes", sized[0].RFC822Size)
		to = or(m.Settings.Refused, "Frontline refused")
	} else {
		whole := &imap.FetchItemBodySection{Peek: true}
		got, err := c.Fetch(set, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{whole}}).Collect()
		if err != nil || len(got) == 0 {
			return err
		}
		if to, err = m.take(ctx, got[0].FindBodySection(whole), to); err != nil {
			return err
		}
	}
	_, err = c.Move(set, to).Wait()
	return err
}

// take commits one mail and says where it goes.
func (m *Mailbox) take(ctx context.Context, raw []byte, done string) (string, error) {
	ours, err := m.Addresses(ctx)
	if err != nil {
		return "", err
	}
	err = m.Take(ctx, slices.DeleteFunc(recipients(raw), func(a string) bool { return !slices.Contains(ours, a) }), raw)
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.TooMany, fault.Internal, fault.Conflict:
		if err != nil {
			return "", err
		}
	}
	if err != nil {
		m.Log.Warn("a mail was refused, and lies in a folder of its own", "mailbox", m.Name(), "err", err)
		return or(m.Settings.Refused, "Frontline refused"), nil
	}
	return done, nil
}

// recipients are the addresses that a mail came to, lower case: what the server wrote on it, and what its author did.
func recipients(raw []byte) (out []string) {
	entity, _ := message.ReadWithOptions(bytes.NewReader(raw), &message.ReadOptions{MaxHeaderBytes: 1 << 20})
	if entity == nil {
		return nil
	}
	h := mail.Header{Header: entity.Header}
	for _, name := range []string{"Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc"} {
		all, _ := h.AddressList(name)
		for _, a := range all {
			out = append(out, strings.ToLower(a.Address))
		}
	}
	return out
}

// wait waits for news, but a minute at most: then the folder is looked into anyway.
func (m *Mailbox) wait(ctx context.Context, c *imapclient.Client, news <-chan struct{}) error {
	tick, stop := m.Clock.After(mailboxPoll)
	defer stop()
	var idle *imapclient.IdleCommand
	if c.Caps().Has(imap.CapIdle) {
		var err error
		if idle, err = c.Idle(); err != nil {
			return err
		}
	}
	var over error
	select {
	case <-tick:
	case <-news:
	case <-c.Closed():
		over = errors.New("the connection was closed")
	case <-ctx.Done():
		over = ctx.Err()
	}
	if idle == nil || over != nil {
		return over
	}
	limited, cancel := context.WithTimeout(ctx, mailboxPatch)
	defer cancel()
	defer context.AfterFunc(limited, func() { _ = c.Close() })()
	if err := idle.Close(); err != nil {
		return err
	}
	return idle.Wait()
}
