package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"frontline/people"
	"frontline/runner"
	"frontline/secret"
)

// Runners are the processes of Frontline in other networks.
type Runners interface {
	// Runners lists them by name, those that may work first.
	Runners(ctx context.Context, by people.Actor) ([]runner.Sight, error)
	// Add makes the one-time token with which a runner of the name enrols within runner.TokenLife. Invalid names the field "name" or "labels".
	Add(ctx context.Context, by people.Actor, name string, labels map[string]string) (secret.Text, error)
	// Revoke ends a runner at once and for good.
	Revoke(ctx context.Context, by people.Actor, ref string) (runner.Runner, error)
	// Fingerprint is that of the server's own key.
	Fingerprint() string
}

var _ Runners = (*runner.Dispatch)(nil)

const runnersPath = "/system/runners"

type runnersScreen struct {
	head
	Here    []runnerView
	Revoked []runnerView
	Key     string // the server's fingerprint
	Form    form   // to add one; without fields for whoever may not
	MayAdd  bool
	Fresh   *enrolment
}

// runnerView is one runner as the screen shows it.
type runnerView struct {
	ID, Name  string
	State     state
	Seen      moment
	Away      bool // it was heard once, and is silent
	Labels    []string
	Version   string
	Sandbox   state
	Policy    []string
	Key       string
	Work      []link
	MayRevoke bool

	AddedBy, RevokedBy string
	Added, Revoked     moment
}

// enrolment is the command of a runner that was just added, shown this once.
type enrolment struct {
	Name    string
	Command string
	Until   moment
	Own     bool // the runner brings its own labels
}

func addRunnerForm(v *visit) form {
	return form{Fields: append([]field{
		{Name: "name", Label: "Name", Hint: "Small letters, digits and hyphens, such as berlin-1.", Autocomplete: "off"},
		{Name: "labels", Label: "Labels", Hint: "What it must carry, such as network=berlin, broker=yes. Left empty, it brings its own.", Autocomplete: "off", Optional: true},
	}, confirmFields(v, true)...)}
}

func (s *Server) showRunners(w http.ResponseWriter, r *http.Request, v *visit) error {
	scr, err := s.runners(r.Context(), v, addRunnerForm(v))
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "runners", scr)
}

func (s *Server) runners(ctx context.Context, v *visit, f form) (runnersScreen, error) {
	all, err := s.deps.Runners.Runners(ctx, v.Actor)
	if err != nil {
		return runnersScreen{}, err
	}
	book, err := s.deps.Book(ctx)
	if err != nil {
		return runnersScreen{}, err
	}
	scr := runnersScreen{head: head{Title: "Runners", Wing: "/me", Trail: trail("Settings", "/me", "System", "/system", "Runners"), Topics: topics("runner", "", "run", "")},
		Key: s.deps.Runners.Fingerprint(), MayAdd: people.May(v.Actor, people.ManageRunners, people.Subject{Kind: "runner"}) == nil}
	if scr.MayAdd {
		scr.Form = f
	}
	for _, x := range all {
		if view := runnerViewOf(v, book, x); x.RevokedAt.IsZero() {
			scr.Here = append(scr.Here, view)
		} else {
			scr.Revoked = append(scr.Revoked, view)
		}
	}
	return scr, nil
}

func runnerViewOf(v *visit, book Book, x runner.Sight) runnerView {
	view := runnerView{ID: x.ID, Name: x.Name, State: runnerState(x), Seen: v.at(x.SeenAt), Away: x.State() == "silent", Version: x.Version, Sandbox: sandboxState(x.Sandbox),
		Key: x.Fingerprint(), Added: v.at(x.AddedAt), AddedBy: book.Name("person", x.AddedBy), Revoked: v.at(x.RevokedAt), RevokedBy: book.Name("person", x.RevokedBy)}
	if len(x.Labels) > 0 {
		view.Labels = strings.Split(runner.LabelText(x.Labels), ", ")
	}
	if x.Policy != "" {
		view.Policy = strings.Split(x.Policy, "; ")
	}
	for _, w := range x.Work {
		view.Work = append(view.Work, link{Word: w.Ref + " " + w.Action, Path: "/runs/" + w.Ref})
	}
	view.MayRevoke = x.RevokedAt.IsZero() && people.May(v.Actor, people.ManageRunners, x.Subject()) == nil
	return view
}

