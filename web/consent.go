package web

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"frontline/action"
	"frontline/fault"
	"frontline/people"
)

// Approving is how others answer for runs.
type Approving interface {
	// Approve says yes to exactly the plan of the hash; Refuse says no and why; Review says what was found after break-glass.
	Approve(ctx context.Context, a people.Actor, ref, planHash, words string) (action.Run, error)
	Refuse(ctx context.Context, a people.Actor, ref, words string) (action.Run, error)
	Review(ctx context.Context, a people.Actor, ref, words string) (action.Run, error)
	// Approvers are those who may say yes to the run, asked for by the actor; of the owning team alone when need of them are in it.
	Approvers(ctx context.Context, x action.Run, asks people.Actor, need int) ([]people.Person, error)
}

// consent is what a run needs from others, what they said, and what the person who looks may answer. The parts of templates/frame/consent.html
// draw it.
type consent struct {
	Short   string
	Hash    string
	Key     string   // of this click
	Why     []string // why others have to say yes; empty when nobody has to
	Who     string   // who may
	Until   moment   // when it stops waiting
	Waiting bool
	Own     bool // the person asked for it and only waits
	Said    []voice
	Start   form // the fields of starting; the form is drawn when CanStart
	Glass   form // break-glass, folded; drawn when it has fields
	Answer  form // approving or refusing; drawn when it has fields
	Review  form // drawn when it has fields
	Pending bool // nobody has reviewed it, and this person may not
	Do      string
}

// voice is what one person said.
type voice struct {
	State state
	Who   string
	At    moment
	Words string
}

// namesShown is how many of those who may approve are named.
const namesShown = 5

// consent gathers it. typed is what was posted, when the screen is shown again.
func (s *Server) consent(ctx context.Context, v *visit, book Book, x action.Run) (consent, error) {
	c := consent{Short: x.Ref(), Hash: x.PlanHash, Waiting: x.State == action.Waiting, Own: x.Own(v.Actor.ID), Until: v.at(x.Consent.Until), Do: "Run it"}
	startable := x.State == action.Planned && !x.Plan.Nothing
	if startable || x.Consent.Need > 0 {
		c.Why = x.Why()
	}
	if len(c.Why) > 0 {
		c.Do = "Ask for approval"
	}
	c.Said = voices(v, book, x)
	if startable || c.Waiting {
		if err := s.answers(ctx, v, x, &c); err != nil {
			return c, err
		}
	}
	if x.Glass.Open() && x.State != action.Running {
		may := !c.Own && x.Glass.By.ID != v.Actor.ID && people.May(v.Actor, people.ReviewRun, x.Subject()) == nil
		if c.Pending = !may; may {
			c.Review = form{Fields: []field{{Name: "words", Label: "What did you find?", Kind: "area", Hint: "Was it right to do it at once, and what should change? Until you sign, this action and this person break no glass again."}}}
		}
	}
	return c, nil
}

// answers adds what the person may do with a run that has not started.
func (s *Server) answers(ctx context.Context, v *visit, x action.Run, c *consent) error {
	confirm := confirmFields(v, x.Definition.Risk == action.RiskDanger)
	runs := people.May(v.Actor, x.Definition.Verb(), x.Subject()) == nil
	approves := c.Waiting && !c.Own && !x.Consent.ApprovedBy(v.Actor.ID) && people.May(v.Actor, people.ApproveRun, x.Subject()) == nil
	if approves {
		c.Answer = form{Fields: append(confirm, field{Name: "words", Label: "Your words", Kind: "area", Optional: true, Hint: "A no has to say why."})}
	}
	if runs && x.State == action.Planned {
		c.Start = form{Fields: confirm}
	}
	if runs && !approves && (len(c.Why) > 0 || x.Definition.Limits.Budget != nil) && people.May(v.Actor, people.BreakGlass, x.Subject()) == nil {
		c.Glass = form{Fields: []field{{Name: "glass", Label: "Why can it not wait?", Kind: "area", Hint: "It is kept with the run, sent to the owners, and reviewed by somebody else."}}}
		if len(confirm) == 0 || c.Waiting {
			c.Glass.Fields = append(c.Glass.Fields, confirmFields(v, true)...)
		}
	}
	if len(c.Why) == 0 {
		return nil
	}
	need, _ := x.Definition.Approvals()
	others, err := s.deps.Actions.Approvers(ctx, x, v.Actor, max(need, x.Consent.Need))
	if err != nil {
		return err
	}
	var names []string
	for _, p := range others[:min(len(others), namesShown)] {
		names = append(names, p.Name)
	}
	if more := len(others) - len(names); more > 0 {
		names = append(names, plural(more, "other", "others"))
	}
	c.Who = strings.Join(names, ", ")
	return nil
}

// confirmFields is the password field where one has to be typed: nothing when it was typed a moment ago.
func confirmFields(v *visit, danger bool) []field {
	if !danger || people.Confirmed(v.Actor, v.Now) == nil {
		return nil
	}
	return []field{{Name: people.ConfirmField, Label: "Your password", Kind: "password", Autocomplete: "current-password", Hint: "Once more, so that we know it is you. It holds for five minutes."}}
}

