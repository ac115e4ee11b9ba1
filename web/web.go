// Package web is the screens of Frontline: server-rendered HTML that works without JavaScript and is made to feel instant
// with it. It answers what a person sees, and asks the domain for everything else.
//
// # The way of one request
//
// ServeHTTP sets the headers of every answer, refuses cross-origin writes and finds the route in the one table
// (routes.go). enter (visit.go) finds out who asks and puts people.May before the handler. The handler
// returns an error or calls show (templates.go), and fail (errors.go) is the one place that turns an error into a status and a screen.
//
// # How to add a screen
//
// Three files, one line and one test:
//
//  1. web/NAME.go: a small interface with what the screen needs from its wing, added to [Deps] as one field and to its check;
//     a struct for the template that embeds head; a handler.
//  2. web/templates/NAME.html: {{define "main"}}…{{end}}, made of the parts in templates/frame; /debug/style shows them all.
//  3. web/assets/NAME.css with one @import line in app.css, if the parts do not suffice; most screens need none.
//  4. One line in routes.go: pattern, the verb that is needed, handler.
//  5. web/NAME_test.go: the screen fetched with a fake and asserted by CSS selector, as in account_test.go; its path added to
//     the lists of e2e/screens_test.go, where axe-core looks at it. docs/recipes/add-a-screen.md shows all of it.
//
// A handler is short:
//
//	func (s *Server) showThing(w http.ResponseWriter, r *http.Request, v *visit) error {
//		t, err := s.deps.Things.Thing(r.Context(), v.Actor, r.PathValue("id"))
//		if err != nil {
//			return err // a fault: its kind becomes the status, its sentence the screen
//		}
//		return s.show(w, r, v, http.StatusOK, "thing", thingScreen{
//			head:  head{Title: t.Name, Wing: "/things", Trail: trail("Things", "/things", t.Name), Topics: topics("thing", t.ID)},
//			Since: v.at(t.Since),
//		})
//	}
//
// # Conventions
//
// The template gets plain values: no store, no maps, no logic beyond if and range. Times are moments (v.at), so that each
// shows how long ago and the hour in the viewer's zone. A form is a form value: typed keeps what was typed, refused puts the
// fault's sentences at the fields, again shows it with 422. A successful POST answers with done: a redirect (303) and a
// sentence. A screen that changes while one looks at it names its Topics: live.js fetches it again when one of them moves.
// Every form posts to its own address and works without JavaScript; no inline script, no style attribute.
//
// The keys find what they act on by its markup: j and k move over tr.leads (a row that leads somewhere) and over list items whose
// link is a.plain; a submits form[data-key=a]; / focuses [data-search]. What they must not disturb is marked by the scripts
// themselves.
package web

import (
	"context"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"frontline/clock"
	"frontline/incident"
	"frontline/people"
)

// Deps is what the screens need from the rest of Frontline. A wing's screens declare their own small interface beside
// their handler and add one field.
type Deps struct {
	SignIn     SignIn
	SetUp      SetUp
	Tokens     Tokens
	Sessions   Sessions
	Invites    Invites
	Changes    Changes
	Answers    Answers
	Matters    Matters
	Alerts     Alerts
	Handling   Handling
	Paging     Paging
	Incidents  Incidents
	Rooms      Rooms
	Requests   Requests
	Finding    Finding
	Demands    Demands
	Developers Developers
	Insight    Insight
	Proposals  Proposals
	Papers     Papers
	Status     StatusPage
	Journal    Journal
	Rota       Rota
	MyPages    MyPages
	Trouble    Trouble
	Upkeep     Upkeep
	Runs       Runs
	Actions    Actions
	Rules      Rules
	Mornings   Mornings
	Thanks     Thanks
	Watches    Watches
	TakingOver TakingOver
	TakingUp   TakingUp
	Folders    SyncedFolders
	Runners    Runners
	Clusters   Clusters
	Secrets    Secrets
	Privacy    Privacy
	Book       func(context.Context) (Book, error) // what is configured now
	Configured func(context.Context) (Configured, error)

	WhyRules RuleReasons // may be nil
	Types    Types

	Chat    func() ChatState // how the messenger does; nil without one
	Inbox   func() Inbox     // how the desk's mailbox does; nil when none is read
	Sandbox func() Sandbox   // what keeps scripts from the rest of the machine; nil: nobody knows

	Clock   clock.Clock
	Log     *slog.Logger
	Base    *url.URL       // where people reach Frontline; https makes cookies Secure and sends HSTS
	Zone    *time.Location // of people who chose none, and of nobody
	Company string         // shown beside the mark; may be empty
	Badges  Badges         // what waits in each wing, by the wing's address; may be empty
}

// Badge is what the navigation says beside a wing.
type Badge struct {
	N    int    // shown when above zero
	Fire bool   // something critical is among them
	Say  string // for screen readers: "open", "wait for approval"
}

// Shown is the number, as far as anybody counts.
func (b Badge) Shown() string {
	if b.N >= mostCounted {
		return "99+"
	}
	return strconv.Itoa(b.N)
}

// Badges counts what waits in a wing for the actor, by the wing's address ("/alerts").
type Badges map[string]func(context.Context, people.Actor) (Badge, error)

// Server serves the screens. It is safe for use by several goroutines.
type Server struct {
	deps     Deps
	routes   []Route
	mux      *http.ServeMux
	guard    *http.CrossOriginProtection
	front    http.Handler // the guard around dispatch
	screens  map[string]*template.Template
	assets   assets
	markdown *incident.Markdown
	gzips    sync.Pool
	ending   chan struct{} // closed by Stop
	stop     sync.Once
}

// New returns the server of the screens. It fails when something it needs is missing or a template does not parse.
func New(deps Deps) (*Server, error) {
	s := &Server{}
	return s, s.build(deps, s.table())
}

func (s *Server) build(deps Deps, routes []Route) (err error) {
	if err := deps.check(); err != nil {
		return err
	}
	s.deps, s.routes, s.ending = deps, routes, make(chan struct{})
	s.gzips.New, s.markdown = newGzip, incident.NewMarkdown()
	if s.assets, err = readAssets(); err != nil {
		return err
	}
	if s.screens, err = parseScreens(); err != nil {
		return err
	}
	s.mux, s.guard = http.NewServeMux(), http.NewCrossOriginProtection()
	s.guard.SetDenyHandler(http.HandlerFunc(s.denyCrossOrigin))
	s.mux.HandleFunc("GET /assets/{name}", s.serveAsset)
	for _, rt := range routes {
		s.mount(rt)
	}
	s.front = s.guard.Handler(http.HandlerFunc(s.dispatch))
	return nil
}

func (d Deps) check() error {
	switch {
	case d.SignIn == nil || d.SetUp == nil || d.Tokens == nil || d.Sessions == nil || d.Changes == nil:
		return errors.New("web: SignIn, SetUp, Tokens, Sessions and Changes are needed")
	case d.Clock == nil || d.Log == nil || d.Base == nil || d.Zone == nil:
		return errors.New("web: Clock, Log, Base and Zone are needed")
	}
	return nil
}

// Stop ends every event stream, so that a graceful shutdown need not wait for them. Register it with
// http.Server.RegisterOnShutdown.
func (s *Server) Stop() { s.stop.Do(func() { close(s.ending) }) }

// secure says whether people reach Frontline by TLS, its own or a proxy's.
func (s *Server) secure() bool { return s.deps.Base.Scheme == "https" }
