package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/action"
	"frontline/catalog"
	"frontline/clock"
	"frontline/fault"
	"frontline/form"
	"frontline/journal"
	"frontline/people"
)

// sessions is a kind whose neighbour knows the sessions of each customer. It lists them, or closes one.
type sessions struct {
	of    map[string][]string // customer → sessions
	looks atomic.Int32
	fails atomic.Pointer[fault.Error]
	got   func(action.Call) error // sees what Do of a closing run gets
}

var _ action.Kind = (*sessions)(nil)

func (*sessions) Name() string                { return "sessions" }
func (*sessions) Check(json.RawMessage) error { return nil }

func (*sessions) Plan(context.Context, action.Call) (action.Plan, error) {
	return action.Plan{Summary: "Looks at sessions."}, nil
}

func (s *sessions) Do(ctx context.Context, c action.Call, _ action.Plan, led action.Ledger) (action.Result, error) {
	if string(c.Settings) == `{"close":true}` {
		return action.Result{Done: true, Summary: "Closed."}, errors.Join(s.got(c), led.Commit(ctx, "closed", nil))
	}
	s.looks.Add(1)
	if f := s.fails.Load(); f != nil {
		return action.Result{}, f
	}
	led.Printf("looking")
	t := action.Table{Columns: []string{"session", "since"}}
	search, _ := c.Inputs["search"].(string)
	for _, id := range s.of[fmt.Sprint(c.Inputs["customer"])] {
		if strings.Contains(id, search) && (search != "" || id != "vs_hidden") {
			t.Rows = append(t.Rows, []string{id, "Session " + id})
		}
	}
	return action.Result{Done: true, Tables: []action.Table{t}}, nil
}

func (*sessions) Reconcile(context.Context, action.Call, action.Plan, []action.Step, action.Ledger) (action.Result, error) {
	return action.Result{Unknown: true}, nil
}

// counterFirm is the catalog.
type counterFirm struct{}

func (counterFirm) Customers() []catalog.Customer {
	return []catalog.Customer{{ID: "nordpank", Name: "Nordpank"}, {ID: "kivi-credit", Name: "Kivi Credit"}}
}
func (counterFirm) Services() []catalog.Service {
	return []catalog.Service{{ID: "decision-pipeline", Name: "Decision pipeline"}}
}

// counter is a desk at which sessions of customers are closed.
type counter struct {
	*workplace
	sessions *sessions
}

func newCounter(t *testing.T, db *DB, c *clock.Moved) counter {
	t.Helper()
	d := counter{newDesk(t, db, c), &sessions{of: map[string][]string{"nordpank": {"vs_a", "vs_b", "vs_hidden"}, "kivi-credit": {"vs_k"}}}}
	d.Kinds["sessions"] = d.sessions
	d.sessions.got = func(action.Call) error { return nil }
	list := action.Definition{ID: "sessions/list", Title: "List sessions", Team: "support", Risk: action.RiskRead, Kind: "sessions",
		Inputs: []form.Input{{Name: "customer", Type: form.Customer, Required: true}, {Name: "search", Type: form.Text}}}
	half := 0.5
	shut := action.Definition{ID: "sessions/close", Title: "Close a session", Team: "support", Risk: action.RiskChange, Kind: "sessions",
		Settings: map[string]any{"close": true}, Limits: action.Limits{PerInput: "customer"},
		Inputs: []form.Input{
			{Name: "customer", Type: form.Customer, Required: true, DefaultFrom: "customer"},
			{Name: "service", Type: form.Service, DefaultFrom: "service"},
			{Name: "session", Type: form.Choice, Required: true, From: &form.From{Action: "sessions/list", Value: "session", Label: "since"}},
			{Name: "more", Type: form.Choices, From: &form.From{Action: "sessions/list", Inputs: map[string]any{"customer": "{customer}"}}},
			{Name: "proof", Type: form.File, Max: &half, Accept: []string{"text/plain"}},
		}}
	d.book[list.ID], d.book[shut.ID] = list, shut
	for _, x := range []action.Definition{list, shut} {
		if wrong := x.Check(); wrong != nil {
			t.Fatal(wrong)
		}
	}
	d.Catalog = func(context.Context) (action.Catalog, error) { return counterFirm{}, nil }
	d.Uploads, d.Looked = db, db.Looked
	d.Facts = func(_ context.Context, _ people.Actor, s journal.Subject) (map[string]string, error) {
		return map[string]string{"customer": "nordpank", "service": "decision-pipeline", "title": s.ID}, nil
	}
	return d
}

