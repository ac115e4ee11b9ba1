package people

import (
	"slices"

	"frontline/fault"
)

// Visibility says who may know of a subject at all.
type Visibility string

// The visibilities. The empty one is Everyone.
const (
	Everyone  Visibility = "everyone"
	TeamOnly  Visibility = "team"
	NamedOnly Visibility = "named"
)

// Subject is what a command is about.
type Subject struct {
	Kind       string     // "alert", "group", "page", "incident", "run", "action", ...
	ID         string     // empty for the kind as a whole
	Team       string     // the owning team
	Visibility Visibility // who may know of it
	Named      []string   // the people who may, for NamedOnly
	SeenBy     []Who      // who may know of it in place of Visibility; empty: Visibility says
	// Allow replaces the table of roles for the verbs that it has, on this subject: whoever is in the list may, and nobody else but an
	// admin.
	Allow map[Verb][]Who
}

// Verb is what somebody wants to do.
type Verb string

// The verbs, by wing. The table below says who may.
const (
	SeeAlerts    Verb = "alert.see"
	HandleAlerts Verb = "alert.handle" // acknowledge, resolve, escalate
	SendSignals  Verb = "alert.signal"
	TestSources  Verb = "alert.test"

	SeeOnCall  Verb = "oncall.see"
	PageMyself Verb = "oncall.test_page"
	Override   Verb = "oncall.override"
	PagePeople Verb = "oncall.page"

	SeeIncidents      Verb = "incident.see"
	DeclareIncident   Verb = "incident.declare"
	WorkIncident      Verb = "incident.work" // severity, lead, notes, internal updates, resolve, reopen
	PublishUpdate     Verb = "incident.publish"
	ReadPostmortems   Verb = "incident.read_postmortem"
	WritePostmortem   Verb = "incident.write_postmortem"
	FinishFollowUp    Verb = "incident.finish_follow_up"
	SeeActions        Verb = "action.see"
	RunReadAction     Verb = "action.run_read"
	RunChangeAction   Verb = "action.run_change"
	RunDangerAction   Verb = "action.run_danger"
	CancelRun         Verb = "action.cancel"
	ReplayQuarantined Verb = "action.replay"
	DropQuarantined   Verb = "action.drop" // delete for good what an action took out
	ApproveRun        Verb = "action.approve"
	ReviewRun         Verb = "action.review"      // sign a run that was started by break-glass
	BreakGlass        Verb = "action.break_glass" // start at once what needs an approval
	AnswerStep        Verb = "action.answer"      // answer what a flow asks at a check point

	AskDesk      Verb = "desk.ask" // also what a channel does that brings somebody's question
	SeeRequests  Verb = "desk.see"
	WorkRequests Verb = "desk.work"       // reply, note, assign, close, and all else that a supporter does
	HoldWords    Verb = "desk.hold_words" // say that the words of a request must stay, whatever its type says
	// ManageTypes is to make, change and retire types of request on a screen, for a team that one leads.
	ManageTypes Verb = "desk.manage_types"
	// ManageDemands is to keep the register of what is asked for again and again.
	ManageDemands Verb = "desk.manage_demands"

	ReadAnswers  Verb = "answer.read"  // the published ones for everybody
	WriteAnswers Verb = "answer.write" // and read drafts and those for the desk alone
	SeeInsight   Verb = "insight.see"  // figures about the desk's work; they name no person

	SeeThanks    Verb = "thanks.see"
	GiveThanks   Verb = "thanks.give"
	RemoveThanks Verb = "thanks.remove" // others' words off the wall

	SeeWatches   Verb = "watch.see"
	SendCounts   Verb = "watch.send"  // counts for a watch, as a program does with a token
	JudgeFinding Verb = "watch.judge" // say what a finding was, and take a new level for the usual one

	SeeRules  Verb = "rule.see"
	TryRule   Verb = "rule.try"   // ask what a rule would have done; the answer names alerts and incidents of the past
	PauseRule Verb = "rule.pause" // and let it go on

	SeeCatalog   Verb = "catalog.see"
	SeeJournal   Verb = "journal.see"
	OwnTokens    Verb = "people.own_tokens"
	ManagePeople Verb = "people.manage"
	Configure    Verb = "config.apply"
	ExportConfig Verb = "config.export"
	SeeSystem    Verb = "system.see"

	OwnData     Verb = "privacy.own"   // fetch what is held about oneself
	ErasePeople Verb = "privacy.erase" // fetch what is held about anybody, and take it away

	SeeRunners    Verb = "runner.see"
	ManageRunners Verb = "runner.manage" // add and revoke
	SeeSecrets    Verb = "secret.see"    // that they exist; nobody sees a value
	ManageSecrets Verb = "secret.manage" // set and remove, of one's own teams
)

