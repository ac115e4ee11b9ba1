package incident

import (
	"fmt"
	"strings"
	"time"

	"frontline/journal"
)

// This file is the table of sentences: one case for each verb. A method returns false for a verb that it does not know.

func (l *Line) incident(e journal.Entry, n Names) bool {
	switch e.Verb {
	case "incident.opened":
		l.Icon, l.Sentence, l.State = IconState, "declared the incident", Investigating
		l.Small = "severity " + word(e, "severity")
		if e.About.Kind == "group" {
			l.Sentence, l.About = "opened the incident from "+orElse(n.Group(e.About.ID), "its alerts"), e.About
		}
	case "incident.state_set":
		l.Icon, l.Sentence, l.Small = IconState, "set the state to "+word(e, "to"), "it was "+word(e, "from")
		l.State = State(word(e, "to"))
	case "incident.severity_set":
		l.Icon, l.Sentence, l.Small = IconState, "set the severity to "+word(e, "to"), "it was "+word(e, "from")
	case "incident.resolved":
		l.Icon, l.Sentence, l.State = IconState, "resolved the incident", Resolved
		l.Small = Spell(time.Duration(number(e, "after_s"))*time.Second) + " after it was noticed"
	case "incident.reopened":
		l.Icon, l.Sentence, l.State = IconState, "reopened the incident", Investigating
	case "incident.renamed":
		l.Icon, l.Sentence, l.Text = IconNote, "gave it another title", n.Text(e.About)
	case "incident.noted":
		l.Icon, l.Sentence, l.Text = IconNote, "noted", n.Text(e.About)
	case "incident.update_written":
		l.Icon, l.Sentence, l.Text = IconInternal, fmt.Sprintf("sent internal update %d", number(e, "n")), n.Text(e.About)
	case "incident.update_published":
		l.Icon, l.Sentence, l.Text = IconPublic, fmt.Sprintf("published update %d", number(e, "n")), n.Text(e.About)
		l.Small = "customers were told: " + word(e, "state")
	default:
		return l.members(e, n)
	}
	return true
}

// members tells who and what belongs to the incident.
func (l *Line) members(e journal.Entry, n Names) bool {
	own := e.About.ID == e.Actor.ID // the person did it for themselves
	switch e.Verb {
	case "incident.lead_set":
		l.Icon, l.Sentence = IconPeople, "made "+n.Person(e.About.ID)+" the lead"
		if own {
			l.Sentence = "took the lead"
		}
	case "incident.lead_left":
		l.Icon, l.Sentence = IconPeople, "left the incident without a lead"
	case "incident.joined":
		l.Icon, l.Sentence = IconPeople, "brought in "+n.Person(e.About.ID)+" as "+word(e, "part")
		if own {
			l.Sentence = "joined as " + word(e, "part")
		}
	case "incident.service_added":
		l.Icon, l.Sentence = IconImpact, "added the service "+n.Service(e.About.ID)
	case "incident.service_removed":
		l.Icon, l.Sentence = IconImpact, "took the service "+n.Service(e.About.ID)+" off the incident"
	case "incident.impact_set":
		l.Icon, l.Sentence = IconImpact, fmt.Sprintf("set what is affected: %s, %s", count(int(number(e, "services")), "service"), count(int(number(e, "components")), "component"))
		l.Small = count(int(number(e, "customers")), "customer") + " on them"
	case "incident.measured":
		l.Icon, l.Sentence = IconImpact, "set "+count(int(number(e, "measures")), "measure")+" of whom it hurts"
		if e.Facts["own"] != true {
			l.Sentence = "had whom it hurts follow what the watches found"
		}
	case "incident.customers_named":
		l.Icon, l.Sentence = IconImpact, "named "+count(int(number(e, "added")), "customer")+" whom it hurts"
		if n := int(number(e, "removed")); n > 0 {
			l.Sentence += " and took back " + count(n, "customer")
		}
		l.Small = count(int(number(e, "named")), "customer") + " named in all"
	case "incident.harm_frozen":
		l.Icon, l.Sentence, l.Minor = IconImpact, "wrote down whom it hurt", true
		l.Small = fmt.Sprintf("certainly %d, probably %d, asked us %d", number(e, "certainly"), number(e, "probably"), number(e, "asked"))
	case "incident.group_linked":
		l.Icon, l.Sentence, l.About = IconAlert, "added "+orElse(n.Group(e.About.ID), "more alerts"), e.About
	case "incident.run_linked":
		l.Icon, l.Sentence, l.About = IconRun, "began "+runName(e.About.ID, n), e.About
	default:
		return false
	}
	return true
}

