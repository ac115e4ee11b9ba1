package company

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"frontline/e2e/neighbour"
	"frontline/integration/ntfy"
)

// Every screen in both themes and both widths: axe-core finds nothing, the browser complains of nothing, nothing scrolls sideways. Pictures are
// kept in the folder that FRONTLINE_SHOTS names.
func TestScreensInChromium(t *testing.T) {
	c := open(t, func(o *Options) {
		o.Frontline = "http://127.0.0.1:1"
		o.Guide = []Hint{{Say: "A message arrives that the worker cannot read.", Done: func(o Observed) bool { return o.Trouble != nil }},
			{Say: "Acknowledge on Liis's phone.", Link: "http://127.0.0.1:1/alerts", Word: "Alerts"}, {Say: "Resolve the incident."}}
	})
	b := neighbour.Chromium(t)
	channel := ntfy.New(ntfy.Settings{})
	defer channel.Close()
	b.Open(c.URL() + "/")
	b.SeeText("The company opens")

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx, NewAlertmanager("http://127.0.0.1:1", c.URL(), fast().Alerts, nil)) }()
	until(t, c, "decisions are made", func(o Observed) bool { return o.Decided > 3 })
	b.SeeText("The decision queue moves") // without a reload
	if _, err := c.Poison(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.SeeText("The decision queue has stopped")
	if _, err := channel.Send(t.Context(), c.Topic(c.o.Phones[1]), page("http://127.0.0.1:1")); err != nil {
		t.Fatal(err)
	}
	b.SeeText("14 sessions wait.")
	c.mailbox.keep(Mail{ID: "m1", From: "frontline@verity.example", To: []string{"marika@verity.example"}, Subject: "[INC-1] The decision queue has stopped",
		Text: "An incident was opened.", HTML: `<!doctype html><html lang="en"><head><title>x</title></head><body style="font:16px sans-serif"><h1>INC-1</h1></body></html>`})
	b.SeeText("[INC-1]")
	b.Click("[data-press] button")
	b.SeeText("Frontline could not be reached")
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}

	for _, theme := range []string{"light", "dark"} {
		b.Scheme(theme)
		for width, set := range map[string]func(){"1280": b.Desktop, "390": b.Phone} {
			set()
			for _, screen := range []string{"/", "/phones", "/mails", "/mails/m1", "/runbook"} {
				b.Open(c.URL() + screen)
				for _, v := range b.Axe() {
					t.Errorf("%s, %s, %s: %s", screen, theme, width, v)
				}
				if over := sideways(t, b); over > 0 {
					t.Errorf("%s at %s scrolls sideways by %v px", screen, width, over)
				}
				if dir := os.Getenv("FRONTLINE_SHOTS"); dir != "" {
					b.Screenshot(filepath.Join(dir, "demo-"+strings.Trim(filepath.Base(screen), "/")+"-"+width+"-"+theme+".png"))
				}
			}
		}
	}
	for _, said := range b.Complaints() {
		t.Errorf("the browser complains: %s", said)
	}
}

// Without scripts every screen is there, and a press of a button comes back to where it was.
func TestScreensWithoutScripts(t *testing.T) {
	c := open(t, func(o *Options) { o.Frontline = "http://127.0.0.1:1" })
	channel := ntfy.New(ntfy.Settings{})
	defer channel.Close()
	if _, err := channel.Send(t.Context(), c.Topic(c.o.Phones[0]), page("http://127.0.0.1:1")); err != nil {
		t.Fatal(err)
	}
	b := neighbour.Chromium(t)
	b.Scripts(false)
	b.Open(c.URL() + "/phones")
	b.Click("form button")
	b.SeeText("Frontline could not be reached")
}

// sideways is by how many pixels the page is wider than its window.
func sideways(t *testing.T, b *neighbour.Browser) float64 {
	t.Helper()
	over, err := chromedp.Run(b.Context, chromedp.Evaluate[float64]("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
	if err != nil {
		t.Fatal(err)
	}
	return over
}
