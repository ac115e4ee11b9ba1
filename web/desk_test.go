package web

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"frontline/action"
	"frontline/catalog"
	"frontline/desk"
	inputs "frontline/form"
	"frontline/journal"
	"frontline/people"
	"frontline/store"
)

// noRequestsAtAll is a desk that nobody has asked anything yet, for the tests of other screens.
type noRequestsAtAll struct{ everyRequest }

type everyRequest = Requests

func (noRequestsAtAll) Requests(context.Context, people.Actor, desk.Filter) ([]desk.Request, error) {
	return nil, nil
}

func (noRequestsAtAll) Answers(context.Context, people.Actor, desk.AnswerFilter) ([]desk.Answer, error) {
	return nil, nil
}

func (noRequestsAtAll) Count(context.Context, people.Actor, desk.Filter) (int, error) { return 0, nil }

// What the firm has configured for its desk.

func (b *firmBook) RequestTypes() []desk.Type { return b.types }
func (b *firmBook) Queues() []desk.Queue      { return b.queues }
func (b *firmBook) Macros() []desk.Macro      { return b.macros }
func (b *firmBook) Levels() []desk.Level      { return b.levels }

func (b *firmBook) Calendar(string) (desk.Calendar, bool) { return desk.Calendar{}, false }

func (b *firmBook) RequestType(id string) (desk.Type, bool) {
	at := slices.IndexFunc(b.types, func(t desk.Type) bool { return t.ID == id })
	if at < 0 {
		return desk.Type{}, false
	}
	return b.types[at], true
}

func (b *firmBook) Actions() []action.Definition { return nil }

func (b *firmBook) Queue(id string) (desk.Queue, bool) {
	at := slices.IndexFunc(b.queues, func(q desk.Queue) bool { return q.ID == id })
	if at < 0 {
		return desk.Queue{}, false
	}
	return b.queues[at], true
}

func (b *firmBook) Macro(id string) (desk.Macro, bool) {
	at := slices.IndexFunc(b.macros, func(m desk.Macro) bool { return m.ID == id })
	if at < 0 {
		return desk.Macro{}, false
	}
	return b.macros[at], true
}

func (b *firmBook) ShutTypes() (out []string) {
	for _, t := range b.types {
		if t.Visibility == people.TeamOnly {
			out = append(out, t.ID)
		}
	}
	return out
}

func (b *firmBook) Customer(id string) (catalog.Customer, bool) {
	for _, c := range b.Customers() {
		if c.ID == id {
			return c, true
		}
	}
	return catalog.Customer{}, false
}

func (b *firmBook) Team(id string) (people.Team, bool) {
	for _, t := range b.Teams() {
		if t.ID == id {
			return t, true
		}
	}
	return people.Team{}, false
}

func (b *firmBook) PersonByEmail(email string) (people.Person, bool) {
	for _, p := range b.People() {
		if p.Email == email {
			return p, true
		}
	}
	return people.Person{}, false
}

var _ desk.Directory = (*firmBook)(nil)

// requestDesk is the firm with its desk: the real rules over a real database.
type requestDesk struct {
	*firm
	requests *desk.Service
	db       *store.DB
}

// mailbox takes every reply that goes out by mail.
type mailbox struct{}

func (mailbox) Name() string { return "mail" }

func (mailbox) Send(context.Context, desk.Letter) (string, error) { return "250 taken", nil }

// openRequests gives the firm a desk.
func openRequests(t *testing.T, f *firm) *requestDesk {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "desk.db"), store.Options{Clock: f.desk.clock, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	k := &requestDesk{firm: f, db: db}
	f.book.Staff["grace"] = people.Person{ID: "grace", Name: "Grace Wambui", Role: people.Member, Email: "grace@verity.example", Teams: []string{"care"}, Zone: "Africa/Nairobi"}
	for _, id := range []string{"karl", "tonis"} {
		p := f.book.Staff[id]
		p.Teams, p.Email = []string{"support"}, id+"@verity.example"
		f.book.Staff[id] = p
	}
	f.book.types = []desk.Type{
		{ID: "webhooks", Title: "A customer gets no webhooks", Help: "They see “pending”, our screens show a decision.", Team: "support", Service: "decision-pipeline", Actions: []string{"queue/park-message"},
			Inputs: []inputs.Input{{Name: "customer", Type: inputs.Customer, Label: "Customer", Required: true}, {Name: "session", Type: inputs.Text, Label: "Example session"}}},
		{ID: "question", Title: "A question about a decision", Help: "Why was it declined, what does the reason mean?", Team: "support"},
		{ID: "salary", Title: "About my pay", Help: "Only the people team reads it.", Team: "people", Visibility: people.TeamOnly},
	}
	f.book.queues = []desk.Queue{{ID: "nordpank", Title: "Nordpank", Search: "customer:nordpank"}, {ID: "bugs", Title: "With developers", Search: "is:escalated"}}
	f.book.macros = []desk.Macro{
		{ID: "known", Title: "We know and work on it", Reply: "Hello {asker},\n\nwe know about it and work on it. You hear from us here.\n\n{me}", WaitFor: desk.Others, Assign: "me"},
		{ID: "session", Title: "Ask for a session", Reply: "Hello {asker}, which session is it? Its number begins with vs_.", WaitFor: desk.Asker},
		{ID: "urgent", Title: "Make it urgent", Priority: desk.Urgent},
	}
	f.book.levels = []desk.Level{{ID: "usual", Title: "Everybody", Goals: []desk.Goal{{Kind: desk.FirstReply, Within: 2 * time.Hour, Warn: 30 * time.Minute}, {Kind: desk.NextReply, Within: 2 * time.Hour, Warn: 30 * time.Minute},
		{Kind: desk.Resolution, Within: 8 * time.Hour}}}}
	k.requests = &desk.Service{DB: db, Now: db.Now, Zone: time.UTC, Channels: map[string]desk.Channel{"mail": mailbox{}},
		Book:   func(context.Context) (desk.Directory, error) { return f.book, nil },
		OnCall: func(context.Context, string) (string, error) { return "", nil },
		Link:   func(r desk.Request) string { return "https://ops.verity.example/requests/" + r.Name() }}
	f.desk.s.deps.Requests = k.requests
	f.desk.s.deps.Badges = NewBadges(f, f, k.requests)
	return k
}

