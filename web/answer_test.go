package web

import (
	"net/http"
	"net/url"
	"testing"

	"frontline/journal"
	"frontline/people"
)

func TestAnswerAtNight(t *testing.T) {
	f := alertFirm(t)
	got := f.desk.to("/p/karl-page-1", ask{}).is(http.StatusOK).
		has("main.night header .state.critical", "Critical").has("header .mono", "P-1").has("h1", "decisions.in: nothing is consumed").
		has(".what", "Decision pipeline").has(".what", "512 decisions wait.").
		has(".big", "1 of 2").has(".big", "Customers on it5").
		has(`a[href="/alerts/G-7"]`, "Open").
		reads(".ledger", "Karl Sepp by push received 03:24:00").
		has(".thumb [role=status]", "Nobody has acknowledged. Aisha Odhiambo is paged in 5 min, at 03:29.").
		has(`.thumb button[value=acknowledge]`, "Acknowledge").has(`.thumb button[value=escalate]`, "Escalate to Aisha Odhiambo now").
		lacks(".rail").lacks(".bar")
	for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"} {
		if have := got.Header().Get(name); have != want {
			t.Errorf("%s is %q, want %q", name, have, want)
		}
	}
	if p, _, err := f.pager.Page(t.Context(), f.actor("karl"), "page-1"); err != nil || !p.AckedAt.IsZero() {
		t.Errorf("looking acknowledged it: %+v %v", p, err)
	}
	f.desk.to("/p/broken", ask{}).is(http.StatusUnauthorized).has("main", "expired or is not one of ours")
}

func TestAnswering(t *testing.T) {
	f := alertFirm(t)
	html := map[string]string{"Accept": "text/html"}
	f.desk.to("/p/karl-page-1", ask{form: url.Values{"do": {"escalate"}}, header: html}).leadsTo("/p/karl-page-1")
	f.desk.to("/p/karl-page-1", ask{form: url.Values{"do": {"acknowledge"}}, header: html}).leadsTo("/p/karl-page-1")
	f.desk.to("/p/karl-page-1", ask{}).has("header .state.ok", "Yours").lacks(".thumb button[value=acknowledge]")
	f.desk.to("/p/aisha-page-1", ask{}).has("header .state.ok", "Taken").has(".thumb [role=status]", "Karl Sepp has it, since 03:24.").has(".thumb button[value=acknowledge]", "Take it over")
	f.desk.to("/p/karl-page-1", ask{form: url.Values{}}).is(http.StatusNoContent) // the button of a push message wants no screen
	f.desk.to("/p/broken", ask{form: url.Values{}}).is(http.StatusUnauthorized)
}

func TestAnsweringWhatIsOver(t *testing.T) {
	f := alertFirm(t)
	f.end(journal.Of("group", "g7"))
	f.desk.to("/p/karl-page-1", ask{}).is(http.StatusOK).has("header .state.ok", "Over").has(".thumb [role=status]", "This is over: it resolved.").lacks(".thumb button")
}

func TestAnswerLooks(t *testing.T) {
	st, _ := walk(t, people.Support, "karl", func(f *firm) { *f = *mergeAlerts(f, alertFirm(f.t)) })
	st.Phone()
	for _, theme := range []string{"light", "dark"} {
		st.Scheme(theme)
		st.check("/p/karl-page-1", "answer-"+theme)
		st.SeeText("Nobody has acknowledged.")
		st.SeeText("now 03:24") // by the server's clock, whatever the phone's says
	}
	if !st.js(`[...document.querySelectorAll(".thumb button")].every((b) => b.offsetHeight >= 56 && b.getBoundingClientRect().bottom <= innerHeight)`) {
		st.t.Error("a thumb button is small or below the fold")
	}
}
