package store

import (
	"slices"
	"strings"
	"testing"
	"time"

	"frontline/desk"
	"frontline/fault"
	"frontline/people"
)

// asks has a request answered and closed.
func (k *frontdesk) closedOne() desk.Request {
	k.t.Helper()
	ctx, liis := k.t.Context(), k.actor("liis")
	r := k.asked("wanjiru", "question", "Which passports have a chip?", "Kenyan ones.", nil)
	_, err := k.WriteNote(ctx, liis, r.ID, desk.Words{Body: "Not sure, ask the document team."})
	k.must(err)
	_, err = k.Reply(ctx, liis, r.ID, desk.Words{Body: "All Kenyan passports since 2023 have one.\n\nOlder ones have none."})
	k.must(err)
	r, err = k.Close(ctx, liis, r.ID, desk.Ending{Outcome: desk.Answered, Size: desk.Small})
	k.must(err)
	return r
}

// An answer is made of a request in one step, from what was replied and never from a note; only who writes answers sees it until it is published to all.
func TestAnswerFromRequest(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		ctx, liis, wanjiru := t.Context(), k.actor("liis"), k.actor("wanjiru")
		r := k.closedOne()
		x, err := k.AnswerFrom(ctx, liis, r.Name())
		k.must(err)
		if x.Name() != "K-1" || x.Title != r.Title || x.Body != "All Kenyan passports since 2023 have one.\n\nOlder ones have none." || x.Owner != "liis" || x.State != desk.DraftAnswer || x.Audience != desk.ForDesk || x.From != r.ID {
			t.Errorf("made of %s: %+v", r.Name(), x)
		}
		if days := x.ReviewAt.Sub(k.clock.Now()).Hours() / 24; days < 180 || days > 185 {
			t.Errorf("it is looked at in %.0f days", days)
		}
		if again, err := k.AnswerFrom(ctx, liis, r.Name()); err != nil || again.ID != x.ID {
			t.Errorf("made twice: %s, %v", again.Name(), err)
		}
		salary := k.asked("wanjiru", "salary", "My pay", "It is low.", nil)
		if _, err := k.AnswerFrom(ctx, k.actor("marika"), salary.Name()); !fault.Is(err, fault.Forbidden) {
			t.Errorf("of what only a team reads: %v", err)
		}
		if _, err := k.AnswerFrom(ctx, wanjiru, r.Name()); !fault.Is(err, fault.Forbidden) {
			t.Errorf("by who asked: %v", err)
		}
		unread := func(say string) {
			t.Helper()
			if _, err := k.Answer(ctx, wanjiru, "K-1"); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", say, err)
			}
			all, err := k.Answers(ctx, wanjiru, desk.AnswerFilter{})
			offered, failed := k.Offer(ctx, wanjiru, "passports with a chip", 3)
			if err != nil || failed != nil || len(all)+len(offered) != 0 {
				t.Errorf("%s: lists %v %v, offers %v %v", say, all, err, offered, failed)
			}
			if _, err := k.VoteAnswer(ctx, wanjiru, "K-1", true, false); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s, but has a voice: %v", say, err)
			}
		}
		unread("a draft")
		_, err = k.PublishAnswer(ctx, liis, "K-1", 1)
		k.must(err)
		unread("for the desk alone")
		d := x.AnswerDraft
		d.Audience = desk.ForEveryone
		x, err = k.EditAnswer(ctx, liis, "k-1", d, 1)
		k.must(err)
		if got, err := k.Answer(ctx, wanjiru, "K-1"); err != nil || got.Version != 2 || got.State != desk.PublishedAnswer {
			t.Errorf("read by everyone: %+v, %v", got, err)
		}
		offered, err := k.Offer(ctx, wanjiru, "Which passports have chips in them?", 3)
		if err != nil || len(offered) != 1 || len(offered[0].Because) == 0 {
			t.Errorf("offered: %+v, %v", offered, err)
		}
		if offered, err := k.Offer(ctx, wanjiru, "The dashboard of Savanna Pay shows nothing since noon", 3); err != nil || len(offered) != 0 {
			t.Errorf("offered to another question: %+v, %v", offered, err)
		}
		if _, err := k.AnswerVersions(ctx, wanjiru, "K-1"); !fault.Is(err, fault.Forbidden) {
			t.Errorf("what it once was: %v", err)
		}
		versions, err := k.AnswerVersions(ctx, liis, "K-1")
		if err != nil || len(versions) != 2 || versions[1].Audience != desk.ForDesk || versions[0].Audience != desk.ForEveryone {
			t.Errorf("versions: %+v, %v", versions, err)
		}
		_, err = k.RetireAnswer(ctx, liis, "K-1")
		k.must(err)
		unread("retired")
	})
}

