package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"frontline/action"
	"frontline/fault"
	inputs "frontline/form"
	"frontline/journal"
	"frontline/people"
)

// others are what a form needs nothing of.
type others = Actions

// counter is the action wing with one action, as far as its form needs it.
type counter struct {
	others
	def     action.Definition
	mu      sync.Mutex
	planned []action.PlanRequest
	files   map[string]string
	fails   error
	looks   int
}

func newCounter() *counter {
	half := 0.5
	return &counter{files: map[string]string{}, def: action.Definition{ID: "sessions/close", Title: "Close a session", Team: "support", Risk: action.RiskChange, Kind: "exec",
		Inputs: []inputs.Input{
			{Name: "customer", Type: inputs.Customer, Required: true},
			{Name: "session", Type: inputs.Choice, Required: true, From: &inputs.From{Action: "sessions/list"}},
			{Name: "reason", Type: inputs.Choice, Required: true, Choices: []string{"stuck", "other"}},
			{Name: "words", Type: inputs.Text, Required: true, When: &inputs.When{Input: "reason", Is: []any{"other"}}},
			{Name: "days", Type: inputs.Number, Default: 3, When: &inputs.When{Input: "reason", Is: []any{"other"}}},
			{Name: "channels", Type: inputs.Choices, Choices: []string{"mail", "chat"}},
			{Name: "pin", Type: inputs.Secret},
			{Name: "proof", Type: inputs.File, Max: &half},
		}}}
}

func (c *counter) Action(context.Context, people.Actor, string) (action.Definition, error) {
	return c.def, nil
}

func (*counter) Figures(context.Context, people.Actor, string) (map[string]action.Figures, error) {
	return nil, nil
}

func (*counter) Savings(context.Context, people.Actor, string, time.Time, *time.Location) ([]action.Savings, error) {
	return nil, nil
}

func (*counter) Prefill(context.Context, people.Actor, string, journal.Subject) (map[string]any, error) {
	return map[string]any{}, nil
}

func (c *counter) Options(_ context.Context, _ people.Actor, q action.OptionQuery) (action.Options, error) {
	all := map[string][]string{"": {"nordpank Nordpank", "lumo Lumo Exchange", "kivi Kivi Credit"}, "nordpank": {"vs_a vs_a", "vs_b vs_b"}, "lumo": {"vs_l vs_l"}}
	which := ""
	if q.Input == "session" {
		c.mu.Lock()
		c.looks++
		c.mu.Unlock()
		if which, _ = q.Given["customer"].(string); which == "" {
			return action.Options{}, fault.Wrong("session", "Fill in Customer first: the options depend on it.")
		}
	}
	var o action.Options
	for _, x := range all[which] {
		value, label, _ := strings.Cut(x, " ")
		if strings.Contains(strings.ToLower(label), strings.ToLower(q.Search)) {
			o.List = append(o.List, action.Option{Value: value, Label: label})
		}
	}
	return o, nil
}

