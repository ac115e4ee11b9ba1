package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"frontline/client"
	"frontline/demo/company"
	"frontline/e2e/neighbour"
	"frontline/wire"
)

// played is a demo that a test works in.
type played struct {
	*testing.T
	*stage
	liis *desk
}

// opened opens the demo with a real RabbitMQ, and signs Liis in. It is closed with the test.
func opened(t *testing.T) *played {
	neighbour.Need(t)
	said := hear(t)
	o := options(said)
	o.Queue, o.Dir, o.Pace = "rabbitmq", t.TempDir(), ScriptPace()
	o = o.withDefaults()
	ctx, cancel := context.WithCancelCause(t.Context())
	s := &stage{o: o, dir: o.Dir, tell: &teller{out: said}, failed: cancel}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
		cancel(nil)
	})
	if err := s.open(ctx); err != nil {
		t.Fatalf("%v\n%s", errors.Join(err, context.Cause(ctx)), said)
	}
	p := &played{T: t, stage: s}
	p.liis = p.desk("liis")
	return p
}

func (p *played) desk(id string) *desk {
	p.Helper()
	d, err := p.signIn(p.Context(), id)
	if err != nil {
		p.Fatal(err)
	}
	return d
}

// plans plans an action as Liis. Every choice must be among the options that she is offered.
func (p *played) plans(action string, inputs map[string]any) wire.Run {
	p.Helper()
	shown, err := p.liis.api.Action(p.Context(), action)
	if err != nil {
		p.Fatal(err)
	}
	for name, v := range inputs {
		if !strings.Contains(fmt.Sprintf("%+v", shown), "{Name:"+name+" ") {
			continue
		}
		if o, err := p.liis.api.Options(p.Context(), action, client.OptionQuery{Input: name, Given: inputs}); err == nil && name != "customer" && len(o.Options) > 0 &&
			!slices.ContainsFunc(o.Options, func(x wire.Option) bool { return strings.Contains(fmt.Sprint(v), x.Value) }) {
			p.Fatalf("%s: %v is not offered as %s: %+v", action, v, name, o.Options)
		}
	}
	run, err := p.liis.api.PlanRun(p.Context(), wire.PlanRun{Action: action, Inputs: inputs, Reason: "A customer asked."})
	if err != nil {
		p.Fatalf("%s: %v", action, err)
	}
	return run
}

// ends waits until the run has ended well, and what was looked at afterwards helped.
func (p *played) ends(run wire.Run) wire.Run {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context(), patience)
	defer cancel()
	err := until(ctx, func(ctx context.Context) (_ bool, err error) {
		run, err = p.liis.api.Run(ctx, run.ID)
		return !slices.Contains([]string{"planned", "waiting", "running"}, run.State), err
	})
	if err != nil || run.State != "succeeded" || run.Result == nil {
		p.Fatalf("%s is %s: %+v (%v)", run.Action.ID, run.State, run.Result, err)
	}
	if c := run.Result.Check; c != nil && !c.Helped {
		p.Fatalf("%s did not help: %+v", run.Action.ID, c)
	}
	return run
}

func (p *played) starts(run wire.Run) wire.Run {
	p.Helper()
	started, err := p.liis.api.StartRun(p.Context(), run.ID, "test-"+run.ID, wire.StartRun{Plan: run.Plan.Hash})
	if err != nil {
		p.Fatalf("%s: %v", run.Action.ID, err)
	}
	return p.ends(started)
}

// does plans an action and runs it to its end; checked says that something looks whether it helped.
func (p *played) does(action string, checked bool, inputs map[string]any) wire.Run {
	p.Helper()
	run := p.starts(p.plans(action, inputs))
	if (run.Result.Check != nil) != checked {
		p.Errorf("%s: its check is %+v", action, run.Result.Check)
	}
	return run
}

// undoes takes a run back.
func (p *played) undoes(run wire.Run) {
	p.Helper()
	back, err := p.liis.api.UndoRun(p.Context(), run.ID, "It was the wrong one.")
	if err != nil {
		p.Fatalf("undo of %s: %v", run.Action.ID, err)
	}
	p.starts(back)
}

func (p *played) sees(run wire.Run, want ...string) {
	p.Helper()
	for _, w := range want {
		if !strings.Contains(fmt.Sprintf("%+v %+v", run.Plan, *run.Result), w) {
			p.Errorf("%s does not show %q: %+v %+v", run.Action.ID, w, run.Plan, *run.Result)
		}
	}
}

// one is the value of a query in the back office's database.
func (p *played) one(query string) string {
	p.Helper()
	v, err := p.company.Office().Ask(p.Context(), query)
	if err != nil {
		p.Fatal(err)
	}
	return v
}

func (p *played) is(query, want string) {
	p.Helper()
	if got := p.one(query); got != want {
		p.Errorf("%s is %q, want %q", query, got, want)
	}
}