func (d counter) close(t *testing.T, inputs map[string]any) (action.Run, error) {
	t.Helper()
	return d.Plan(t.Context(), d.liis, action.PlanRequest{Action: "sessions/close", Inputs: inputs})
}

func (d counter) options(t *testing.T, by people.Actor, input, search string, given map[string]any) (string, error) {
	t.Helper()
	o, err := d.Options(t.Context(), by, action.OptionQuery{Action: "sessions/close", Input: input, Search: search, Given: given})
	var out []string
	for _, x := range o.List {
		out = append(out, x.Value+" "+x.Label)
	}
	return strings.Join(out, ", "), err
}

func TestOptionsComeFromAnotherAction(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newCounter(t, db, c)
		nordpank := map[string]any{"customer": "nordpank"}
		for _, q := range []struct {
			input, search string
			given         map[string]any
			want          string
		}{
			{"customer", "", nil, "kivi-credit Kivi Credit, nordpank Nordpank"},
			{"customer", "CRED kivi", nil, "kivi-credit Kivi Credit"},
			{"service", "", nil, "decision-pipeline Decision pipeline"},
			{"session", "", nordpank, "vs_a Session vs_a, vs_b Session vs_b"}, // scoped to the customer of the form
			{"session", "hid", nordpank, "vs_hidden Session vs_hidden"},
			{"session", "", map[string]any{"customer": "kivi-credit", "stray": 1}, "vs_k Session vs_k"},
			{"more", "", nordpank, "vs_a vs_a, vs_b vs_b"},
		} {
			if got, err := d.options(t, d.liis, q.input, q.search, q.given); err != nil || got != q.want {
				t.Errorf("options of %s with %q and %v = %q, %v, want %q", q.input, q.search, q.given, got, err, q.want)
			}
		}
		looks := d.sessions.looks.Load()
		for range 3 {
			if _, err := d.options(t, d.liis, "session", "", nordpank); err != nil {
				t.Fatal(err)
			}
		}
		if n := d.sessions.looks.Load(); n != looks {
			t.Errorf("the source was asked %d times more within seconds", n-looks)
		}
		c.Move(11 * time.Second)
		if _, err := d.options(t, d.liis, "session", "", nordpank); err != nil || d.sessions.looks.Load() != looks+1 {
			t.Errorf("after some seconds the source was not asked again: %v", err)
		}
		_, err := d.options(t, d.liis, "session", "", nil)
		if got := fault.FieldsOf(err); len(got) != 1 || got[0].Say != "Fill in Customer first: the options depend on it." {
			t.Errorf("options without a customer = %v, %v", got, err)
		}
		runs, err := d.List(t.Context(), d.liis, action.RunFilter{})
		entries, failed := db.JournalOf(t.Context(), []journal.Subject{journal.Of("action", "sessions/list")}, 10)
		if err != nil || failed != nil || len(runs) != 0 || len(entries) != 1 || entries[0].Verb != "action.looked" || entries[0].Actor.ID != "liis" {
			t.Errorf("looking left %d runs and the entries %+v, %v %v", len(runs), entries, err, failed)
		}
		n, _, err := row(t.Context(), db.read, value[int32], `SELECT SUM(looks) FROM action_look WHERE actor = 'liis'`)
		if err != nil || n != d.sessions.looks.Load() {
			t.Errorf("%d of %d looks are counted, %v", n, d.sessions.looks.Load(), err)
		}
	})
}

