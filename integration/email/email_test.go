package email

import (
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/clock"
	"frontline/fault"
	"frontline/oncall"
	"frontline/oncall/channeltest"
	"frontline/secret"
)

const liis = "liis.tamm@verity.example"

func now() *clock.Moved { return clock.NewMoved(time.Date(2026, 11, 23, 2, 16, 0, 0, time.UTC)) }

// settings reach s with the way it was started, or the way that a test asks for.
func (s *server) settings(way TLS) Settings {
	return Settings{
		Host: "127.0.0.1", Port: s.port(), TLS: way, Username: user, Password: secret.New(password), Roots: s.roots,
		From: "Verity Frontline <frontline@verity.example>", Hello: "frontline.verity.example",
	}
}

func channel(t *testing.T, s Settings) *Channel {
	t.Helper()
	c, err := New(s, now())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestChannel(t *testing.T) {
	channeltest.Run(t, func(t *testing.T) channeltest.Setup {
		s := start(t, how{tls: StartTLS, mechanisms: []string{"PLAIN", "LOGIN"}})
		return channeltest.Setup{
			Channel: channel(t, s.settings(StartTLS)),
			Address: liis,
			Wrong: []string{"liis", "liis@", "@verity.example", "Liis Tamm <" + liis + ">", liis + ", karl.sepp@verity.example",
				"<" + liis + ">", "mailto:" + liis, "liis tamm@verity.example", "https://verity.example/liis"},
			Secrets: []string{password},
			Behave:  s.behave,
			Taken: func() []channeltest.Taken {
				var out []channeltest.Taken
				for _, m := range s.mails() {
					l := open(t, m)
					out = append(out, channeltest.Taken{Title: l.subject, Body: l.text, Links: regexp.MustCompile(`https?://\S+`).FindAllString(l.text, -1)})
				}
				return out
			},
			Close:  s.close,
			Locked: true,
		}
	})
}

func TestPage(t *testing.T) {
	s := start(t, how{tls: StartTLS, mechanisms: []string{"PLAIN"}})
	c := channel(t, s.settings(StartTLS))
	m := channeltest.Page()
	r, err := c.Send(t.Context(), liis, m)
	if err != nil {
		t.Fatal(err)
	}
	id := "mail." + m.Attempt + "@verity.example"
	if r.ID != id || !strings.HasPrefix(r.Detail, "250 2.0.0 OK") {
		t.Errorf("receipt %+v, want the id %s and the server's answer", r, id)
	}
	got := s.mails()[0]
	if got.from != "frontline@verity.example" || got.to != liis || !got.tls {
		t.Errorf("envelope from %s to %s, TLS %t", got.from, got.to, got.tls)
	}
	l := open(t, got)
	headers := map[string]string{}
	for _, name := range []string{"From", "To", "Date", "Message-Id", "In-Reply-To", "References", "Auto-Submitted", "X-Auto-Response-Suppress", "Importance", "User-Agent", "Bcc"} {
		headers[name] = l.header.Get(name)
	}
	if d := cmp.Diff(map[string]string{
		"From": `"Verity Frontline" <frontline@verity.example>`, "To": "<" + liis + ">", "Date": "Mon, 23 Nov 2026 02:16:00 +0000",
		"Message-Id": "<" + id + ">", "In-Reply-To": "<thread.P-12@verity.example>", "References": "<thread.P-12@verity.example>",
		"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", "Importance": "high", "User-Agent": "", "Bcc": "",
	}, headers); d != "" {
		t.Errorf("headers (-want +got):\n%s", d)
	}
	if want := "[P-12 high] The decision queue has not moved for 6 minutes"; l.subject != want {
		t.Errorf("subject %q, want %q", l.subject, want)
	}
	want := `The decision queue has not moved for 6 minutes

decision-pipeline at Verity
1 message is redelivered again and again; 214 decisions wait.

Since 2026-11-23 02:14 UTC

Acknowledge: ` + m.Link + `
Open: https://frontline.verity.example/alerts/A-7

Opening a link changes nothing: you acknowledge on the screen that opens.
`
	if d := cmp.Diff(want, strings.TrimRight(l.text, "\n")+"\n"); d != "" {
		t.Errorf("text (-want +got):\n%s", d)
	}
}

// Both forms of a mail tell the same, and what a monitoring system wrote is text in both.
func TestTextAndHTMLTellTheSame(t *testing.T) {
	s := start(t, how{tls: StartTLS, mechanisms: []string{"PLAIN"}})
	c := channel(t, s.settings(StartTLS))
	m := channeltest.Page()
	m.Title = `<img src=x onerror=alert(1)> & "quotes"`
	m.Body = "<script>alert(1)</script>\n\n\tindented"
	m.Buttons = append(m.Buttons, oncall.Button{Label: "Runbook", URL: "https://wiki.verity.example/a?b=1&c=2"}, oncall.Button{Label: "Bad", URL: "javascript:alert(1)"})
	if _, err := c.Send(t.Context(), liis, m); err != nil {
		t.Fatal(err)
	}
	l := open(t, s.mails()[0])
	for _, bad := range []string{"<img", "<script", "javascript:"} {
		if strings.Contains(l.html, bad) {
			t.Errorf("%s is in the HTML:\n%s", bad, l.html)
		}
	}
	body := l.html[strings.Index(l.html, "<body"):]
	shown := regexp.MustCompile(`<a href="([^"]*)"[^>]*>([^<]*)</a>`).ReplaceAllString(body, "$2: $1")
	shown = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(shown, "\n")
	shown = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&", "&#34;", `"`).Replace(shown)
	if d := cmp.Diff(strings.Fields(l.text), strings.Fields(shown)); d != "" {
		t.Errorf("what HTML shows differs from the text (-text +html):\n%s", d)
	}
}

func TestMessageIDs(t *testing.T) {
	s := start(t, how{tls: None})
	settings := s.settings(None)
	settings.Username, settings.Password = "", secret.Text{}
	c := channel(t, settings)
	header := func(m oncall.Message) (id, thread string) {
		t.Helper()
		if _, err := c.Send(t.Context(), liis, m); err != nil {
			t.Fatal(err)
		}
		all := s.mails()
		l := open(t, all[len(all)-1])
		return l.header.Get("Message-Id"), l.header.Get("References")
	}
	m := channeltest.Page()
	first, thread := header(m)
	again, _ := header(m)
	m.Attempt, m.Title = "another", "2 alerts: the decision queue has not moved"
	next, sameThread := header(m)
	m.Page = "P-13 <script>"
	_, otherThread := header(m)
	if first != again || next == first || sameThread != thread || otherThread == thread {
		t.Errorf("ids %s, %s, %s; threads %s, %s, %s", first, again, next, thread, sameThread, otherThread)
	}
	for _, id := range []string{first, next, thread, otherThread} {
		if !regexp.MustCompile(`^<[A-Za-z0-9.-]+@verity\.example>$`).MatchString(id) {
			t.Errorf("%q is not a plain message id", id)
		}
	}
}

// Every way to connect and sign in that the settings offer, against a server that offers it.
func TestWays(t *testing.T) {
	for _, c := range []struct {
		name     string
		server   how
		way      TLS
		signedIn string
		tls      bool
	}{
		{"STARTTLS and PLAIN", how{StartTLS, []string{"PLAIN", "LOGIN", "CRAM-MD5"}}, StartTLS, "PLAIN", true},
		{"STARTTLS and LOGIN", how{StartTLS, []string{"LOGIN"}}, StartTLS, "LOGIN", true},
		{"STARTTLS and CRAM-MD5", how{StartTLS, []string{"CRAM-MD5"}}, StartTLS, "CRAM-MD5", true},
		{"TLS from the start", how{Implicit, []string{"PLAIN"}}, Implicit, "PLAIN", true},
		{"TLS from the start and LOGIN", how{Implicit, []string{"LOGIN"}}, Implicit, "LOGIN", true},
		{"opportunistic, offered", how{StartTLS, []string{"PLAIN"}}, Opportunistic, "PLAIN", true},
		{"opportunistic, not offered", how{None, []string{"CRAM-MD5"}}, Opportunistic, "CRAM-MD5", false},
		{"no TLS: the password stays hidden", how{None, []string{"PLAIN", "CRAM-MD5"}}, None, "CRAM-MD5", false},
		{"no TLS, same machine", how{None, []string{"PLAIN"}}, None, "PLAIN", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, c.server)
			if _, err := channel(t, s.settings(c.way)).Send(t.Context(), liis, channeltest.Page()); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]string{c.signedIn}, s.signIns()); d != "" || s.mails()[0].tls != c.tls {
				t.Errorf("TLS %t, signed in (-want +got):\n%s", s.mails()[0].tls, d)
			}
		})
	}
}

