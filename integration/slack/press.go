package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	api "github.com/slack-go/slack"

	"frontline/action"
	"frontline/fault"
	"frontline/journal"
	"frontline/oncall"
	"frontline/people"
	"frontline/plain"
)

// Buttons of runs.
const (
	startRun   = "run.start"
	approveRun = "run.approve"
	refuseRun  = "run.refuse" // opens a form
)

// durable says whether a button's work is worked off as a job.
func durable(action string) bool {
	switch action {
	case ackPage, resolvePage, escalatePage, answerHelped, needPerson, solvedButton, startRun, approveRun, joinIncident, resolveIncident:
		return true
	}
	return strings.HasPrefix(action, planRun+".")
}

// pressed carries out what a button asks for, as the person who pressed it. It may run twice: everything that it does counts once, but that a page
// is escalated again after a crash in between.
func (a *App) pressed(ctx context.Context, raw []byte) error {
	var p press
	if err := json.Unmarshal(raw, &p); err != nil {
		return broken()
	}
	by, _, err := a.reaches(ctx, p.User)
	if err == nil {
		err = a.deed(ctx, by, p)
	}
	return a.refuse(ctx, p.Channel, p.User, p.Thread, err)
}

func (a *App) deed(ctx context.Context, by people.Actor, p press) error {
	first, second, _ := strings.Cut(p.Value, " ")
	switch p.Action {
	case ackPage:
		_, err := a.Pager.Acknowledge(ctx, by, p.Value)
		return a.thenShow(ctx, err, "page", p.Value)
	case escalatePage:
		_, err := a.Pager.Escalate(ctx, by, p.Value)
		return a.thenShow(ctx, err, "page", p.Value)
	case resolvePage:
		return a.thenShow(ctx, a.resolve(ctx, by, p.Value), "page", p.Value)
	case answerHelped, needPerson:
		return a.voted(ctx, by, p, first, second)
	case solvedButton:
		r, err := a.Desk.Solved(ctx, by, p.Value)
		if err != nil {
			return err
		}
		words := escaped(r.Name() + " is closed. Write here when it is not solved after all.")
		return a.whisper(ctx, p.Channel, p.User, said{text: words, thread: p.Thread, blocks: []api.Block{section(words), thankful(r)}})
	case startRun:
		return a.start(ctx, by, p, first, second)
	case approveRun:
		return a.approve(ctx, by, p, first, second)
	case joinIncident, resolveIncident:
		return a.inIncident(ctx, by, p)
	}
	if strings.HasPrefix(p.Action, planRun+".") {
		return a.plan(ctx, by, p, first, second)
	}
	return nil
}

// thenShow brings the messages of something up to date once it was changed. That they are not is no reason to do it again.
func (a *App) thenShow(ctx context.Context, err error, kind, ref string) error {
	if err == nil {
		if stale := a.shown(ctx, kind, ref); stale != nil {
			a.Log.Debug("messages in Slack are brought up to date later", "kind", kind, "why", fault.Sentence(stale))
		}
	}
	return err
}

// resolve ends what a page is about.
func (a *App) resolve(ctx context.Context, by people.Actor, ref string) error {
	page, _, err := a.Pager.Page(ctx, by, ref)
	if err != nil {
		return err
	}
	switch page.Subject.Kind {
	case "group":
		_, err = a.Groups.Resolve(ctx, by, page.Subject.ID)
	case "incident":
		_, err = a.Incidents.Resolve(ctx, by, page.Subject.ID, nil)
	default:
		if page.Live() {
			_, err = a.Pager.Acknowledge(ctx, by, ref) // there is nothing else to end: whoever has it, has it
		}
	}
	return err
}

// voted says whether an offered answer helped. Whoever asked has what they needed then.
func (a *App) voted(ctx context.Context, by people.Actor, p press, answer, request string) error {
	helped := p.Action == answerHelped
	x, err := a.Desk.VoteAnswer(ctx, by, answer, helped, false)
	if err != nil {
		return err
	}
	words := "A person answers here. Thank you for saying that " + x.Name() + " did not help."
	if helped {
		words = "Glad that it helped."
		r, err := a.Desk.Solved(ctx, by, request)
		switch {
		case err == nil:
			words += " " + r.Name() + " is closed; write here when it is not solved after all."
		case !fault.Is(err, fault.Forbidden): // somebody else may find it useful too
			return err
		}
	}
	return a.sayOnce(ctx, journal.Of("request", request), "vote "+by.ID+" "+answer+" "+p.Action, p.Channel, said{text: escaped(words), thread: orTS(p)})
}

func orTS(p press) string {
	if p.Thread != "" {
		return p.Thread
	}
	return p.TS
}

