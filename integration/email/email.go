// Package email reaches people by mail, through an SMTP server of one's own: pages as a channel, and plain mails to stakeholders.
package email

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"frontline/clock"
	"frontline/fault"
	"frontline/incident"
	"frontline/oncall"
	"frontline/plain"
	"frontline/secret"
)

// TLS is how the connection to the mail server is protected.
type TLS string

// The ways. Wherever there is TLS, the server's certificate is verified.
const (
	StartTLS      TLS = "starttls"      // begins in the clear and must become TLS (port 587)
	Opportunistic TLS = "opportunistic" // becomes TLS when the server offers it; a password is sent only then
	Implicit      TLS = "tls"           // TLS from the first byte (port 465)
	None          TLS = "none"          // for a relay on the same machine (port 25)
)

// Settings are the server-wide settings of mail.
type Settings struct {
	Host     string
	Port     int // the way's usual port when zero
	TLS      TLS // StartTLS when empty
	Username string
	Password secret.Text
	From     string         // "Frontline <frontline@verity.example>"
	Hello    string         // our name in EHLO; the machine's when empty
	Roots    *x509.CertPool // certificates to trust; the system's when nil
	Timeout  time.Duration  // of one mail; 30 seconds when zero
}

// Channel is mail. An address is a bare mail address.
type Channel struct {
	settings Settings
	from     *mail.Address
	clock    clock.Clock
	page     letterhead
}

var (
	_ oncall.Channel  = (*Channel)(nil)
	_ incident.Mailer = (*Channel)(nil)
)

// New checks the settings and returns the channel. It connects only when there is something to send. A fault of kind Invalid names the
// setting: "host", "port", "tls", "from", "password".
func New(s Settings, c clock.Clock) (*Channel, error) {
	port, ok := map[TLS]int{StartTLS: 587, Opportunistic: 25, Implicit: 465, None: 25, "": 587}[s.TLS]
	if !ok {
		return nil, fault.Wrong("tls", "tls is %q. Write starttls, opportunistic, tls or none.", string(s.TLS))
	}
	if s.TLS == "" {
		s.TLS = StartTLS
	}
	if s.Port == 0 {
		s.Port = port
	}
	if s.Port < 1 || s.Port > 65535 {
		return nil, fault.Wrong("port", "port is %d. Write one between 1 and 65535, or leave it out.", s.Port)
	}
	if plain.Blank(s.Host) || strings.ContainsAny(s.Host, " /:@") && net.ParseIP(s.Host) == nil {
		return nil, fault.Wrong("host", "host is %q. Write the mail server's name alone, like smtp.verity.example.", s.Host)
	}
	from, err := mail.ParseAddress(s.From)
	if err != nil {
		return nil, fault.Wrong("from", "from is %q. Write a mail address, like Frontline <frontline@verity.example>.", s.From)
	}
	if (s.Username == "") != s.Password.Empty() {
		return nil, fault.Wrong("password", "username and password go together. Set both, or neither for a server that asks for none.")
	}
	if s.Timeout <= 0 {
		s.Timeout = 30 * time.Second
	}
	page, err := newLetterhead()
	if err != nil {
		return nil, err
	}
	return &Channel{settings: s, from: from, clock: c, page: page}, nil
}

// Name implements oncall.Channel.
func (c *Channel) Name() string { return "email" }

// Check implements oncall.Channel.
func (c *Channel) Check(address string) error {
	a, err := mail.ParseAddress(address)
	if err != nil || a.Name != "" || a.Address != address {
		return fault.Wrong("address", "That is not a mail address. Write it alone, like liis.tamm@verity.example.")
	}
	return nil
}

// Send implements oncall.Channel. The receipt's id is the mail's Message-ID, its detail the server's last answer. The Message-ID comes from
// the attempt, so that the same attempt sent again is the same mail to programs that look; mails of one page refer to one root and
// stand together.
func (c *Channel) Send(ctx context.Context, address string, m oncall.Message) (oncall.Receipt, error) {
	if err := c.Check(address); err != nil {
		return oncall.Receipt{}, err
	}
	l, err := c.page.letter(m.Tidy())
	if err != nil {
		return oncall.Receipt{}, err
	}
	l.To = address
	return c.Deliver(ctx, l)
}