// What cannot work until somebody changes a setting is final, says so, and does not show the password.
func TestSettingsThatDoNotFit(t *testing.T) {
	for _, c := range []struct {
		name   string
		server how
		change func(*Settings)
		kind   fault.Kind
		say    string
	}{
		{"no STARTTLS offered", how{None, []string{"PLAIN"}}, func(s *Settings) { s.TLS = StartTLS }, fault.Internal, "tls"},
		{"TLS where there is none", how{None, nil}, func(s *Settings) { s.TLS = Implicit }, fault.Internal, "tls and port"},
		{"untrusted certificate", how{StartTLS, []string{"PLAIN"}}, func(s *Settings) { s.Roots = nil }, fault.Internal, "certificate"},
		{"untrusted certificate, TLS from the start", how{Implicit, []string{"PLAIN"}}, func(s *Settings) { s.TLS, s.Roots = Implicit, nil }, fault.Internal, "certificate"},
		{"no AUTH offered", how{StartTLS, nil}, func(*Settings) {}, fault.Internal, "username"},
		{"wrong password", how{StartTLS, []string{"LOGIN"}}, func(s *Settings) { s.Password = secret.New("wr0ng-" + password) }, fault.Unauthenticated, "password"},
		{"AUTH wanted", how{StartTLS, []string{"PLAIN"}}, func(s *Settings) { s.Username, s.Password = "", secret.Text{} }, fault.Forbidden, "send as"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, c.server)
			settings := s.settings(StartTLS)
			c.change(&settings)
			_, err := channel(t, settings).Send(t.Context(), liis, channeltest.Page())
			if !fault.Is(err, c.kind) || !strings.Contains(fault.Sentence(err), c.say) {
				t.Errorf("%v, want a fault of kind %s about %q", err, c.kind, c.say)
			}
			if err != nil && strings.Contains(err.Error(), password) {
				t.Errorf("the password is in %v", err)
			}
			if got := s.mails(); len(got) > 0 {
				t.Errorf("%d mails were sent", len(got))
			}
		})
	}
}

