package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"frontline/desk"
	"frontline/e2e/played"
	"frontline/integration/github"
	"frontline/job"
	"frontline/people"
	"frontline/secret"
)

// trackerDesk is the firm with its desk and developers who have a GitHub.
type trackerDesk struct {
	*requestDesk
	hub  *played.GitHub
	esc  *desk.Escalations
	jobs *job.Runner
}

// Tracker implements desk.TrackerBook.
func (k *trackerDesk) Tracker(id string) (desk.TrackerDefinition, bool) {
	d := k.hub.Definition("pipeline")
	return d, id == d.ID
}

// Trackers implements desk.TrackerBook.
func (k *trackerDesk) Trackers() []desk.TrackerDefinition {
	return []desk.TrackerDefinition{k.hub.Definition("pipeline")}
}

func withTracker(t *testing.T, r *requestDesk) *trackerDesk {
	t.Helper()
	k := &trackerDesk{requestDesk: r, hub: played.OpenGitHub(t)}
	k.hub.SetNow(r.desk.clock.Now())
	k.esc = &desk.Escalations{Desk: r.requests, DB: r.db, Kinds: map[string]desk.Tracker{"github": github.New()}, Runs: nil,
		Trackers: func(context.Context) (desk.TrackerBook, error) { return k, nil },
		Secret:   func(context.Context, string, secret.Ref) (secret.Text, error) { return secret.New("ghp_played"), nil }}
	var err error
	k.jobs, err = job.NewRunner(r.db, r.desk.clock, slog.New(slog.DiscardHandler), slices.Concat(r.requests.Handlers(), k.esc.Handlers())...)
	k.must(err)
	r.desk.s.deps.Developers = k.esc
	return k
}

// work does what is due.
func (k *trackerDesk) work() {
	k.t.Helper()
	ctx, stop := context.WithCancel(k.t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); k.jobs.Run(ctx) }()
	limited, cancel := context.WithTimeout(k.t.Context(), time.Minute)
	defer cancel()
	k.must(k.jobs.Settle(limited))
	stop()
	<-ended
}

// looks lets time pass until the tracker is asked what changed.
func (k *trackerDesk) looks() {
	k.after(6 * time.Minute)
	k.hub.SetNow(k.desk.clock.Now())
	k.work()
}