// plan shows whoever pressed what an action would do.
func (a *App) plan(ctx context.Context, by people.Actor, p press, id, request string) error {
	r, err := a.Desk.Request(ctx, by, request)
	if err != nil {
		return err
	}
	d, err := a.Runs.Action(ctx, by, id)
	if err != nil {
		return err
	}
	inputs := map[string]any{}
	for _, in := range d.Inputs {
		if v, ok := r.Fields[in.Name]; ok {
			inputs[in.Name] = v
		}
	}
	run, err := a.Runs.Plan(ctx, by, action.PlanRequest{Action: id, Inputs: inputs, For: r.Subject()})
	if fault.Is(err, fault.Invalid) {
		where := link(d.Title, a.Link(journal.Of("action", id), id))
		return a.whisper(ctx, p.Channel, p.User, said{text: "This one needs more to be filled in: open " + where + ".", thread: orTS(p)})
	}
	if err != nil {
		return err
	}
	blocks := planBlocks(run, a.runLink(run))
	blocks = append(blocks, api.NewActionBlock("", button(startRun, "Do it", run.ID+" "+run.PlanHash, api.StylePrimary)))
	return a.whisper(ctx, p.Channel, p.User, said{text: "What " + fit(d.Title, 200) + " would do", blocks: blocks, thread: orTS(p)})
}

// planBlocks show a plan.
func planBlocks(run action.Run, where string) []api.Block {
	blocks := []api.Block{section("*" + link(run.Ref(), where) + "* " + line(run.Definition.Title, mostTitle)), section(fit(run.Plan.Summary, mostSection))}
	if run.Reason != "" {
		blocks = append(blocks, small("Why: "+fit(run.Reason, 1500)))
	}
	return blocks
}

func (a *App) runLink(run action.Run) string {
	return a.Link(journal.Of("run", run.ID), run.Ref())
}

// start starts a run on exactly the plan that was shown.
func (a *App) start(ctx context.Context, by people.Actor, p press, id, hash string) error {
	run, err := a.Runs.Start(ctx, by, action.StartRequest{Run: id, PlanHash: hash, Key: "slack " + id})
	if err != nil {
		return a.onScreen(ctx, by, err, id)
	}
	words := run.Ref() + " runs. What becomes of it is said here."
	if run.State == action.Waiting {
		words = run.Ref() + " waits for somebody else's yes."
	}
	return a.whisper(ctx, p.Channel, p.User, said{text: escaped(words), thread: orTS(p)})
}

// approve says yes to exactly the plan that was shown.
func (a *App) approve(ctx context.Context, by people.Actor, p press, id, hash string) error {
	run, err := a.Runs.Approve(ctx, by, id, hash, "")
	if err != nil {
		return a.onScreen(ctx, by, err, id)
	}
	return a.thenShow(ctx, nil, "run", run.ID)
}

// onScreen adds to a refusal where it can be done: what is dangerous needs the person's password, which Slack must not see.
func (a *App) onScreen(ctx context.Context, by people.Actor, why error, id string) error {
	if !fault.Is(why, fault.Forbidden) && !fault.Is(why, fault.Conflict) {
		return why
	}
	run, err := a.Runs.Run(ctx, by, id)
	if err != nil {
		return why
	}
	return fault.Wrap(why, fault.KindOf(why), "%s %s", fault.Sentence(why), a.runLink(run))
}

// pageNow is a page as it stands, with where each of its messages in Slack is.
func (a *App) pageNow(ctx context.Context, ref string) (oncall.Page, []place, error) {
	page, tries, err := a.Pager.Page(ctx, people.System("job"), ref)
	if err != nil {
		return page, nil, err
	}
	var at []place
	for _, t := range tries {
		if p, ok := placeOf(t.Receipt.ID); ok && t.Contact.Channel == "slack" && t.State == oncall.Sent {
			at = append(at, p)
		}
	}
	return page, at, nil
}

// pageState is a page's message once something became of it.
func pageState(page oncall.Page, name func(string) string, where string) said {
	head, keys := ":rotating_light:", []api.BlockElement(nil)
	var state string
	switch page.State {
	case oncall.Acknowledged:
		head = ":eyes:"
		state = fmt.Sprintf("*Acknowledged* by %s at %s", line(name(page.AckedBy), 100), moment(page.AckedAt))
		keys = pageKeys(page.Short(), false)
	case oncall.Ended:
		head = ":white_check_mark:"
		state = fmt.Sprintf("*Over* since %s: %s", moment(page.EndedAt), strings.ReplaceAll(page.EndedWhy, "_", " "))
	default:
		state = "*Nobody has it.*"
		keys = pageKeys(page.Short(), true)
	}
	if where != "" {
		keys = append(keys, opens("open.screen", "Open", where))
	}
	out := said{text: page.Short() + " " + fit(page.Title, mostTitle), blocks: []api.Block{section(head + " *" + line(page.Title, mostTitle) + "*\n" + state)}}
	if !plain.Blank(page.Body) {
		out.blocks = append(out.blocks, section(fit(page.Body, mostSection)))
	}
	out.blocks = append(out.blocks, small(page.Short()))
	if len(keys) > 0 {
		out.blocks = append(out.blocks, api.NewActionBlock("page", keys...))
	}
	return out
}
