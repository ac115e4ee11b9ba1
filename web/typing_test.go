package web

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// held keeps answers back.
type held struct{ arrived, release chan struct{} }

// hold keeps the next answer back until it is released.
func (st *street) hold() *held {
	h := &held{arrived: make(chan struct{}), release: make(chan struct{})}
	st.held.Store(h)
	return h
}

// wait is what a held answer does.
func (st *street) wait() {
	if h := st.held.Swap(nil); h != nil {
		close(h.arrived)
		<-h.release
	}
}

// TestLiveNeverEatsWhatIsBegunMeanwhile: between a live update's question and its answer somebody begins to write, or only goes into a field.
func TestLiveNeverEatsWhatIsBegunMeanwhile(t *testing.T) {
	st, _ := liveStreet(t)
	for _, c := range []struct {
		name  string
		begin func()
		holds string
	}{
		{"writes", func() { st.Fill("#f-note", "half a sentence") }, "half a sentence"},
		{"goes into the field", func() { st.Do(chromedp.Focus(chromedp.CSS("#f-note"))) }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			st.Open(st.url + "/example")
			st.until("the stream", `document.documentElement.dataset.live === "on"`)
			h := st.hold()
			st.change("alert", "a1")
			<-h.arrived
			c.begin()
			st.js(`window.sameField = document.querySelector("#f-note"); true`)
			before := st.See("h1")
			close(h.release)
			st.SeeText("Something changed.")
			if got := st.See("h1"); got != before {
				t.Errorf("the screen became %q under somebody's hands", got)
			}
			if !st.js(`document.activeElement === window.sameField`) {
				t.Error("the cursor is elsewhere now")
			}
			st.Click("[data-reload]")
			st.until("the new screen", `document.querySelector("h1").innerText !== "`+before+`"`)
			if got := st.Value("#f-note"); got != c.holds {
				t.Errorf("the field holds %q, want %q", got, c.holds)
			}
		})
	}
}

// TestWhatDidNotArriveIsKept: a form that could not be sent is still being written when live updates come again.
func TestWhatDidNotArriveIsKept(t *testing.T) {
	st, _ := liveStreet(t)
	st.Fill("#f-note", "a whole sentence")
	st.alive.Store(false)
	st.press("\r")
	st.until("the failure", `document.querySelector("form:not([data-sent])[data-dirty]") !== null`)
	st.alive.Store(true)
	st.Do(chromedp.Evaluate[chromedp.Void](`document.activeElement.blur()`))
	st.change("alert", "a1")
	st.SeeText("Something changed.")
	if got := st.Value("#f-note"); got != "a whole sentence" {
		t.Errorf("the field holds %q", got)
	}
	st.press("\t")
	st.Do(chromedp.Focus(chromedp.CSS("#f-note")))
	st.press("\r")
	st.SeeText("Your note is kept.")
}

// TestWritingOutlivesItsPlace: what somebody writes stays also when the screen they asked for has no place for it any more.
func TestWritingOutlivesItsPlace(t *testing.T) {
	st, _ := liveStreet(t)
	st.Fill("#f-note", "half a sentence")
	st.template("counted", `<h1>Fetched {{.N}}</h1><p>It is over.</p>`)
	st.change("alert", "a1")
	st.SeeText("Something changed.")
	st.Click("[data-reload]")
	st.SeeText("It is over.")
	if got := st.Value("#f-note"); got != "half a sentence" {
		t.Errorf("the field holds %q", got)
	}
}
