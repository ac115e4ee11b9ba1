package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"frontline/fault"
	"frontline/oncall"
	"frontline/people"
)

// takings writes down who takes over.
type takings struct {
	taken []oncall.Override
	given []string
}

func (x *takings) TakeOver(_ context.Context, a people.Actor, o oncall.Override, _ time.Time) (oncall.Override, error) {
	if o.Person == "nobody" {
		return o, &fault.Error{Kind: fault.Invalid, Say: "This cannot be taken over as written.", Fields: []fault.Field{{Name: "person", Say: "This person has no contact."}}}
	}
	x.taken = append(x.taken, o)
	return o, people.May(a, people.Override, people.Subject{Kind: "rotation"})
}

func (x *takings) GiveBack(_ context.Context, a people.Actor, id string, _ time.Time) (oncall.Override, error) {
	x.given = append(x.given, id+" by "+a.ID)
	return oncall.Override{}, nil
}

// rotaFirm is a firm in which Aisha takes Karl's Tuesday afternoon, from 14:20 to 22:00.
func rotaFirm(t *testing.T) (*firm, *takings) {
	t.Helper()
	x := &takings{}
	f := newFirm(t, func(d *Deps) { d.TakingOver = x })
	cover := oncall.Override{ID: "o1", Rotation: "first-line", Person: "aisha", From: tallinn(24, 14, 20), To: tallinn(24, 22, 0), Reason: "the dentist", MadeAt: night}
	f.book.screens = []string{"override o1"}
	f.book.Changes = []oncall.Override{cover}
	return f, x
}

// tallinn is an instant of November 2026 by the clocks of Tallinn.
func tallinn(day, hour, minute int) time.Time {
	return time.Date(2026, 11, day, hour-2, minute, 0, 0, time.UTC)
}

func TestRotaIsExactToTheMinute(t *testing.T) {
	f, _ := rotaFirm(t)
	got := f.desk.to("/oncall", ask{as: f.as(people.Support, "karl")}).is(http.StatusOK).
		has("main h1", "You are on call until Tue 24 Nov, 14:20").
		has("#week", "23 to 29 November 2026").has(".rota > .small", "Week 48. Times are in your zone, Europe/Tallinn.").
		reads(".weekdays + .lane .turns li:nth-child(1)", "Tõnis Kask Mon 16 Nov, 08:00 to Mon 23 Nov, 08:00").
		reads(".weekdays + .lane .turns li:nth-child(2)", "You Mon 23 Nov, 08:00 to Tue 24 Nov, 14:20").
		reads(".weekdays + .lane .turns li:nth-child(3)", "Aisha Odhiambo Tue 24 Nov, 14:20 to 22:00, for Karl Sepp").
		reads(".weekdays + .lane .turns li:nth-child(4)", "You Tue 24 Nov, 22:00 to Mon 30 Nov, 08:00").
		has(".weekdays .today text", "Tue 24")
	minute := 100.0 / (7 * 24 * 60)
	for n, want := range map[string][2]float64{"1": {0, 8 * 60}, "2": {8 * 60, 38*60 + 20}, "3": {38*60 + 20, 46 * 60}, "4": {46 * 60, 7 * 24 * 60}} {
		bar := ".weekdays + .lane .shift:nth-of-type(" + n + ")"
		x, width := got.attr(bar, "x"), got.attr(bar, "width")
		if x != percentage(want[0]*minute) || width != percentage((want[1]-want[0])*minute) {
			t.Errorf("bar %s begins at %s and is %s wide, want minutes %v", n, x, width, want)
		}
	}
}

func TestRotaInTheWeekOfTheClocks(t *testing.T) {
	f, _ := rotaFirm(t)
	f.book.Turns["first-line"] = withStart(f.book.Turns["first-line"], "2026-10-05")
	got := f.desk.to("/oncall?week=-5", ask{as: f.as(people.Support, "karl")}).is(http.StatusOK).
		has("#week", "19 to 25 October 2026").has(".weekdays svg svg:nth-of-type(7) tspan", "25 h")
	if x, width := got.attr(".weekdays svg svg:nth-of-type(7)", "x"), got.attr(".weekdays svg svg:nth-of-type(7)", "width"); x != percentage(100*144.0/169) || width != percentage(100*25.0/169) {
		t.Errorf("the day of 25 hours begins at %s and is %s wide", x, width)
	}
	got.lacks(".bars .now").has(`.rota nav a[href="/oncall"]`, "This week")
}

func withStart(r oncall.Rotation, start string) oncall.Rotation { r.Start = start; return r }

func TestRotaSaysWhoIsOnCallNowAndWhenIAm(t *testing.T) {
	f, _ := rotaFirm(t)
	f.desk.to("/oncall", ask{as: f.as(people.Support, "karl")}).
		reads("[aria-labelledby=now] li:nth-child(1)", "Karl Sepp First line, until 14:20 You").
		reads("[aria-labelledby=now] li:nth-child(2)", "Nobody Second line, until Mon 7 Dec, 08:00 Gap").
		reads("[aria-labelledby=mine] li:nth-child(1)", "Until 14:20 First line Now").
		reads("[aria-labelledby=mine] li:nth-child(2)", "Tue 24 Nov, 22:00 to Mon 30 Nov, 08:00 First line in 18 h").
		has("[aria-labelledby=mine] li:nth-child(3)", "Mon 21 Dec, 08:00 to Mon 28 Dec, 08:00")
	f.desk.to("/oncall", ask{as: f.as(people.Support, "aisha")}).
		reads("[aria-labelledby=mine] li:nth-child(1)", "Tue 24 Nov, 14:20 to Tue 24 Nov, 22:00 First line, taken over in 10 h")
	f.desk.to("/oncall", ask{as: f.as(people.Member, "wanjiru")}).lacks("#take")
	f.desk.to("/oncall", ask{as: f.as(people.Lead, "marika")}).has("[aria-labelledby=mine] .soft", "You have none. You can take one below.")
}

