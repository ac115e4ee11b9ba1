package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"frontline/action"
	"frontline/desk"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/thanks"
)

// nobodyThanks is a company in which nobody has said thank you yet, for the tests of other screens.
type nobodyThanks struct{ everyThanks }

type everyThanks = Thanks

func (nobodyThanks) Page(context.Context, people.Actor, thanks.View) ([]thanks.Shown, bool, error) {
	return nil, false, nil
}

func (b *firmBook) Action(id string) (action.Definition, bool) {
	return action.Definition{ID: id, Title: "Take a poisoned message out of a queue"}, id == "queue/park-message"
}

// thankRuns are the firm's runs of what somebody is thanked for.
type thankRuns struct{ *firmRuns }

func (f thankRuns) RunsFor(ctx context.Context, a people.Actor, s journal.Subject) ([]action.Run, error) {
	return f.List(ctx, a, action.RunFilter{For: s})
}

// thankful lets the firm say thank you, by the real rules over a real database.
func (k *requestDesk) thankful() *thanks.Service {
	s := &thanks.Service{DB: k.db, Book: func(context.Context) (thanks.Directory, error) { return k.book, nil }, Matters: thanks.Wings{Desk: k.requests, Actions: thankRuns{k.runs}}, Now: k.db.Now,
		Link: func(x thanks.Thanks) string { return "https://ops.verity.example/thanks/" + x.Name() }, Wall: "https://ops.verity.example/thanks"}
	k.desk.s.deps.Thanks = s
	return s
}

// Somebody is thanked from a request: who helped is ticked, a reason is asked for, the words may be changed, and what is taken back is gone.
func TestThanksOnScreens(t *testing.T) {
	k := newRequestDesk(t)
	k.thankful()
	member, support, lead := people.Member, people.Support, people.Lead
	r := k.asks("grace", "question", "Which passports have a chip?", "Kenyan ones.", nil)
	k.asks("karl", "salary", "My pay", "It is low.", nil)
	k.did(k.requests.Reply(t.Context(), k.actor("karl"), r.ID, desk.Words{Body: "Those since 2023."}))
	k.did(k.requests.Assign(t.Context(), k.actor("liis"), r.ID, "liis", 0))
	k.runs.runs = append(k.runs.runs, action.Run{ID: "run-1", Number: 884, State: action.Succeeded, Definition: action.Definition{ID: "queue/park-message"}, For: r.Subject()})
	k.desk.to("/thanks", ask{as: member}).is(http.StatusOK).has(".blank .name", "Nobody has said thank you yet").has(`.title a[href="/thanks/new"]`, "Say thanks")
	k.desk.to("/requests/R-1", ask{as: member}).is(http.StatusOK).has(`.thanked a[href="/thanks/new?about=R-1"]`, "Say thanks")
	k.desk.to("/thanks/new?about=R-1", ask{as: member}).is(http.StatusOK).has("main .title", "Which passports have a chip?").
		has(`input[name=helped][value="person:liis"][checked]`, "").has(`input[name=helped][value="action:queue/park-message"][checked]`, "").has(`select[name=who] option[value="team:support"]`, "the team").
		lacks(`select[name=who] option[value="person:grace"]`).has("main form", "You may say 5 more today")
	k.desk.to("/thanks/new?about=R-2", ask{as: member}).is(http.StatusOK).has(".summary", "There is no R-2")
	given := url.Values{"helped": {"", "person:liis", "action:queue/park-message"}, "who": {""}, "also": {"team:support"}, "reason": {"Chips, explained so that Savanna Pay understood: https://ops.verity.example/requests/R-1"}, "about": {"R-1"}}
	with := func(name string, values ...string) url.Values {
		out := url.Values{}
		for n, v := range given {
			out[n] = v
		}
		out[name] = values
		return out
	}
	k.desk.to("/thanks", ask{as: member, form: with("reason", " ")}).is(http.StatusUnprocessableEntity).has("#f-reason-wrong", "Say what for").has(`input[name=helped][value="person:liis"][checked]`, "").lacks(`input[name=helped][value="person:karl"][checked]`)
	k.desk.to("/thanks", ask{as: member, form: with("who", "person:grace")}).is(http.StatusUnprocessableEntity).has("#f-who-wrong", "Nobody thanks themselves")
	k.desk.to("/thanks", ask{as: member, form: given}).leadsTo("/thanks/T-1")
	k.desk.to("/thanks", ask{as: member, form: given}).is(http.StatusConflict).has(".summary", "for R-1 already, in T-1")
	k.desk.to("/thanks/T-1", ask{as: member}).is(http.StatusOK).has("h1", "You to").has("blockquote", "Chips, explained").has(`form[action="/thanks/T-1/reword"] textarea`, "Chips").has("main details.more summary", "Take it back")
	k.desk.to("/thanks/T-1/reword", ask{as: support, form: url.Values{"reason": {"Mine are better words"}}}).is(http.StatusForbidden)
	k.desk.to("/thanks/T-1/reword", ask{as: member, form: url.Values{"reason": {""}}}).is(http.StatusUnprocessableEntity).has("#f-reason-wrong", "Say what for")
	k.desk.to("/thanks/T-1/reword", ask{as: member, form: url.Values{"reason": {"Chips, explained well"}}}).leadsTo("/thanks/T-1")
	k.desk.to("/thanks", ask{as: support}).has(".wall li.got, .wall blockquote.got", "Chips, explained well").has(`.wall a[href="/requests/R-1"]`, "Which passports")
	k.desk.to("/thanks?view=you", ask{as: support}).has(".wall blockquote", "Chips")
	k.desk.to("/thanks?view=yours", ask{as: support}).has(".blank .name", "You have not thanked anybody yet")
	k.desk.to("/requests/R-1", ask{as: support}).has(".thanked blockquote", "Chips, explained well")
	k.desk.to("/thanks/T-1/take-back", ask{as: lead, form: url.Values{}}).leadsTo("/thanks")
	k.desk.to("/thanks/T-1", ask{as: member}).is(http.StatusNotFound)
	k.desk.to("/thanks/mails", ask{as: member, form: url.Values{"digest": {"on"}}}).leadsTo("/thanks")
	k.desk.to("/thanks", ask{as: member}).has("input[name=digest][checked]", "").lacks("input[name=told][checked]")
	if x, err := k.db.Thanks(t.Context(), "T-1"); err != nil || x.Void || x.About != r.Subject() || x.Text.Body != "" {
		t.Errorf("what is left of it: %+v, %v", x, err)
	}
}