// Two people write at once: other lines are put together, the same line is refused and the newer text comes with it.
func TestAnswerMerge(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		ctx, liis, karl := t.Context(), k.actor("liis"), k.actor("karl")
		x, err := k.NewAnswer(ctx, liis, desk.AnswerDraft{Title: "How do I read a decision?", Body: "First.\n\nSecond.\n\nThird."})
		k.must(err)
		edit := func(a people.Actor, title, body string, seen int64) (desk.Answer, error) {
			d := x.AnswerDraft
			d.Title, d.Body = title, body
			return k.EditAnswer(ctx, a, x.Name(), d, seen)
		}
		_, err = edit(karl, x.Title, "First, by Karl.\n\nSecond.\n\nThird.", 1)
		k.must(err)
		got, err := edit(liis, "How is a decision read?", "First.\n\nSecond.\n\nThird, by Liis.", 1)
		if err != nil || got.Version != 3 || got.Title != "How is a decision read?" || got.Body != "First, by Karl.\n\nSecond.\n\nThird, by Liis." {
			t.Errorf("put together: %+v, %v", got, err)
		}
		newer, err := edit(liis, x.Title, "First, by Liis.\n\nSecond.\n\nThird.", 1)
		if !fault.Is(err, fault.Conflict) || newer.Version != 3 || !strings.Contains(newer.Body, "by Karl") {
			t.Errorf("the same line: %+v, %v", newer, err)
		}
		if same, err := edit(karl, got.Title, got.Body, 3); err != nil || same.Version != 3 {
			t.Errorf("nothing new: version %d, %v", same.Version, err)
		}
		for name, seen := range map[string]int64{"no version": 0, "one that never was": 9} {
			if _, err := edit(liis, x.Title, "Mine.", seen); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for field, d := range map[string]desk.AnswerDraft{"title": {Body: "b"}, "owner": {Title: "t", Owner: "nobody"}, "team": {Title: "t", Team: "x"}, "service": {Title: "t", Service: "x"},
			"type": {Title: "t", Type: "x"}, "demand": {Title: "t", Demand: "D-9"}, "audience": {Title: "t", Audience: "world"}, "text": {Title: "t", Body: strings.Repeat("x", 50_001)}} {
			if _, err := k.NewAnswer(ctx, liis, d); len(fault.FieldsOf(err)) != 1 || fault.FieldsOf(err)[0].Name != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		if _, err := k.NewAnswer(ctx, k.actor("wanjiru"), desk.AnswerDraft{Title: "Mine"}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a member writes: %v", err)
		}
	})
}