// A server elsewhere that offers no TLS never sees the password.
func TestPasswordIsNotSentInTheClear(t *testing.T) {
	s := start(t, how{None, []string{"PLAIN", "LOGIN"}})
	l, err := net.Listen("tcp", "127.0.0.2:0") // go-mail counts only 127.0.0.1, ::1 and localhost as the same machine
	if err != nil {
		t.Fatal(err)
	}
	s.gone.Go(func() { _ = s.smtp.Serve(l) })
	settings := s.settings(Opportunistic)
	settings.Host, settings.Port = "127.0.0.2", l.Addr().(*net.TCPAddr).Port
	_, err = channel(t, settings).Send(t.Context(), liis, channeltest.Page())
	if !fault.Is(err, fault.Internal) || !strings.Contains(fault.Sentence(err), "not sent") {
		t.Errorf("%v, want a final fault that says the password was not sent", err)
	}
	if got := s.signIns(); len(got) > 0 {
		t.Errorf("signed in with %v", got)
	}
}

func TestUnknownAddress(t *testing.T) {
	s := start(t, how{StartTLS, []string{"PLAIN"}})
	_, err := channel(t, s.settings(StartTLS)).Send(t.Context(), "gone@verity.example", channeltest.Page())
	if !fault.Is(err, fault.NotFound) || fault.Again(err) {
		t.Errorf("%v, want a final fault of kind not found", err)
	}
	for _, private := range []string{"gone@verity.example", password} {
		if strings.Contains(err.Error(), private) {
			t.Errorf("%q is in %v", private, err)
		}
	}
	if !strings.Contains(err.Error(), "550") || !strings.Contains(err.Error(), "nobody here is") {
		t.Errorf("what the server said is missing for the log: %v", err)
	}
}