// What people were thankful for in a month stands under what the requests were about.
func TestThanksOfAMonth(t *testing.T) {
	k := newRequestDesk(t)
	said := k.thankful()
	r := k.asks("grace", "question", "Which passports have a chip?", "Kenyan ones.", nil)
	d, err := k.requests.NewDemand(t.Context(), k.actor("liis"), desk.DemandDraft{Title: "Which documents are read"})
	k.must(err)
	k.did(k.requests.Code(t.Context(), k.actor("liis"), r.ID, desk.Coding{Codes: []desk.Code{{Demand: d.ID}}}))
	for _, x := range []thanks.Draft{{Reason: "Explained chips", People: []string{"liis"}, About: "R-1"}, {Reason: "For an hour of patience", Teams: []string{"support"}}} {
		_, _, err := said.Give(t.Context(), k.actor("grace"), x)
		k.must(err)
	}
	month := string(thanks.MonthOf(k.desk.clock.Now()))
	k.desk.to("/thanks/months/"+month, ask{as: people.Member}).is(http.StatusOK).has(`section h2 a[href="/insight/demands/D-1"]`, "Which documents are read").has("dl.big div:first-child dd", "2").has("section:nth-of-type(2) h2", "Belongs to no demand")
	k.desk.to("/thanks/months/1999-01", ask{as: people.Member}).is(http.StatusOK).has(".blank .name", "Nobody said thank you in January 1999")
	k.desk.to("/thanks/months/nonsense", ask{as: people.Member}).is(http.StatusUnprocessableEntity)
	if _, _, err := said.Give(t.Context(), people.System("job"), thanks.Draft{Reason: "For being so good", People: []string{"liis"}}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a job says thanks: %v", err)
	}
}

// The screens of thanks in both themes and on both sizes, with much on them and with nothing.
func TestThanksLook(t *testing.T) {
	var k *requestDesk
	st, _ := walk(t, people.Support, "liis", func(f *firm) { k = openRequests(t, f) })
	said := k.thankful()
	st.lookAll("thanks-none", "/thanks")
	k.story()
	at := func(by, about, reason string, to ...string) {
		t.Helper()
		d := thanks.Draft{Reason: reason, About: about}
		for _, id := range to {
			if id == "support" {
				d.Teams = append(d.Teams, id)
			} else if strings.Contains(id, "/") {
				d.Actions = append(d.Actions, id)
			} else {
				d.People = append(d.People, id)
			}
		}
		_, _, err := said.Give(t.Context(), k.actor(by), d)
		k.must(err)
		k.after(41 * time.Minute)
	}
	at("grace", "R-1", "Savanna Pay's shops were open again ten minutes after I asked. You also told me what to say to them, word for word.", "liis", "karl", "queue/park-message")
	at("karl", "", "For taking my Thursday night, so that I could be at the school concert.", "tonis")
	at("tonis", "", "You wrote the answer about document chips that I send to somebody every single day. I counted: eleven times this month, and not one of them came back with a question. It also reads well on a phone, which nobody else ever thinks of.", "liis")
	at("grace", "", "Three quick answers in a row", "support")
	at("liis", "R-1", "The parked message came with everything I needed to see why it was poisoned.", "karl")
	st.lookAll("thanks", "/thanks")
	st.lookAll("thanks-new", "/thanks/new?about=R-1")
	st.lookAll("thanks-month", "/thanks/months/"+string(thanks.MonthOf(k.desk.clock.Now())))
	_, _, err := said.Give(t.Context(), k.actor("liis"), thanks.Draft{Reason: "For the good words about chips", People: []string{"tonis"}})
	k.must(err)
	st.lookAll("thanks-one", "/thanks/T-6")
	st.lookAll("thanks-request", "/requests/R-1")
}