// runnerState says how a runner does. One that is away while it has work is the worst: nobody knows what becomes of that.
func runnerState(x runner.Sight) state {
	switch x.State() {
	case "there":
		return newState("ok", "Here")
	case "silent":
		if len(x.Work) > 0 {
			return newState("critical", "Away with work")
		}
		return newState("warning", "Away")
	case "revoked":
		return newState("calm", "Revoked", "stop")
	}
	return newState("calm", "Not heard yet", "clock")
}

// sandboxState is a level of sandboxing as a state; empty when the runner has not said.
func sandboxState(level string) state {
	switch level {
	case "":
		return state{}
	case "full":
		return newState("ok", "Full")
	case "tree":
		return newState("critical", "None")
	}
	return newState("warning", "Only "+level)
}

// addRunner answers with the screen itself and not with a redirect: the token is shown once and kept nowhere.
func (s *Server) addRunner(w http.ResponseWriter, r *http.Request, v *visit) error {
	f := addRunnerForm(v).typed(r.PostForm)
	name := strings.TrimSpace(f.Field("name").Value)
	token, labels, err := s.newRunner(r, v, name, f.Field("labels").Value)
	if err != nil {
		return s.again(w, r, v, "runners", f, err, func(f form) (screen, error) { return s.runners(r.Context(), v, f) })
	}
	scr, err := s.runners(r.Context(), v, addRunnerForm(v))
	if err != nil {
		return err
	}
	scr.Fresh = &enrolment{Name: name, Command: s.enrolCommand(name, labels, token), Until: v.at(v.Now.Add(runner.TokenLife)), Own: len(labels) == 0}
	scr.Topics = nil // it would be fetched again without the token
	return s.show(w, r, v, http.StatusOK, "runners", scr)
}

func (s *Server) newRunner(r *http.Request, v *visit, name, text string) (token secret.Text, labels map[string]string, err error) {
	if err := people.May(v.Actor, people.ManageRunners, people.Subject{Kind: "runner"}); err != nil {
		return token, nil, err
	}
	if err := s.sure(r, v); err != nil {
		return token, nil, err
	}
	if labels, err = runner.ParseLabels(text); err != nil {
		return token, nil, fieldFault("labels", err)
	}
	token, err = s.deps.Runners.Add(r.Context(), v.Actor, name, labels)
	return token, labels, err
}

// enrolCommand is what starts the runner for the first time. Names, labels and tokens hold nothing that a shell would read as more than text.
func (s *Server) enrolCommand(name string, labels map[string]string, token secret.Text) string {
	lines := []string{"FRONTLINE_RUNNER_TOKEN=" + token.Reveal() + " frontline runner", "--server " + strings.TrimSuffix(s.deps.Base.String(), "/") + " --name " + name}
	if len(labels) > 0 {
		lines = append(lines, "--labels "+strings.ReplaceAll(runner.LabelText(labels), ", ", ","))
	}
	return strings.Join(append(lines, "--policy /etc/frontline/runner.yaml", "--key-file /var/lib/frontline/runner.key"), " \\\n  ")
}

func (s *Server) revokeRunner(w http.ResponseWriter, r *http.Request, v *visit) error {
	x, err := s.deps.Runners.Revoke(r.Context(), v.Actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.done(w, r, runnersPath, x.Name+" is revoked: it is told nothing more, and what it says is not believed.")
}

// whereItRan says where a run's work is done: on the server, or by which runner.
func whereItRan(v *visit, labels map[string]string, name string, began time.Time) (fact, bool) {
	switch {
	case name != "":
		f := fact{Name: "Done by", Value: "the runner " + name}
		if people.May(v.Actor, people.SeeRunners, people.Subject{Kind: "runner"}) == nil {
			f.Path = runnersPath
		}
		return f, true
	case len(labels) > 0:
		return fact{Name: "To be done by", Value: "a runner with " + runner.LabelText(labels)}, true
	}
	return fact{Name: "Done by", Value: "the server"}, !began.IsZero()
}
