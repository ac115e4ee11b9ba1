package store

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/desk"
	"frontline/fault"
	"frontline/insight"
	"frontline/people"
)

func (k *frontdesk) explorer() *insight.Explorer {
	return &insight.Explorer{DB: k.db, Desk: k.Service, Zone: time.UTC, Clock: k.clock, Log: slog.New(slog.DiscardHandler)}
}

// pile is closed requests that are none of the demands: three kinds, and one that only payments may read.
func (k *frontdesk) pile() {
	k.t.Helper()
	ctx, liis := k.t.Context(), k.actor("liis")
	said := [][2]string{
		{"Audit log export %d", "Our auditor wants the audit log as a file, please export the audit log of month %d."},
		{"Selfie camera black %d", "The selfie camera stays black on device %d, no picture in the camera."},
		{"Invoice has wrong address %d", "Invoice %d shows our old billing address, please correct the billing address."},
	}
	for i := range 24 {
		x := said[i%3]
		r := k.mailed(fmt.Sprintf("<p%d@verity>", i), fmt.Sprintf("asker%d@lumo.example", i%5), fmt.Sprintf(x[0], i), fmt.Sprintf(x[1], i))
		_, err := k.Close(ctx, liis, r.ID, desk.Ending{Outcome: desk.Answered, Coding: desk.Coding{None: true}})
		k.must(err)
		k.clock.Move(time.Minute)
	}
	r := k.asked("tonis", "salary", "My kilometrage is missing", "The kilometrage of October is missing in my payslip.", nil)
	_, err := k.Close(ctx, people.System("test"), r.ID, desk.Ending{Outcome: desk.Answered, Coding: desk.Coding{None: true}})
	k.must(err)
	k.followed()
}

func (k *frontdesk) proposals(e *insight.Explorer) insight.Known {
	k.t.Helper()
	known, err := e.List(k.t.Context(), k.actor("liis"))
	k.must(err)
	return known
}

func about(known insight.Known, word string) insight.Proposal {
	for _, p := range known.Proposals {
		for _, w := range p.Words {
			if w.Word == word {
				return p
			}
		}
	}
	return insight.Proposal{}
}

// A night groups what nobody could name, in words that set each group apart; the same night again finds the same.
func TestNightGroupsWhatNobodyCouldName(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		k.pile()
		e := k.explorer()
		k.must(e.Explore(t.Context(), insight.ExploreArgs{Day: "2026-11-25"}))
		first := k.proposals(e)
		if first.Night.Pile != 24 || first.Night.Looked != 24 || len(first.Proposals) < 3 || first.Night.Day != "2026-11-25" {
			t.Fatalf("the night: %+v, %d proposals", first.Night, len(first.Proposals))
		}
		audit := about(first, "audit")
		if audit.Members != 8 || audit.Askers != 5 || len(audit.Examples) == 0 || audit.Lately != 8 || audit.State != insight.Proposed || audit.Tightness <= 0 {
			t.Errorf("audit log: %+v", audit)
		}
		if p := about(first, "kilometrage"); p.Number != 0 {
			t.Errorf("what only payments may read is told: %+v", p)
		}
		k.must(e.Explore(t.Context(), insight.ExploreArgs{}))
		again := k.proposals(e)
		again.Now, first.Now, again.Night.At, first.Night.At = time.Time{}, time.Time{}, time.Time{}, time.Time{}
		for i := range again.Proposals {
			again.Proposals[i].SeenAt, first.Proposals[i].SeenAt = time.Time{}, time.Time{}
		}
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("the same again (-first +again):\n%s", diff)
		}
	})
}

