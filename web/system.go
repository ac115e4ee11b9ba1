package web

import (
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"frontline/oncall"
	"frontline/people"
)

type systemScreen struct {
	head
	Missing  string // what the build left out
	Self     []upkeepRow
	Failures []entry
	Facts    []fact
	Box      *sandboxPart
	Runners  bool // may be looked at
	Secrets  bool
	Privacy  bool
	Clusters bool
}

// Sandbox is how well this host keeps scripts from what is not their business.
type Sandbox struct {
	Level string   // "full", "namespaces", "landlock" or "tree"
	Say   string   // what that means
	Why   []string // why it is not better
	Mend  []string // what an administrator can do about it
}

// sandboxPart is the sandbox as the screen shows it.
type sandboxPart struct {
	Sandbox
	State state
}

func (s *Server) sandbox() *sandboxPart {
	if s.deps.Sandbox == nil {
		return nil
	}
	box := sandboxPart{Sandbox: s.deps.Sandbox()}
	box.State = sandboxState(box.Level)
	return &box
}

// showSystem tells how Frontline itself does: what is late, what failed, and which version it is.
func (s *Server) showSystem(w http.ResponseWriter, r *http.Request, v *visit) error {
	rows, err := s.upkeep(r.Context(), v)
	if err != nil {
		return err
	}
	failed, err := s.deps.Upkeep.Failures(r.Context(), v.Actor, v.Now.Add(-failuresBack), failuresMost)
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	scr := systemScreen{head: head{Title: "System", Wing: "/me", Trail: trail("Settings", "/me", "System"), Topics: topics("page", "", "journal", "")}, Self: rows}
	scr.Box = s.sandbox()
	scr.Runners = people.May(v.Actor, people.SeeRunners, people.Subject{Kind: "runner"}) == nil
	scr.Privacy = people.May(v.Actor, people.ErasePeople, people.Subject{Kind: "erasure"}) == nil
	scr.Secrets = people.May(v.Actor, people.SeeSecrets, people.Subject{Kind: "secret"}) == nil
	scr.Clusters = people.May(v.Actor, people.RunReadAction, people.Subject{Kind: "action"}) == nil
	for _, a := range failed {
		scr.Failures = append(scr.Failures, failureEntry(v, book, a))
	}
	if s.assets.JS == "" {
		scr.Missing = "This program was built without Node.js, so its screens have no scripts: nothing updates by itself, and there are no keys. Everything works; reload to see what is new. Install Node.js and npm and run make build again for live screens."
	}
	scr.Facts = append(scr.Facts, fact{Name: "Reached at", Value: s.deps.Base.String(), Mono: true}, fact{Name: "Version", Value: buildVersion(), Mono: true})
	return s.show(w, r, v, http.StatusOK, "system", scr)
}

func failureEntry(v *visit, book Book, a oncall.Attempt) entry {
	return entry{At: v.at(a.DueAt), Icon: "critical", Look: "critical", Who: book.Name("person", a.Duty.Person), Words: "was not reached by " + channelWord(a.Contact.Channel), More: a.Error}
}

// buildVersion is the version that the program was built from.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	out := info.Main.Version
	for _, set := range info.Settings {
		if set.Key == "vcs.revision" {
			out += " " + set.Value[:min(len(set.Value), 12)]
		}
	}
	return strings.TrimSpace(out)
}

type sourcesScreen struct {
	head
	Rows    []sourceLine
	Address string
	Enqueue string
}

// sourceLine is one source and what it sent.
type sourceLine struct {
	Name, ID, Kind, Service, Token string
	Row                            upkeepRow
}

// showSources lists the monitoring systems, and how to point one here.
func (s *Server) showSources(w http.ResponseWriter, r *http.Request, v *visit) error {
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	heard, err := s.deps.Upkeep.Activity(r.Context(), v.Actor, v.Now.Add(-time.Hour))
	if err != nil {
		return err
	}
	base := strings.TrimRight(s.deps.Base.String(), "/")
	scr := sourcesScreen{head: head{Title: "Sources", Wing: "/me", Trail: trail("Settings", "/me", "Sources"), Topics: topics("group", "", "source", "")},
		Address: base + "/in/alertmanager/TOKEN", Enqueue: base}
	for _, src := range book.Sources() {
		line := sourceLine{Name: src.Name, ID: src.ID, Kind: src.Kind, Service: "by labels", Token: "made by Frontline, shown once when it was applied", Row: sourceRow(v, src, heard)}
		if src.Service != "" {
			line.Service = "by labels, otherwise " + book.Name("service", src.Service)
		}
		if src.Token != "" {
			line.Token = string(src.Token)
		}
		scr.Rows = append(scr.Rows, line)
	}
	return s.show(w, r, v, http.StatusOK, "sources", scr)
}
