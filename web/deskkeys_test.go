package web

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"frontline/desk"
	"frontline/people"
)

// onDesk opens a browser as Liis at a desk in the middle of its morning: wait for triage, R-1 is hers.
func onDesk(t *testing.T) (*street, *requestDesk) {
	t.Helper()
	var k *requestDesk
	st, _ := walk(t, people.Support, "liis", func(f *firm) {
		k = openRequests(t, f)
		k.story()
	})
	return st, k
}

func (st *street) scripts() {
	st.t.Helper()
	st.until("scripts", `document.documentElement.dataset.js !== undefined`)
}

// The inbox is emptied by four keys, the next one comes up by itself; with single keys off they do nothing.
func TestTriageByKeys(t *testing.T) {
	st, k := onDesk(t)
	st.Open(st.url + "/requests/triage")
	st.scripts()
	st.js(`document.documentElement.dataset.keys = "off"; true`)
	st.press("1")
	st.press("3")
	if st.js(`document.querySelector("details.deed[open]") !== null`) || k.named("R-3").State != desk.New {
		t.Error("a key works though they are off")
	}
	st.js(`delete document.documentElement.dataset.keys`)
	st.press("1")
	st.SeeText("R-3 is accepted.")
	st.until("the next one", `document.querySelector("#one").innerText.startsWith("Two sessions")`)
	st.keys("3")
	st.until("the field", `document.activeElement?.id === "f-reason"`)
	st.press("No: 3 is a letter here.") // keys are letters while somebody writes
	st.Click("details[open] button.first")
	st.SeeText("R-4 is declined.")
	st.until("the next one", `document.querySelector("#one").innerText.startsWith("Change the callback")`)
	st.press("h")
	st.until("the choices", `document.activeElement?.value === "1h"`)
	st.press("\r")
	st.SeeText("Nothing waits for triage")
	if r := k.named("R-5"); !r.SnoozedUntil.After(k.desk.clock.Now()) {
		t.Errorf("R-5: %+v", r)
	}
	if r := k.named("R-4"); r.Outcome != desk.Declined {
		t.Errorf("R-4: %+v", r)
	}
	st.quiet()
}

// Rows are chosen with x, changed together, and that is taken back with u.
func TestManyByKeys(t *testing.T) {
	st, k := onDesk(t)
	st.Open(st.url + "/requests?view=nobody")
	st.scripts()
	st.press("j")
	st.press("x")
	st.press("j")
	st.press("x")
	st.SeeText("2 chosen")
	st.js(`document.querySelector("#bulk-priority").value = "urgent"; true`)
	st.picture("requests-chosen")
	for _, v := range st.Axe() {
		t.Errorf("the bar: %s", v)
	}
	st.Click(".bulkbar button.first")
	st.SeeText("2 requests changed.")
	if k.named("R-3").Priority != desk.Urgent {
		t.Error("R-3 was not changed")
	}
	st.press("u")
	st.SeeText("2 requests are as before.")
	if k.named("R-3").Priority != desk.Normal {
		t.Error("R-3 was not taken back")
	}
	st.quiet()
}

// A request is closed by two keys in its menu, and taken up again.
func TestCloseByKeys(t *testing.T) {
	st, k := onDesk(t)
	st.Open(st.url + "/requests/R-1")
	st.scripts()
	st.keys("c")
	st.See("details[open] button[data-key='2']")
	st.picture("request-close")
	for _, v := range st.Axe() {
		t.Errorf("the menu: %s", v)
	}
	st.keys("m")
	st.until("the size", `document.querySelector("input[name=size][value=m]").checked`)
	st.keys("2")
	st.SeeText("R-1 is closed.")
	if r := k.named("R-1"); r.Outcome != desk.Done || r.Size != desk.Medium {
		t.Errorf("R-1: %+v", r)
	}
	st.quiet()
}

