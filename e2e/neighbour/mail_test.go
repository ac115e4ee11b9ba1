package neighbour

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// send sends a mail with two bodies and a picture through the door with a genuine client.
func send(t *testing.T, m *MailServer, door string, options ...gomail.Option) error {
	t.Helper()
	host, port, err := net.SplitHostPort(door)
	must(t, err)
	n, err := strconv.Atoi(port)
	must(t, err)
	options = append([]gomail.Option{gomail.WithPort(n), gomail.WithTimeout(60 * time.Second),
		gomail.WithUsername(m.User), gomail.WithPassword(m.Password), gomail.WithTLSConfig(&tls.Config{RootCAs: m.CA, ServerName: host})}, options...)
	c, err := gomail.NewClient(host, options...)
	must(t, err)
	mail := gomail.NewMsg()
	must(t, mail.From("frontline@verity.test"))
	must(t, mail.To("Marika.Oja@verity.test"))
	mail.Subject("Järjekord seisab")
	mail.SetBodyString(gomail.TypeTextPlain, "120 waiting. See https://desk.verity.test/a/1?x=1&y=2.")
	mail.AddAlternativeString(gomail.TypeTextHTML, `<p>120 waiting. <a href="https://desk.verity.test/a/1?x=1&amp;y=2">See</a></p>`)
	must(t, mail.AttachReader("rate.png", strings.NewReader("picture")))
	return c.DialAndSendWithContext(t.Context(), mail)
}

func came(t *testing.T, m *MailServer) *Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	got, err := m.WaitMail(ctx, "marika.oja@verity.test")
	must(t, err)
	return got
}

// TestMailTakesMailThroughEachDoor sends over STARTTLS, over TLS and in the open, with both ways to sign in.
func TestMailTakesMailThroughEachDoor(t *testing.T) {
	m := Mail(t)
	for name, c := range map[string]struct {
		door    string
		options []gomail.Option
		secure  bool
	}{
		"starttls, plain": {m.StartTLS, []gomail.Option{gomail.WithTLSPolicy(gomail.TLSMandatory), gomail.WithSMTPAuth(gomail.SMTPAuthPlain)}, true},
		"starttls, login": {m.StartTLS, []gomail.Option{gomail.WithTLSPolicy(gomail.TLSMandatory), gomail.WithSMTPAuth(gomail.SMTPAuthLogin)}, true},
		"tls, plain":      {m.TLS, []gomail.Option{gomail.WithSSL(), gomail.WithSMTPAuth(gomail.SMTPAuthPlain)}, true},
		"tls, login":      {m.TLS, []gomail.Option{gomail.WithSSL(), gomail.WithSMTPAuth(gomail.SMTPAuthLogin)}, true},
		"open":            {m.Open, []gomail.Option{gomail.WithTLSPolicy(gomail.NoTLS)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			must(t, send(t, m, c.door, c.options...))
			got := came(t, m)
			if got.Secure != c.secure || (got.User == m.User) != c.secure {
				t.Errorf("secure %v, user %q", got.Secure, got.User)
			}
			if got.Subject != "Järjekord seisab" || !strings.HasPrefix(got.Text, "120 waiting.") || !strings.Contains(got.HTML, "<p>") {
				t.Errorf("got %+v", got)
			}
			if links := got.Links(); !slices.Equal(links, []string{"https://desk.verity.test/a/1?x=1&y=2"}) {
				t.Errorf("links %q", links)
			}
			if len(got.Files) != 1 || got.Files[0].Name != "rate.png" || string(got.Files[0].Body) != "picture" {
				t.Errorf("files %+v", got.Files)
			}
		})
	}
}

// TestMailRefuses shows what does not get in: no TLS, no sign-in, a wrong password, a strange authority, and what it is told to
// refuse.
func TestMailRefuses(t *testing.T) {
	m := Mail(t)
	mandatory := gomail.WithTLSPolicy(gomail.TLSMandatory)
	plain := gomail.WithSMTPAuth(gomail.SMTPAuthPlain)
	for name, options := range map[string][]gomail.Option{
		"no TLS":            {gomail.WithTLSPolicy(gomail.NoTLS)},
		"no sign-in":        {mandatory},
		"wrong password":    {mandatory, plain, gomail.WithPassword("guess")},
		"strange authority": {mandatory, plain, gomail.WithTLSConfig(&tls.Config{ServerName: "localhost", MinVersion: tls.VersionTLS12})},
	} {
		if err := send(t, m, m.StartTLS, options...); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
	for _, code := range []int{451, 550} {
		m.Refuse(code, "Not now", 1)
		if err := send(t, m, m.StartTLS, mandatory, plain); err == nil || !strings.Contains(err.Error(), strconv.Itoa(code)) {
			t.Errorf("told to refuse with %d: %v", code, err)
		}
	}
	if n := len(m.Mails()); n != 0 {
		t.Errorf("%d mails came", n)
	}
	m.LoseAnswer(1)
	if err := send(t, m, m.StartTLS, mandatory, plain); err == nil {
		t.Error("the answer was not lost")
	}
	came(t, m)
	must(t, send(t, m, m.StartTLS, mandatory, plain))
	came(t, m)
}