func (l *Line) promise(e journal.Entry) bool {
	l.Icon = IconPromise
	to := Audience(word(e, "audience")).readers()
	late := time.Duration(number(e, "late_s")) * time.Second
	switch e.Verb {
	case "promise.made":
		l.By = time.Unix(number(e, "at"), 0).UTC()
		l.Sentence, l.Small = "promised "+to+" the next update", "by "+l.By.Format("15:04")+" UTC"
	case "promise.kept":
		l.Sentence, l.Small = "kept the promise to "+to, Spell(-late)+" early"
	case "promise.kept_late":
		l.Sentence, l.Small = "gave "+to+" the promised update", Spell(late)+" late"
	case "promise.soon":
		l.Sentence, l.Small = "the update promised to "+to+" is due soon", "the lead was reminded"
	case "promise.broken":
		l.Sentence, l.Small = "the update promised to "+to+" is late", "the lead was paged"
	default:
		return false
	}
	return true
}

func (l *Line) paper(e journal.Entry, n Names) bool {
	l.Icon = IconPaper
	switch e.Verb {
	case "postmortem.drafted":
		l.Sentence = "the post-mortem was drafted"
	case "postmortem.edited":
		l.Sentence, l.Minor = fmt.Sprintf("saved version %d of the post-mortem", number(e, "version")), true
	case "postmortem.published":
		l.Sentence = "published the post-mortem"
	case "follow_up.added":
		l.Sentence, l.Small = "added a follow-up for "+n.Person(e.Refs["owner"]), "due "+word(e, "due")
	case "follow_up.edited":
		l.Sentence, l.Small, l.Minor = "changed a follow-up of "+n.Person(e.Refs["owner"]), "due "+word(e, "due"), true
	case "follow_up.done":
		l.Sentence = "finished a follow-up of " + n.Person(e.Refs["owner"])
	case "follow_up.taken_up_again":
		l.Sentence = "took up a follow-up of " + n.Person(e.Refs["owner"]) + " again"
	default:
		return false
	}
	return true
}

func (l *Line) alert(e journal.Entry, n Names) bool {
	l.Icon, l.About = IconAlert, groupOf(e)
	group := orElse(n.Group(l.About.ID), "the alerts")
	after := Spell(time.Duration(number(e, "after_ms")) * time.Millisecond)
	switch e.Verb {
	case "alert.opened":
		l.Actor, l.Sentence, l.Small = "", "an alert of "+group+" began", "severity "+word(e, "severity")
	case "alert.worsened":
		l.Actor, l.Sentence, l.Small = "", "an alert of "+group+" became worse", "severity "+word(e, "severity")
	case "alert.resolved":
		l.Sentence, l.Minor = "an alert of "+group+" resolved", true
	case "group.acknowledged":
		l.Sentence, l.Small = "acknowledged "+group, after+" after it began"
		if l.Actor == "" {
			l.Sentence = group + " was acknowledged where it came from"
		}
	case "group.resolved":
		l.Sentence, l.Small = group+" resolved", "after "+after
		if e.Facts["by_hand"] == true {
			l.Sentence = "resolved " + group + " by hand"
		}
	case "group.unrouted":
		l.Actor, l.Sentence = "", group+" belongs to no service: nobody was paged"
	default:
		return false
	}
	return true
}

func groupOf(e journal.Entry) journal.Subject {
	if e.About.Kind == "group" {
		return e.About
	}
	return e.Subject
}

