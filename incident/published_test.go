package incident

import (
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"frontline/fault"
	"frontline/journal"
)

var verityPage = Page{ID: "verity", Name: "Verity status", URL: "https://status.verity.example/"}

// arranged returns the page as it is published before anything happened.
func arranged(book *Verity) Published {
	x := &table{}
	x.keep(Published{}.arrange(verityPage, book.components, noon.Add(-24*time.Hour)))
	return x.page
}

func publishing(d Draft) func(*turn) error {
	if d.Body == "" {
		d.Body = "We look into it."
	}
	d.Seen = -1
	return func(t *turn) error { return t.publish(d, journal.Salted(d.Body)) }
}

func (x *table) status(t *testing.T, component string) Status {
	t.Helper()
	c, ok := x.page.component(PublicID("component", component))
	if !ok {
		t.Fatalf("the page has no component %s", component)
	}
	return c.Status
}

func TestPublishing(t *testing.T) {
	x := opened(t, "liis")
	x.page = arranged(x.book)
	liis := x.book.As(t, "liis")
	x.must(t, liis, publishing(Draft{Title: "Checks are slow", State: WordInvestigating, Components: []Affected{{"checks", PartialOutage}}}))
	if x.status(t, "checks") != PartialOutage || x.status(t, "faces") != Operational {
		t.Errorf("checks %s, faces %s", x.status(t, "checks"), x.status(t, "faces"))
	}
	u := x.page.Incidents[0].Updates[0]
	want := []PublishedChange{{ID: PublicID("component", "checks"), Name: "Document checks", Old: Operational, New: PartialOutage}}
	if diff := cmp.Diff(want, u.Affected); diff != "" {
		t.Errorf("affected: %s", diff)
	}
	x.now = x.now.Add(time.Minute)
	x.must(t, liis, publishing(Draft{State: WordMonitoring, Components: []Affected{{"checks", Degraded}}}))
	p := x.page.Incidents[0]
	if p.Name != "Checks are slow" || p.Impact != ImpactMajor || !p.MonitoringAt.Equal(x.now) || !p.ResolvedAt.IsZero() {
		t.Errorf("published %+v: the title stays, the impact is the worst so far", p)
	}
	x.must(t, liis, publishing(Draft{State: WordResolved}))
	p = x.page.Incidents[0]
	if x.status(t, "checks") != Operational || p.ResolvedAt.IsZero() || len(p.Updates) != 3 {
		t.Errorf("after the end: checks %s, %+v", x.status(t, "checks"), p)
	}
	if got := x.inc.Public; got.State != WordResolved || got.Said != 3 || got.Components[0].Status != Operational {
		t.Errorf("inside it is known as %+v", got)
	}
}

func TestPublishingRefuses(t *testing.T) {
	good := Draft{Title: "Checks are slow", State: WordInvestigating}
	for name, change := range map[string]func(*Draft){
		"no title the first time": func(d *Draft) { d.Title = "" },
		"no such state":           func(d *Draft) { d.State = "fixing" },
		"promise at the end":      func(d *Draft) { d.State, d.NextBy = WordResolved, noon.Add(time.Hour) },
		"unknown component":       func(d *Draft) { d.Components = []Affected{{"ghost", Degraded}} },
		"unknown status":          func(d *Draft) { d.Components = []Affected{{"checks", "broken"}} },
		"empty":                   func(d *Draft) { d.Body = "" },
	} {
		t.Run(name, func(t *testing.T) {
			x := opened(t, "liis")
			x.page = arranged(x.book)
			d := good
			d.Body = "We look into it."
			change(&d)
			err := x.decide(x.book.As(t, "liis"), func(t *turn) error { return t.publish(d, journal.Salted(d.Body)) })
			if !fault.Is(err, fault.Invalid) || len(fault.FieldsOf(err)) != 1 {
				t.Errorf("fault %v, want one that names the field", err)
			}
		})
	}
}

