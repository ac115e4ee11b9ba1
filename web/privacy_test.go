package web

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"frontline/desk"
	"frontline/journal"
	"frontline/people"
	"frontline/privacy"
)

const kaisa = "kaisa.org@nordpank.example"

// openPrivacy gives the desk what erases people.
func openPrivacy(k *requestDesk) *privacy.Service {
	p := &privacy.Service{DB: k.db, Copies: k.db, Now: k.db.Now, Forget: k.requests.Forget}
	k.desk.s.deps.Privacy = p
	return p
}

// carryOut does what the job does.
func (k *requestDesk) carryOut(ref string) {
	k.t.Helper()
	e, err := k.db.Erasure(k.t.Context(), ref)
	k.must(err)
	for more := true; more; {
		more, err = k.db.StepErasure(k.t.Context(), e.ID, func(privacy.Erasure) (c journal.Consequences) { return c })
		k.must(err)
	}
}

// An administrator sees what is held, fetches it, and erases it with a password and the address typed again; the receipt names nobody.
func TestPersonIsErasedOnTheScreen(t *testing.T) {
	k := newRequestDesk(t)
	openPrivacy(k)
	r := k.mails("<1@nordpank>", kaisa, "Kaisa Org", "No webhooks since this morning", "Hello, zebrafish.", "")
	k.did(k.requests.WriteNote(t.Context(), k.actor("liis"), r.ID, desk.Words{Body: "Kaisa Org called."}))
	admin := k.as(people.Admin, "wanjiru")
	k.desk.to("/system", ask{as: admin}).is(http.StatusOK).has(`main a[href="/system/privacy"]`, "Privacy")
	k.desk.to("/system", ask{as: people.Lead}).is(http.StatusOK).lacks(`main a[href="/system/privacy"]`)
	k.desk.to("/system/privacy", ask{as: people.Lead}).is(http.StatusForbidden)
	k.desk.to("/system/privacy", ask{as: admin}).is(http.StatusOK).has("main .blank .name", "Nobody was erased").lacks("main .button.danger")
	k.desk.to("/system/privacy?whom=stranger@x.example", ask{as: admin}).is(http.StatusUnprocessableEntity).has("#f-whom-wrong", "Nobody is known as stranger@x.example")

	found := k.desk.to("/system/privacy?whom="+url.QueryEscape(kaisa), ask{as: admin}).is(http.StatusOK)
	found.has("#held", kaisa).has("main .facts", "").has("main .button.danger", "Erase for good").has("#f-confirm", "")
	if body := found.body(); !strings.Contains(body, "1 request, 1 of them open") || !strings.Contains(body, "2 messages") {
		t.Error("the preview does not say what goes")
	}
	data := k.desk.to("/system/privacy/data?whom="+url.QueryEscape(kaisa), ask{as: admin}).is(http.StatusOK)
	if got := archived(t, data.body()); !strings.Contains(got["data.json"], "zebrafish") || !strings.Contains(got["data.json"], "Kaisa Org called") {
		t.Errorf("the archive holds %v", got)
	}
	erase := func(again, password string) reply {
		return k.desk.to("/system/privacy/erase", ask{as: admin, form: url.Values{"whom": {kaisa}, "again": {again}, people.ConfirmField: {password}}})
	}
	erase(kaisa, "").is(http.StatusUnprocessableEntity).has("#f-confirm-wrong", "type your password once more")
	erase("kaisa", goodPassword).is(http.StatusUnprocessableEntity).has("#f-again-wrong", "Type "+kaisa+" once more")
	erase(kaisa, goodPassword).leadsTo("/system/privacy")
	k.desk.to("/system/privacy", ask{as: admin}).is(http.StatusOK).has("tbody th", "ER-1").has("tbody .state.calm", "At work")
	k.carryOut("ER-1")
	done := k.desk.to("/system/privacy", ask{as: admin}).is(http.StatusOK).has("tbody .state.ok", "Done").has(`td[data-k="Removed"]`, "1 request, 1 of them open, 2 messages")
	if strings.Contains(strings.ToLower(done.body()), "kaisa") {
		t.Error("the receipt names her")
	}
	// The request reads well everywhere.
	k.desk.to("/requests/"+r.Name(), ask{as: people.Support}).is(http.StatusOK).has("h1", "Text removed").has("main .note .name", "The text was removed on").
		has("main .said .asked .text", "The text was removed.").has("main .over", "somebody who was erased").lacks("#f-address")
	k.desk.to("/requests", ask{as: people.Support}).is(http.StatusOK).has("main", "Text removed")
	k.desk.to("/requests/triage", ask{as: people.Support}).is(http.StatusOK).has("main", "Text removed")
	k.indexed()
	k.desk.s.deps.Finding = k.requests
	k.desk.to("/search?q=zebrafish", ask{as: people.Support}).is(http.StatusOK).lacks(`main a[href="/requests/` + r.Name() + `"]`)
}