// Mail is one mail to one person.
type Mail struct {
	To      string // a bare mail address
	Subject string
	Text    string
	HTML    string                  // the same as Text, for programs that show it; none when empty
	ID      string                  // what the Message-ID is made of; a hash of the mail itself when empty
	Thread  string                  // mails with the same thread stand together: "P-12", "INC-31"; alone when empty
	Urgent  bool                    // marked as important
	dress   func(*gomail.Msg) error // puts on what else it has; of a person's words: no program wrote it
}

// Deliver hands the mail to the server. Faults are of kind Unavailable when it is worth another try.
func (c *Channel) Deliver(ctx context.Context, m Mail) (oncall.Receipt, error) {
	if err := c.Check(m.To); err != nil {
		return oncall.Receipt{}, err
	}
	msg, err := c.compose(m)
	if err != nil {
		return oncall.Receipt{}, fault.Wrap(err, fault.Internal, "The mail cannot be written. Tell your administrator.")
	}
	ctx, cancel := context.WithTimeout(ctx, c.settings.Timeout)
	defer cancel()
	if err := c.carry(ctx, msg); err != nil && !msg.IsDelivered() { // what goes wrong after the server's 250 does not unsend it
		return oncall.Receipt{}, c.unsent(ctx, err, m)
	}
	return oncall.Receipt{
		ID:     strings.Trim(msg.GetMessageID(), "<>"),
		Detail: plain.Clip(plain.Line("250 "+msg.ServerResponse()), 200),
	}, nil
}

// Mail implements incident.Mailer: a plain mail whose Message-ID comes from ref, so that every try of it is the same mail to programs that
// look. Mails whose subjects begin with the same name in brackets, such as "[INC-31 sev2] …", stand together.
func (c *Channel) Mail(ctx context.Context, to, subject, text, ref string) (receipt string, err error) {
	r, err := c.Deliver(ctx, Mail{To: to, Subject: subject, Text: text, ID: ref, Thread: named(subject)})
	return r.Detail, err
}

// named is the name in brackets that a subject begins with: INC-31 of "[INC-31 sev2] opened: …".
func named(subject string) string {
	inside, _, closed := strings.Cut(strings.TrimPrefix(subject, "["), "]")
	if !closed || !strings.HasPrefix(subject, "[") {
		return ""
	}
	name, _, _ := strings.Cut(inside, " ")
	return name
}

// carry brings the mail to the server over a connection of its own. The context ends it at any point: go-mail itself looks at the context
// only while it dials, and leaves connections open that fail before the mail.
func (c *Channel) carry(ctx context.Context, msg *gomail.Msg) error {
	conn, err := c.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	client, err := gomail.NewClient(c.settings.Host, c.options(conn)...)
	if err != nil {
		return err
	}
	return client.DialAndSendWithContext(ctx, msg)
}

func (c *Channel) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(c.settings.Host, strconv.Itoa(c.settings.Port)))
	if err != nil || c.settings.TLS != Implicit {
		return conn, err
	}
	secured := tls.Client(conn, c.tlsConfig())
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secured, nil
}

func (c *Channel) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: c.settings.Host, RootCAs: c.settings.Roots, MinVersion: tls.VersionTLS12}
}

func (c *Channel) options(conn net.Conn) []gomail.Option {
	policy := gomail.NoTLS // with Implicit the connection is TLS already
	switch c.settings.TLS {
	case StartTLS:
		policy = gomail.TLSMandatory
	case Opportunistic:
		policy = gomail.TLSOpportunistic
	}
	options := []gomail.Option{
		gomail.WithTimeout(c.settings.Timeout),
		gomail.WithTLSPolicy(policy),
		gomail.WithTLSConfig(c.tlsConfig()),
		gomail.WithDialContextFunc(func(context.Context, string, string) (net.Conn, error) { return conn, nil }),
	}
	if c.settings.Hello != "" {
		options = append(options, gomail.WithHELO(c.settings.Hello))
	}
	if c.settings.Username != "" {
		options = append(options, gomail.WithUsername(c.settings.Username), gomail.WithPassword(c.settings.Password.Reveal()),
			gomail.WithOpportunisticSMTPAuth(c.mechanisms()...))
	}
	return options
}

// mechanisms lists how to sign in, best first. Without TLS that is the one that does not show the password; go-mail refuses the others
// then, but to a server on the same machine.
func (c *Channel) mechanisms() []gomail.SMTPAuthType {
	if c.settings.TLS == None {
		return []gomail.SMTPAuthType{gomail.SMTPAuthCramMD5, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin}
	}
	return []gomail.SMTPAuthType{gomail.SMTPAuthPlain, gomail.SMTPAuthLogin, gomail.SMTPAuthCramMD5}
}