// TestComponentsFollowTheWorstIncident publishes about several incidents in any order: a component is always as bad as the worst
// unresolved one says, and all is well when all are resolved.
func TestComponentsFollowTheWorstIncident(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		x := newTable()
		x.page = arranged(x.book)
		incs := map[string]Incident{}
		truth := map[string]map[string]Status{}
		ids := []string{"i1", "i2", "i3"}
		for _, id := range ids {
			incs[id] = Incident{ID: id, State: Investigating, Public: Public{Title: "Trouble"}}
			truth[id] = map[string]Status{}
		}
		say := func(id string, d Draft) {
			x.inc = incs[id]
			if err := x.decide(x.book.As(t, "liis"), publishing(d)); err != nil {
				r.Fatal(err)
			}
			incs[id] = x.inc
		}
		for range rapid.IntRange(1, 12).Draw(r, "updates") {
			id := rapid.SampledFrom(ids).Draw(r, "incident")
			d := Draft{State: rapid.SampledFrom(Words()).Draw(r, "word")}
			c := rapid.SampledFrom([]string{"checks", "faces", "webhooks"}).Draw(r, "component")
			d.Components = []Affected{{c, rapid.SampledFrom(Statuses()).Draw(r, "status")}}
			truth[id][c] = d.Components[0].Status
			if d.State == WordResolved {
				truth[id] = map[string]Status{}
			}
			say(id, d)
			for _, c := range []string{"checks", "faces", "webhooks"} {
				want := Operational
				for _, of := range truth {
					if s, ok := of[c]; ok && s.Worse(want) {
						want = s
					}
				}
				if got := x.status(t, c); got != want {
					r.Fatalf("%s is %s, want %s", c, got, want)
				}
			}
		}
		for _, id := range ids {
			say(id, Draft{State: WordResolved})
		}
		for _, c := range x.page.Components {
			if c.Status != Operational {
				r.Fatalf("%s is %s although everything is resolved", c.Name, c.Status)
			}
		}
	})
}

func TestPublicID(t *testing.T) {
	shape := regexp.MustCompile(`^[a-z0-9]{12}$`)
	seen := map[string]string{}
	rapid.Check(t, func(r *rapid.T) {
		id := rapid.String().Draw(r, "id")
		p := PublicID("incident", id)
		if !shape.MatchString(p) {
			r.Fatalf("PublicID(%q) = %q", id, p)
		}
		if other, twice := seen[p]; twice && other != id {
			r.Fatalf("%q and %q share %q", id, other, p)
		}
		seen[p] = id
	})
	if PublicID("incident", "x") == PublicID("component", "x") {
		t.Error("an incident and a component of the same id share a public id")
	}
}

func TestArranging(t *testing.T) {
	x := newTable()
	x.page = arranged(x.book)
	if x.page.Page.URL != "https://status.verity.example" || x.page.Page.Zone != "UTC" || len(x.page.Shown()) != 3 {
		t.Fatalf("page %+v", x.page)
	}
	if p := x.page.arrange(verityPage, x.book.components, noon); p.Page != nil || len(p.Components) != 0 {
		t.Errorf("arranging the same again writes %+v", p)
	}
	less := verityPage
	less.Components = []string{"webhooks", "checks"}
	x.keep(x.page.arrange(less, x.book.components, noon))
	shown := x.page.Shown()
	if len(shown) != 2 {
		t.Fatalf("shown %+v, want two", shown)
	}
	if c, _ := x.page.component(PublicID("component", "webhooks")); c.Position != 1 || c.Retired {
		t.Errorf("webhooks %+v, want it first", c)
	}
	if c, _ := x.page.component(PublicID("component", "faces")); !c.Retired {
		t.Error("face checks are still shown")
	}
	x.inc.State = Investigating
	if err := x.decide(x.book.As(t, "liis"), publishing(Draft{Title: "Faces", State: WordInvestigating, Components: []Affected{{"faces", Degraded}}})); !fault.Is(err, fault.Invalid) {
		t.Errorf("publishing about a component that is not shown: %v", err)
	}
}