// TestOnlyWhatIsOfferedPasses tries to get a value past the list from which it has to come.
func TestOnlyWhatIsOfferedPasses(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newCounter(t, db, c)
		fields := func(inputs map[string]any) string {
			_, err := d.close(t, inputs)
			var out []string
			for _, f := range fault.FieldsOf(err) {
				out = append(out, f.Name+": "+f.Say)
			}
			return strings.Join(out, "\n")
		}
		for name, x := range map[string]struct {
			inputs map[string]any
			want   string
		}{
			"right":                    {map[string]any{"customer": "nordpank", "session": "vs_a", "more": []any{"vs_b"}}, ""},
			"found by searching":       {map[string]any{"customer": "nordpank", "session": "vs_hidden"}, ""},
			"another customer's":       {map[string]any{"customer": "nordpank", "session": "vs_k"}, `session: "vs_k" is not among the options now. Choose from the list.`},
			"one of several":           {map[string]any{"customer": "kivi-credit", "session": "vs_k", "more": []any{"vs_k", "vs_a"}}, `more: "vs_a" is not among the options now. Choose from the list.`},
			"no such customer":         {map[string]any{"customer": "contoso", "session": "vs_a"}, `customer: There is no customer "contoso". Choose one of the list.`},
			"no such service":          {map[string]any{"customer": "nordpank", "session": "vs_a", "service": "mail"}, `service: There is no service "mail". Choose one of the list.`},
			"a name is no id":          {map[string]any{"customer": "Nordpank", "session": "vs_a"}, `customer: There is no customer "Nordpank". Choose one of the list.`},
			"an undeclared one":        {map[string]any{"customer": "nordpank", "session": "vs_a", "search": "x"}, "search: There is no input \"search\". Leave it out; the inputs are customer, service, session, more, proof."},
			"a file that nobody gave":  {map[string]any{"customer": "nordpank", "session": "vs_a", "proof": "0192f3aa-7c1e-7b22-8a55-0d1f5c2b9e10"}, "proof: You have given no such file for this input, or it was forgotten. Upload it again."},
			"the options of yesterday": {map[string]any{"customer": "nordpank", "session": "vs_old"}, `session: "vs_old" is not among the options now. Choose from the list.`},
		} {
			if got := fields(x.inputs); got != x.want {
				t.Errorf("%s: %q, want %q", name, got, x.want)
			}
		}
		if _, err := d.options(t, d.liis, "session", "", map[string]any{"customer": "nordpank"}); err != nil {
			t.Fatal(err) // it is in the cache now
		}
		d.sessions.fails.Store(fault.New(fault.Unavailable, "The session service does not answer."))
		_, err := d.close(t, map[string]any{"customer": "nordpank", "session": "vs_a"})
		if !fault.Is(err, fault.Unavailable) || fault.Sentence(err) != "The options of Session cannot be read. The session service does not answer." {
			t.Errorf("with a source that fails: %v", err)
		}
		d.sessions.fails.Store(nil)
		list := d.book["sessions/list"]
		for say, alter := range map[string]func(*action.Definition){
			"does more than look":   func(x *action.Definition) { x.Risk = action.RiskChange },
			"it is not open to you": func(x *action.Definition) { x.Visibility, x.Team = people.TeamOnly, "payments" },
			"returned no column":    func(x *action.Definition) { x.Inputs = slices.Clone(x.Inputs); x.Title = "altered" },
			"asks for a file or an opt": func(x *action.Definition) {
				x.Inputs = append(slices.Clone(x.Inputs), form.Input{Name: "f", Type: form.File})
			},
			"does not take what is fil": func(x *action.Definition) { x.Inputs = x.Inputs[1:] },
		} {
			altered := list
			alter(&altered)
			d.book["sessions/list"] = altered
			shut := d.book["sessions/close"]
			if say == "returned no column" {
				inputs := slices.Clone(shut.Inputs)
				inputs[3].From = &form.From{Action: "sessions/list", Inputs: map[string]any{"customer": "{customer}"}, Value: "id"}
				d.book["sessions/close"] = action.Definition{ID: shut.ID, Title: shut.Title, Team: shut.Team, Risk: shut.Risk, Kind: shut.Kind, Settings: shut.Settings, Inputs: inputs}
			}
			_, err := d.close(t, map[string]any{"customer": "nordpank", "session": "vs_a", "more": []any{"vs_b"}})
			if err == nil || !strings.Contains(fault.Sentence(err), say) {
				t.Errorf("a source which %q: %v", say, err)
			}
			d.book["sessions/list"], d.book["sessions/close"] = list, shut
		}
	})
}