// TestActionsAtWork runs each of the example actions in the demo, on Verity's own database, API, log and broker, and looks there whether it did what it says: with
// its list to choose from, its check, and its way back.
func TestActionsAtWork(t *testing.T) {
	p := opened(t)
	for _, part := range []struct {
		name string
		do   func(*played)
	}{{"verifications", verifications}, {"sessions", sessions}, {"webhooks", webhooks}, {"customers", customers}, {"key", rotatesKey}, {"accounts", accounts},
		{"person", anonymises}, {"queue", queueFixes}} {
		t.Run(part.name, func(t *testing.T) {
			one := *p
			one.T = t
			part.do(&one)
		})
	}
}

func verifications(p *played) {
	why := p.does("verification/why-declined", false, map[string]any{"customer": "arco-movil", "verification": "vs-ines07"})
	p.sees(why, "the document could not be read", "identity card")
	again := map[string]any{"customer": "arco-movil", "verification": "vs-ines07", "why": "the document reader was mended"}
	run := p.does("verification/run-again", true, again)
	p.sees(run, "declined", "is in the queue once more")
	p.is("SELECT state || ' ' || tries FROM verifications WHERE id = 'vs-ines07'", "approved 2") // the worker decided it
	if _, err := p.liis.api.PlanRun(p.Context(), wire.PlanRun{Action: "verification/run-again", Inputs: again}); err == nil || !strings.Contains(err.Error(), "not among the options") {
		p.Errorf("what is approved may be decided again: %v", err)
	}
	rates := p.does("customer/declines-by-country", false, map[string]any{"customer": "arco-movil"})
	p.sees(rates, "PT")
	if c := rates.Result.Charts; len(c) != 1 || !slices.Contains(c[0].Labels, "PT") || len(c[0].Series) != 2 || c[0].Series[0].Values[slices.Index(c[0].Labels, "PT")] < 15 {
		p.Errorf("the chart does not show Portugal: %+v", c)
	}
}

func sessions(p *played) {
	reset := p.does("session/reset", true, map[string]any{"customer": "nordpank", "session": "cs-4417"})
	p.sees(reset, "Pixel 7", "stuck")
	p.is("SELECT state || ' ' || step || ' ' || resets FROM sessions WHERE id = 'cs-4417'", "open start 1")
	p.is("SELECT state FROM sessions WHERE id = 'cs-4460'", "stuck") // somebody else's
}

func webhooks(p *played) {
	p.sees(p.does("webhook/resend", true, map[string]any{"customer": "arco-movil", "delivery": "wd-8801"}), "503 Service Unavailable", "took it: 204")
	p.is("SELECT state FROM deliveries WHERE id = 'wd-8801'", "delivered")
	if n := p.company.Office().Taken("wd-8801"); n != 1 {
		p.Errorf("the customer's server took it %d times", n)
	}
}

func customers(p *played) {
	until := time.Now().AddDate(0, 1, 0).Format(time.DateOnly)
	before := p.one("SELECT trial_ends FROM customers WHERE id = 'savanna-pay'")
	run := p.does("customer/extend-trial", true, map[string]any{"customer": "savanna-pay", "until": until, "agreed_by": "Wanjiru Kamau"})
	p.sees(run, before)
	p.is("SELECT trial_ends FROM customers WHERE id = 'savanna-pay'", until)
	p.undoes(run)
	p.is("SELECT trial_ends FROM customers WHERE id = 'savanna-pay'", before)

	export := p.does("customer/export", false, map[string]any{"customer": "kivi-credit"})
	if len(export.Result.Files) != 1 {
		p.Fatalf("the export has the files %+v", export.Result.Files)
	}
	file, err := p.liis.api.ShowRunFile(p.Context(), export.ID, export.Result.Files[0].ID)
	if err != nil {
		p.Fatal(err)
	}
	lines := bytes.Count(file.Content, []byte("\n")) - 1
	if !bytes.Contains(file.Content, []byte("vs-aino15")) || bytes.Contains(file.Content, []byte("vs-mari41")) || fmt.Sprint(export.Result.Facts["verifications"]) != fmt.Sprint(lines) {
		p.Errorf("the export says %+v and holds %d lines:\n%.500s", export.Result.Facts, lines, file.Content)
	}
}

