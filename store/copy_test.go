package store

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"frontline/desk"
	"frontline/journal"
	"frontline/oncall"
	"frontline/oncall/oncalltest"
	"frontline/people"
	"frontline/privacy"
	"frontline/secret"
	"frontline/thanks"
)

// ownData is what a person finds in the archive of their own data.
func ownData(t *testing.T, s *privacy.Service, a people.Actor) (c privacy.Copy) {
	t.Helper()
	var out bytes.Buffer
	if err := s.Export(t.Context(), a, "", func() {}, &out); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	data, err := z.Open("data.json")
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	if err := json.NewDecoder(data).Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

// What somebody who works here gave, got, escalated and was paged about stands in the archive of their data, and nothing of what is others'.
func TestCopyHoldsThanksEscalationsAndPages(t *testing.T) {
	eachWorkbench(t, func(t *testing.T, w *workbench) {
		ctx := t.Context()
		karl, liis := w.actor("karl"), w.actor("liis")
		all := &privacy.Service{DB: w.db, Copies: w.db, Now: w.db.Now, Forget: w.Forget}
		first := w.asked("wanjiru", "webhooks", "No webhooks for Nordpank", "Nothing since 10:40.", map[string]any{"customer": "nordpank", "since": "10:40"})
		second := w.asked("tonis", "question", "Lumo gets nothing either", "Since eleven.", nil)
		other := w.asked("tonis", "question", "Does Kenya have chips?", "In passports.", nil)
		w.escalates(other) // Liis alone
		e, err := w.esc.Escalate(ctx, karl, first.ID, desk.Ask{Tracker: "pipeline", Title: "Webhooks stop at night", Text: "They stop when the consumer restarts."})
		w.must(err)
		_, err = w.esc.Join(ctx, liis, second.ID, e.Name())
		w.must(err)
		_, err = w.esc.WriteTo(ctx, karl, e.ID, first.ID, "It is consumer group webhook-sender-2.")
		w.must(err)

		g := &grateful{frontdesk: w.frontdesk}
		g.thanks = &thanks.Service{DB: w.db, Book: func(ctx context.Context) (thanks.Directory, error) { return w.conf.Book(ctx) }, Matters: thanks.Wings{Desk: w.Service, Actions: g}, Now: w.db.Now}
		gave := g.give("karl", thanks.Draft{Reason: "You explained chips in minutes", People: []string{"liis"}, Teams: []string{"frontline"}, About: first.Name()})
		got := g.give("liis", thanks.Draft{Reason: "You stayed until the queue was empty", People: []string{"karl"}})
		void := g.give("wanjiru", thanks.Draft{Reason: "This was meant for Rasmus", People: []string{"karl"}})
		_, err = g.thanks.TakeBack(ctx, g.actor("wanjiru"), void.Name())
		w.must(err)

		push, mail := oncalltest.NewDevices(t, "ntfy"), oncalltest.NewDevices(t, "email")
		book := func(context.Context) (oncall.Book, error) { return oncalltest.Verity(), nil }
		links := oncall.NewLinks(secret.New("a key that only this test knows"), "https://frontline.verity.example")
		pager := oncall.NewPager(w.db, oncall.NewDuties(book, w.db), links, w.clock, push, mail)
		settle := run(t, w.db, w.clock, pager.Handlers()...)
		_, err = w.db.CarryOut(ctx, oncall.RaiseOrder(oncall.Opening{Subject: journal.Of("group", "g1"), Team: "support", Policy: "critical", Title: "Decision queue has stopped"}, people.System("test")))
		w.must(err)
		settle(0)
		push.Expect("https://push.example/karl", "Decision queue has stopped")

		c := ownData(t, all, karl)
		thanked := privacy.CopiedThanks{Called: gave.Name(), By: "karl", To: []string{"person liis", "team frontline"}, About: first.Subject(), Reason: "You explained chips in minutes", At: gave.At.UTC()}
		if diff := cmp.Diff([]privacy.CopiedThanks{thanked}, c.Given); diff != "" {
			t.Errorf("given: %s", diff)
		}
		if diff := cmp.Diff([]privacy.CopiedThanks{{Called: got.Name(), By: "liis", To: []string{"person karl"}, Reason: "You stayed until the queue was empty", At: got.At.UTC()}}, c.Got); diff != "" {
			t.Errorf("got: %s", diff)
		}
		asked := privacy.CopiedEscalation{Called: e.Name(), By: "karl", Title: "Webhooks stop at night", Text: "They stop when the consumer restarts.", Tracker: "pipeline", At: e.MadeAt.UTC(),
			Requests: []string{first.ID}, Comments: []privacy.CopiedDevelopment{{At: e.MadeAt.UTC(), State: "waiting", Text: "It is consumer group webhook-sender-2.\n\nKarl Sepp, technical support"}}}
		if diff := cmp.Diff([]privacy.CopiedEscalation{asked}, c.Escalated); diff != "" {
			t.Errorf("escalated: %s", diff)
		}
		sent := slices.IndexFunc(c.Pages, func(a privacy.CopiedAttempt) bool { return a.State == string(oncall.Sent) })
		if len(c.Pages) == 0 || sent < 0 || c.Pages[sent].Page != "P-1" || c.Pages[sent].Address != "https://push.example/karl" || c.Pages[sent].SentAt.IsZero() {
			t.Errorf("pages: %+v", c.Pages)
		}

		if c := ownData(t, all, liis); len(c.Escalated) != 2 || c.Escalated[1].Title != "" || c.Escalated[1].Text != "" || len(c.Escalated[1].Comments) != 0 || !slices.Equal(c.Escalated[1].Requests, []string{second.ID}) {
			t.Errorf("Liis put a request to it, and has %+v", c.Escalated)
		} else if len(c.Pages) != 0 || len(c.Given) != 1 || len(c.Got) != 1 {
			t.Errorf("Liis has %+v", c)
		}
	})
}