func TestMail(t *testing.T) {
	s := start(t, how{StartTLS, []string{"PLAIN"}})
	c := channel(t, s.settings(StartTLS))
	text := "Decisions for Nordpank and Kivi Credit are delayed since 02:14 UTC.\nNext update by 03:00 UTC.\n"
	for _, m := range []struct{ subject, ref string }{
		{"[INC-31 sev2] opened: decisions are delayed\r\nBcc: x@verity.example", "notice-1"},
		{"[INC-31 sev2] opened: decisions are delayed\r\nBcc: x@verity.example", "notice-1"},
		{"[INC-31 sev2] update 1: decisions are delayed", "notice-2"},
		{"Welcome", "notice-3"},
	} {
		receipt, err := c.Mail(t.Context(), "marika.oja@verity.example", m.subject, text, m.ref)
		if err != nil || !strings.HasPrefix(receipt, "250 ") {
			t.Fatalf("receipt %q, %v", receipt, err)
		}
	}
	got := s.mails()
	first, again, next, other := open(t, got[0]), open(t, got[1]), open(t, got[2]), open(t, got[3])
	if first.subject != "[INC-31 sev2] opened: decisions are delayed Bcc: x@verity.example" || first.html != "" || strings.TrimSpace(first.text) != strings.TrimSpace(text) {
		t.Errorf("the mail became %+v", first)
	}
	for _, c := range []struct {
		letter     letterRead
		id, thread string
	}{
		{first, "<mail.notice-1@verity.example>", "<thread.INC-31@verity.example>"},
		{again, "<mail.notice-1@verity.example>", "<thread.INC-31@verity.example>"},
		{next, "<mail.notice-2@verity.example>", "<thread.INC-31@verity.example>"},
		{other, "<mail.notice-3@verity.example>", ""},
	} {
		if h := c.letter.header; h.Get("Message-Id") != c.id || h.Get("References") != c.thread || h.Get("Bcc") != "" {
			t.Errorf("headers %v, want the id %s and the thread %s", h, c.id, c.thread)
		}
	}
	if _, err := c.Mail(t.Context(), "everyone", "Subject", "text", ""); !fault.Is(err, fault.Invalid) {
		t.Errorf("a wrong address: %v", err)
	}
}

// What goes wrong after the server's 250 does not make a mail unsent: it would come twice.
func TestTakenThenGone(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		play(conn)
	}()
	c := channel(t, Settings{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: None, From: "frontline@verity.example"})
	r, err := c.Send(t.Context(), liis, channeltest.Page())
	if err != nil || r.Detail != "250 2.0.0 queued as 4F1C" {
		t.Errorf("receipt %+v, %v", r, err)
	}
	<-done
}

// play is a server that hangs up right after it took the mail.
func play(conn net.Conn) {
	say := func(s string) { _, _ = conn.Write([]byte(s + "\r\n")) }
	say("220 mx.verity.example")
	buf, all := make([]byte, 4096), ""
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		all += string(buf[:n])
		switch {
		case strings.HasSuffix(all, "\r\n.\r\n"):
			say("250 2.0.0 queued as 4F1C")
			return
		case strings.Contains(all, "DATA\r\n"):
			if strings.HasSuffix(all, "DATA\r\n") {
				say("354 go on")
			}
		default:
			say("250 fine")
		}
	}
}

func TestOwnTimeout(t *testing.T) {
	s := start(t, how{StartTLS, []string{"PLAIN"}})
	s.behave(channeltest.Hangs)
	settings := s.settings(StartTLS)
	settings.Timeout = 300 * time.Millisecond
	if _, err := channel(t, settings).Send(t.Context(), liis, channeltest.Page()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a server that never answers: %v", err)
	}
}

func TestSettings(t *testing.T) {
	good := Settings{Host: "smtp.verity.example", From: "frontline@verity.example"}
	for _, c := range []struct {
		field  string
		change func(*Settings)
	}{
		{"", func(*Settings) {}},
		{"", func(s *Settings) { s.Host = "::1" }},
		{"host", func(s *Settings) { s.Host = "" }},
		{"host", func(s *Settings) { s.Host = "smtp://smtp.verity.example" }},
		{"host", func(s *Settings) { s.Host = "smtp.verity.example:25" }},
		{"port", func(s *Settings) { s.Port = 70000 }},
		{"port", func(s *Settings) { s.Port = -1 }},
		{"tls", func(s *Settings) { s.TLS = "ssl" }},
		{"from", func(s *Settings) { s.From = "Frontline" }},
		{"password", func(s *Settings) { s.Username = "frontline" }},
		{"password", func(s *Settings) { s.Password = secret.New("x") }},
	} {
		s := good
		c.change(&s)
		_, err := New(s, now())
		if c.field == "" {
			if err != nil {
				t.Errorf("%+v: %v", s, err)
			}
			continue
		}
		if f := fault.FieldsOf(err); len(f) != 1 || f[0].Name != c.field {
			t.Errorf("%+v: %v, want a fault about %s", s, err, c.field)
		}
	}
}