// newRequestDesk is Verity with a desk, and nothing asked yet.
func newRequestDesk(t *testing.T) *requestDesk {
	t.Helper()
	k := openRequests(t, newFirm(t))
	k.as(people.Member, "grace")
	k.as(people.Support, "liis")
	k.as(people.Lead, "marika")
	return k
}

func (k *requestDesk) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

// did keeps the request that a command returned.
func (k *requestDesk) did(r desk.Request, err error) desk.Request {
	k.t.Helper()
	k.must(err)
	return r
}

// after lets time pass.
func (k *requestDesk) after(d time.Duration) { k.desk.clock.Move(d) }

// asks is a question on the screen.
func (k *requestDesk) asks(person, kind, title, body string, fields map[string]any, files ...desk.File) desk.Request {
	k.t.Helper()
	r, _, err := k.requests.Ask(k.t.Context(), k.actor(person), desk.Incoming{Arrival: desk.Arrival{Channel: "screen"}, Type: kind, Title: title, Body: body, Fields: fields, Files: files})
	k.must(err)
	return r
}

// mails is a question by mail.
func (k *requestDesk) mails(ref, from, name, title, body, cut string) desk.Request {
	k.t.Helper()
	r, _, err := k.requests.Receive(k.t.Context(), people.Actor{Kind: people.BySource, ID: "mail", Via: "mail"}, desk.Incoming{
		Arrival: desk.Arrival{Channel: "mail", Ref: ref, From: desk.Party{Address: from, Name: name}}, Team: "support", Title: title, Body: body, Cut: cut})
	k.must(err)
	return r
}

// indexed brings the text index to what was said so far.
func (k *requestDesk) indexed() {
	k.t.Helper()
	for more := true; more; {
		var err error
		more, err = k.db.FollowFindings(k.t.Context())
		k.must(err)
	}
}

// now is the request as it is.
func (k *requestDesk) now(r desk.Request) desk.Request {
	k.t.Helper()
	r, err := k.requests.Request(k.t.Context(), people.System("test"), r.ID)
	k.must(err)
	return r
}

