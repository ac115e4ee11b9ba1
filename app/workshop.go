package app

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"frontline/action"
	"frontline/cli"
	"frontline/clock"
	"frontline/config"
	"frontline/define"
	"frontline/integration/exec"
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
			done, err := w.try(ctx, d, x)
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
func (w Workshop) try(ctx context.Context, d action.Definition, x action.Test) (cli.Tested, error) {
	began := w.clock.Now()
	n := &neighbour{answers: x.Answers}
	address, stop, err := n.open()
	if err != nil {
		return cli.Tested{}, err
	}
	defer stop()
	x.Settings = filled(x.Settings, address).(map[string]any)
	getenv := func(name string) string {
		if value, set := x.Env[name]; set {
			return strings.ReplaceAll(value, "{server}", address)
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
	t := kinds.Try(ctx, d, x)
	return cli.Tested{Action: d.ID, Test: cmp.Or(x.Name, "without a name"), Wrong: append(t.Wrong, n.wrong()...), Lines: t.Lines, Took: w.clock.Now().Sub(began)}, nil
}

// filled is v with the address in place of {server} in every text.
func filled(v any, address string) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "{server}", address)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = filled(v[i], address)
		}
		return out
	case map[string]any:
		out := maps.Clone(v)
		for k := range out {
			out[k] = filled(out[k], address)
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