// What somebody writes is kept as a draft by itself, outlives what others say meanwhile, and is sent only once it was compared with that.
func TestWriteBoxKeepsWords(t *testing.T) {
	st, k := onDesk(t)
	st.Open(st.url + "/requests/R-1")
	st.scripts()
	st.until("the stream", `document.documentElement.dataset.live === "on"`)
	st.keys("r")
	st.until("the reply", `document.querySelector("input[value=reply]").checked && document.activeElement?.id === "f-text"`)
	st.press("It was one message.")
	st.SeeText("Draft kept")
	st.picture("request-writing")
	k.must2(k.requests.Add(t.Context(), k.actor("grace"), "R-1", desk.Incoming{Arrival: desk.Arrival{Channel: "screen"}, Body: "And does it happen again?"}))
	st.change("request", k.named("R-1").ID)
	st.SeeText("Something changed.")
	if got := st.Value("#f-text"); got != "It was one message." {
		t.Errorf("the box holds %q", got)
	}
	st.Click("#write .end button.only-public")
	st.SeeText("Said meanwhile")
	st.SeeText("And does it happen again?")
	st.picture("request-meanwhile")
	for _, v := range st.Axe() {
		t.Errorf("meanwhile: %s", v)
	}
	if got := st.Value("#f-text"); got != "It was one message." {
		t.Errorf("after the refusal the box holds %q", got)
	}
	st.Click("#write .end button.only-public")
	st.SeeText("R-1 is answered.")
	if got := st.Value("#f-text"); got != "" {
		t.Errorf("what was sent is still in the box: %q", got)
	}
	c, err := k.requests.Conversation(t.Context(), k.actor("liis"), "R-1")
	k.must(err)
	if last := c.Messages[len(c.Messages)-1]; last.Kind != desk.Reply || last.Text.Body != "It was one message." {
		t.Errorf("the last message is %+v", last)
	}
}

// Who else is here is shown without a reload, and that one is here oneself is told while the tab is looked at.
func TestPresenceInTheBrowser(t *testing.T) {
	st, k := onDesk(t)
	st.Open(st.url + "/requests/R-1")
	st.scripts()
	st.until("the stream", `document.documentElement.dataset.live === "on"`)
	k.must(k.requests.Touch(t.Context(), k.actor("karl"), "R-1", true, 10))
	st.change("presence", k.named("R-1").ID)
	st.SeeText("Karl Sepp is here, writing")
	deadline := time.Now().Add(st.Patience)
	for {
		here, _, err := k.requests.Present(t.Context(), k.actor("karl"), "R-1")
		k.must(err)
		if len(here) == 1 && here[0].Person == "liis" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nobody is told that Liis is here")
		}
		time.Sleep(20 * time.Millisecond)
	}
	st.quiet()
}

// Everything works without scripts: triage, a reply with an end, many at once, asking.
func TestDeskWithoutScripts(t *testing.T) {
	st, k := onDesk(t)
	st.Scripts(false)
	st.Open(st.url + "/requests/triage")
	st.Click("form[action$='/accept'] button")
	st.SeeText("R-3 is accepted.")
	st.Click("details[data-key='3'] summary")
	st.Fill("#f-reason", "Ask Kivi Credit.")
	st.Click("details[open] button.first")
	st.SeeText("R-4 is declined.")
	st.Open(st.url + "/requests/R-1")
	st.Click("label:has(input[value=reply])")
	st.Fill("#f-text", "It was one message.")
	st.Do(chromedp.SetValue(chromedp.CSS("#f-then"), "close answered"))
	st.Click("#write .end button.only-public")
	st.SeeText("R-1 is answered and closed.")
	st.Open(st.url + "/requests?view=nobody")
	st.Click("tr:has(a[href='/requests/R-5']) .tick label")
	st.Do(chromedp.SetValue(chromedp.CSS("#bulk-assignee"), "me"))
	st.Click(".bulkbar button.first")
	st.SeeText("1 request changed.")
	st.Click("button[form=take-back]")
	st.SeeText("1 request is as before.")
	st.Open(st.url + "/requests/new?type=question")
	st.Fill("#f-title", "May we see the rules?")
	st.Fill("#f-text", "For the auditor.")
	st.Click("main form button.first")
	st.SeeText("You read the answer here.")
	if r := k.named("R-11"); r.Title != "May we see the rules?" {
		t.Errorf("R-11: %+v", r)
	}
	if r := k.named("R-1"); r.State != desk.Closed {
		t.Errorf("R-1: %+v", r)
	}
}
