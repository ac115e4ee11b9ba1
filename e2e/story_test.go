// Package e2e plays whole nights through the program.
package e2e

import (
	"net/http"
	"testing"
	"time"

	"frontline/e2e/database"
	"frontline/e2e/neighbour"
	"frontline/e2e/verity"
)

func TestMain(m *testing.M) {
	neighbour.Main(m)
}

// databases are what each story is played on.
var databases = map[string]func(t testing.TB) string{"sqlite": database.SQLite, "postgres": database.Postgres}

func everywhere(t *testing.T, story func(t *testing.T, d *verity.Desk), allow ...string) {
	for name, address := range databases {
		t.Run(name, func(t *testing.T) { story(t, verity.Open(t, verity.Options{Database: address(t), Allow: allow})) })
	}
}

// Given a rotation, when an alert comes, the first phone rings; after 30 seconds the mail is there; after five minutes the second phone rings; she
// acknowledges, and nobody else is bothered; the alert resolves, and the page is over.
func TestSecondPhoneRingsAfterFiveMinutes(t *testing.T) {
	everywhere(t, func(t *testing.T, d *verity.Desk) {
		d.Alert("firing", "DecisionQueueStuck")
		d.Liis.Expect("Decisions have stopped")
		d.Alert("firing", "DecisionQueueStuck") // a repeat pages nobody
		d.Wait(30 * time.Second)
		d.WaitMail("liis@verity.example", "Decisions have stopped")
		d.Wait(4*time.Minute + 29*time.Second)
		if got := d.Karl.Screen(); len(got) != 0 {
			t.Fatalf("the second phone shows %d messages a second too early", len(got))
		}
		d.Wait(time.Second)
		page := d.Karl.Expect("Decisions have stopped")
		if a := page.Press("Acknowledge"); a.Status != http.StatusOK && a.Status != http.StatusNoContent {
			t.Fatalf("the button was answered with %d", a.Status)
		}
		d.Settle()
		d.Wait(10 * time.Minute)
		d.Oja.ExpectNothingMore()
		d.Alert("resolved", "DecisionQueueStuck")
		d.Wait(2 * time.Hour)
		d.Liis.ExpectNothingMore()
		d.Karl.ExpectNothingMore()
	})
}

// A mail scanner follows every link in a message, and nobody has acknowledged; the person's own press has.
func TestScannersAcknowledgeNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, d *verity.Desk) {
		d.Alert("firing", "DecisionQueueStuck")
		link := d.Liis.Expect("Decisions have stopped").Tap()
		for range 3 {
			res := get(t, link)
			if res.StatusCode != http.StatusOK || res.Header.Get("Referrer-Policy") != "no-referrer" || res.Header.Get("Set-Cookie") != "" {
				t.Fatalf("GET %d, headers %v", res.StatusCode, res.Header)
			}
		}
		d.Wait(5 * time.Minute)
		d.Karl.Expect("Decisions have stopped")
		if res := get(t, link[:len(link)-3]+"AAA"); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("a forged link answers %d", res.StatusCode)
		}
		d.Clock.Move(25 * time.Hour)
		if res := get(t, link); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("a link of yesterday answers %d", res.StatusCode)
		}
	}, "the pager is not well") // a day passes at once: the auditor rightly cries
}

func get(t *testing.T, url string) *http.Response {
	t.Helper()
	res, err := verity.Browser().Get(url)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return res
}
