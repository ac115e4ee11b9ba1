package web

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"frontline/people"
)

func TestOwnSessions(t *testing.T) {
	d := newDesk(t)
	other := d.signIn.sessions["support"]
	other.ID, other.Device, other.From, other.Made, other.Seen = "s-phone", "Firefox on Android", "203.0.113.7", night.Add(-72*time.Hour), night.Add(-2*time.Hour)
	d.signIn.sessions["support-phone"] = other
	d.to("/sign-in", ask{form: url.Values{"email": {"liis@verity.example"}, "password": {goodPassword}},
		header: map[string]string{"User-Agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15"}}).leadsTo("/")
	d.to("/me", ask{as: people.Support}).is(http.StatusOK).
		reads("[aria-labelledby=signed-in] li:nth-child(1)", "Safari on Mac since 02:24 This one").
		reads("[aria-labelledby=signed-in] li:nth-child(2)", "Firefox on Android from 203.0.113.7 since Sat 03:24, last used 2 h 01:24 Sign out Firefox on Android").
		lacks("[aria-labelledby=signed-in] li:nth-child(1) button")
	d.to("/me/sessions/s-phone/end", ask{as: people.Member, form: url.Values{}}).is(http.StatusNotFound).has("main .soft", "You have no such session")
	d.to("/me/sessions/s-phone/end", ask{as: people.Support, form: url.Values{}}).leadsTo("/me")
	d.to("/me", ask{as: "support-phone"}).leadsTo("/sign-in?next=%2Fme")
	d.to("/me", ask{as: people.Support}).lacks("[aria-labelledby=signed-in] li:nth-child(2)")
}

func TestDevices(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0":              "Edge on Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Mobile/15E148 Safari/604.1":    "Safari on iPhone",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36":                            "Chrome on Android",
		"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0":                                                                     "Firefox on Linux",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.0.0 Mobile/15E148 Safari/604.1": "Chrome on iPhone",
		"curl/8.5.0": "curl",
		"something":  "",
		"":           "",
	} {
		if got := deviceOf(agent); got != want {
			t.Errorf("%s is %q, want %q", agent, got, want)
		}
	}
}