// A proposal becomes a demand by somebody's hand, its requests are coded by somebody's hand, and its number stays while it grows.
func TestProposalIsPromoted(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		k.pile()
		ctx, liis, e := t.Context(), k.actor("liis"), k.explorer()
		k.must(e.Explore(ctx, insight.ExploreArgs{Day: "2026-11-25"}))
		audit := about(k.proposals(e), "audit")
		if _, err := e.Promote(ctx, k.actor("wanjiru"), audit.Name(), audit.Draft(), ""); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a member promotes: %v", err)
		}
		draft := audit.Draft()
		if draft.Title == "" || len(draft.Examples) == 0 || !strings.Contains(draft.Description, "audit") {
			t.Errorf("draft: %+v", draft)
		}
		draft.Title = "Export of the audit log"
		d, err := e.Promote(ctx, liis, audit.Name(), draft, "")
		k.must(err)
		if _, err := e.Promote(ctx, liis, audit.Name(), draft, ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("promoted twice: %v", err)
		}
		p, members, err := e.Show(ctx, liis, audit.Name())
		k.must(err)
		if p.State != insight.Promoted || p.Demand != d.ID || p.By != "liis" || len(members) != 8 {
			t.Fatalf("promoted: %+v with %d", p, len(members))
		}
		if r, err := k.db.Request(ctx, members[0]); err != nil || len(r.Codes) != 0 {
			t.Errorf("coded by nobody: %+v, %v", r.Codes, err)
		}
		n, err := e.CodeMembers(ctx, liis, audit.Name(), members[:3])
		k.must(err)
		if _, left, _ := e.Show(ctx, liis, audit.Name()); n != 3 || len(left) != 5 {
			t.Errorf("coded %d, left %d", n, len(left))
		}
		if _, err := e.CodeMembers(ctx, liis, audit.Name(), members[:1]); !fault.Is(err, fault.Invalid) {
			t.Errorf("coded again: %v", err)
		}
		k.must(e.Explore(ctx, insight.ExploreArgs{Day: "2026-11-26"}))
		p, _, err = e.Show(ctx, liis, audit.Name())
		k.must(err)
		if p.State != insight.Promoted || p.Demand != d.ID {
			t.Errorf("after a night: %+v", p)
		}
	})
}

// What is dismissed stays away under its number until it has doubled.
func TestDismissedComesBackWhenItDoubles(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		k.pile()
		ctx, liis, e := t.Context(), k.actor("liis"), k.explorer()
		k.must(e.Explore(ctx, insight.ExploreArgs{Day: "2026-11-25"}))
		camera := about(k.proposals(e), "camera")
		if _, err := e.Dismiss(ctx, liis, camera.Name(), "  "); !fault.Is(err, fault.Invalid) {
			t.Errorf("without a reason: %v", err)
		}
		_, err := e.Dismiss(ctx, liis, camera.Name(), "One broken batch of phones.")
		k.must(err)
		k.must(e.Explore(ctx, insight.ExploreArgs{Day: "2026-11-26"}))
		if p := about(k.proposals(e), "camera"); p.Number != camera.Number || p.State != insight.Dismissed || p.Reason != "One broken batch of phones." {
			t.Errorf("after a night: %+v", p)
		}
		for i := range 10 {
			r := k.mailed(fmt.Sprintf("<m%d@verity>", i), "ops@arco.example", fmt.Sprintf("Selfie camera black %d", i), fmt.Sprintf("The selfie camera stays black on device %d, no picture in the camera.", i))
			_, err := k.Close(ctx, liis, r.ID, desk.Ending{Outcome: desk.Answered, Coding: desk.Coding{None: true}})
			k.must(err)
		}
		k.must(e.Explore(ctx, insight.ExploreArgs{Day: "2026-11-27"}))
		if p := about(k.proposals(e), "camera"); p.Number != camera.Number || p.State != insight.Proposed || p.Members != 18 || p.Reason == "" {
			t.Errorf("doubled: %+v", p)
		}
	})
}