// archived reads a ZIP archive.
func archived(t *testing.T, body string) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader([]byte(body)), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(content)
	}
	return out
}

// Text that is kept for a time says until when; a lead keeps it longer; afterwards the screen says why it is gone.
func TestKeptTextSaysUntilWhen(t *testing.T) {
	k := newRequestDesk(t)
	openPrivacy(k)
	k.book.types[1].Keep = 90 * 24 * time.Hour
	r := k.asks("grace", "question", "Why was it declined?", "The numbat was declined.", nil)
	k.did(k.requests.Close(t.Context(), k.actor("liis"), r.ID, desk.Ending{Outcome: desk.Answered}))
	path := "/requests/" + r.Name()
	until := r.ReceivedAt.Add(90 * 24 * time.Hour).In(k.zone()).Format("2 Jan")
	k.desk.to(path, ask{as: people.Support}).is(http.StatusOK).has("main [aria-labelledby=facts]", "Text goes").has("main [aria-labelledby=facts]", until).lacks("#f-hold")
	k.desk.to(path+"/hold", ask{as: people.Support, form: url.Values{"hold": {"A court"}}}).is(http.StatusForbidden)
	k.desk.to(path, ask{as: people.Lead}).is(http.StatusOK).has("#f-hold", "")
	k.desk.to(path+"/hold", ask{as: people.Lead, form: url.Values{"hold": {""}}}).is(http.StatusUnprocessableEntity)
	k.desk.to(path+"/hold", ask{as: people.Lead, form: url.Values{"hold": {"A court wants it."}}}).leadsTo(path)
	k.desk.to(path, ask{as: people.Support}).is(http.StatusOK).has("main .note .name", "The text must stay").has("main .internal .text", "A court wants it.")
	forget := desk.Retention{Memory: k.db, Book: k.requests.Book, Now: k.db.Now, Forget: k.requests.Forget}
	k.after(91 * 24 * time.Hour)
	k.must(forget.Run(t.Context(), desk.ForgetWordsArgs{}))
	if k.now(r).Wordless() {
		t.Fatal("what must stay is gone")
	}
	k.desk.to(path+"/release", ask{as: people.Lead, form: url.Values{}}).leadsTo(path)
	k.must(forget.Run(t.Context(), desk.ForgetWordsArgs{}))
	k.desk.to(path, ask{as: people.Support}).is(http.StatusOK).has("main .note", "keep their text for 90 days").has("h1", "Text removed").lacks("#f-hold")
	k.desk.to(path, ask{as: people.Member}).is(http.StatusOK).has("main .note", "keep their text for 90 days")
	if got := archived(t, k.desk.to("/me/data", ask{as: people.Member}).is(http.StatusOK).body()); strings.Contains(got["data.json"], "numbat") {
		t.Error("what is gone is in the archive")
	}
}

// Whoever asks reads how long their words are kept before they write them, again when the form is refused, and nothing when they are kept for ever.
func TestAskFormSaysHowLongTextIsKept(t *testing.T) {
	k := newRequestDesk(t)
	k.book.types[1].Keep = 90 * 24 * time.Hour
	kept, other := k.book.types[1].ID, k.book.types[0].ID
	k.desk.to("/requests/new?type="+kept, ask{as: people.Member}).is(http.StatusOK).has("form .kept", "What you write is kept for 90 days after the request is closed.")
	k.desk.to("/requests", ask{as: people.Member, form: url.Values{"type": {kept}, "title": {""}}}).is(http.StatusUnprocessableEntity).has("form .kept", "kept for 90 days")
	k.desk.to("/requests/new?type="+other, ask{as: people.Member}).is(http.StatusOK).has("form.fields", "Ask").lacks(".kept")
	k.desk.to("/requests/new?type=other", ask{as: people.Member}).is(http.StatusOK).has("form.fields", "Ask").lacks(".kept")
}

// zone is where whoever looks reads times.
func (k *requestDesk) zone() *time.Location {
	k.t.Helper()
	z, err := time.LoadLocation(k.book.Staff["liis"].Zone)
	k.must(err)
	return z
}