// rotatesKey looks for the key where it must be, and where it must not.
func rotatesKey(p *played) {
	run := p.does("customer/rotate-key", true, map[string]any{"customer": "kivi-credit", "code_word": "blue-heron-41"})
	p.sees(run, "mailed to it@kivi-credit.example")
	o, err := p.company.Until(p.Context(), func(o company.Observed) bool { return mailTo(o, "it@kivi-credit.example", "Your new API key") })
	if err != nil {
		p.Fatal(err)
	}
	i := slices.IndexFunc(o.Mails, func(m company.Mail) bool { return contains(m.Subject, "Your new API key") })
	_, after, found := strings.Cut(o.Mails[i].Text, "vk_live_")
	if !found {
		p.Fatalf("the mail holds no key: %s", o.Mails[i].Text)
	}
	key := strings.Fields(after)[0]
	files, err := filepath.Glob(filepath.Join(p.dir, "frontline.*"))
	if err != nil || len(files) < 2 {
		p.Fatal(files, err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			p.Fatal(err)
		}
		if bytes.Contains(raw, []byte(key)) || bytes.Contains(raw, []byte("blue-heron-41")) {
			p.Errorf("%s holds the key or the code word", name)
		}
	}
	p.is("SELECT count(*) FROM keys WHERE customer = 'kivi-credit' AND ends_at IS NULL", "1")

	wrong := p.plans("customer/rotate-key", map[string]any{"customer": "nordpank", "code_word": "open sesame"})
	if wrong, err = p.liis.api.StartRun(p.Context(), wrong.ID, "wrong", wire.StartRun{Plan: wrong.Plan.Hash}); err != nil {
		p.Fatal(err)
	}
	err = until(p.Context(), func(ctx context.Context) (_ bool, err error) {
		wrong, err = p.liis.api.Run(ctx, wrong.ID)
		return wrong.State == "failed", err
	})
	if err != nil || !contains(wrong.Result.Summary, "not the customer's code word") {
		p.Errorf("with a wrong code word it ends as %s: %+v, %v", wrong.State, wrong.Result, err)
	}
}

func accounts(p *played) {
	run := p.does("account/unlock", true, map[string]any{"customer": "kivi-credit", "account": "ac-201", "known_by": "their manager confirmed"})
	p.is("SELECT coalesce(locked_at, 'open') || failed_sign_ins FROM accounts WHERE id = 'ac-201'", "open0")
	p.undoes(run)
	p.is("SELECT locked_at IS NOT NULL FROM accounts WHERE id = 'ac-201'", "1")
}

// anonymises is dangerous: Liis asks with her password, and two others say yes with theirs.
func anonymises(p *played) {
	letter, err := p.liis.api.UploadFile(p.Context(), client.FileQuery{Action: "person/anonymise", Input: "letter", Name: "letter.txt", Type: "text/plain"},
		strings.NewReader("Please delete what you know of me. Jānis Ozols"))
	if err != nil {
		p.Fatal(err)
	}
	run := p.plans("person/anonymise", map[string]any{"customer": "nordpank", "person": "p-1002", "asked_on": "2026-11-20", "letter": letter.ID, "answer": []any{"mail"}})
	if !strings.Contains(fmt.Sprint(run.Inputs), "letter.txt") {
		p.Errorf("the plan does not name the letter: %v", run.Inputs)
	}
	if _, err := p.liis.api.StartRun(p.Context(), run.ID, "token", wire.StartRun{Plan: run.Plan.Hash}); err == nil {
		p.Error("a token starts what is dangerous")
	}
	press := func(who, button string) {
		p.Helper()
		password := ""
		for _, c := range p.staff {
			if c.id == who {
				password = c.password
			}
		}
		if _, err := p.desk(who).post(p.Context(), p.url+"/runs/"+run.ID+"/"+button, url.Values{"plan": {run.Plan.Hash}, "key": {"press-" + run.ID}, "confirm": {password}}); err != nil {
			p.Fatalf("%s presses %s: %v", who, button, err)
		}
	}
	state := func(want string) {
		p.Helper()
		if run, err = p.liis.api.Run(p.Context(), run.ID); err != nil || run.State != want {
			p.Fatalf("the run is %s (%v), want %s", run.State, err, want)
		}
	}
	press("liis", "start")
	state("waiting")
	press("marika", "approve")
	state("waiting")
	p.is("SELECT name FROM people WHERE id = 'p-1002'", "Jānis Ozols")
	press("karl", "approve")
	run = p.ends(run)
	if run.Result.Check == nil {
		p.Error("nobody looked afterwards")
	}
	p.is("SELECT name || coalesce(email, '') || coalesce(born, '') FROM people WHERE id = 'p-1002'", "anonymised")
	p.is("SELECT name FROM people WHERE id = 'p-1001'", "Mari Lepik")
}

// queueFixes takes a message out that stops the queue, lets the developers mend the worker, and puts it back.
func queueFixes(p *played) {
	session, err := p.company.Poison(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	if _, err := p.company.Until(p.Context(), func(o company.Observed) bool { return o.Stuck() && o.Trouble.Tries > 2 }); err != nil {
		p.Fatal(err)
	}
	run := p.does("queue/take-poisoned-message-out", true, nil)
	if _, err := p.company.Until(p.Context(), past); err != nil {
		p.Fatal(err)
	}
	id := run.Result.Tables[0].Rows[0][0]
	p.company.Mend()
	p.does("queue/put-back", true, map[string]any{"quarantine": id})
	err = until(p.Context(), func(ctx context.Context) (bool, error) {
		state, err := p.company.Office().Ask(ctx, "SELECT coalesce(max(state || ', ' || because), '') FROM verifications WHERE id = '"+session+"'")
		return state == "declined, a date in the document cannot be", err
	})
	if err != nil {
		p.Error(err)
	}
}