// Erasing a text takes the words away that were made of it, in the same transaction, and new ones are made of what is left. Reports keep their digits.
func TestErasingUnlabelsProposals(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		k.pile()
		ctx, e := t.Context(), k.explorer()
		k.must(e.Explore(ctx, insight.ExploreArgs{Day: "2026-11-25"}))
		audit := about(k.proposals(e), "audit")
		_, members, err := e.Show(ctx, k.actor("liis"), audit.Name())
		k.must(err)
		k.must(k.db.write(ctx, func(t *tx) error {
			for _, text := range []string{`UPDATE request SET title = '', fields = '{}' WHERE id = $1`, `UPDATE request_message SET body = '', cut = '', salt = '' WHERE request = $1`} {
				if _, err := t.exec(ctx, text, members[0]); err != nil {
					return err
				}
			}
			number, _, err := row(ctx, t, value[int64], `SELECT number FROM request WHERE id = $1`, members[0])
			if err != nil {
				return err
			}
			return t.reindex(ctx, desk.KindRequest, []int64{number})
		}))
		p, left, err := e.Show(ctx, k.actor("liis"), audit.Name())
		k.must(err)
		if len(p.Words) != 0 || slices.Contains(left, members[0]) || p.Title() != audit.Name() {
			t.Errorf("after erasing: %v, %d left", p.Words, len(left))
		}
		waits, _, err := row(ctx, k.db.read, value[int], `SELECT COUNT(*) FROM job WHERE kind = 'insight.explore' AND state = 'ready'`)
		k.must(err)
		if waits != 1 {
			t.Errorf("%d jobs wait to find new words", waits)
		}
		k.must(e.Explore(ctx, insight.ExploreArgs{}))
		if p := about(k.proposals(e), "audit"); p.Number != audit.Number || p.Members != 7 {
			t.Errorf("found anew: %+v", p)
		}
	})
}

// A guess is written for what nobody has coded, is only a guess, and stays when there are no words to guess from.
func TestNightGuesses(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		webhooks, _ := k.elevenRequests()
		r := k.mailed("<new@verity>", "ops@arco.example", "Late webhooks", "Our webhooks are late again.")
		k.followed()
		ctx, e := t.Context(), k.explorer()
		k.must(e.Explore(ctx, insight.ExploreArgs{Day: "2026-11-25"}))
		guess := func() string {
			g, _, err := row(ctx, k.db.read, value[string], `SELECT guess FROM request_fact WHERE request = $1`, r.ID)
			k.must(err)
			return g
		}
		if guess() != webhooks.ID {
			t.Errorf("guessed %q", guess())
		}
		weights, err := k.figures().Weights(ctx, k.actor("liis"), insight.Asked{From: k.clock.Now().Add(-24 * time.Hour)})
		k.must(err)
		if w := weights[webhooks.ID]; w.Requests != 3 || w.Suggested != 1 {
			t.Errorf("counted: %+v", w)
		}
		k.must(k.db.write(ctx, func(t *tx) error {
			_, err := t.exec(ctx, `UPDATE request SET title = '' WHERE id = $1`, r.ID)
			if err == nil {
				_, err = t.exec(ctx, `UPDATE request_message SET body = '' WHERE request = $1`, r.ID)
			}
			return err
		}))
		k.must(e.Explore(ctx, insight.ExploreArgs{Day: "2026-11-26"}))
		if guess() != webhooks.ID {
			t.Errorf("after its words were erased: guessed %q", guess())
		}
	})
}

// Each night's job is asked for once, also when the server was down at that hour; an installation that is new waits for its first night.
func TestNightsAreAskedForOnce(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		ctx, e := t.Context(), k.explorer()
		jobs := func() string {
			keys, err := rows(ctx, k.db.read, value[string], `SELECT key FROM job WHERE kind = 'insight.explore' ORDER BY key`)
			k.must(err)
			return strings.Join(keys, " ")
		}
		look := func(woken bool) time.Time {
			next, err := e.Look(ctx, woken)
			k.must(err)
			return next
		}
		next := look(false)
		if jobs() != "" || !next.Equal(time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)) {
			t.Errorf("at %v: jobs %q, next %v", k.clock.Now(), jobs(), next)
		}
		k.clock.Move(next.Sub(k.clock.Now()))
		look(true)
		look(true)
		if jobs() != "2026-11-24" {
			t.Errorf("at night: %q", jobs())
		}
		k.must(e.Explore(ctx, insight.ExploreArgs{Day: "2026-11-24"}))
		k.must(k.db.write(ctx, func(t *tx) error { _, err := t.exec(ctx, `DELETE FROM job`); return err }))
		look(true)
		if jobs() != "" {
			t.Errorf("done already: %q", jobs())
		}
		k.clock.Move(27 * time.Hour) // down at two
		if look(false); jobs() != "2026-11-25" {
			t.Errorf("made up for: %q", jobs())
		}
	})
}