func voices(v *visit, book Book, x action.Run) []voice {
	var out []voice
	say := func(st state, s action.Signature) {
		out = append(out, voice{State: st, Who: book.Name("person", s.By.ID), At: v.at(s.At), Words: s.Words})
	}
	for _, a := range x.Consent.Approvals {
		say(newState("ok", "Yes", "check"), a)
	}
	if no := x.Consent.Refusal; no != nil {
		say(newState("critical", "No", "stop"), *no)
	}
	if g := x.Glass; g.Broken() {
		say(newState("warning", "Break-glass"), action.Signature{By: g.By, At: g.At, Words: g.Reason})
		if g.Review != nil {
			say(newState("ok", "Reviewed", "check"), *g.Review)
		}
	}
	return out
}

// heard takes the password that was typed with a form, if any: from now on the actor has confirmed.
func (s *Server) heard(r *http.Request, v *visit) error {
	password := posted(r, people.ConfirmField)
	if password.Empty() {
		return nil
	}
	session, err := s.deps.SignIn.Confirm(r.Context(), v.session, password, v.From)
	if err != nil {
		return err
	}
	v.Actor.ConfirmedAt = session.ConfirmedAt
	return nil
}

// runForm does what a form on a run's screen asks. When it is refused, the run is shown again with what was typed; place finds the form on it.
func (s *Server) runForm(w http.ResponseWriter, r *http.Request, v *visit, say string, place func(*consent) *form, do func(ref string) (action.Run, error)) error {
	err := s.heard(r, v)
	var x action.Run
	if err == nil {
		x, err = do(r.PathValue("ref"))
	}
	if err == nil {
		return s.done(w, r, "/runs/"+x.Ref(), say)
	}
	if x, failed := s.deps.Actions.Run(r.Context(), v.Actor, r.PathValue("ref")); failed == nil {
		return s.refusedRun(w, r, v, x, place, err)
	}
	return err
}

func (s *Server) refusedRun(w http.ResponseWriter, r *http.Request, v *visit, x action.Run, place func(*consent) *form, err error) error {
	scr, failed := s.run(r.Context(), v, x)
	if failed != nil {
		return failed
	}
	if key := r.PostForm.Get("key"); key != "" { // the same click, however often its password is mended
		scr.Key, scr.Consent.Key = key, key
	}
	at := place(&scr.Consent)
	f, ok := at.typed(r.PostForm).refused(err)
	if !ok {
		return err
	}
	if *at = f; len(f.Fields) == 0 && (at != &scr.Consent.Start || !scr.Planned) {
		scr.Refused = f.Say // the run has moved on, and the form with it
	}
	for _, ref := range runRef.FindAllString(fault.Sentence(err), -1) {
		if ref != x.Ref() {
			scr.Elsewhere = link{Word: "Open " + ref, Path: "/runs/" + ref}
		}
	}
	return s.show(w, r, v, formStatus(err), "run", scr)
}

var runRef = regexp.MustCompile(`\bRUN-[0-9]+\b`)

// startRun starts exactly the plan that was seen, once for each click, or asks for the yes of those who must give it.
func (s *Server) startRun(w http.ResponseWriter, r *http.Request, v *visit) error {
	q := action.StartRequest{Run: r.PathValue("ref"), PlanHash: r.PostForm.Get("plan"), Key: r.PostForm.Get("key")}
	return s.runForm(w, r, v, "", func(c *consent) *form { return &c.Start }, func(string) (action.Run, error) {
		return s.deps.Actions.Start(r.Context(), v.Actor, q)
	})
}

// breakGlass starts a plan without anybody's yes.
func (s *Server) breakGlass(w http.ResponseWriter, r *http.Request, v *visit) error {
	q := action.StartRequest{Run: r.PathValue("ref"), PlanHash: r.PostForm.Get("plan"), Key: r.PostForm.Get("key"), Glass: strings.TrimSpace(r.PostForm.Get("glass"))}
	return s.runForm(w, r, v, "The owners are paged, and somebody else will review it.", func(c *consent) *form { return &c.Glass }, func(string) (action.Run, error) {
		if q.Glass == "" {
			return action.Run{}, fault.Wrong("glass", "Say in a few words why it cannot wait for somebody's yes.")
		}
		return s.deps.Actions.Start(r.Context(), v.Actor, q)
	})
}

func (s *Server) approveRun(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.runForm(w, r, v, "Your yes is written down.", func(c *consent) *form { return &c.Answer }, func(ref string) (action.Run, error) {
		return s.deps.Actions.Approve(r.Context(), v.Actor, ref, r.PostForm.Get("plan"), r.PostForm.Get("words"))
	})
}

func (s *Server) refuseRun(w http.ResponseWriter, r *http.Request, v *visit) error {
	r.PostForm.Del(people.ConfirmField) // a no needs no password
	return s.runForm(w, r, v, "Your no is written down, and nothing is done.", func(c *consent) *form { return &c.Answer }, func(ref string) (action.Run, error) {
		return s.deps.Actions.Refuse(r.Context(), v.Actor, ref, r.PostForm.Get("words"))
	})
}

func (s *Server) reviewRun(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.runForm(w, r, v, "Your review is signed.", func(c *consent) *form { return &c.Review }, func(ref string) (action.Run, error) {
		return s.deps.Actions.Review(r.Context(), v.Actor, ref, r.PostForm.Get("words"))
	})
}
