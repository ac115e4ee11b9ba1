package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"frontline/desk"
	"frontline/insight"
	"frontline/people"
)

// counted gives the firm's desk its figures.
func (k *requestDesk) counted() {
	board := &insight.Board{DB: k.db, Now: k.db.Now, Book: func(context.Context) (insight.Directory, error) { return k.book, nil }}
	k.desk.s.deps.Demands, k.desk.s.deps.Insight = k.requests, board
}

func (k *requestDesk) demandOf(title string) desk.Demand {
	k.t.Helper()
	d, err := k.requests.NewDemand(k.t.Context(), k.actor("liis"), desk.DemandDraft{Title: title})
	k.must(err)
	return d
}

// closedAs asks a question and closes it with what it was about.
func (k *requestDesk) closedAs(title string, size desk.Size, demands ...desk.Demand) {
	k.t.Helper()
	r := k.asks("grace", "question", title, "Words.", nil)
	e := desk.Ending{Outcome: desk.Answered, Size: size}
	for _, d := range demands {
		e.Codes = append(e.Codes, desk.Code{Demand: d.ID})
	}
	k.must2(k.requests.Close(k.t.Context(), k.actor("liis"), r.ID, e))
}

// Every question has its answer, and everybody who is signed in may read them: they name nobody.
func TestInsight(t *testing.T) {
	k := newRequestDesk(t)
	k.counted()
	k.desk.to("/insight", ask{as: people.Member}).is(http.StatusOK).has(".blank .name", "Nothing to count yet")
	k.desk.to("/insight/demand-hours", ask{as: people.Member}).is(http.StatusOK).has(".blank .name", "Nothing to count yet").has("h1", "Which demands take most of our time?")
	k.desk.to("/insight/nothing", ask{as: people.Member}).is(http.StatusNotFound)
	hooks, passports := k.demandOf("Webhooks stopped"), k.demandOf("Which passports")
	for i := range 15 {
		k.closedAs(fmt.Sprint("No webhooks ", i), desk.Large, hooks)
	}
	k.closedAs("Passports", desk.Medium, hooks, passports)
	k.closedAs("Nobody knows", "")
	k.desk.to("/insight", ask{as: people.Member}).is(http.StatusOK).has(`.answers a[href="/insight/demand-hours"]`, "Webhooks stopped took most: 15 h").has(`.rail a[href="/insight"]`, "Insight")
	got := k.desk.to("/insight/demand-hours", ask{as: people.Member}).is(http.StatusOK).has(".verdict-line", "Webhooks stopped took most").
		has(".ranking tbody tr:first-child .num b", "15.2").has(".figures-of tbody tr:nth-child(2) th", "Which passports").has(".panel dd:nth-of-type(1)", "17 requests").has(".ranking tbody tr:first-child svg .sure", "")
	if strings.Contains(k.desk.to("/insight/age-of-open", ask{as: people.Support}).body()+k.desk.to("/insight/demand-hours", ask{as: people.Support}).body(), "Grace") {
		t.Error("a report names who asked")
	}
	csv := k.desk.to(got.attr(`a[href*="as=csv"]`, "href"), ask{as: people.Member}).is(http.StatusOK)
	if body := csv.body(); !strings.HasPrefix(body, "demand,hours,hours_low,hours_high,hours_no_interval,") || csv.Header().Get("Content-Disposition") != `attachment; filename="demand-hours.csv"` {
		t.Errorf("csv: %s", body)
	}
	if body := k.desk.to("/insight/demand-hours?as=json", ask{as: people.Member}).is(http.StatusOK).body(); !strings.Contains(body, `"definition_version": 1`) {
		t.Errorf("json: %s", body)
	}
	for _, q := range insight.Questions() {
		k.desk.to("/insight/"+q.Name+"?days=365&team=support", ask{as: people.Member}).is(http.StatusOK).has("h1", q.Question).has(`select[name=team] option[selected]`, "")
	}
	k.desk.to("/insight/demand-hours?customer=kivi", ask{as: people.Member}).is(http.StatusOK).has(".blank .name", "Nothing to count yet")
}

