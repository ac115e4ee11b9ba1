package web

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"frontline/desk"
	"frontline/fault"
	"frontline/incident"
	"frontline/people"
)

// upload sends a form with files, as a browser does.
func (d *workplace) upload(path string, as people.Role, form map[string]string, files map[string]string) reply {
	d.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, value := range form {
		if err := w.WriteField(name, value); err != nil {
			d.t.Fatal(err)
		}
	}
	for name, content := range files {
		part, err := w.CreateFormFile("file", name)
		if err == nil {
			_, err = part.Write([]byte(content))
		}
		if err != nil {
			d.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		d.t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(d.t.Context(), http.MethodPost, path, &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.AddCookie(&http.Cookie{Name: d.s.cookieName(sessionCookie), Value: string(as)})
	out := httptest.NewRecorder()
	d.s.ServeHTTP(out, r)
	return reply{t: d.t, ResponseRecorder: out}
}

func TestConversation(t *testing.T) {
	k := newRequestDesk(t)
	r := k.story()
	k.must(k.requests.Touch(t.Context(), k.actor("karl"), r.ID, true, 15))
	got := k.desk.to("/requests/R-1", ask{as: people.Support}).is(http.StatusOK).
		has("h1", "Savanna Pay gets no webhooks").has(".said .internal", "webhooks.deliver stands still").has(".said .public header b", "To Grace and 1 more").
		has(".present", "Karl Sepp is here, writing").has(".said .asked .cut-off p", "Your webhooks are set up").has(`.said .words a[href="https://agents.savannapay.example/queue"]`, "savannapay").
		has("button.first.only-public", "Reply to Grace and 1 more").has(`input[name=kind][value=note][checked]`, "").lacks(`input[name=kind][value=reply][checked]`).
		has(`.happened a[href="/runs/RUN-884"]`, "RUN-884").has("[aria-labelledby=fits] a", "queue/park-message")
	if got := got.attr("[aria-labelledby=fits] a", "href"); got != "/actions/queue/park-message?for=request%3A"+r.ID {
		t.Errorf("the action is opened at %s", got)
	}
	// Whoever asked reads what was said to them, and nothing else.
	asker := k.desk.to("/requests/R-1", ask{as: people.Member}).is(http.StatusOK).has(".said .public", "Found it").has("#add label[for=f-text]", "Add something")
	for _, kept := range []string{".internal", ".happened", ".present", ".deeds", "#write", ".said footer", "[aria-labelledby=linked]"} {
		asker.lacks(kept)
	}
	if strings.Contains(asker.body(), "redelivered") || strings.Contains(asker.body(), "RUN-884") {
		t.Error("the asker reads what is the desk's")
	}
}

// A request of a type that only its team reads is not there for others: not as a screen, not in a list, not as a file, not to be changed.
func TestTeamOnlyRequest(t *testing.T) {
	k := newRequestDesk(t)
	p := k.book.Staff["aisha"]
	p.Teams, p.Role = []string{"people"}, people.Support
	k.book.Staff["aisha"] = p
	r := k.asks("tonis", "salary", "My pay of October", "It is 40 euros less.", nil, desk.File{Name: "slip.txt", Body: []byte("slip")})
	c, err := k.requests.Conversation(t.Context(), people.System("test"), r.ID)
	k.must(err)
	file := "/requests/R-1/files/" + c.Messages[0].Files[0].ID
	for _, role := range []people.Role{people.Member, people.Support, people.Lead} {
		for _, path := range []string{"/requests/R-1", "/requests/" + r.ID, file} {
			k.desk.to(path, ask{as: role}).is(http.StatusNotFound)
		}
		k.desk.to("/requests/R-1/add", ask{as: role, form: formOf("text", "me too")}).is(http.StatusNotFound)
		if role == people.Member {
			continue
		}
		if names := rowNames(k.desk.to("/requests", ask{as: role})); len(names) != 0 {
			t.Errorf("%s lists %v", role, names)
		}
		for _, deed := range []string{"accept", "decline", "snooze", "say", "draft", "here", "assign", "change", "wait", "resume", "close", "reopen", "code", "link", "solve", "macro"} {
			form := formOf("reason", "no", "until", "1h", "text", "x", "for", "asker", "outcome", "done", "other", "R-1", "macro", "known")
			k.desk.to("/requests/R-1/"+deed, ask{as: role, form: form}).is(http.StatusNotFound)
		}
		k.desk.to("/requests/R-1/solve", ask{as: role}).is(http.StatusNotFound)
	}
	k.as(people.Support, "aisha")
	k.desk.to("/requests/R-1", ask{as: people.Support}).is(http.StatusOK).has("h1", "My pay of October")
	k.as(people.Support, "tonis") // who asked reads it, whatever team they are of
	k.desk.to("/requests?mine", ask{as: people.Support}).is(http.StatusOK).has("tbody th", "My pay of October")
}

func TestWritingInARequest(t *testing.T) {
	k := newRequestDesk(t)
	k.asks("grace", "question", "Which one counts?", "There are two.", nil)
	as := people.Support
	k.desk.to("/requests/R-1/say", ask{as: as, form: formOf("kind", "note", "text", "Looks like the tablets. @karl", "said", "1")}).leadsTo("/requests/R-1")
	// A note never leaves the desk, and a form that does not say which is a note.
	k.desk.to("/requests/R-1/say", ask{as: as, form: formOf("text", "Second look")}).leadsTo("/requests/R-1")
	k.desk.upload("/requests/R-1/say", as, map[string]string{"kind": "reply", "text": "The later one counts.", "said": "3", "then": "wait asker"}, map[string]string{"rules.txt": "the later one"}).leadsTo("/requests/R-1")
	c, err := k.requests.Conversation(t.Context(), k.actor("grace"), "R-1")
	k.must(err)
	if len(c.Messages) != 2 || c.Messages[1].Text.Body != "The later one counts." || c.Messages[1].Files[0].Name != "rules.txt" || c.Request.WaitsFor != desk.Asker {
		t.Errorf("the asker reads %+v", c.Messages)
	}
	k.desk.to("/requests/R-1/say", ask{as: as, form: formOf("kind", "reply", "text", "  ", "said", "4")}).is(http.StatusUnprocessableEntity).has("#f-text-wrong", "Write something first.").has(`input[name=kind][value=reply][checked]`, "")
	k.desk.to("/requests/R-1/say", ask{as: people.Member, form: formOf("kind", "reply", "text", "me")}).is(http.StatusForbidden)
	// A reply with an end.
	k.desk.to("/requests/R-1/say", ask{as: as, form: formOf("kind", "reply", "text", "Done.", "said", "4", "then", "close answered")}).leadsTo("/requests/R-1")
	k.desk.to("/requests/R-1", ask{as: as}).has(".title .state", "Answered").lacks("input[name=kind][value=reply]").has(`form[action$="/reopen"] button`, "Reopen")
}

// Words that were written before others came in are not sent: the new ones are shown, and nothing is lost.
func TestSomethingNewWasSaid(t *testing.T) {
	k := newRequestDesk(t)
	k.asks("grace", "question", "Which one counts?", "There are two.", nil)
	k.must2(k.requests.Add(t.Context(), k.actor("grace"), "R-1", desk.Incoming{Arrival: desk.Arrival{Channel: "screen"}, Body: "Forget it, it was the tablet."}))
	words := formOf("kind", "reply", "text", "Send us both numbers, please.", "said", "1", "then", "wait asker")
	got := k.desk.to("/requests/R-1/say", ask{as: people.Support, form: words}).is(http.StatusConflict).
		has(".theirs .asked", "Forget it, it was the tablet.").has("#f-text", "Send us both numbers, please.").has("input[name=kind][value=reply][checked]", "").has(".write .summary", "Something new was said")
	if said := got.attr("input[name=said]", "value"); said != "2" {
		t.Errorf("the next try has seen %s", said)
	}
	k.desk.to("/requests/R-1", ask{as: people.Support}).has("#f-text", "Send us both numbers, please.").has(".kept", "Kept from before")
	words.Set("said", "2")
	k.desk.to("/requests/R-1/say", ask{as: people.Support, form: words}).leadsTo("/requests/R-1")
	k.desk.to("/requests/R-1", ask{as: people.Support}).has("#f-text", "").lacks(".theirs")
	c, err := k.requests.Conversation(t.Context(), k.actor("liis"), "R-1")
	k.must(err)
	if c.Draft.Body != "" {
		t.Errorf("what was sent is still a draft: %q", c.Draft.Body)
	}
}

func (k *requestDesk) must2(_ desk.Request, err error) { k.t.Helper(); k.must(err) }

func TestDraftAndPresence(t *testing.T) {
	k := newRequestDesk(t)
	k.asks("grace", "question", "Which one counts?", "There are two.", nil)
	k.desk.to("/requests/R-1/draft", ask{as: people.Support, form: formOf("kind", "reply", "text", "The later", "said", "1")}).is(http.StatusNoContent)
	k.desk.to("/requests/R-1", ask{as: people.Support}).has("#f-text", "The later").has("input[name=kind][value=reply][checked]", "")
	k.desk.to("/requests/R-1", ask{as: people.Lead}).has("#f-text", "")
	k.must(k.requests.Touch(t.Context(), k.actor("karl"), "R-1", false, 10))
	got := k.desk.to("/requests/R-1/here", ask{as: people.Support, form: formOf("typing", "yes", "seconds", "15")}).is(http.StatusOK)
	if body := strings.TrimSpace(got.body()); body != `{"here":["Karl Sepp is here"],"said":1}` {
		t.Errorf("here: %s", body)
	}
	k.desk.to("/requests/R-1", ask{as: people.Lead}).has(".present", "Liis Tamm is here, writing")
	for _, path := range []string{"draft", "here"} {
		k.desk.to("/requests/R-1/"+path, ask{as: people.Member, form: formOf("text", "x")}).is(http.StatusForbidden)
	}
}

// What came from outside is never run by a browser.
func TestAttachmentsAreDownloads(t *testing.T) {
	k := newRequestDesk(t)
	r := k.asks("grace", "question", "Files", "Here.", nil, pictureFile(t), desk.File{Name: "evil.html", Body: []byte("<!doctype html><script>alert(1)</script>")},
		desk.File{Name: "drawing.svg", Body: []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>`)}, desk.File{Name: "a \"quoted\"\r\nname.txt", Body: []byte("x")})
	c, err := k.requests.Conversation(t.Context(), k.actor("grace"), r.ID)
	k.must(err)
	for _, f := range c.Messages[0].Files {
		got := k.desk.to("/requests/R-1/files/"+f.ID, ask{as: people.Support}).is(http.StatusOK)
		want := "application/octet-stream"
		if strings.HasSuffix(f.Name, ".png") {
			want = "image/png"
		}
		h := got.Header()
		if h.Get("Content-Type") != want || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Security-Policy") != "default-src 'none'; sandbox" {
			t.Errorf("%s: %v", f.Name, h)
		}
	}
	k.desk.to("/requests/R-1", ask{as: people.Support}).has(".files img", "")
	if n := len(k.desk.to("/requests/R-1", ask{as: people.Support}).all(".files a[download]")); n != 4 {
		t.Errorf("%d files, want 4", n)
	}
	k.desk.to("/requests/R-1/files/none", ask{as: people.Support}).is(http.StatusNotFound)
}

func TestAskingAndBeingAnswered(t *testing.T) {
	k := newRequestDesk(t)
	as := people.Member
	k.desk.to("/requests/new", ask{as: as}).is(http.StatusOK).has(`.cards a[href="/requests/new?type=webhooks"] b`, "A customer gets no webhooks").has(`.cards a[href="/requests/new?type=other"]`, "Something else")
	k.desk.to("/requests/new?type=gone", ask{as: as}).is(http.StatusNotFound)
	form := k.desk.to("/requests/new?type=webhooks", ask{as: as}).is(http.StatusOK).has(`select[name="in.customer"] option[value=savanna]`, "Savanna Pay").has(`input[name="in.session"]`, "").has("input[type=file][multiple]", "")
	form.has("h1", "A customer gets no webhooks")
	k.desk.upload("/requests", as, map[string]string{"type": "webhooks", "title": "No webhooks", "text": "Since ten."}, map[string]string{"log.txt": "x"}).is(http.StatusUnprocessableEntity).
		has(`[id="f-in.customer-wrong"]`, "").has("#f-title[value='No webhooks']", "").has("#f-text", "Since ten.").has("#f-file-wrong", "Choose the files again")
	k.desk.upload("/requests", as, map[string]string{"type": "webhooks", "title": "No webhooks", "text": "Since ten.", "in.customer": "savanna", "in.session": "vs_1"}, map[string]string{"log.txt": "x"}).leadsTo("/requests/R-1")
	if r := k.named("R-1"); r.Customer != "savanna" || r.Fields["session"] != "vs_1" || r.Service != "decision-pipeline" {
		t.Errorf("asked: %+v", r)
	}
	k.desk.to("/requests", ask{as: as}).is(http.StatusOK).has("h1", "What you asked").has("tbody .state", "Received")
	k.must2(k.requests.Reply(t.Context(), k.actor("liis"), "R-1", desk.Words{Body: "Try now.", Then: desk.Then{WaitFor: desk.Asker}}))
	k.desk.to("/requests/R-1", ask{as: as}).has(".verdict", "Did this solve it?").has(".title .state", "Waits for you").has("#add label[for=f-text]", "Your answer")
	k.desk.to("/requests/R-1/add", ask{as: as, form: formOf("text", "Not yet.")}).leadsTo("/requests/R-1")
	if r := k.named("R-1"); r.State != desk.Open {
		t.Errorf("after more words: %s", r.State)
	}
	k.desk.to("/requests/R-1/solved", ask{as: people.Support, form: formOf("x", "y")}).is(http.StatusForbidden)
	k.desk.to("/requests/R-1/solved", ask{as: as, form: formOf("x", "y")}).leadsTo("/requests/R-1")
	if r := k.named("R-1"); r.State != desk.Closed {
		t.Errorf("after solved: %s", r.State)
	}
	k.desk.to("/requests/R-1", ask{as: as}).has("button[name=not]", "It is not solved")
	k.desk.to("/requests/R-1/add", ask{as: as, form: formOf("text", "", "not", "yes")}).leadsTo("/requests/R-1")
	if r := k.named("R-1"); r.State != desk.Open || r.Reopened != 1 {
		t.Errorf("after not solved: %+v", r)
	}
}

func TestDeedsOfARequest(t *testing.T) {
	k := newRequestDesk(t)
	k.story()
	as, form := people.Support, formOf
	do := func(path string, f ...string) reply {
		t.Helper()
		return k.desk.to("/requests/"+path, ask{as: as, form: form(f...)})
	}
	do("R-3/assign", "person", "karl").leadsTo("/requests/R-3")
	do("R-3/assign", "person", "grace").is(http.StatusUnprocessableEntity).has(".note.warning", "does not work on such requests")
	do("R-3/change", "seen", "1", "priority", "urgent").is(http.StatusConflict).has(".note.warning", "Somebody changed R-3")
	do("R-3/change", "type", "webhooks", "team", "support", "priority", "urgent", "title", "Spanish cards").leadsTo("/requests/R-3")
	do("R-3/wait", "for", "developers").leadsTo("/requests/R-3")
	do("R-3/resume").leadsTo("/requests/R-3")
	do("R-4/link", "other", "3").is(http.StatusUnprocessableEntity)
	do("R-4/link", "other", "r-3").leadsTo("/requests/R-4")
	do("R-4/problem", "problem", "R-3").leadsTo("/requests/R-4")
	do("R-4/watch", "person", "marika").leadsTo("/requests/R-4")
	if r := k.named("R-3"); r.Assignee != "karl" || r.Title != "Spanish cards" || r.Priority != desk.Urgent || r.Type != "webhooks" || r.State != desk.Open {
		t.Errorf("R-3: %+v", r)
	}
	k.desk.to("/requests/R-4", ask{as: as}).has("[aria-labelledby=linked]", "Spanish cards").has("[aria-labelledby=follow]", "Marika Oja")
	k.desk.to("/requests/R-3", ask{as: as}).has(`a[href="/requests/R-3/solve"]`, "Solve for all 1")
	k.desk.to("/requests/R-3/solve", ask{as: as}).is(http.StatusOK).has(".title .over", "2 askers").has("#gets", "Who gets the answer")
	do("R-3/solve", "text", "", "outcome", "fixed").is(http.StatusUnprocessableEntity).has("#f-text-wrong", "Write something first.")
	do("R-3/solve", "text", "It reads them again.", "outcome", "fixed").leadsTo("/requests/R-3")
	if r := k.named("R-3"); r.Outcome != desk.Fixed {
		t.Errorf("R-3: %+v", r)
	}
	do("R-5/close", "outcome", "done", "size", "m").leadsTo("/requests/R-5")
	do("R-5/close", "outcome", "done").is(http.StatusConflict)
	do("R-5/reopen").leadsTo("/requests/R-5")
	if r := k.named("R-5"); r.State != desk.Open || r.Size != desk.Medium {
		t.Errorf("R-5: %+v", r)
	}
	do("R-2/not-duplicate").leadsTo("/requests/R-2")
	k.desk.to("/requests/R-5?macro=known", ask{as: as}).has("#macro .public", "Hello Grace Wambui,").has("#macro", "it waits for somebody else")
	if k.named("R-5").Said != 1 {
		t.Error("a preview said something")
	}
	k.desk.to("/requests/R-5?macro=known&edit", ask{as: as}).has("#f-text", "Hello Grace Wambui,").has("input[name=kind][value=reply][checked]", "").lacks("#macro")
	do("R-5/macro", "macro", "known").leadsTo("/requests/R-5")
	if r := k.named("R-5"); r.WaitsFor != desk.Others || r.Said != 2 || r.Assignee != "liis" {
		t.Errorf("R-5: %+v", r)
	}
	if !fault.Is(people.May(k.actor("grace"), people.WorkRequests, people.Subject{}), fault.Forbidden) {
		t.Error("a member works on requests")
	}
}

// What waits at the desk stands on the home screen: for whoever works there, and for whoever asked.
func TestHomeShowsTheDesk(t *testing.T) {
	k := newRequestDesk(t)
	k.story()
	home := k.desk.to("/", ask{as: people.Support}).is(http.StatusOK)
	home.reads(`.waits li:has(a[href="/requests/R-1"])`, "whoever asked waits").reads(`.waits li:has(a[href="/requests/triage"])`, "3 in triage")
	home.lacks(`.waits a[href="/requests/R-8"]`) // Karl's
	asker := k.desk.to("/", ask{as: people.Member}).is(http.StatusOK)
	asker.reads(`.waits li:has(a[href="/requests/R-6"])`, "say whether it is solved").lacks(`.waits a[href="/requests/triage"]`).lacks(`.waits a[href="/requests/R-1"]`)
}

// declares is where incidents begin in these tests.
type declares struct {
	Rooms
	made incident.Incident
}

func (d *declares) Declare(_ context.Context, a people.Actor, x incident.Declaration) (incident.Incident, error) {
	d.made = incident.Incident{ID: "inc-40", Number: 40, Title: x.Title, Services: x.Services, OpenedBy: a.ID}
	return d.made, people.May(a, people.DeclareIncident, people.Subject{})
}

func (d *declares) Incident(_ context.Context, _ people.Actor, id string) (incident.Incident, error) {
	if id != d.made.ID {
		return incident.Incident{}, fault.New(fault.NotFound, "There is no such incident.")
	}
	return d.made, nil
}

// Anybody declares an incident from a request that they take part in, and the request says so.
func TestIncidentFromARequest(t *testing.T) {
	k := newRequestDesk(t)
	k.desk.s.deps.Rooms = &declares{}
	k.asks("grace", "webhooks", "No webhooks for anybody", "Five customers called.", map[string]any{"customer": "savanna"})
	k.desk.to("/requests/R-1", ask{as: people.Support}).has(`a[href="/incidents/new?request=R-1&service=decision-pipeline"]`, "Declare an incident")
	k.desk.to("/incidents/new?request=R-1&service=decision-pipeline", ask{as: people.Member}).is(http.StatusOK).has(`#f-title[value="No webhooks for anybody"]`, "").has(`input[name=service][value=decision-pipeline][checked]`, "").
		has(`input[name=request][value=R-1]`, "")
	k.desk.to("/incidents", ask{as: people.Member, form: formOf("request", "R-1", "title", "No webhooks for anybody", "severity", "major", "service", "decision-pipeline")}).leadsTo("/incidents/INC-40")
	if r := k.named("R-1"); r.Incident != "inc-40" {
		t.Errorf("the request is a part of %q", r.Incident)
	}
	k.desk.to("/requests/R-1", ask{as: people.Support}).has(`[aria-labelledby=linked] a[href="/incidents/INC-40"]`, "INC-40")
	k.desk.to("/requests", ask{as: people.Support}).has("tbody td.due", "")
	k.desk.to("/requests/R-1/leave-incident", ask{as: people.Support, form: formOf("x", "y")}).leadsTo("/requests/R-1")
}
