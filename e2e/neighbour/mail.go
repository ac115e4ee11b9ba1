package neighbour

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"frontline/secret"
)

// MailServer is an SMTP server (RFC 5321) in this process with the three doors that mail servers have. Its certificate is
// signed by an authority of its own.
type MailServer struct {
	StartTLS string // host:port; mail only after STARTTLS (RFC 3207) and AUTH
	TLS      string // host:port; TLS from the first byte (RFC 8314), and AUTH
	Open     string // host:port; neither, as a relay on one's own machine

	User, Password string // for AUTH PLAIN and LOGIN
	CA             *x509.CertPool
	CAFile         string // the same in PEM

	mu      sync.Mutex
	mails   []*Message
	changed chan struct{} // closed and replaced whenever a mail comes
	fail    error         // for the next RCPT
	times   int
}

var errLose = errors.New("lose the answer")

// Mail starts a mail server for the test.
func Mail(t testing.TB) *MailServer {
	t.Helper()
	ca, err := newAuthority(t.TempDir())
	must(t, err)
	m := &MailServer{User: "frontline@verity.test", Password: secret.Random(16), CA: ca.pool, CAFile: ca.file,
		changed: make(chan struct{})}
	config := &tls.Config{Certificates: []tls.Certificate{ca.server}, MinVersion: tls.VersionTLS12}
	m.StartTLS = m.serve(t, config, false)
	m.TLS = m.serve(t, config, true)
	m.Open = m.serve(t, nil, false)
	return m
}

// serve opens one door and returns its address. Without a config the door has no TLS and asks nobody who he is.
func (m *MailServer) serve(t testing.TB, config *tls.Config, fromStart bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	must(t, err)
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &delivery{server: m, conn: c, open: config == nil}, nil
	}))
	s.Domain, s.TLSConfig, s.EnableSMTPUTF8, s.MaxMessageBytes = "localhost", config, true, 20<<20
	if fromStart {
		l = tls.NewListener(l, config)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		_ = l.Close() // Serve may not have taken it over yet
		<-done
	})
	return net.JoinHostPort("localhost", port)
}

// WaitMail waits until a mail to the address has come that WaitMail has not returned before, and returns it.
func (m *MailServer) WaitMail(ctx context.Context, to string) (*Message, error) {
	for {
		m.mu.Lock()
		changed := m.changed
		for _, mail := range m.mails {
			if !mail.read && slices.Contains(mail.To, strings.ToLower(to)) {
				mail.read = true
				m.mu.Unlock()
				return mail, nil
			}
		}
		m.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("no mail to %s came (%w); there are: %s", to, ctx.Err(), m.subjects())
		}
	}
}

// Mails returns what has come so far, oldest first.
func (m *MailServer) Mails() []*Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.mails)
}

func (m *MailServer) subjects() string {
	var all []string
	for _, mail := range m.Mails() {
		all = append(all, fmt.Sprintf("%q to %s", mail.Subject, strings.Join(mail.To, ", ")))
	}
	return strings.Join(all, "; ")
}

// Refuse answers the next recipients with an SMTP code, for good (5xx) or for now (4xx). times below 1 means until Recover.
func (m *MailServer) Refuse(code int, say string, times int) {
	m.failWith(&smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 0, 0}, Message: say}, times)
}

// LoseAnswer takes the next mails and then cuts the connection before saying so: the sender never learns of it.
func (m *MailServer) LoseAnswer(times int) { m.failWith(errLose, times) }

// Recover ends Refuse and LoseAnswer.
func (m *MailServer) Recover() { m.failWith(nil, 1) }

func (m *MailServer) failWith(err error, times int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail, m.times = err, times
	if times < 1 {
		m.times = -1
	}
}

// failure returns the failure that is due now, if it is of the kind.
func (m *MailServer) failure(lose bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail == nil || m.times == 0 || (m.fail == errLose) != lose {
		return nil
	}
	m.times = max(m.times-1, -1)
	return m.fail
}

func (m *MailServer) keep(mail *Message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mails = append(m.mails, mail)
	close(m.changed)
	m.changed = make(chan struct{})
}

// delivery is one connection of a sender.
type delivery struct {
	server *MailServer
	conn   *smtp.Conn
	open   bool
	user   string
	from   string
	to     []string
}

var _ smtp.AuthSession = (*delivery)(nil)

// AuthMechanisms implements smtp.AuthSession.
func (d *delivery) AuthMechanisms() []string {
	if d.open {
		return nil
	}
	return []string{sasl.Plain, sasl.Login}
}

// Auth implements smtp.AuthSession.
func (d *delivery) Auth(mechanism string) (sasl.Server, error) {
	switch {
	case d.open:
	case mechanism == sasl.Plain:
		return sasl.NewPlainServer(func(_, user, password string) error { return d.signIn(user, password) }), nil
	case mechanism == sasl.Login:
		return &loginServer{signIn: d.signIn}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

func (d *delivery) signIn(user, password string) error {
	if user != d.server.User || password != d.server.Password {
		return smtp.ErrAuthFailed
	}
	d.user = user
	return nil
}

// Mail implements smtp.Session.
func (d *delivery) Mail(from string, _ *smtp.MailOptions) error {
	if !d.open && d.user == "" {
		return smtp.ErrAuthRequired
	}
	d.from = from
	return nil
}

// Rcpt implements smtp.Session.
func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := d.server.failure(false); err != nil {
		return err
	}
	d.to = append(d.to, strings.ToLower(to))
	return nil
}

// Data implements smtp.Session.
func (d *delivery) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	_, secure := d.conn.TLSConnectionState()
	mail, err := readMessage(raw)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: err.Error()}
	}
	mail.From, mail.To, mail.Secure, mail.User = d.from, d.to, secure, d.user
	d.server.keep(mail)
	if d.server.failure(true) != nil {
		_ = d.conn.Conn().Close()
	}
	return nil
}

// Reset implements smtp.Session.
func (d *delivery) Reset() { d.from, d.to = "", nil }

// Logout implements smtp.Session.
func (d *delivery) Logout() error { return nil }

// loginServer is the server's side of AUTH LOGIN: two questions, two answers. go-sasl has the client's side only.
type loginServer struct {
	signIn func(user, password string) error
	user   string
	step   int
}

// Next implements sasl.Server.
func (l *loginServer) Next(response []byte) ([]byte, bool, error) {
	if l.step == 0 && response != nil {
		l.step = 1 // the user name came with the command
	}
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.signIn(l.user, string(response))
}