// The register is kept on screens by whoever works on requests, and read by everybody.
func TestDemandScreens(t *testing.T) {
	k := newRequestDesk(t)
	k.counted()
	k.desk.to("/insight/demands", ask{as: people.Member}).is(http.StatusOK).has(".blank .name", "The register is empty").lacks("#new")
	k.desk.to("/insight/demands", ask{as: people.Member, form: formOf("title", "Mine")}).is(http.StatusForbidden)
	k.desk.to("/insight/demands", ask{as: people.Support, form: formOf("title", " ")}).is(http.StatusUnprocessableEntity).has("#new[open] #f-title-wrong", "Name the demand")
	k.desk.to("/insight/demands", ask{as: people.Support, form: formOf("title", "Webhooks late", "handling", "runbook", "owner", "liis")}).leadsTo("/insight/demands/D-1")
	other := k.demandOf("Webhooks stopped")
	d, err := k.requests.Demands(t.Context(), k.actor("liis"))
	k.must(err)
	k.closedAs("No webhooks at Lumo", desk.Medium, d[0])
	k.desk.clock.Move(time.Minute)
	k.desk.to("/insight/demands", ask{as: people.Member}).is(http.StatusOK).has("tbody tr:first-child a", "Webhooks late").has("tbody tr:first-child .state", "By runbook").has(`tbody tr:first-child td[data-k=Hours]`, "0.3").
		has(`tbody tr:first-child td[data-k=Trend]`, "up from 0")
	k.desk.to("/insight/demands/d-1", ask{as: people.Member}).is(http.StatusOK).has("h1", "Webhooks late").has(`[aria-labelledby=latest] a[href="/requests/R-1"]`, "").lacks(`form[action$="/retire"]`) // the asker is another one, but the type is open
	k.desk.to("/insight/demands/D-1", ask{as: people.Support, form: formOf("title", "Webhooks are late", "handling", "building", "examples", "R-1", "seen", "1")}).leadsTo("/insight/demands/D-1")
	k.desk.to("/insight/demands/D-1", ask{as: people.Support}).has(".title .state", "A tool is being built").has("[aria-labelledby=shown] a", "No webhooks at Lumo")
	k.desk.to("/insight/demands/D-1", ask{as: people.Support, form: formOf("title", "Again", "handling", "building", "seen", "1")}).is(http.StatusConflict).has(".note .name", "It was not changed").has("#f-title[value=Again]", "")
	k.desk.to("/insight/demands/D-1/split", ask{as: people.Support, form: formOf("titles", "One")}).is(http.StatusUnprocessableEntity).has(".note", "2 to 10")
	k.desk.to("/insight/demands/D-1/merge", ask{as: people.Support, form: formOf("into", other.ID)}).leadsTo("/insight/demands/D-2")
	k.desk.to("/insight/demands/D-2", ask{as: people.Support}).has(".big div:first-child dd", "1").has("dl.facts a[href='/insight/demands/D-1']", "Webhooks are late")
	k.desk.to("/insight/demands/D-1", ask{as: people.Support}).has(".title .state", "Now Webhooks stopped").lacks(`form[action$="/merge"]`)
	k.desk.to("/insight/demands/D-2/split", ask{as: people.Support, form: formOf("titles", "In Kenya\nElsewhere\n")}).leadsTo("/insight/demands/D-3")
	k.desk.to("/insight/demands/D-3/retire", ask{as: people.Support, form: formOf()}).leadsTo("/insight/demands/D-3")
	k.desk.to("/insight/demands", ask{as: people.Support}).has(".ended li:has(a[href$='/D-1']) .state", "Now Webhooks stopped")
	k.desk.to("/insight/demands/D-77", ask{as: people.Support}).is(http.StatusNotFound)
}