func (l *Line) page(e journal.Entry, n Names) bool {
	l.Icon, l.About = IconPage, e.Subject
	person := n.Person(word(e, "person"))
	after := time.Duration(number(e, "after_ms")) * time.Millisecond
	switch e.Verb {
	case "page.opened":
		l.Sentence = "somebody has to be reached"
	case "page.acknowledged":
		l.Sentence, l.Small = "acknowledged the page", Spell(after)+" after it was opened"
	case "page.attempt_sent":
		l.Sentence, l.Small = "paged "+person, "received by "+word(e, "channel")
	case "page.attempt_failed":
		l.Sentence, l.Minor = "could not page "+person+" by "+word(e, "channel"), true
	case "page.step_fired":
		l.Sentence, l.Minor = fmt.Sprintf("step %d of the escalation policy", number(e, "step")+1), true
	case "page.step_failed":
		l.Sentence = fmt.Sprintf("nobody could be reached at step %d of the escalation policy", number(e, "step")+1)
	case "page.step_skipped":
		l.Sentence, l.Minor = fmt.Sprintf("step %d of the escalation policy was passed over", number(e, "step")+1), true
	case "page.step_gap":
		l.Sentence = fmt.Sprintf("nobody was on call at step %d of the escalation policy", number(e, "step")+1)
	case "page.escalated":
		l.Sentence = "passed the page on to the next step"
	case "page.last_resort":
		l.Sentence = "nobody answered; the last resort was paged"
	case "page.exhausted":
		l.Sentence = "even the last resort was paged in vain"
	case "page.repaged":
		l.Sentence, l.Small = "paged "+person+" again", "acknowledged "+Spell(after)+" before, and not resolved"
	case "page.person_unreachable":
		l.Sentence, l.Small = person+" could not be paged", inWords(word(e, "why"))
	case "page.handed_over":
		l.Sentence = "the page went from " + n.Person(word(e, "from")) + " to " + n.Person(word(e, "to"))
	case "page.ended":
		l.Actor, l.Sentence, l.Minor = "", "the page ended", true
	case "page.more_urgent":
		l.Actor, l.Sentence, l.Minor = "", "the page became more urgent", true
	default:
		return false
	}
	return true
}

func (l *Line) run(e journal.Entry, n Names) bool {
	l.Icon, l.About = IconRun, e.Subject
	name := runName(e.Subject.ID, n)
	run, _ := n.Run(e.Subject.ID)
	switch e.Verb {
	case "run.planned":
		l.Sentence, l.Small = "planned "+name, count(int(number(e, "changes")), "change")
	case "run.started":
		l.Sentence = "ran " + name
	case "run.succeeded", "run.failed", "run.cancelled":
		_, state, _ := strings.Cut(e.Verb, ".")
		l.Actor, l.Sentence, l.Small = "", name+" "+state, run.Result.Summary
	case "run.unknown":
		l.Actor, l.Sentence, l.Small = "", "nobody knows what became of "+name, "somebody has to look before it is run again"
	case "run.approval_requested":
		l.Sentence, l.Small = "asked for an approval of "+name, count(int(number(e, "need")), "other")+" must say yes"
	case "run.approved":
		l.Sentence, l.Small = "approved "+name, fmt.Sprintf("%d of %d", number(e, "approvals"), number(e, "need"))
	case "run.refused":
		l.Sentence = "refused " + name
	case "run.expired":
		l.Actor, l.Sentence, l.Small = "", name+" waited for an approval in vain", "nothing was done"
	case "run.glass_broken":
		l.Sentence, l.Small = "broke glass for "+name, "it started without anybody's yes; its owners are paged"
	case "run.reviewed":
		l.Sentence = "reviewed " + name
	case "run.cancel_requested":
		l.Sentence = "asked to cancel " + name
	case "run.resumed":
		l.Actor, l.Sentence = "", name+" goes on: people found out what became of its step"
	case "run.step_asked":
		l.Actor, l.Sentence, l.Small = "", name+" waits for an answer", "at the check point "+word(e, "step")
	case "run.step_answered":
		l.Sentence, l.Small = "answered "+word(e, "answer")+" in "+name, "at the check point "+word(e, "step")
	case "run.step_running", "run.step_done", "run.step_skipped", "run.step_nothing", "run.step_failed", "run.step_unknown", "run.step_cancelled":
		l.Actor, l.Sentence, l.Minor = "", stepSentence(word(e, "step"), strings.TrimPrefix(e.Verb, "run.step_"))+" "+name, true
	case "run.step":
		l.Sentence, l.Minor = name+" wrote a step into its ledger", true
		if step := word(e, "step"); step != "" {
			l.Sentence = name + " wrote down: " + inWords(step)
		}
	case "run.look_requested":
		l.Sentence = "asked to look again at what became of " + name
	default:
		return false
	}
	return true
}

// stepSentence says what became of a step of a flow, up to the flow's name.
func stepSentence(step, state string) string {
	switch state {
	case "running":
		return "began the step " + step + " of"
	case "nothing":
		return "found nothing to do at the step " + step + " of"
	}
	return state + ": the step " + step + " of"
}

func runName(id string, n Names) string {
	r, ok := n.Run(id)
	if !ok {
		return "a run"
	}
	return r.Ref() + " " + r.Definition.Title
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
