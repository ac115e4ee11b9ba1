package thanks

import (
	"slices"
	"strings"
	"testing"
	"time"

	"frontline/action"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// verity is what is configured in these tests.
type verity struct{}

func (verity) Person(id string) (people.Person, bool) {
	names := map[string]string{"liis": "Liis Tamm", "karl": "Karl Sepp", "wanjiru": "Wanjiru Kamau"}
	return people.Person{ID: id, Name: names[id]}, names[id] != ""
}
func (verity) People() []people.Person { return nil }
func (verity) Team(id string) (people.Team, bool) {
	return people.Team{ID: id, Name: "Technical support"}, id == "frontline"
}
func (verity) Teams() []people.Team { return []people.Team{{ID: "frontline", Lead: "karl"}} }
func (verity) Action(id string) (action.Definition, bool) {
	return action.Definition{ID: id, Title: "Send webhooks again"}, id == "webhooks/resend"
}

func TestReason(t *testing.T) {
	about := Matter{Name: "R-1042"}
	for _, c := range []struct {
		words string
		about Matter
		want  string // "" when it is refused
	}{
		{"For the calm night", Matter{}, "For the calm night"},
		{"  For\tthe calm\r\nnight ", Matter{}, "For\tthe calm\nnight"},
		{"Thank you", Matter{}, ""},
		{"Thanks!", about, "Thanks!"},
		{" \n ", about, ""},
		{"\u200b\u200b", about, ""},
		{strings.Repeat("ä", longestReason), about, strings.Repeat("ä", longestReason)},
		{strings.Repeat("ä", longestReason+1), about, ""},
	} {
		got, err := reason(c.words, c.about)
		if got.Body != c.want || (err != nil) != (c.want == "") || err != nil && fault.FieldsOf(err)[0].Name != "reason" {
			t.Errorf("reason(%.30q) = %.30q, %v", c.words, got.Body, err)
		}
	}
}

// A day is the giver's own: five o'clock in Nairobi and in Tallinn may be two of them.
func TestLimitIsOfTheGiversDay(t *testing.T) {
	now := time.Date(2026, 11, 23, 22, 30, 0, 0, time.UTC)
	east := time.FixedZone("east", 3*3600)
	var lately []Thanks
	for i := range mostADay {
		lately = append(lately, Thanks{Number: int64(i), At: now.Add(-time.Duration(i+1) * time.Hour)})
	}
	x := Thanks{To: []To{{Person, "liis"}}}
	if err := (Now{Lately: lately, Now: now}).within(x, "", verity{}, time.UTC); !fault.Is(err, fault.Conflict) {
		t.Errorf("the sixth of a day in UTC: %v", err)
	}
	if err := (Now{Lately: lately, Now: now}).within(x, "", verity{}, east); err != nil {
		t.Errorf("half past one in the morning further east: %v", err)
	}
	lately[2].Void = true
	if err := (Now{Lately: lately, Now: now}).within(x, "", verity{}, time.UTC); err != nil {
		t.Errorf("one of them was taken back in time: %v", err)
	}
}

func TestMonth(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Tallinn")
	if err != nil {
		t.Fatal(err)
	}
	from, until, ok := Month("2026-03").span(zone)
	if !ok || until.Sub(from) != 31*24*time.Hour-time.Hour { // the clocks go forward
		t.Errorf("March lasts from %s until %s, %v", from, until, ok)
	}
	if got := MonthOf(time.Date(2026, 2, 28, 23, 0, 0, 0, time.UTC).In(zone)); got != "2026-03" {
		t.Errorf("it is %s in Tallinn", got)
	}
	if got := Month("2026-11").Title(); got != "November 2026" {
		t.Errorf("its title is %q", got)
	}
	for _, wrong := range []Month{"", "2026", "2026-13", "2026-1", "november"} {
		if _, _, ok := wrong.span(zone); ok {
			t.Errorf("%q is a month", wrong)
		}
	}
}

// The same two people count once a day, whatever they say; demands with the most reasons come first, what belongs to none last.
func TestDigestCounts(t *testing.T) {
	day := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	about := func(id, demand string) (journal.Subject, *Matter) {
		return journal.Of("request", id), &Matter{Name: "R-" + id, Title: "t", Demand: demand}
	}
	var all []Shown
	add := func(by string, at time.Time, id, demand string, to ...To) {
		x := Shown{Thanks: Thanks{By: by, At: at, To: to, Text: journal.Text{Body: "For " + id}}}
		if id != "" {
			x.About, x.Matter = about(id, demand)
		}
		all = append(all, x)
	}
	liis, karl, tool := To{Person, "liis"}, To{Person, "karl"}, To{Action, "webhooks/resend"}
	add("wanjiru", day, "1", "chips", liis, karl)
	add("wanjiru", day.Add(time.Hour), "2", "webhooks", liis, tool)
	add("wanjiru", day.Add(24*time.Hour), "3", "webhooks", liis)
	add("karl", day, "", "", liis)
	add("karl", day, "4", "", liis)
	var d Digest
	d.fill(all, map[string]Demand{"chips": {"D-1", "Chips"}, "webhooks": {"D-2", "Webhooks"}}, time.UTC)
	var order []string
	for _, g := range d.Groups {
		order = append(order, g.Title)
	}
	if !slices.Equal(order, []string{"Webhooks", "Chips", ""}) || d.N != 5 || d.Givers != 2 || d.Matters != 4 {
		t.Errorf("%v: N %d, givers %d, matters %d", order, d.N, d.Givers, d.Matters)
	}
	d.Month = "2026-11"
	letter := (&Service{Wall: "https://desk.verity.example/thanks"}).letter(d, verity{})
	for _, want := range []string{"November 2026", "5 thank yous from 2 people.", "D-2 Webhooks (2)", "Wanjiru Kamau to Liis Tamm and Send webhooks again, R-2", "Belongs to no demand (2)"} {
		if !strings.Contains(letter, want) {
			t.Errorf("the letter lacks %q:\n%s", want, letter)
		}
	}
}

func TestWishes(t *testing.T) {
	said := map[string]Wish{"liis": {Digest: true}}
	for person, want := range map[string]Wish{"liis": {Digest: true}, "karl": {Told: true, Digest: true}, "wanjiru": {Told: true}} {
		if got := wishOf(said, verity{}, person); got != want {
			t.Errorf("%s gets %+v, want %+v", person, got, want)
		}
	}
}