// Where a request is closed, what it may be about is offered with the reason; nothing is chosen beforehand, and the answer is kept.
func TestOffersAtClose(t *testing.T) {
	k := newRequestDesk(t)
	k.counted()
	k.asks("grace", "question", "No webhooks at all since noon", "Our agents see pending.", nil)
	k.desk.to("/requests/R-1", ask{as: people.Support}).is(http.StatusOK).lacks("input[name=demand]").has(`button[name=outcome][value=answered][data-key="1"]`, "")
	hooks, passports := k.demandOf("Webhooks stopped"), k.demandOf("Which passports")
	for i := range 4 {
		k.closedAs(fmt.Sprint("Webhooks missing since noon ", i), desk.Small, hooks)
	}
	k.closedAs("Passports with a chip", desk.Small, passports)
	k.desk.clock.Move(time.Minute)
	k.desk.to("/requests/R-1", ask{as: people.Support}).is(http.StatusOK).has(".deeds .suggest .pick:nth-of-type(1)", "4 requests this quarter, 0.3 h").has(`.suggest input[data-key="1"][value="`+hooks.ID+`"]`, "").
		has(".deeds .suggest .none", "None of these").lacks(".suggest [checked]").has(`button[name=outcome][value=answered][data-key="4"]`, "")
	k.desk.to("/requests/R-1", ask{as: people.Member}).lacks(".suggest")
	k.desk.to("/requests/R-1/close", ask{as: people.Support, form: formOf("outcome", "done", "size", "s", "demand", hooks.ID, "demand", passports.ID)}).leadsTo("/requests/R-1")
	if r := k.named("R-1"); len(r.Codes) != 2 || r.Codes[0].Share != 50 || r.Codes[0].By != "liis" {
		t.Errorf("coded: %+v", r.Codes)
	}
	k.desk.to("/requests/R-1", ask{as: people.Support}).lacks("form[action$='/code']")
	k.must2(k.requests.Close(t.Context(), k.actor("liis"), k.asks("grace", "question", "No webhooks in Kenya", "Pending.", nil).ID, desk.Ending{Outcome: desk.Fixed})) // as a loop that is closed does
	k.desk.to("/requests/R-7", ask{as: people.Support}).has("form[action$='/code'] .suggest .none", "None of these")
	k.desk.to("/requests/R-7/code", ask{as: people.Support, form: formOf()}).is(http.StatusUnprocessableEntity).has(".note[role=alert]", "Choose what it was about")
	k.desk.to("/requests/R-7/code", ask{as: people.Support, form: formOf("demand", hooks.ID)}).leadsTo("/requests/R-7")
	if r := k.named("R-7"); len(r.Codes) != 1 || r.Codes[0].Share != 100 || r.State != desk.Closed {
		t.Errorf("coded after its end: %+v", r)
	}
	// A reply that closes and a macro say what it was about too, with shares of their own.
	k.book.types[1].MustCode = true
	k.book.macros = append(k.book.macros, desk.Macro{ID: "chip", Title: "Which have a chip", Reply: "All since 2023.", Close: desk.Answered, Demands: []desk.Share{{Demand: "D-2"}}})
	said := k.asks("grace", "question", "No webhooks in Uganda", "Pending.", nil).Name()
	k.desk.to("/requests/"+said, ask{as: people.Support}).is(http.StatusOK).has(".write .about-end .pick input[value='"+hooks.ID+"']", "").lacks(".write [data-key='1']")
	k.desk.to("/requests/"+said+"/say", ask{as: people.Support, form: formOf("kind", "reply", "text", "They come.", "then", "close done")}).is(http.StatusUnprocessableEntity).has(".write .summary a[href='#f-demand']", "Say first what")
	again := k.desk.to("/requests/"+said+"/say", ask{as: people.Support, form: formOf("kind", "reply", "text", "They come.", "then", "close done", "demand", hooks.ID, "demand", passports.ID, "share-"+hooks.ID, "70", "share-"+passports.ID, "20")})
	again.is(http.StatusUnprocessableEntity).has(".write .summary", "make 90 per cent").has(".write input[checked][value='"+hooks.ID+"']", "").has(`.write input[name="share-`+hooks.ID+`"][value="70"]`, "")
	k.desk.to("/requests/"+said+"/say", ask{as: people.Support, form: formOf("kind", "reply", "text", "They come.", "then", "close done", "demand", hooks.ID, "demand", passports.ID, "share-"+hooks.ID, "70", "share-"+passports.ID, "30")}).leadsTo("/requests/" + said)
	if r := k.named(said); r.State != desk.Closed || len(r.Codes) != 2 || r.Codes[0].Share != 70 || r.Codes[1].Share != 30 {
		t.Errorf("replied and closed: %s %+v", r.State, r.Codes)
	}
	used := k.asks("grace", "question", "Chips in passports", "Which?", nil).Name()
	k.desk.to("/requests/"+used+"?macro=chip", ask{as: people.Support}).is(http.StatusOK).has("#macro input[checked][value='"+passports.ID+"']", "").lacks("#macro input[checked][value='" + hooks.ID + "']")
	k.desk.to("/requests/"+used+"/macro", ask{as: people.Support, form: formOf("macro", "chip", "offered", "yes")}).is(http.StatusUnprocessableEntity).has("#macro", "Which have a chip").lacks("#macro input[checked]")
	k.desk.to("/requests/"+used+"/macro", ask{as: people.Support, form: formOf("macro", "chip", "offered", "yes", "demand", hooks.ID)}).leadsTo("/requests/" + used)
	if r := k.named(used); r.State != desk.Closed || len(r.Codes) != 1 || r.Codes[0].Demand != hooks.ID {
		t.Errorf("by macro: %s %+v", r.State, r.Codes)
	}
	many := formOf("pick", k.asks("grace", "question", "More chips", "Which?", nil).Name(), "close", "done", "demand", passports.ID, "back", "/requests")
	k.desk.to("/requests", ask{as: people.Support}).has("#bulk-demand option[value='"+passports.ID+"']", "Which passports")
	k.desk.to("/requests/bulk", ask{as: people.Support, form: many}).is(http.StatusSeeOther)
	if r := k.named(many.Get("pick")); r.State != desk.Closed || len(r.Codes) != 1 {
		t.Errorf("many at once: %s %+v", r.State, r.Codes)
	}
	k.asks("grace", "question", "Something else entirely", "Words.", nil)
	k.desk.to("/requests/R-11/close", ask{as: people.Support, form: formOf("outcome", "done", "demand", "none")}).leadsTo("/requests/R-11")
	if !k.named("R-11").NoDemand {
		t.Error("none of these was not kept")
	}
}

