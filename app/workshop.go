package app

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"frontline/action"
	"frontline/cli"
	"frontline/clock"
	"frontline/config"
	"frontline/define"
	"frontline/fault"
	"frontline/integration/exec"
	"frontline/integration/sql"
	"frontline/runner"
)

// Workshop is where owners of actions check and test them in their own CI: with the kinds of this program, and neither server nor database.
type Workshop struct {
	clock  clock.Clock
	getenv func(string) string
}

var _ cli.Workshop = Workshop{}

// NewWorkshop returns a workshop. getenv is the environment of tests that set none of their own.
func NewWorkshop(c clock.Clock, getenv func(string) string) Workshop { return Workshop{c, getenv} }

// Lint implements cli.Workshop.
func (w Workshop) Lint(files []define.File) (wrong, better []cli.Place, err error) {
	_, wrong, better, err = w.lint(files)
	return wrong, better, err
}

// Advise implements cli.Workshop.
func (w Workshop) Advise(files []define.File, enrolled []map[string]string) ([]cli.Place, error) {
	actions, _, _, err := w.lint(files)
	if err != nil {
		return nil, err
	}
	runners := make([]runner.Runner, len(enrolled))
	for i, labels := range enrolled {
		runners[i] = runner.Runner{Labels: labels}
	}
	return places(config.Placed(files, warnings(runners, actions))), nil
}

func (w Workshop) lint(files []define.File) (actions []action.Definition, wrong, better []cli.Place, err error) {
	kinds, err := kindsOf(w.clock, w.getenv)
	if err != nil {
		return nil, nil, nil, err
	}
	actions, bad, advice := config.Lint(files, config.Known{Actions: kinds.Check})
	return actions, places(bad), places(advice), nil
}

func places(problems []config.Problem) []cli.Place {
	out := make([]cli.Place, len(problems))
	for i, p := range problems {
		out[i] = cli.Place{At: p.Place(), Say: p.Say}
	}
	return out
}

// Test implements cli.Workshop.
func (w Workshop) Test(ctx context.Context, files []define.File, tell func(cli.Tested)) ([]cli.Place, error) {
	actions, wrong, _, err := w.lint(files)
	if err != nil || len(wrong) > 0 {
		return wrong, err
	}
	for _, d := range actions {
		for _, x := range d.Tests {
			done, err := w.try(ctx, actions, d, x)
			if err != nil {
				return nil, err
			}
			tell(done)
		}
		if len(d.Tests) == 0 {
			tell(cli.Tested{Action: d.ID})
		}
	}
	return nil, nil
}

// try plays the neighbour of one test and runs it.
func (w Workshop) try(ctx context.Context, actions []action.Definition, d action.Definition, x action.Test) (cli.Tested, error) {
	began := w.clock.Now()
	n := &neighbour{answers: x.Answers}
	address, stop, err := n.open()
	if err != nil {
		return cli.Tested{}, err
	}
	defer stop()
	places, remove, err := laidOut(ctx, x)
	if err != nil {
		return cli.Tested{}, err
	}
	defer remove()
	places["{server}"] = address
	put := func(text string) string {
		for name, place := range places {
			text = strings.ReplaceAll(text, name, place)
		}
		return text
	}
	x.Settings = filled(x.Settings, put).(map[string]any)
	actions, absent := replacedAll(actions, d, x.Replace, put)
	find := finder(actions)
	d, _ = find(d.ID)
	getenv := func(name string) string {
		if value, set := x.Env[name]; set {
			return put(value)
		}
		return w.getenv(name)
	}
	kinds, err := kindsOf(w.clock, getenv)
	if err != nil {
		return cli.Tested{}, err
	}
	if k, ok := kinds["exec"].(*exec.Kind); ok {
		kinds["exec"] = k.Beside(n.port)
	}
	t := action.Tried{}
	if d.Flow() {
		t = kinds.TryFlow(ctx, d, x, find)
	} else {
		t = kinds.Try(ctx, d, x)
	}
	return cli.Tested{Action: d.ID, Test: cmp.Or(x.Name, "without a name"), Wrong: slices.Concat(absent, t.Wrong, n.wrong()), Lines: t.Lines, Took: w.clock.Now().Sub(began)}, nil
}

// finder finds an action by its id.
func finder(actions []action.Definition) func(id string) (action.Definition, bool) {
	return func(id string) (action.Definition, bool) {
		i := slices.IndexFunc(actions, func(d action.Definition) bool { return d.ID == id })
		if i < 0 {
			return action.Definition{}, false
		}
		return actions[i], true
	}
}