func (c *counter) Upload(_ context.Context, _ people.Actor, q action.UploadRequest, body io.Reader) (action.Upload, error) {
	raw, err := io.ReadAll(io.LimitReader(body, 500_001))
	if err != nil || len(raw) > 500_000 {
		return action.Upload{}, &fault.Error{Kind: fault.TooLarge, Say: "Proof takes at most 500 KB.", Fields: []fault.Field{{Name: "proof", Say: "Proof takes at most 500 KB."}}}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	id := fmt.Sprintf("0192f3aa-7c1e-7b22-8a55-%012d", len(c.files))
	c.files[id] = string(raw)
	return action.Upload{File: action.File{ID: id, Name: q.Name, Size: int64(len(raw))}}, nil
}

func (c *counter) Plan(_ context.Context, _ people.Actor, q action.PlanRequest) (action.Run, error) {
	values, err := inputs.Check(c.def.Inputs, q.Inputs)
	if err == nil {
		err = c.fails
	}
	if err != nil {
		return action.Run{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	q.Inputs = values
	c.planned = append(c.planned, q)
	return action.Run{Number: int64(len(c.planned)), Definition: c.def}, nil
}

func (c *counter) last(t *testing.T) map[string]any {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.planned) == 0 {
		t.Fatal("nothing was planned")
	}
	return c.planned[len(c.planned)-1].Inputs
}

// post sends a body of any type.
func (d *workplace) post(path string, as people.Role, kind string, body io.Reader) reply {
	d.t.Helper()
	r := httptest.NewRequestWithContext(d.t.Context(), http.MethodPost, path, body)
	r.Header.Set("Content-Type", kind)
	r.AddCookie(&http.Cookie{Name: d.s.cookieName(sessionCookie), Value: string(as)})
	w := httptest.NewRecorder()
	d.s.ServeHTTP(w, r)
	return reply{t: d.t, ResponseRecorder: w}
}

func formDesk(t *testing.T) (*workplace, *counter) {
	t.Helper()
	f, c := newFirm(t), newCounter()
	f.desk.s.deps.Actions = c
	return f.desk, c
}

const closing = "/actions/sessions/close"

func TestActionFormSaysWhatItAsks(t *testing.T) {
	d, c := formDesk(t)
	d.to(closing+"?in.words=odd&in.reason=other&in.pin=4711", ask{as: people.Support}).is(http.StatusOK).
		has("#f-in\\.customer", "Lumo Exchange").
		has(`#f-in\.words-hint .only`, "Only if Reason is other.").
		has(`form[enctype="multipart/form-data"] input[type=file][data-most="500000"]`, "").
		has("#f-in\\.words[value=odd]", "").
		has(`#f-in\.reason option[value=other][selected]`, "other").
		lacks("[value='4711']")
	if c.looks != 0 {
		t.Error("opening the form asked another action")
	}
}

// TestNothingTypedIsLost sends a form with mistakes, without scripts.
func TestNothingTypedIsLost(t *testing.T) {
	d, c := formDesk(t)
	typed := url.Values{"in.customer": {"nordpank"}, "in.session": {"vs_b"}, "in.reason": {"other"}, "in.words": {""}, "in.days": {"many"}, "in.channels": {"", "chat"}, "in.pin": {"4711"}, "reason": {"a long story"}, "for": {""}}
	got := d.to(closing, ask{as: people.Support, form: typed}).is(http.StatusUnprocessableEntity).
		has(".summary", "This is a number").has("#f-reason", "a long story").has(`#f-in\.session option[selected]`, "vs_b").
		has("#f-in\\.days[value=many]", "").has(`input[name="in.channels"][value=chat][checked]`, "").lacks(`input[name="in.channels"][value=mail][checked]`)
	if strings.Contains(got.body(), "4711") || len(c.planned) != 0 {
		t.Error("the secret was sent back, or something was planned")
	}
	// Searching plans nothing and keeps all; a default that is not asked for is not sent.
	typed.Set("again", "session")
	typed.Set("in.reason", "stuck")
	typed.Set("find.session", "_a")
	d.to(closing, ask{as: people.Support, form: typed}).is(http.StatusUnprocessableEntity).
		has(`#f-in\.session`, "vs_a").has(`#f-in\.session option[selected]`, "vs_b").lacks(".summary")
	typed.Del("again")
	typed.Set("in.days", "")
	d.to(closing, ask{as: people.Support, form: typed}).leadsTo("/runs/RUN-1")
	if got := c.last(t); got["session"] != "vs_b" || got["days"] != nil || len(got["channels"].([]any)) != 1 {
		t.Errorf("planned with %v", got)
	}
	for _, fails := range []error{fault.New(fault.Unavailable, "The session service does not answer."), fmt.Errorf("private cause")} {
		c.fails = fails
		got := d.to(closing, ask{as: people.Support, form: typed}).is(http.StatusConflict).has("#f-reason", "a long story").has(".summary", "Reference ")
		if strings.Contains(got.body(), "private cause") {
			t.Error("the private cause is shown")
		}
	}
}

// TestFilesComeWithTheForm sends a file without scripts, with a mistake elsewhere: it is not lost.
func TestFilesComeWithTheForm(t *testing.T) {
	d, c := formDesk(t)
	send := func(values map[string]string, file string) reply {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		part, err := w.CreateFormFile("file.proof", "log.txt")
		if err == nil {
			_, err = io.WriteString(part, file)
		}
		for name, v := range values {
			if err == nil {
				err = w.WriteField(name, v)
			}
		}
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		return d.post(closing, people.Support, w.FormDataContentType(), &body)
	}
	got := send(map[string]string{"in.customer": "nordpank", "in.session": "vs_a", "in.reason": ""}, "rejected m-1").is(http.StatusUnprocessableEntity).has(".given", "log.txt, 12 bytes")
	id := got.attr(`input[type=hidden][name="in.proof"]`, "value")
	if c.files[id] != "rejected m-1" {
		t.Fatalf("the form remembers %q of %v", id, c.files)
	}
	form := url.Values{"in.customer": {"nordpank"}, "in.session": {"vs_a"}, "in.reason": {"stuck"}, "in.proof": {id}}
	d.to(closing, ask{as: people.Support, form: form}).leadsTo("/runs/RUN-1")
	if got := c.last(t)["proof"]; got != id {
		t.Errorf("planned with the file %v", got)
	}
	send(map[string]string{"in.reason": "stuck"}, strings.Repeat("x", 500_001)).is(http.StatusUnprocessableEntity).has(".summary", "at most 500 KB").has(`#f-in\.reason option[selected]`, "stuck")
	send(map[string]string{"reason": strings.Repeat("x", formLimit+1)}, "x").is(http.StatusRequestEntityTooLarge)
}

func TestScriptsAskForOptionsAndUpload(t *testing.T) {
	d, c := formDesk(t)
	var o struct {
		Options []struct{ Value, Label string }
		Say     string
	}
	read := func(r reply) {
		o.Options, o.Say = nil, ""
		if err := json.Unmarshal([]byte(r.body()), &o); err != nil {
			t.Fatal(err)
		}
	}
	read(d.to("/options/sessions/close", ask{as: people.Support, form: url.Values{"input": {"session"}, "in.customer": {"lumo"}}}).is(http.StatusOK))
	if len(o.Options) != 1 || o.Options[0].Value != "vs_l" {
		t.Errorf("options of lumo: %+v", o)
	}
	read(d.to("/options/sessions/close", ask{as: people.Support, form: url.Values{"input": {"session"}}}).is(http.StatusOK))
	if o.Say != "Fill in Customer first: the options depend on it." {
		t.Errorf("options of nobody: %+v", o)
	}
	d.to("/options/sessions/close", ask{as: people.Member, form: url.Values{"input": {"session"}}}).is(http.StatusForbidden)
	if got := d.post("/uploads/sessions/close?input=proof&name=a.txt", people.Support, "text/plain", strings.NewReader("x")).is(http.StatusCreated).body(); !strings.Contains(got, `"a.txt, 1 bytes"`) || len(c.files) != 1 {
		t.Errorf("uploaded: %s", got)
	}
	d.post("/uploads/sessions/close?input=proof&name=a.txt", people.Support, "text/plain", strings.NewReader(strings.Repeat("x", 600_000))).is(http.StatusRequestEntityTooLarge)
	d.post("/uploads/sessions/close?input=proof&name=a.txt", people.Member, "text/plain", strings.NewReader("x")).is(http.StatusForbidden)
}

// TestFormInABrowser fills the form in with the keyboard.
func TestFormInABrowser(t *testing.T) {
	st, c := visited(t, people.Support), newCounter()
	book := newFirm(t).desk.s.deps.Book
	st.serveAnew(func(d *Deps) { d.Actions, d.Book = c, book }, func(server *Server) []Route {
		table := server.table()
		for i := range table {
			if table[i].Pattern == "GET /runs/{ref}" {
				table[i].handle = func(w http.ResponseWriter, r *http.Request, v *visit) error {
					return server.show(w, r, v, http.StatusOK, "me", meScreen{head: head{Title: "Planned " + r.PathValue("ref")}})
				}
			}
		}
		return table
	})
	open := func() {
		t.Helper()
		st.Open(st.url + closing)
		st.until("scripts", `document.querySelector("#f-in\\.customer[role=combobox]") !== null`)
	}
	open()
	if !st.js(`document.querySelector("[data-when='in.reason']").hidden && document.querySelector("[name='in.words']").disabled`) {
		t.Error("what is not asked is shown")
	}
	pick := func(input, text, shown string) {
		t.Helper()
		st.Fill(input, text)
		st.until("the list", `document.querySelector(".pop:not([hidden]) [role=option]")?.firstChild.textContent === "`+shown+`"`)
		st.press(kb.ArrowDown)
		st.press(kb.Enter)
		st.until("the choice", `document.activeElement.value === "`+shown+`" && document.activeElement.getAttribute("aria-expanded") === "false"`)
	}
	pick("#f-in\\.customer", "nord", "Nordpank")
	pick("#f-in\\.session", "_b", "vs_b")
	st.Do(chromedp.SetValue(chromedp.CSS("#f-in\\.reason"), "other"))
	st.js(`document.querySelector("#f-in\\.reason").dispatchEvent(new Event("change", {bubbles: true})); true`)
	st.until("the field that is asked now", `!document.querySelector("#f-in\\.words").disabled && document.querySelector("#f-in\\.days").value === "3"`)
	st.Fill("#f-in\\.words", "it hangs")
	folder := t.TempDir()
	for name, size := range map[string]int{"large.txt": 500_001, "log.txt": 12} {
		if err := os.WriteFile(filepath.Join(folder, name), bytes.Repeat([]byte("x"), size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	st.Do(chromedp.SetUploadFiles(chromedp.CSS("#f-in\\.proof"), []string{filepath.Join(folder, "large.txt")}))
	st.SeeText("Choose a smaller file.")
	if len(c.files) != 0 {
		t.Error("a file that is too large was sent")
	}
	st.Do(chromedp.SetUploadFiles(chromedp.CSS("#f-in\\.proof"), []string{filepath.Join(folder, "log.txt")}))
	st.SeeText("log.txt, 12 bytes")
	st.Click("main form.fields .buttons .button.first")
	st.SeeText("Planned RUN-1")
	if got := c.last(t); got["customer"] != "nordpank" || got["session"] != "vs_b" || got["words"] != "it hangs" || got["days"] != 3.0 || c.files[fmt.Sprint(got["proof"])] != "xxxxxxxxxxxx" {
		t.Errorf("planned with %v", got)
	}
	// Another customer takes the choice back that belonged to the first, and what nobody offered is kept for the server to refuse.
	open()
	pick("#f-in\\.customer", "nord", "Nordpank")
	pick("#f-in\\.session", "_a", "vs_a")
	pick("#f-in\\.customer", "lumo", "Lumo Exchange")
	if got := st.Value("#f-in\\.session"); got != "" {
		t.Errorf("after another customer the session is still %q", got)
	}
	st.Fill("#f-in\\.session", "vs_unknown")
	st.Click("main form.fields .buttons .button.first")
	st.SeeText("to mend")
	st.until("scripts", `document.querySelector("#f-in\\.session[role=combobox]") !== null`)
	if got := st.Value("#f-in\\.session"); got != "vs_unknown" {
		t.Errorf("after a mistake the session is %q", got)
	}
	for _, said := range st.Complaints() {
		if !strings.Contains(said, "422") { // a form with mistakes is answered so
			t.Errorf("the console says: %s", said)
		}
	}
	st.checkAll([]string{closing})
	st.Scripts(false)
	st.Desktop()
	st.Open(st.url + closing)
	st.SeeText("Only if Reason is other.")
}