func TestRotaTellsAGapByItsCostAndOffersIt(t *testing.T) {
	f, _ := rotaFirm(t)
	lead := f.as(people.Lead, "marika")
	got := f.desk.to("/oncall", ask{as: lead}).has(".gap-note h2", "Second line: nobody until Mon 7 Dec, 08:00").has(".gap-note p", "Gappy in this window that Karl Sepp misses goes straight to Marika Oja.")
	u, err := url.Parse(got.attr(".gap-note a", "href"))
	if err != nil || u.Fragment != "take" {
		t.Fatalf("it leads to %v, %v", u, err)
	}
	form := f.desk.to(u.RequestURI(), ask{as: lead}).has("#f-rotation option[selected]", "Second line")
	if from, to := form.attr("#f-from", "value"), form.attr("#f-to", "value"); from != "2026-11-24T03:24" || to != "2026-12-07T08:00" {
		t.Errorf("the form offers %s to %s", from, to)
	}
	f.desk.to("/oncall", ask{as: f.as(people.Member, "wanjiru")}).lacks(".gap-note a")
}

func TestTakingATurn(t *testing.T) {
	f, x := rotaFirm(t)
	lead := f.as(people.Lead, "marika")
	said := url.Values{"rotation": {"first-line"}, "person": {"nobody"}, "from": {"2026-11-24T14:20"}, "to": {"2026-11-25 08:00"}, "reason": {"a wedding in Tartu"}}
	wrong := f.desk.to("/oncall/overrides", ask{as: lead, form: said}).is(http.StatusUnprocessableEntity).has("#f-person-wrong", "This person has no contact.")
	if from, why := wrong.attr("#f-from", "value"), wrong.attr("#f-reason", "value"); from != "2026-11-24T14:20" || why != "a wedding in Tartu" {
		t.Errorf("what was typed is %q and %q now", from, why)
	}
	bad := url.Values{"rotation": {"first-line"}, "person": {"aisha"}, "from": {"tomorrow"}, "to": {"2026-11-25T08:00"}}
	f.desk.to("/oncall/overrides", ask{as: lead, form: bad}).is(http.StatusUnprocessableEntity).has("#f-from-wrong", "Write the time as").has(`#f-from[value="tomorrow"]`, "")
	said.Set("person", "aisha")
	f.desk.to("/oncall/overrides", ask{as: lead, form: said}).leadsTo("/oncall")
	if len(x.taken) != 1 || !x.taken[0].From.Equal(tallinn(24, 14, 20)) || !x.taken[0].To.Equal(tallinn(25, 8, 0)) {
		t.Errorf("taken over: %v", x.taken)
	}
	f.desk.to("/oncall/overrides", ask{as: f.as(people.Member, "wanjiru"), form: said}).is(http.StatusForbidden)
}

func TestTurnsTakenOverAreShownAndGivenBack(t *testing.T) {
	f, x := rotaFirm(t)
	lead := f.as(people.Lead, "marika")
	f.desk.to("/oncall", ask{as: lead}).reads(".rota > .list li", "Aisha Odhiambo First line, Tue 24 Nov, 14:20 to 22:00: the dentist").lacks(".rota .list button") // configured as text
	f.book.made = true
	f.desk.to("/oncall", ask{as: lead}).has(`form[action="/oncall/overrides/o1/give-back"] button`, "Give back")
	f.desk.to("/oncall/overrides/o1/give-back", ask{as: lead, form: url.Values{}}).leadsTo("/oncall")
	if strings.Join(x.given, ";") != "o1 by marika" {
		t.Errorf("given back: %v", x.given)
	}
}

func TestRotaWithNothingConfigured(t *testing.T) {
	f, _ := rotaFirm(t)
	f.book.empty()
	f.book.Changes = nil
	f.desk.to("/oncall", ask{as: f.as(people.Support, "liis")}).is(http.StatusOK).has("main h1", "You have no turn in any rotation").
		has(".rota .blank", "No rotation yet").has(".rota .blank", "frontline apply -f FOLDER").has("[aria-labelledby=whatif] .soft", "There is no policy yet")
}

func TestTestPage(t *testing.T) {
	f, _ := rotaFirm(t)
	f.desk.to("/oncall/test", ask{as: f.as(people.Support, "karl"), form: url.Values{}}).leadsTo("/oncall")
	if pages, err := f.pager.PagesTo(t.Context(), f.actor("karl"), night.Add(-time.Hour)); err != nil || len(pages) > 1 {
		t.Errorf("%d pages, %v", len(pages), err)
	}
	f.desk.to("/oncall", ask{}).leadsTo("/sign-in?next=%2Foncall")
}

func TestRotaLooks(t *testing.T) {
	st, _ := walk(t, people.Lead, "karl", func(f *firm) {
		f.book.Changes = []oncall.Override{{ID: "o1", Rotation: "first-line", Person: "aisha", From: tallinn(24, 14, 20), To: tallinn(24, 22, 0), Reason: "the dentist", MadeAt: night},
			{ID: "o2", Rotation: "first-line", Person: "marika", From: tallinn(28, 8, 0), To: tallinn(29, 8, 0), MadeAt: night}}
		f.book.Turns["second-line"] = withStart(f.book.Turns["second-line"], "2026-11-26")
		f.book.made = true
	})
	st.lookAll("oncall", "/oncall")
}
