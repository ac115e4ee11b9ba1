// Package api is the JSON API under /api/v1: what the screens do, for programs, described by its own OpenAPI 3.1 document. It answers
// what a request means and asks the domain for everything else.
//
// # The way of one request
//
// ServeHTTP sets the headers of every answer and finds the operation. enter (who.go) reads the bearer token and asks people.May for
// the operation's verb, before a byte of the body is read. The body is read up to a limit, and what it must not hold is refused with the
// field named. The handler calls one command or reading of the domain, which asks people.May again with its subject. Every error, ours
// or the library's, becomes a problem (RFC 9457) in problem.go, the only place that knows statuses.
//
// # How to add an operation
//
// The types in package wire, the handler in the file of its wing, one route beside it. The OpenAPI document, the client's completeness and
// the role table are tested against all operations there are.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"runtime/debug"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"frontline/answer"
	"frontline/catalog"
	"frontline/clock"
	"frontline/desk"
	"frontline/fault"
	"frontline/people"
	"frontline/wire"
)

// Directory names what is configured, as one moment saw it. config.Book implements it.
type Directory interface {
	Name(kind, id string) string
	Services() []catalog.Service
	Components() []catalog.Component
	Customers() []catalog.Customer
	People() []people.Person
	RequestTypes() []desk.Type
	Macros() []desk.Macro
}

// Deps is what the API needs from the rest of Frontline. Each wing's file declares its own small interfaces.
type Deps struct {
	Tokens    Tokens
	Book      func(context.Context) (Directory, error)
	Alerts    Alerts
	Handling  Handling
	Board     Board
	Overrides Overrides
	Pages     Pages
	Incidents Incidents
	Desk      Desk
	Finding   Finding
	Demands   Demands
	Thanks    Thanks

	Developers Developers
	Knowledge  Knowledge
	Counting   Counting

	Watches   Watches
	Insight   Insight
	Proposals Proposals
	Actions   Actions
	Runners   Runners
	Clusters  Clusters
	Secrets   Secrets
	Privacy   Privacy
	Vouching  Vouching
	Config    Config
	Rules     Rules
	Mornings  Mornings
	TakingUp  TakingUp
	Journal   Journal
	Health    Health
	Database  Database

	Clock clock.Clock
	Log   *slog.Logger
	Base  *url.URL // where people reach Frontline; it goes into the OpenAPI document and into links
}

func (d Deps) check() error {
	v := reflect.ValueOf(d)
	for i := range v.NumField() {
		if v.Field(i).IsNil() {
			return fmt.Errorf("api: Deps.%s is needed", v.Type().Field(i).Name)
		}
	}
	return nil
}

// server is the API.
type server struct {
	deps   Deps
	mux    *http.ServeMux
	huma   huma.API
	routes []route
}

// New returns the API's handler, for every path that begins with wire.Prefix. It fails when something it needs is missing.
func New(deps Deps) (http.Handler, error) {
	s, err := build(deps)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func build(deps Deps) (*server, error) {
	if err := deps.check(); err != nil {
		return nil, err
	}
	s := &server{deps: deps, mux: http.NewServeMux()}
	s.huma = humago.NewWithPrefix(paths{s.mux}, wire.Prefix, s.config())
	s.huma.UseMiddleware(s.enter)
	s.alerts()
	s.oncall()
	s.pages()
	s.incidents()
	s.sayings()
	s.postmortems()
	s.requests()
	s.finding()
	s.demands()
	s.thanks()
	s.escalations()
	s.answers()
	s.pushes()
	s.watches()
	s.insight()
	s.proposals()
	s.actions()
	s.inputs()
	s.runs()
	s.savings()
	s.rules()
	s.runners()
	s.clusters()
	s.handovers()
	s.secrets()
	s.privacy()
	s.configuration()
	s.people()
	s.system()
	return s, s.describe()
}

// paths lets the id of an action or a rule, which has slashes, be the rest of a path.
type paths struct{ *http.ServeMux }

// HandleFunc implements humago.Mux.
func (p paths) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	p.ServeMux.HandleFunc(strings.NewReplacer("{action}", "{action...}", "{rule}", "{rule...}").Replace(pattern), handler)
}

// ServeHTTP implements http.Handler: what every answer has in common, then the table of operations.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	began := s.deps.Clock.Now()
	seen := &answer.Seen{ResponseWriter: w}
	defer func() {
		s.recover(seen, r, recover())
		s.deps.Log.LogAttrs(r.Context(), slog.LevelDebug, "api request", slog.String("route", r.Pattern), slog.Int("status", seen.Status),
			slog.Duration("took", s.deps.Clock.Now().Sub(began)))
	}()
	if _, pattern := s.mux.Handler(r); pattern != "" {
		s.mux.ServeHTTP(seen, r)
		return
	}
	s.nowhere(seen, r)
}

// nowhere answers for an address or a method that there is none of.
func (s *server) nowhere(w http.ResponseWriter, r *http.Request) {
	unknown := &answer.Seen{ResponseWriter: answer.Nobody{}} // what the mux would say: 404, or 405 with Allow
	s.mux.ServeHTTP(unknown, r)
	say := fault.New(fault.NotFound, "There is nothing at this address of the API. Look it up in %s/openapi.json.", wire.Prefix)
	if unknown.Status != http.StatusMethodNotAllowed {
		s.write(w, s.problem(r.Context(), "none", say))
		return
	}
	w.Header().Set("Allow", unknown.Header().Get("Allow"))
	say.Say = fmt.Sprintf("This address is not used with %s but with %s. Look it up in %s/openapi.json.", r.Method, unknown.Header().Get("Allow"), wire.Prefix)
	p := s.problem(r.Context(), "none", say)
	p.Status, p.Title = http.StatusMethodNotAllowed, http.StatusText(http.StatusMethodNotAllowed)
	s.write(w, p)
}

// recover answers after a panic of a handler. A panic is a defect: it is logged with its stack.
func (s *server) recover(w *answer.Seen, r *http.Request, p any) {
	if p == nil {
		return
	}
	err := fault.Wrap(fmt.Errorf("panic: %v\n%s", p, debug.Stack()), fault.Internal, "Something broke on our side. Try again; if it stays, give your administrator the reference.")
	problem := s.problem(r.Context(), r.Pattern, err)
	if w.Status != 0 || errors.Is(r.Context().Err(), context.Canceled) {
		panic(http.ErrAbortHandler) // half an answer is out already: cut the connection
	}
	s.write(w, problem)
}

// write sends a problem.
func (s *server) write(w http.ResponseWriter, p *problem) {
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the connection is gone when this fails
}