// replacedAll replaces texts in the definition that is tested, and where it is a flow also in what its steps run. A text that stands nowhere in
// them is absent.
func replacedAll(actions []action.Definition, d action.Definition, texts map[string]string, put func(string) string) (all []action.Definition, absent []string) {
	all = slices.Clone(actions)
	find, first := finder(actions), true
	var replace func(d action.Definition)
	replace = func(d action.Definition) {
		if steps := d.Steps(); len(steps) > 0 {
			for _, s := range steps {
				if of, ok := find(s.Action); ok {
					replace(of)
				}
			}
			return
		}
		next, missing := replaced(d, texts, put)
		if i := slices.IndexFunc(all, func(o action.Definition) bool { return o.ID == d.ID }); i >= 0 {
			all[i] = next
		}
		if first {
			absent = missing
		}
		first = false
		absent = slices.DeleteFunc(absent, func(a string) bool { return !slices.Contains(missing, a) })
	}
	replace(d)
	return all, absent
}

// laidOut makes what a test wants beside a server: a folder with its files, and a database. places says where they are.
func laidOut(ctx context.Context, x action.Test) (places map[string]string, remove func(), err error) {
	places, remove = map[string]string{}, func() {}
	if x.Database == "" && len(x.Files) == 0 {
		return places, remove, nil
	}
	dir, err := os.MkdirTemp("", "frontline-test-")
	if err != nil {
		return nil, nil, err
	}
	remove = func() { _ = os.RemoveAll(dir) }
	places["{files}"], places["{database}"] = dir, "sqlite:"+filepath.Join(dir, "database.db")
	for name, text := range x.Files {
		if err == nil && !filepath.IsLocal(name) {
			err = fault.New(fault.Invalid, "The file %s of a test has a plain name. Correct it.", name)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)
		}
	}
	if err == nil && x.Database != "" {
		err = sql.Make(ctx, filepath.Join(dir, "database.db"), x.Database)
	}
	if err != nil {
		remove()
		return nil, nil, err
	}
	return places, remove, nil
}

// replaced is the definition with other texts in its settings and those of its parts. What stands nowhere in them is wrong: the test would try something else
// than it says.
func replaced(d action.Definition, texts map[string]string, put func(string) string) (action.Definition, []string) {
	var wrong []string
	for _, old := range slices.Sorted(maps.Keys(texts)) {
		found := false
		swap := func(text string) string {
			found = found || strings.Contains(text, old)
			return strings.ReplaceAll(text, old, put(texts[old]))
		}
		d.Settings = filled(d.Settings, swap).(map[string]any)
		for _, part := range []**action.Part{&d.Proof, &d.Reverse} {
			if *part != nil {
				p := **part
				p.Settings = filled(p.Settings, swap).(map[string]any)
				*part = &p
			}
		}
		if !found {
			wrong = append(wrong, fmt.Sprintf("%q is to be replaced and stands nowhere in the settings", old))
		}
	}
	return d, wrong
}

// filled is v with each text in it put through f.
func filled(v any, f func(string) string) any {
	switch v := v.(type) {
	case string:
		return f(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = filled(v[i], f)
		}
		return out
	case map[string]any:
		out := maps.Clone(v)
		for k := range out {
			out[k] = filled(out[k], f)
		}
		return out
	}
	return v
}

// neighbour plays what an action talks to: it answers the expected requests in their order, and notes every other one.
type neighbour struct {
	port    int
	mu      sync.Mutex
	answers []action.Answer
	odd     []string
}

func (n *neighbour) open() (address string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	n.port = l.Addr().(*net.TCPAddr).Port
	server := &http.Server{Handler: n, ReadHeaderTimeout: 10 * time.Second}
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(l) }) // ends with Close
	return "http://" + l.Addr().String(), func() { _ = server.Close(); wg.Wait() }, nil
}

// ServeHTTP implements http.Handler.
func (n *neighbour) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	asked := r.Method + " " + r.URL.RequestURI()
	n.mu.Lock()
	defer n.mu.Unlock()
	if err != nil || len(n.answers) == 0 || n.answers[0].On != asked || !strings.Contains(string(body), n.answers[0].Holds) {
		n.odd = append(n.odd, fmt.Sprintf("%s %s", asked, body))
		http.Error(w, "this request is not expected here", http.StatusNotImplemented)
		return
	}
	a := n.answers[0]
	n.answers = n.answers[1:]
	for name, value := range a.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(cmp.Or(a.Status, http.StatusOK))
	_, _ = io.WriteString(w, a.Body)
}

// wrong is what was asked and not expected, or the other way round.
func (n *neighbour) wrong() (out []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, odd := range n.odd {
		out = append(out, "the neighbour was asked what the test does not expect here: "+odd)
	}
	for _, a := range n.answers {
		out = append(out, "the neighbour was never asked "+a.On)
	}
	return out
}