// One voice a person, one use a request, one question a person and day.
func TestAnswerCounts(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		ctx, liis := t.Context(), k.actor("liis")
		r := k.closedOne()
		x, err := k.NewAnswer(ctx, liis, desk.AnswerDraft{Title: "Which passports have a chip?", Body: "Those since 2023.", Audience: desk.ForEveryone})
		k.must(err)
		if _, err := k.VoteAnswer(ctx, liis, "K-1", true, false); !fault.Is(err, fault.Conflict) {
			t.Errorf("of a draft: %v", err)
		}
		_, err = k.PublishAnswer(ctx, liis, "K-1", 0)
		k.must(err)
		vote := func(person string, helped, instead bool) {
			t.Helper()
			_, err := k.VoteAnswer(ctx, k.actor(person), "K-1", helped, instead)
			k.must(err)
		}
		vote("wanjiru", false, false)
		vote("wanjiru", true, true)
		vote("wanjiru", true, true)
		vote("tonis", true, true)
		vote("karl", false, true) // did not help: the question was sent
		k.clock.Move(25 * time.Hour)
		vote("wanjiru", true, true)
		k.must(k.UsedAnswer(ctx, liis, "K-1", r.Name()))
		k.must(k.UsedAnswer(ctx, k.actor("karl"), x.ID, r.ID))
		got, err := k.Answer(ctx, liis, "K-1")
		k.must(err)
		if want := (desk.AnswerCounts{Helped: 2, Not: 1, Replies: 1, Instead: 3}); got.AnswerCounts != want {
			t.Errorf("counted %+v, want %+v", got.AnswerCounts, want)
		}
		if err := k.UsedAnswer(ctx, k.actor("wanjiru"), "K-1", r.Name()); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a member uses it: %v", err)
		}
		if _, err := k.VoteAnswer(ctx, people.System("test"), "K-1", true, false); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a program has a voice: %v", err)
		}
	})
}

// On its day the owner is told once. "Still right" moves the day, and the old one is nothing any more.
func TestAnswerReview(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		ctx, liis := t.Context(), k.actor("liis")
		k.Mailer = &k.mails
		for _, title := range []string{"Due", "Reviewed", "Retired", "Draft"} {
			x, err := k.NewAnswer(ctx, liis, desk.AnswerDraft{Title: title, Body: "Words.", ReviewAt: k.clock.Now().AddDate(0, 0, 10)})
			k.must(err)
			if title != "Draft" {
				_, err = k.PublishAnswer(ctx, liis, x.ID, 1)
				k.must(err)
			}
		}
		k.clock.Move(5 * 24 * time.Hour)
		_, err := k.ReviewAnswer(ctx, liis, "K-2")
		k.must(err)
		_, err = k.RetireAnswer(ctx, liis, "K-3")
		k.must(err)
		k.work()
		if n := len(k.mails.all); n != 0 {
			t.Fatalf("%d mails before the day", n)
		}
		for range 3 {
			k.clock.Move(3 * 24 * time.Hour)
			k.work()
		}
		if want := []string{"liis.tamm@verity.example [K-1] still right? Due"}; !slices.Equal(k.mails.all, want) {
			t.Errorf("mails: %q", k.mails.all)
		}
		stale, err := k.Answers(ctx, liis, desk.AnswerFilter{Stale: true, Owner: "liis"})
		if err != nil || len(stale) != 1 || stale[0].Name() != "K-1" || stale[0].Stale[0] != desk.ReviewDue {
			t.Errorf("to be looked at: %+v, %v", stale, err)
		}
		for _, person := range []string{"liis", "karl", "marika", "wanjiru", "tonis"} {
			_, err = k.VoteAnswer(ctx, k.actor(person), "K-2", person == "liis", false)
			if person == "wanjiru" || person == "tonis" { // it is for the desk
				if !fault.Is(err, fault.NotFound) {
					t.Errorf("%s: %v", person, err)
				}
				continue
			}
			k.must(err)
		}
		k.apply(replaceOnce(deskOfVerity, "  - {id: liis, name: Liis Tamm, email: liis.tamm@verity.example, role: support, teams: [frontline]}\n", ""))
		x, err := k.Answer(ctx, k.actor("karl"), "K-1")
		if err != nil || len(x.Stale) != 2 || x.Stale[1] != desk.OwnerGone {
			t.Errorf("its owner is gone: %v, %v", x.Stale, err)
		}
		x, err = k.ReviewAnswer(ctx, k.actor("karl"), "K-1")
		if err != nil || x.Owner != "karl" || !x.ReviewAt.After(k.clock.Now()) {
			t.Errorf("looked at: %+v, %v", x, err)
		}
		if _, err := k.ReviewAnswer(ctx, k.actor("karl"), "K-4"); !fault.Is(err, fault.Conflict) {
			t.Errorf("a draft: %v", err)
		}
	})
}
