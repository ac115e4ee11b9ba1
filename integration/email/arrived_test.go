package email

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func letterOf(lines ...string) []byte { return []byte(strings.Join(lines, "\r\n")) }

func TestReadMail(t *testing.T) {
	for name, c := range map[string]struct {
		raw  []byte
		want Arrived
	}{
		"plain text in an old character set": {
			letterOf("From: =?iso-8859-1?Q?Luc=EDa?= Ferrer <Lucia@Arco.example>", "Subject: =?utf-8?B?wr9Qb3IgcXXDqT8=?=", "Message-ID: <1@arco>", "References: <a@x> <b@x>", "In-Reply-To: <b@x>",
				"Content-Type: text/plain; charset=iso-8859-1", "Content-Transfer-Encoding: quoted-printable", "", "M=F3vil caido."),
			Arrived{ID: "1@arco", From: "lucia@arco.example", Name: "Lucía Ferrer", Subject: "¿Por qué?", Text: "Móvil caido.", Answers: []string{"a@x", "b@x", "b@x"}}},
		"a page with a link and a quote, and no text": {
			letterOf("From: pau@lumo.example", "Subject: Hello", "Message-ID: <2@lumo>", "Content-Type: text/html; charset=utf-8", "",
				"<html><head><style>p{color:red}</style><title>x</title></head><body><p>Two <b>sessions</b> for one person, see <a href=\"https://lumo.example/s/1\">this</a>.</p>"+
					"<script>alert(1)</script><ul><li>one<li>two</ul><blockquote>You wrote<br>before</blockquote></body></html>"),
			Arrived{ID: "2@lumo", From: "pau@lumo.example", Subject: "Hello", Text: "Two sessions for one person, see this (https://lumo.example/s/1).\n\none\ntwo\n\n> You wrote\n> before"}},
		"text, its page, a picture and a file": {
			letterOf("From: Nuria <nuria@lumo.example>", "Subject: Export", "Message-ID: <3@lumo>", "Content-Type: multipart/mixed; boundary=m", "",
				"--m", "Content-Type: multipart/alternative; boundary=a", "", "--a", "Content-Type: text/plain", "", "See the file.", "--a", "Content-Type: text/html", "", "<p>See the file.</p>", "--a--",
				"--m", "Content-Type: text/csv; name=x.csv", "Content-Disposition: attachment; filename=\"list of 2.csv\"", "Content-Transfer-Encoding: base64", "", "YSxiCjEsMgo=", "--m--"),
			Arrived{ID: "3@lumo", From: "nuria@lumo.example", Name: "Nuria", Subject: "Export", Text: "See the file."}},
		"somebody is away": {
			letterOf("From: a@b.example", "Subject: Away", "Message-ID: <4@b>", "Auto-Submitted: auto-replied (vacation)", "", "Away."),
			Arrived{ID: "4@b", From: "a@b.example", Subject: "Away", Text: "Away.", Automatic: true}},
		"a bounce is about words of ours": {
			letterOf("From: MAILER-DAEMON@b.example", "Subject: Undelivered", "Message-ID: <5@b>", "Auto-Submitted: auto-replied", "Content-Type: multipart/report; report-type=delivery-status; boundary=m", "",
				"--m", "Content-Type: text/plain", "", "No such user.", "--m--"),
			Arrived{ID: "5@b", From: "mailer-daemon@b.example", Subject: "Undelivered", Text: "No such user."}},
		"nothing but a body": {
			letterOf("Message-ID: <6@b>", "", ""), Arrived{ID: "6@b", Subject: "(no subject)", Text: "(This mail has no text.)"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Read(c.raw)
			files := got.Files
			got.Files = nil
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if strings.HasPrefix(name, "text, its page") && (len(files) != 1 || files[0].Name != "list of 2.csv" || string(files[0].Body) != "a,b\n1,2\n") {
				t.Errorf("files: %+v", files)
			}
		})
	}
}

func TestReadKeepsWhatItCannotUnderstand(t *testing.T) {
	for _, raw := range []string{"", "no header at all", "From x\x00\r\n\r\n", "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!\r\n"} {
		a := Read([]byte(raw))
		if a.Subject == "" || a.Text == "" || a.ID == "" {
			t.Errorf("%q: %+v", raw, a)
		}
	}
	if n := (Arrived{Subject: "Re: AW: No webhooks [r-1042]"}).Number(); n != 1042 {
		t.Errorf("number %d, want 1042", n)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(letterOf("From: a@b.example", "Subject: x", "Content-Type: multipart/mixed; boundary=m", "", "--m", "Content-Type: text/html", "", "<p>x<blockquote>y", "--m--"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a := Read(raw)
		if strings.TrimSpace(a.Text) == "" || a.Subject == "" || a.ID == "" || strings.ContainsAny(a.Subject, "\r\n\x00") || strings.Contains(a.Text, "\x00") {
			t.Errorf("%+v", a)
		}
		a.Number()
	})
}
