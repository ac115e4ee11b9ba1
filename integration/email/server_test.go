package email

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-message/mail"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"frontline/oncall/channeltest"
)

const (
	user     = "frontline"
	password = "s3cret-Kõrgem-7q"
)

// server is a real SMTP server in this process, with a mood.
type server struct {
	smtp     *smtp.Server
	listener net.Listener
	roots    *x509.CertPool
	until    chan struct{} // closed when nothing may hang any more

	mu         sync.Mutex
	mood       channeltest.Mood
	mechanisms []string
	took       []received
	signedIn   []string // mechanism of every successful AUTH
	gone       sync.WaitGroup
}

// received is a mail as it came.
type received struct {
	from, to string
	raw      []byte
	tls      bool
}

// how a server is started.
type how struct {
	tls        TLS // Implicit listens with TLS, None offers none, the others offer STARTTLS
	mechanisms []string
}

// certificate is one for 127.0.0.1 with the pool that trusts it.
func certificate() (tls.Certificate, *x509.CertPool) {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s.TLS.Certificates[0], roots
}

func start(t *testing.T, h how) *server {
	t.Helper()
	s := &server{until: make(chan struct{}), mechanisms: h.mechanisms}
	cert, roots := certificate()
	s.roots = roots
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.smtp = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{server: s, conn: c}, nil }))
	s.smtp.Domain = "mx.verity.example"
	s.smtp.AllowInsecureAuth = true
	s.smtp.EnableSMTPUTF8 = true
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	switch h.tls {
	case Implicit:
		l = tls.NewListener(l, config)
	case None:
	default:
		s.smtp.TLSConfig = config
	}
	s.listener = l
	s.smtp.ErrorLog = quiet{}
	s.gone.Go(func() { _ = s.smtp.Serve(l) })
	t.Cleanup(func() {
		s.release()
		s.close()
	})
	return s
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func (s *server) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.until:
	default:
		close(s.until)
	}
}

func (s *server) close() {
	_ = s.smtp.Close()
	_ = s.listener.Close()
	s.gone.Wait()
}

func (s *server) port() int { return s.listener.Addr().(*net.TCPAddr).Port }

func (s *server) behave(m channeltest.Mood) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mood = m
}

func (s *server) now() channeltest.Mood {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mood
}

func (s *server) mails() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.took)
}

func (s *server) signIns() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.signedIn)
}

// session is one connection.
type session struct {
	server *server
	conn   *smtp.Conn
	told   []string // credentials as the client gave them
	in     bool
	mail   received
}

func (s *session) AuthMechanisms() []string { return s.server.mechanisms }

func (s *session) Auth(mechanism string) (sasl.Server, error) {
	check := func(u, p string) error {
		s.told = append(s.told, u, p)
		if s.server.now() == channeltest.Locks || u != user || p != password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "no entry for " + strings.Join(s.told, " / ")}
		}
		s.signed(mechanism)
		return nil
	}
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, u, p string) error { return check(u, p) }), nil
	case sasl.Login:
		return &login{check: check}, nil
	case "CRAM-MD5":
		return &cram{done: func(ok bool) error {
			if !ok {
				return smtp.ErrAuthFailed
			}
			s.signed(mechanism)
			return nil
		}}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

func (s *session) signed(mechanism string) {
	s.in = true
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.signedIn = append(s.server.signedIn, mechanism)
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if len(s.server.mechanisms) > 0 && !s.in {
		return smtp.ErrAuthRequired
	}
	if s.server.now() == channeltest.Fails {
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "shutting down"}
	}
	_, secured := s.conn.TLSConnectionState()
	s.mail = received{from: from, tls: secured}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch {
	case s.server.now() == channeltest.Limits:
		return &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "too many mails from you, come again"}
	case strings.HasPrefix(to, "gone@"):
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "nobody here is " + to + ", " + strings.Join(s.told, " / ")}
	}
	s.mail.to = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	switch s.server.now() {
	case channeltest.Refuses:
		_, links, _ := strings.Cut(strings.ReplaceAll(string(raw), "=\r\n", ""), "Acknowledge: ")
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "spam: " + strings.ReplaceAll(links, "\r\n", " ") + strings.Join(s.told, " ")}
	case channeltest.Hangs:
		<-s.server.until
		return errors.New("too late")
	}
	s.mail.raw = raw
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.took = append(s.server.took, s.mail)
	return nil
}

func (s *session) Reset()        { s.mail = received{} }
func (s *session) Logout() error { return nil }

// login is the server's side of AUTH LOGIN.
type login struct {
	check    func(u, p string) error
	username *string
	asked    bool
}

func (l *login) Next(response []byte) ([]byte, bool, error) {
	switch {
	case response == nil && !l.asked:
		l.asked = true
		return []byte("Username:"), false, nil
	case l.username == nil:
		u := string(response)
		l.username = &u
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(*l.username, string(response))
}

// cram is the server's side of AUTH CRAM-MD5 (RFC 2195).
type cram struct {
	done  func(ok bool) error
	asked bool
}

const challenge = "<1896.697170952@mx.verity.example>"

func (c *cram) Next(response []byte) ([]byte, bool, error) {
	if !c.asked {
		c.asked = true
		return []byte(challenge), false, nil
	}
	mac := hmac.New(md5.New, []byte(password))
	mac.Write([]byte(challenge))
	return nil, true, c.done(string(response) == user+" "+hex.EncodeToString(mac.Sum(nil)))
}

// letterRead is a mail as a mail program shows it.
type letterRead struct {
	header     mail.Header
	subject    string
	text, html string
}

func open(t *testing.T, m received) letterRead {
	t.Helper()
	r, err := mail.CreateReader(bytes.NewReader(m.raw))
	if err != nil {
		t.Fatalf("not a mail: %v\n%s", err, m.raw)
	}
	out := letterRead{header: r.Header}
	if out.subject, err = r.Header.Subject(); err != nil {
		t.Fatal(err)
	}
	for {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(p.Body)
		if err != nil {
			t.Fatal(err)
		}
		h, ok := p.Header.(*mail.InlineHeader)
		if !ok {
			t.Fatalf("an attachment: %v", p.Header)
		}
		kind, _, err := h.ContentType()
		if err != nil {
			t.Fatal(err)
		}
		s := strings.ReplaceAll(string(body), "\r\n", "\n")
		switch kind {
		case "text/plain":
			out.text = s
		case "text/html":
			out.html = s
		default:
			t.Fatal(fmt.Sprint("a part of type ", kind))
		}
	}
}
