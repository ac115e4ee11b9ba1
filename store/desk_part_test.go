package store

import (
	"testing"

	"frontline/desk"
	"frontline/fault"
	"frontline/people"
)

// Whoever takes part in a request says that it is a part of an incident; a bystander does not.
func TestPartOfAnIncident(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		ctx := t.Context()
		r := k.asked("tonis", "question", "No webhooks", "None since ten.", nil)
		_, err := k.PartOf(ctx, k.actor("wanjiru"), r.ID, "inc-1")
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("a bystander: %v, want Forbidden", err)
		}
		_, err = k.PartOf(ctx, k.actor("tonis"), r.ID, "inc-1")
		k.must(err)
		found, err := k.Requests(ctx, k.actor("liis"), desk.Filter{Incident: "inc-1"})
		k.must(err)
		if len(found) != 1 || found[0].ID != r.ID || found[0].Incident != "inc-1" {
			t.Errorf("requests of the incident: %+v", found)
		}
		_, err = k.PartOf(ctx, k.actor("liis"), r.ID, "")
		k.must(err)
		if k.now(r).Incident != "" {
			t.Error("it is still a part of the incident")
		}
	})
}

// The asker alone says that it is solved; it costs the desk nothing and stays closed.
func TestAskerSaysSolved(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		ctx := t.Context()
		r := k.asked("tonis", "question", "Which one counts?", "There are two.", nil)
		_, err := k.Solved(ctx, k.actor("wanjiru"), r.ID)
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("somebody else: %v, want Forbidden", err)
		}
		for range 2 { // the second press changes nothing
			_, err = k.Solved(ctx, k.actor("tonis"), r.ID)
			k.must(err)
		}
		got := k.now(r)
		if got.State != desk.Closed || got.Outcome != desk.Answered || !got.FirstTouchAt.IsZero() {
			t.Errorf("after it: %+v", got)
		}
	})
}

// A macro is shown with the names that it would have, and does nothing yet.
func TestMacroPreview(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		r := k.asked("tonis", "question", "No webhooks", "None.", nil)
		d, err := k.Preview(t.Context(), k.actor("liis"), r.ID, "known")
		k.must(err)
		if d.Reply != "Hello Tõnis Kask, we know, Liis Tamm." || k.now(r).Said != 1 {
			t.Errorf("preview %q, messages %d", d.Reply, k.now(r).Said)
		}
		if _, err := k.Preview(t.Context(), k.actor("tonis"), r.ID, "known"); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a member: %v", err)
		}
		k.must(k.Touch(t.Context(), k.actor("liis"), r.ID, true, 15))
		all, said, err := k.Present(t.Context(), k.actor("karl"), r.ID)
		k.must(err)
		if len(all) != 1 || all[0].Person != "liis" || !all[0].Typing || said != 1 {
			t.Errorf("present: %+v, %d said", all, said)
		}
		if _, _, err := k.Present(t.Context(), people.Anonymous("screen"), r.ID); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("nobody: %v", err)
		}
	})
}