// picture is a small image, as somebody would attach it.
func pictureFile(t *testing.T) desk.File {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 320, 180))
	for y := range 180 {
		for x := range 320 {
			m.Set(x, y, color.RGBA{uint8(40 + x/4), uint8(60 + y/3), 120, 255})
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return desk.File{Name: "pending-sessions.png", Body: out.Bytes()}
}

// story is a morning at the desk: R-1 is the conversation of the visual reference, the others are in every state.
func (k *requestDesk) story() desk.Request {
	ctx, liis, karl := k.t.Context(), k.actor("liis"), k.actor("karl")
	first := k.asks("grace", "webhooks", "Savanna Pay gets no webhooks since 10:40", "Savanna Pay says their agents see “pending” for every customer since about 10:40. Our screen shows the sessions as approved. People are waiting in their shops, can you look?\n\nTheir page: https://agents.savannapay.example/queue",
		map[string]any{"customer": "savanna", "session": "vs_7hK2m9Qx"}, pictureFile(k.t), desk.File{Name: "sessions.csv", Body: []byte("session,state\nvs_7hK2m9Qx,approved\n")})
	k.after(4 * time.Minute)
	k.did(k.requests.Assign(ctx, liis, first.ID, "liis", 0))
	second := k.mails("<1@nordpank>", "kaisa.org@nordpank.example", "Kaisa Org", "No webhooks since this morning", "Hello,\n\nour system has got no webhooks since 09:12. Is something broken?\n\nKaisa", "On Mon, 23 Nov 2026 Verity wrote:\n> Your webhooks are set up.\n> Regards")
	k.after(6 * time.Minute)
	k.did(k.requests.WriteNote(ctx, liis, first.ID, desk.Words{Body: "Sessions are fine. webhooks.deliver stands still: one message is redelivered 40 times a minute. @karl, same picture as last month?"}))
	k.did(k.requests.DuplicateOf(ctx, liis, second.ID, first.ID))
	k.after(3 * time.Minute)
	k.runs.runs = append(k.runs.runs, action.Run{ID: "run-1", Number: 884, State: action.Succeeded, Definition: action.Definition{ID: "queue/park-message", Title: "Take a poisoned message out of a queue"}, For: first.Subject(),
		PlannedBy: journalActor("liis"), StartedBy: journalActor("liis"), PlannedAt: k.desk.clock.Now(), StartedAt: k.desk.clock.Now(), EndedAt: k.desk.clock.Now().Add(9 * time.Second), Result: action.Result{Done: true, Summary: "1 message was parked, 1,204 follow in order"}})
	k.after(2 * time.Minute)
	k.did(k.requests.Reply(ctx, liis, first.ID, desk.Words{Body: "Found it: one broken message held the rest back. I have taken it out, the 1,204 waiting webhooks follow in order by themselves. You can tell Savanna Pay: nothing is lost.", Then: desk.Then{WaitFor: desk.Asker}}))
	k.after(2 * time.Minute)
	k.did(k.requests.Add(ctx, k.actor("grace"), first.ID, desk.Incoming{Arrival: desk.Arrival{Channel: "screen"}, Body: "They see decisions again, thank you! Could you say why it happened? They ask."}))
	for i, x := range []struct{ kind, title, body, customer string }{
		{"question", "Why was this Spanish identity card declined?", "The person tried three times, each time “document not readable”.", "arco"},
		{"question", "Two sessions for the same person, which one counts?", "vs_1aB and vs_1aC, ten minutes apart.", "kivi"},
		{"", "Change the callback address for the test account", "To https://test.lumo.example/hooks please.", "lumo"},
		{"question", "Which Kenyan passports have a chip?", "Savanna Pay wants to know for their shops.", "savanna"},
		{"question", "Name is cut after 32 letters in the PDF report", "See the attached report of this morning.", "nordpank"},
		{"", "Export of 2,300 decisions for the auditor", "They come on Thursday.", "nordpank"},
		{"question", "Selfie is turned by 90 degrees on one tablet model", "Only the tablets of the new shops.", "arco"},
	} {
		r := k.asks("grace", x.kind, x.title, x.body, nil)
		k.did(k.requests.Change(ctx, liis, r.ID, desk.Edit{Customer: &x.customer}, 0))
		k.after(time.Duration(7+3*i) * time.Minute)
		switch i {
		case 3:
			k.did(k.requests.Reply(ctx, karl, r.ID, desk.Words{Body: "All that were given out since 2018. Is that what they need?", Then: desk.Then{WaitFor: desk.Asker}}))
		case 4:
			k.did(k.requests.Assign(ctx, liis, r.ID, "tonis", 0))
			k.did(k.requests.WaitFor(ctx, liis, r.ID, desk.Developers))
		case 5:
			k.did(k.requests.Assign(ctx, liis, r.ID, "karl", 0))
			high := desk.High
			k.did(k.requests.Change(ctx, liis, r.ID, desk.Edit{Priority: &high}, 0))
		case 6:
			k.did(k.requests.Snooze(ctx, liis, r.ID, k.desk.clock.Now().Add(20*time.Hour)))
		}
	}
	closed := k.asks("grace", "question", "How long are selfies kept?", "For Kivi Credit.", nil)
	k.did(k.requests.Reply(ctx, karl, closed.ID, desk.Words{Body: "90 days, unless their contract says otherwise.", Then: desk.Then{Close: &desk.Ending{Outcome: desk.Answered, Size: desk.Small}}}))
	return k.now(first)
}

func journalActor(person string) journal.Actor {
	return journal.Actor{Kind: people.ByPerson, ID: person, Via: "screen"}
}

// TestRequestPictures looks at the screens of the desk in Chromium.
func TestRequestPictures(t *testing.T) {
	var k *requestDesk
	st, _ := walk(t, people.Support, "liis", func(f *firm) {
		k = openRequests(t, f)
		k.story()
		k.asks("grace", "webhooks", "Kivi Credit gets no webhooks", "Since Sunday their agents see pending for every customer.", map[string]any{"customer": "kivi"})
		k.indexed()
		k.must(k.requests.Touch(t.Context(), k.actor("karl"), "R-1", true, 15))
	})
	st.lookAll("requests", "/requests", "/requests/triage", "/requests/R-1", "/requests/R-11", "/requests/new", "/requests/new?type=webhooks", "/requests/R-1?macro=known", "/requests?mine", "/requests/R-1/solve", "/requests?view=closed")
}