func TestLanesAndDefaultsFollowTheCustomer(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newCounter(t, db, c)
		first, err := d.Plan(t.Context(), d.liis, action.PlanRequest{Action: "sessions/close", Inputs: map[string]any{"session": "vs_a"}, For: disturbance})
		if err != nil {
			t.Fatal(err, fault.FieldsOf(err))
		}
		if diff := cmp.Diff(map[string]any{"customer": "nordpank", "service": "decision-pipeline", "session": "vs_a"}, first.Inputs); diff != "" {
			t.Errorf("inputs (-want +got):\n%s", diff)
		}
		given, err := d.Prefill(t.Context(), d.liis, "sessions/close", disturbance)
		if err != nil || given["customer"] != "nordpank" || given["service"] != "decision-pipeline" || len(given) != 2 {
			t.Errorf("Prefill = %v, %v", given, err)
		}
		cleared, err := d.Plan(t.Context(), d.liis, action.PlanRequest{Action: "sessions/close", Inputs: map[string]any{"session": "vs_a", "service": "", "customer": "nordpank"}, For: disturbance})
		if _, there := cleared.Inputs["service"]; there || err != nil {
			t.Errorf("a field that was cleared was filled in again: %v, %v", cleared.Inputs, err)
		}
		second, err := d.close(t, map[string]any{"customer": "nordpank", "session": "vs_b"})
		other, failed := d.close(t, map[string]any{"customer": "kivi-credit", "session": "vs_k"})
		if err != nil || failed != nil {
			t.Fatal(err, failed)
		}
		d.start(t, first)
		if _, err := d.Start(t.Context(), d.liis, action.StartRequest{Run: second.ID, PlanHash: second.PlanHash, Key: "k"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("two runs for one customer at once: %v", err)
		}
		d.start(t, other)
	})
}

func TestFilesAreGivenToRuns(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newCounter(t, db, c)
		give := func(by people.Actor, name, kind string, body io.Reader) (action.Upload, error) {
			return d.Upload(t.Context(), by, action.UploadRequest{Action: "sessions/close", Input: "proof", Name: name, Type: kind}, body)
		}
		for _, size := range []int{0, 1, uploadPart - 1, uploadPart, uploadPart + 1, 500_000} {
			body := bytes.Repeat([]byte("\x00proof\xff"), size/7+1)[:size]
			u, err := give(d.liis, `C:\Users\liis\..\proof.txt`, "text/plain; charset=utf-8", iotest.HalfReader(bytes.NewReader(body)))
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(body)
			if u.Size != int64(size) || u.Hash != hex.EncodeToString(sum[:]) || u.Name != "proof.txt" || u.Type != "text/plain" {
				t.Errorf("a file of %d bytes became %+v", size, u)
			}
			var got []byte
			d.sessions.got = func(call action.Call) error {
				f := call.Files["proof"]
				r, err := f.Open(t.Context())
				if err != nil || call.Inputs["proof"] != "proof.txt" || f.Size != int64(size) {
					return fmt.Errorf("input %v, file %+v: %w", call.Inputs["proof"], f.File, err)
				}
				got, err = io.ReadAll(r)
				return errors.Join(err, r.Close())
			}
			run, err := d.close(t, map[string]any{"customer": "nordpank", "session": "vs_a", "proof": u.ID})
			if err != nil {
				t.Fatal(err, fault.FieldsOf(err))
			}
			d.start(t, run)
			if run = d.work(t, run); run.State != action.Succeeded || !bytes.Equal(got, body) {
				t.Errorf("a run with a file of %d bytes: %s %q, read %d bytes", size, run.State, run.Result.Summary, len(got))
			}
			if facts, _ := run.Inputs["proof"].(map[string]any); facts["hash"] != u.Hash || facts["name"] != "proof.txt" {
				t.Errorf("the run says of its file %v", run.Inputs["proof"])
			}
		}
	})
}

