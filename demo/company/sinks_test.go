package company

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"frontline/clock"
	"frontline/integration/email"
	"frontline/integration/ntfy"
	"frontline/oncall"
)

// page is a page as Frontline words it, with buttons that lead to the address.
func page(frontline string) oncall.Message {
	return oncall.Message{Attempt: "0199b1c4-7e1a", Title: "The decision queue has stopped", Body: "Decision pipeline at Verity\n14 sessions wait.", Urgency: oncall.High,
		Page: "P-1", At: now, Link: frontline + "/p/token",
		Buttons: []oncall.Button{{Label: "Acknowledge", URL: frontline + "/p/token/ack", Post: true}, {Label: "Open", URL: frontline + "/alerts/G-1"}}}
}

// A page that Frontline's own channel sends is seen on the right phone, and its button acknowledges.
func TestPhoneRingsAndAnswers(t *testing.T) {
	pressed := make(chan string, 1)
	frontline := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { pressed <- r.Method + " " + r.URL.Path }))
	defer frontline.Close()
	c := open(t, func(o *Options) { o.Frontline = frontline.URL })
	channel := ntfy.New(ntfy.Settings{})
	defer channel.Close()
	liis := c.o.Phones[1]
	for range 2 { // a retry replaces the notification
		if _, err := channel.Send(t.Context(), c.Topic(liis), page(frontline.URL)); err != nil {
			t.Fatal(err)
		}
	}
	o := c.log.observed()
	if len(o.Phones[0].Notes) != 0 || len(o.Phones[1].Notes) != 1 {
		t.Fatalf("phones show %+v, want one notification on the second", o.Phones)
	}
	n := o.Phones[1].Notes[0]
	if !n.Wakes() || !n.Rings(n.At) || n.Rings(n.At.Add(time.Minute)) || n.Title != "[P-1] The decision queue has stopped" {
		t.Errorf("it shows %+v", n)
	}
	res, err := http.PostForm(c.URL()+"/phones/"+liis.Topic+"/"+n.ID+"/0", url.Values{"back": {"/phones"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.Request.URL.Path != "/phones" || res.StatusCode != http.StatusOK {
		t.Errorf("a press leads to %s: %s", res.Request.URL, res.Status)
	}
	select {
	case got := <-pressed:
		if got != "POST /p/token/ack" {
			t.Errorf("Frontline was asked %s", got)
		}
	default:
		t.Error("Frontline was not asked")
	}
	n = c.log.observed().Phones[1].Notes[0]
	if !n.Cleared || n.Buttons[0].Pressed == nil || !n.Buttons[0].Pressed.OK {
		t.Errorf("after the press it shows %+v", n)
	}
}

// A phone sends nothing to anybody but Frontline, and has no buttons that are not on it.
func TestPhonePressesOnlyItsButtons(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("somebody else was asked %s", r.URL) }))
	defer elsewhere.Close()
	c := open(t, func(o *Options) { o.Frontline = "http://127.0.0.1:1" })
	channel := ntfy.New(ntfy.Settings{})
	defer channel.Close()
	karl := c.o.Phones[0]
	if _, err := channel.Send(t.Context(), c.Topic(karl), page(elsewhere.URL)); err != nil {
		t.Fatal(err)
	}
	id := c.log.observed().Phones[0].Notes[0].ID
	for _, path := range []string{karl.Topic + "/" + id + "/0", karl.Topic + "/" + id + "/1", karl.Topic + "/" + id + "/7", karl.Topic + "/" + id + "/-1", "verity-liis/" + id + "/0", karl.Topic + "/x/0"} {
		res, err := http.PostForm(c.URL()+"/phones/"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusNotFound {
			t.Errorf("a press of %s: %s", path, res.Status)
		}
	}
}

// What ntfy refuses is refused here too, with ntfy's own code.
func TestPushServerRefusesLikeNtfy(t *testing.T) {
	c := open(t, nil)
	for body, code := range map[string]int{
		`{`:                          40024,
		`{"topic":"a/b"}`:            40009,
		`{"topic":"x","priority":6}`: 40007,
		`{"topic":"x","actions":[{"action":"http","label":"A","url":"ftp://x/"}]}`:                40018,
		`{"topic":"x","actions":[{"action":"broadcast","label":"A","url":"http://x/"}]}`:          40018,
		`{"topic":"x","message":"` + strings.Repeat("x", 4097) + `"}`:                             41303,
		`{"topic":"` + c.o.Phones[0].Topic + `","message":"` + strings.Repeat("x", 20<<10) + `"}`: 40024,
	} {
		res, err := http.Post(c.URL()+"/", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != code/100 {
			t.Errorf("%.60s: %s, want %d", body, res.Status, code/100)
		}
	}
	if n := len(c.log.observed().Phones[0].Notes); n != 0 {
		t.Errorf("%d notifications came through", n)
	}
}

// A mail that Frontline's own channel sends is kept, both its forms.
func TestMailIsKept(t *testing.T) {
	c := open(t, nil)
	host, port, err := net.SplitHostPort(c.Mail())
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	channel, err := email.New(email.Settings{Host: host, Port: n, TLS: "none", From: "Frontline <frontline@verity.example>"}, clock.Real{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := channel.Send(t.Context(), "Marika.Oja@verity.example", page("https://frontline.verity.example")); err != nil {
		t.Fatal(err)
	}
	mails := c.log.observed().Mails
	if len(mails) != 1 {
		t.Fatalf("%d mails, want 1", len(mails))
	}
	m := mails[0]
	if fmt.Sprint(m.To) != "[marika.oja@verity.example]" || !strings.Contains(m.Subject, "The decision queue has stopped") ||
		!strings.Contains(m.Text, "14 sessions wait.") || !strings.Contains(m.HTML, "<h1") {
		t.Errorf("mail = %+v", m)
	}
}

// A mail that is none is refused, and nothing is kept.
func TestMailThatIsNone(t *testing.T) {
	if m, err := readMail([]byte("no colon here\r\n\r\nbody")); err == nil {
		t.Errorf("readMail = %+v, want a refusal", m)
	}
}