// A supporter reads and edits what developers get, lets another request join, reads what they say, and tells everybody who asked.
func TestEscalationScreens(t *testing.T) {
	k := withTracker(t, newRequestDesk(t))
	member, support := k.as(people.Member, "grace"), k.as(people.Support, "liis")
	r := k.asks("grace", "question", "Sessions stay pending", "Since 10:40. Write to anna@savannapay.example.", nil)
	second := k.asks("wanjiru", "question", "Pending for Lumo too", "All of them.", nil)

	k.desk.to("/escalations", ask{as: support}).is(http.StatusOK).has(".blank .name", "Nothing is with developers")
	k.desk.to("/requests/R-1", ask{as: support}).has(`a[href="/requests/R-1/escalate"]`, "Escalate to developers").lacks("#developers")
	for _, path := range []string{"/escalations", "/requests/R-1/escalate"} {
		k.desk.to(path, ask{as: member}).is(http.StatusForbidden)
	}
	k.desk.to("/requests/R-1/escalate", ask{as: support}).is(http.StatusOK).has("textarea#f-text", "Since 10:40").has("#f-tracker option", "GitHub").has(".prose h2:first-child", "What happens").has(".prose", "(address left out)")
	sent := url.Values{"tracker": {"pipeline"}, "title": {r.Title}, "text": {"It is **stuck**."}, "issue": {""}}
	preview := url.Values{"do": {"preview"}}
	for name, v := range sent {
		preview[name] = v
	}
	k.desk.to("/requests/R-1/escalate", ask{as: support, form: preview}).is(http.StatusOK).has(".prose strong", "stuck")
	k.desk.to("/requests/R-1/escalate", ask{as: support, form: url.Values{"tracker": {"pipeline"}, "title": {""}, "text": {"x"}}}).is(http.StatusUnprocessableEntity).has("#f-title-wrong", "Give the issue a title")
	k.desk.to("/requests/R-1/escalate", ask{as: member, form: sent}).is(http.StatusForbidden)

	k.hub.Weather().Fail(http.StatusBadGateway, nil, "")
	k.desk.to("/requests/R-1/escalate", ask{as: support, form: sent}).leadsTo("/requests/R-1")
	k.work()
	k.desk.to("/requests/R-1", ask{as: support}).has("section:has(#developers) .state", "Waits for the tracker").has("section:has(#developers)", "Since")
	k.desk.to("/escalations/E-1", ask{as: support}).has(".note .name", "It waits for the tracker, since")
	k.looks()
	k.desk.to("/escalations/E-1", ask{as: support}).is(http.StatusOK).has(".over .state", "With developers").lacks(".note.warning")
	k.desk.to("/requests/R-2/escalate", ask{as: support}).has("section:has(#live) li", r.Title)
	k.desk.to("/requests/R-2/join", ask{as: support, form: url.Values{"escalation": {"E-1"}}}).leadsTo("/requests/R-2")
	k.desk.to("/requests/R-2", ask{as: support}).has(".said", "let it join")

	key := k.hub.Issues()[0]
	k.after(time.Minute)
	k.hub.SetNow(k.desk.clock.Now())
	k.hub.Says(key, "rasmus-p", "Which queue?", false)
	k.looks()
	k.desk.to("/escalations/E-1", ask{as: support}).has(".over .state", "Developers wrote").has("section[aria-labelledby=said] article", "Which queue?")
	k.desk.to("/requests/R-2", ask{as: support}).has("article.internal", "Which queue?").has("article.internal header", "from their tracker")
	k.desk.to("/requests/R-1", ask{as: member}).is(http.StatusOK).lacks("article.internal").lacks("#developers")
	k.desk.to("/escalations/E-1/write", ask{as: support, form: url.Values{"request": {"R-2"}, "text": {" "}}}).is(http.StatusUnprocessableEntity).has(".note .name", "It was not changed")
	k.desk.to("/escalations/E-1/write", ask{as: support, form: url.Values{"request": {"R-2"}, "text": {"webhooks-7."}}}).leadsTo("/escalations/E-1")
	k.desk.to("/escalations/E-1/tell", ask{as: support, form: url.Values{"request": {"R-2"}}}).is(http.StatusConflict)

	k.hub.Settle(key, desk.FixedBug, "2.14.0", true)
	k.looks()
	k.desk.to("/escalations?view=loop", ask{as: support}).has("tbody .state", "Close the loop").has("tbody", "2 askers to tell")
	k.desk.to("/escalations/E-1", ask{as: support}).has("#f-words-R-1", "version 2.14.0, which is out").has("form:has(#f-words-R-1) button", "Tell Grace Wambui")
	k.desk.to("/escalations/E-1/skip", ask{as: support, form: url.Values{"request": {"R-2"}, "reason": {"They saw it themselves."}}}).leadsTo("/escalations/E-1")
	k.desk.to("/escalations/E-1/tell", ask{as: support, form: url.Values{"request": {""}, "text": {""}}}).leadsTo("/escalations/E-1")
	k.desk.to("/escalations/E-1", ask{as: support}).has("section[aria-labelledby=askers] li:first-child", "Told").has("section[aria-labelledby=askers]", "They saw it themselves.").lacks("#loop")
	k.desk.to("/escalations/E-1/judge", ask{as: support, form: url.Values{"verdict": {"duplicate"}}}).leadsTo("/escalations/E-1")
	k.desk.to("/requests/R-1", ask{as: member}).has(".said", "version 2.14.0")
	if got := k.now(r); got.State != desk.Closed || got.Outcome != desk.Fixed {
		t.Errorf("R-1 is %s %s", got.State, got.Outcome)
	}
	if got := k.now(second); got.State != desk.Open {
		t.Errorf("R-2 is %s, want it ours", got.State)
	}
}

// The screens of escalations in both themes and on both sizes, with much on them and with nothing.
func TestEscalationsLook(t *testing.T) {
	var k *requestDesk
	st, _ := walk(t, people.Support, "liis", func(f *firm) { k = openRequests(t, f) })
	x := withTracker(t, k)
	st.lookAll("no-escalations", "/escalations")
	r := k.asks("grace", "question", "Sessions stay pending for every customer of Savanna Pay since 10:40", "Since 10:40, for everybody. Our screen shows them as approved. See https://agents.savannapay.example/queue", nil, pictureFile(t))
	k.asks("wanjiru", "question", "Pending for Lumo too", "All of them.", nil)
	p, err := x.esc.Pack(t.Context(), k.actor("liis"), r.ID)
	k.must(err)
	e, err := x.esc.Escalate(t.Context(), k.actor("liis"), r.ID, desk.Ask{Tracker: "pipeline", Title: p.Title, Text: p.Text})
	k.must(err)
	_, err = x.esc.Join(t.Context(), k.actor("liis"), "R-2", e.ID)
	k.must(err)
	st.lookAll("escalate", "/requests/R-1/escalate", "/escalations")
	x.work()
	key := x.hub.Issues()[0]
	x.hub.Says(key, "rasmus-p", "Found it: the consumer of webhook-sender gave up after a redeploy.", false)
	x.hub.Settle(key, desk.FixedBug, "2.14.0", true)
	x.looks()
	st.lookAll("escalation", "/escalations/E-1", "/escalations?view=loop", "/requests/R-1")
}