// least is the one table of roles: the least role that may use each verb.
func least(v Verb) (Role, bool) {
	switch v {
	case SeeAlerts, SeeOnCall, PageMyself, SeeIncidents, DeclareIncident, ReadPostmortems, SeeCatalog,
		OwnTokens, SeeActions, SeeRules, SeeSystem, FinishFollowUp, AskDesk, SeeRequests, ReadAnswers, SeeInsight, SeeThanks, GiveThanks, OwnData, SeeWatches:
		return Member, true
	case HandleAlerts, PagePeople, WorkIncident, PublishUpdate, WritePostmortem, RunReadAction, RunChangeAction,
		CancelRun, SeeJournal, ReplayQuarantined, BreakGlass, AnswerStep, WorkRequests, ManageDemands, WriteAnswers, TryRule, SeeRunners, SeeSecrets, SendCounts, JudgeFinding:
		return Support, true
	case Override, RunDangerAction, DropQuarantined, ExportConfig, TestSources, ApproveRun, ReviewRun, PauseRule, ManageTypes, ManageSecrets, RemoveThanks, HoldWords:
		return Lead, true
	case Configure, ManagePeople, ManageRunners, ErasePeople:
		return Admin, true
	}
	return "", false
}

// Verbs lists every verb in the table, for tests and documentation.
func Verbs() []Verb {
	return []Verb{SeeAlerts, HandleAlerts, SendSignals, TestSources, SeeOnCall, PageMyself, Override, PagePeople,
		SeeIncidents, DeclareIncident, WorkIncident, PublishUpdate, ReadPostmortems, WritePostmortem, FinishFollowUp,
		SeeActions, RunReadAction, RunChangeAction, RunDangerAction, CancelRun, ReplayQuarantined, DropQuarantined, ApproveRun, ReviewRun, BreakGlass, AnswerStep,
		AskDesk, SeeRequests, ManageTypes, WorkRequests, HoldWords, ManageDemands, ReadAnswers, WriteAnswers, SeeInsight, SeeThanks, GiveThanks, RemoveThanks, SeeWatches, SendCounts, JudgeFinding, SeeRules, TryRule, PauseRule, SeeCatalog, SeeJournal, OwnTokens, ManagePeople, Configure, ExportConfig, SeeSystem,
		SeeRunners, ManageRunners, SeeSecrets, ManageSecrets, OwnData, ErasePeople}
}

// LeastRole returns the least role that may use the verb; false when no role may, only a source or a link.
func LeastRole(v Verb) (Role, bool) { return least(v) }

// answered says whether a verb is somebody's own word, for what others do or for what they did: only a person gives it, never a program.
func answered(v Verb) bool {
	return v == GiveThanks || v == ApproveRun || v == ReviewRun || v == BreakGlass || v == AnswerStep
}

// May is the one gate: it returns nil when the actor may use the verb on the subject, and otherwise a fault that
// names who can. What the actor may not even know of is NotFound.
func May(a Actor, v Verb, s Subject) error {
	switch a.Kind {
	case BySource:
		if v == SendSignals || v == AskDesk {
			return nil
		}
		return fault.New(fault.Forbidden, "A source may only send signals and questions. Use an API token of a person for anything else.")
	case ByLink:
		return mayByLink(a, v, s)
	case Nobody, "":
		return fault.New(fault.Unauthenticated, "Sign in first.")
	}
	if answered(v) && a.Kind != ByPerson {
		return fault.New(fault.Forbidden, "Only a person may do this, not a rule or a program. Ask somebody who may to do it.")
	}
	if a.Kind == BySystem {
		return nil
	}
	if !sees(a, s) {
		return fault.New(fault.NotFound, "There is no such %s, or it is not open to you. Ask its team.", orThing(s.Kind))
	}
	list, listed := s.Allow[v]
	if !listed {
		return mayByRole(a, v)
	}
	if a.Capped { // a list never lifts a token above the role that its owner gave it
		if err := mayByRole(a, v); err != nil {
			return err
		}
	}
	if a.Role != Admin && !among(a, list) {
		return fault.New(fault.Forbidden, "This is for %s. Ask one of them to do it, or an admin.", inList(list))
	}
	return nil
}

// mayByRole asks the table of roles.
func mayByRole(a Actor, v Verb) error {
	need, ok := least(v)
	switch {
	case !ok:
		return fault.New(fault.Forbidden, "Nobody may do this by hand.")
	case a.Role.rank() >= need.rank():
		return nil
	case need == Admin:
		return fault.New(fault.Forbidden, "This needs the role admin; you have %s. Ask an admin.", a.Role)
	}
	return fault.New(fault.Forbidden, "This needs the role %s; you have %s. Ask a %s to do it, or an admin to change your role.", need, a.Role, need)
}

func mayByLink(a Actor, v Verb, s Subject) error {
	if a.Grant != nil && a.Can == v && a.Grant.Kind == s.Kind && a.Grant.ID == s.ID {
		return nil
	}
	return fault.New(fault.Forbidden, "This link is for one thing only, and not for this. Sign in instead.")
}

func sees(a Actor, s Subject) bool {
	if a.Role == Admin {
		return true
	}
	if len(s.SeenBy) > 0 {
		return among(a, s.SeenBy)
	}
	switch s.Visibility {
	case TeamOnly:
		return slices.Contains(a.Teams, s.Team)
	case NamedOnly:
		return slices.Contains(s.Named, a.ID)
	}
	return true
}

func orThing(kind string) string {
	if kind == "" {
		return "thing"
	}
	return kind
}