// What nobody could name is shown as proposals; a proposal becomes a demand, and its requests are coded, by somebody's hand each.
func TestProposalScreens(t *testing.T) {
	k := newRequestDesk(t)
	k.counted()
	e := &insight.Explorer{DB: k.db, Desk: k.requests, Zone: time.UTC, Clock: k.desk.clock}
	k.desk.s.deps.Proposals = e
	k.desk.to("/insight/proposals", ask{as: people.Member}).is(http.StatusOK).has(".blank .name", "No night has been yet").lacks("main form")
	for i := range 12 {
		title, text := fmt.Sprint("Audit log export ", i), "Our auditor wants the audit log as a file."
		if i%2 == 0 {
			title, text = fmt.Sprint("Selfie camera black ", i), "The camera of the phone stays black."
		}
		r := k.asks("grace", "question", title, text, nil)
		k.must2(k.requests.Close(t.Context(), k.actor("liis"), r.ID, desk.Ending{Outcome: desk.Answered, Coding: desk.Coding{None: true}}))
	}
	k.must(e.Explore(t.Context(), insight.ExploreArgs{Day: "2026-11-25"}))
	known, err := e.List(t.Context(), k.actor("liis"))
	k.must(err)
	if len(known.Proposals) != 2 {
		t.Fatalf("%d proposals", len(known.Proposals))
	}
	p := known.Proposals[0]
	path := "/insight/proposals/" + p.Name()
	k.desk.to("/insight/proposals", ask{as: people.Member}).is(http.StatusOK).has(`.proposals a[href="`+path+`"]`, p.Title()).has(".proposals > li:first-child svg .guess", "").has("main", "12 requests that nobody could name")
	k.desk.to(path, ask{as: people.Member}).is(http.StatusOK).has("h1", p.Title()).has("[aria-labelledby=members] li:nth-child(6)", "").lacks("main form")
	k.desk.to(path+"/promote", ask{as: people.Member, form: formOf("title", "Mine")}).is(http.StatusForbidden)
	k.desk.to(path, ask{as: people.Support}).is(http.StatusOK).has(`#f-title[value="`+p.Title()+`"]`, "")
	k.desk.to(path+"/promote", ask{as: people.Support, form: formOf("title", " ")}).is(http.StatusUnprocessableEntity).has("#f-title-wrong", "Name the demand")
	k.desk.to(path+"/code", ask{as: people.Support, form: formOf("request", "R-1")}).is(http.StatusConflict)
	k.desk.to(path+"/promote", ask{as: people.Support, form: formOf("title", "Export of the audit log")}).leadsTo(path)
	name := k.desk.to(path, ask{as: people.Support}).has(".title .state", "Now Export of the audit log").lacks(`form[action$="/dismiss"]`).attr(".picks li:first-child input", "value")
	k.desk.to(path+"/code", ask{as: people.Support, form: formOf("request", name)}).leadsTo(path)
	if r, err := k.db.Request(t.Context(), name); err != nil || len(r.Codes) != 1 || r.Codes[0].By == "" {
		t.Errorf("%s is coded %+v, %v", name, r.Codes, err)
	}
	other := "/insight/proposals/" + known.Proposals[1].Name()
	k.desk.to(other+"/dismiss", ask{as: people.Support, form: formOf("reason", "")}).is(http.StatusUnprocessableEntity).has("main", "why it is no demand")
	k.desk.to(other+"/dismiss", ask{as: people.Support, form: formOf("reason", "A broken batch.")}).leadsTo("/insight/proposals")
	k.desk.to("/insight/proposals", ask{as: people.Support}).has(".ended", "Dismissed").lacks(".proposals")
	k.desk.to("/insight/proposals", ask{as: people.Support, form: formOf()}).leadsTo("/insight/proposals")
	k.desk.to("/insight/proposals/P-99", ask{as: people.Support}).is(http.StatusNotFound)
}