func TestFilesAreRefused(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newCounter(t, db, c)
		marika := people.As(people.Person{ID: "marika", Name: "Marika Oja", Role: people.Lead}, "api")
		give := func(by people.Actor, input, kind string, body io.Reader) (action.Upload, error) {
			return d.Upload(t.Context(), by, action.UploadRequest{Action: "sessions/close", Input: input, Name: "proof.txt", Type: kind}, body)
		}
		broken := errors.New("connection reset")
		for name, x := range map[string]struct {
			input, kind string
			body        io.Reader
			want        fault.Kind
		}{
			"too large":         {"proof", "text/plain", bytes.NewReader(make([]byte, 500_001)), fault.TooLarge},
			"never ending":      {"proof", "text/plain", iotest.DataErrReader(zeroes{}), fault.TooLarge},
			"another type":      {"proof", "application/zip", strings.NewReader("PK"), fault.Invalid},
			"of no known type":  {"proof", "", strings.NewReader("?"), fault.Invalid},
			"for no file input": {"session", "text/plain", strings.NewReader("x"), fault.Invalid},
			"broken off":        {"proof", "text/plain", io.MultiReader(bytes.NewReader(make([]byte, uploadPart+9)), iotest.ErrReader(broken)), fault.Invalid},
		} {
			if u, err := give(d.liis, x.input, x.kind, x.body); !fault.Is(err, x.want) || u.ID != "" {
				t.Errorf("%s: %+v, %v, want %s", name, u, err, x.want)
			}
		}
		parts, _, err := row(t.Context(), db.read, value[int], `SELECT COUNT(*) FROM upload_part`)
		rest, _, failed := row(t.Context(), db.read, value[int], `SELECT COUNT(*) FROM upload`)
		if parts != 0 || rest != 0 || err != nil || failed != nil {
			t.Errorf("refused files left %d parts of %d files, %v %v", parts, rest, err, failed)
		}
		if _, err := give(people.As(people.Person{ID: "rasmus", Role: people.Member}, "api"), "proof", "text/plain", strings.NewReader("x")); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a file from somebody who may not run the action: %v", err)
		}
		mine, err := give(d.liis, "proof", "text/plain", strings.NewReader("evidence"))
		if err != nil {
			t.Fatal(err)
		}
		plan := func(by people.Actor) error {
			_, err := d.Plan(t.Context(), by, action.PlanRequest{Action: "sessions/close", Inputs: map[string]any{"customer": "nordpank", "session": "vs_a", "proof": mine.ID}})
			return err
		}
		if err := plan(marika); !fault.Is(err, fault.Invalid) {
			t.Errorf("with somebody else's file: %v", err)
		}
		c.Move(25 * time.Hour)
		if err := plan(d.liis); !fault.Is(err, fault.Invalid) {
			t.Errorf("with a file of yesterday that no run used: %v", err)
		}
		if err := d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Upload(t.Context(), mine.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a file that no run used is still there: %v", err)
		}
		if err := db.KeepUploads(t.Context(), []string{mine.ID}, c.Now()); !fault.Is(err, fault.Conflict) {
			t.Errorf("keeping a file that is gone: %v", err)
		}
		for i := range 51 {
			if _, err = give(marika, "proof", "text/plain", strings.NewReader("x")); err != nil && i < 50 {
				t.Fatal(i, err)
			}
		}
		if !fault.Is(err, fault.TooMany) {
			t.Errorf("the 51st file that waits: %v", err)
		}
	})
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { return len(p), nil }
