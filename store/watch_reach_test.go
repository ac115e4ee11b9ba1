package store

import (
	"context"
	"testing"
	"time"

	"frontline/clock"
	"frontline/fault"
	"frontline/people"
	"frontline/watch"
	"frontline/watch/locate"
)

// TestAScopeSaysWhomItHurts: a release makes one customer's mistakes in one country eight times as frequent. Of that scope the excess is told with its
// interval and the customer as certain; of everything the same customer alone; and after three days, by whole hours, the same again.
func TestAScopeSaysWhomItHurts(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		firm := decisions()
		firm.ratio, firm.def.History = 8, 25*time.Hour
		o := observe(t, db, c, firm)
		desk := &watch.Service{Store: db, Clock: c, Book: func(context.Context) (watch.Directory, error) { return firm, nil }}
		marika := people.Actor{Kind: people.ByPerson, ID: "marika", Role: people.Member, Via: "screen"}
		reach := func(q watch.Scope) watch.Reach {
			t.Helper()
			q.Watch = "decisions"
			r, err := desk.Reach(t.Context(), marika, q)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		if r := reach(watch.Scope{From: c.Now()}); r.Missing == "" {
			t.Errorf("before anything was counted: %+v", r)
		}
		o.begin()
		o.look(0)
		firm.began = c.Now().Truncate(time.Minute)
		firm.until = firm.began.Add(3 * time.Hour)
		c.Move(4 * time.Hour)
		o.look(0)

		kenya := []locate.Label{{Name: "customer", Value: "savanna"}, {Name: "country", Value: "KE"}}
		sure := func(r watch.Reach) (out []string) {
			for _, h := range r.Customers.List {
				if h.Chance >= 0.95 {
					out = append(out, h.Customer)
				}
			}
			return out
		}
		// 180 minutes of 60 requests each, of which 8 % fail instead of 1 %.
		const truth = 180 * 60 * 0.07
		r := reach(watch.Scope{Labels: kenya, From: firm.began, Until: firm.until})
		if r.Missing != "" || r.Requests != 180*60 || r.Excess.Low > truth || r.Excess.High < truth || r.Expected < 70 || r.Expected > 150 || r.Hourly {
			t.Errorf("the scope that is hurt: %+v", r)
		}
		if got := sure(r); len(got) != 1 || got[0] != "savanna" || r.Customers.Exposed != 1 || !r.NamesCustomers {
			t.Errorf("surely hurt: %v of %+v", got, r.Customers)
		}
		open := reach(watch.Scope{Labels: kenya, From: firm.began})
		if open.Requests <= r.Requests || open.Errors < r.Errors || !open.Until.After(firm.until) {
			t.Errorf("a scope that lasts: %+v", open)
		}
		if r := reach(watch.Scope{Labels: []locate.Label{{Name: "customer", Value: "kivi"}}, From: firm.began, Until: firm.until}); r.Excess.Low > 0 || len(sure(r)) > 0 || r.Requests != 3*180*60 {
			t.Errorf("a customer that is not hurt: %+v", r)
		}
		all := reach(watch.Scope{From: firm.began, Until: firm.until})
		if got := all.Customers; got.Exposed != 5 || got.List[0].Customer != "savanna" || got.List[0].Chance < 0.95 || got.Hit.Value < 0.9 {
			t.Errorf("of everything: %+v", got)
		}
		if r := reach(watch.Scope{Labels: []locate.Label{{Name: "country", Value: "FI"}}, From: firm.began}); r.Missing == "" || r.Errors != 0 {
			t.Errorf("a country without requests: %+v", r)
		}

		c.Move(3 * 24 * time.Hour)
		o.look(0)
		o.look(0)
		late := reach(watch.Scope{Labels: kenya, From: firm.began, Until: firm.until})
		if !late.Hourly || late.Errors < r.Errors || late.Requests > r.Requests+2*60*60 || late.Excess.Low > truth || late.Excess.High < truth || late.From.After(firm.began) || late.Until.Before(firm.until) {
			t.Errorf("by the hour: %+v", late)
		}
		if got := sure(late); len(got) != 1 || got[0] != "savanna" {
			t.Errorf("surely hurt, by the hour: %v", got)
		}

		for name, q := range map[string]watch.Scope{
			"no such label": {Watch: "decisions", Labels: []locate.Label{{Name: "sdk", Value: "5.2"}}, From: firm.began},
			"no beginning":  {Watch: "decisions"},
			"ends first":    {Watch: "decisions", From: firm.until, Until: firm.began},
		} {
			if _, err := desk.Reach(t.Context(), marika, q); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := desk.Reach(t.Context(), marika, watch.Scope{Watch: "nothing", From: firm.began}); !fault.Is(err, fault.NotFound) {
			t.Errorf("no such watch: %v", err)
		}
		if _, err := desk.Reach(t.Context(), people.Actor{Kind: people.Nobody}, watch.Scope{Watch: "decisions", From: firm.began}); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("nobody: %v", err)
		}
	})
}

// TestACountAloneIsLocated: a watch that counts without a total says where and whom as well, however many a bucket has.
func TestACountAloneIsLocated(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		firm := decisions()
		firm.def.Source, firm.def.By, firm.def.History, firm.ratio = watch.Feed{Prometheus: &watch.Prometheus{URL: "https://prometheus.example", Errors: "e"}}, nil, 25*time.Hour, 20
		o := observe(t, db, c, firm)
		o.begin()
		o.look(0)
		firm.began = c.Now().Truncate(time.Minute)
		o.look(time.Hour)
		all, err := db.Findings(t.Context(), watch.Filter{Watch: "decisions", NoPast: true})
		if err != nil || len(all) == 0 {
			t.Fatalf("%d findings, %v", len(all), err)
		}
		f := all[len(all)-1]
		if len(f.Causes) == 0 || f.Causes[0].Labels[0].Value != "savanna" || !f.Told || len(o.said.signals) == 0 {
			t.Errorf("found %+v", f)
		}
		desk := &watch.Service{Store: db, Clock: c, Book: o.Book}
		marika := people.Actor{Kind: people.ByPerson, ID: "marika", Role: people.Member, Via: "screen"}
		r, err := desk.Reach(t.Context(), marika, watch.Scope{Watch: "decisions", From: firm.began})
		if err != nil || r.Excess.Low <= 0 || r.Requests < 50 || r.Requests > 70 || r.Customers.List[0].Customer != "savanna" || r.Customers.List[0].Chance < 0.95 {
			t.Errorf("%+v %v", r, err)
		}
	})
}
