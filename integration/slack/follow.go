package slack

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	api "github.com/slack-go/slack"

	"frontline/action"
	"frontline/chat"
	"frontline/desk"
	"frontline/fault"
	"frontline/incident"
	"frontline/job"
	"frontline/journal"
	"frontline/oncall"
	"frontline/people"
)

// What is said by itself.
const (
	sayReceived = "received" // a request that was made of a form
	sayDeclared = "declared" // an incident, where it was declared and where incidents are told
	sayUpdate   = "update"   // of an incident
	sayState    = "state"    // of an incident
	sayAdded    = "added"    // to a request, by another way than Slack
	sayBecame   = "became"   // of a request
	sayApproval = "approval" // a run waits for a yes
	sayEnded    = "ended"    // a run
	sayThanks   = "thanks"   // somebody gave thanks
)

// sentPage is a page that was sent just now: while nobody has it, its message is as it should be.
const sentPage = "page.sent"

const (
	followEvery = time.Second
	followBatch = 200
	keepCalls   = 3 * 24 * time.Hour // Slack brings an event again for an hour at most
	forgetEvery = 6 * time.Hour
)

// Follow brings to Slack what happened elsewhere, until ctx ends. Several replicas may: the cursor lets each entry count once.
func (a *App) Follow(ctx context.Context) {
	var forgotten time.Time
	for {
		more, err := a.follow(ctx)
		if err == nil && a.now().Sub(forgotten) > forgetEvery {
			forgotten = a.now()
			err = a.Follows.ForgetCalls(ctx, forgotten.Add(-keepCalls))
		}
		if err != nil && ctx.Err() == nil && !fault.Is(err, fault.Conflict) {
			a.Log.Warn("what happens is not brought to Slack now", "err", err)
		}
		if more && err == nil {
			continue
		}
		tick, stop := a.Client.clock.After(followEvery)
		select {
		case <-tick:
		case <-ctx.Done():
			stop()
			return
		}
	}
}

// follow writes the jobs for what is new. What happened before Slack was set up is not told.
func (a *App) follow(ctx context.Context) (more bool, err error) {
	from, end, err := a.Follows.ChatCursor(ctx)
	if err != nil {
		return false, err
	}
	if from < 0 {
		return true, a.Follows.FollowChat(ctx, from, end, nil)
	}
	entries, err := a.Follows.SealedAfter(ctx, from, followBatch)
	if err != nil || len(entries) == 0 {
		return false, err
	}
	var jobs []job.New
	for _, e := range entries {
		jobs = append(jobs, wanted(e)...)
	}
	return len(entries) == followBatch, a.Follows.FollowChat(ctx, from, entries[len(entries)-1].Seq, jobs)
}

// wanted is what an entry of the journal asks to be shown or said.
func wanted(e journal.Entry) []job.New {
	about := e.Subject
	show := func(kind string) job.New {
		return chat.JobShow().At(time.Time{}, kind+" "+about.ID, chat.ShowArgs{Kind: kind, ID: about.ID})
	}
	say := func(what, of string) job.New {
		once := strconv.FormatInt(e.Seq, 10)
		return chat.JobSay().At(time.Time{}, once+" "+what, chat.SayArgs{What: what, Kind: about.Kind, ID: about.ID, Of: of, Once: once})
	}
	switch e.Verb {
	case "page.acknowledged", "page.ended", "page.escalated", "page.repaged":
		return []job.New{show("page").Ranked(job.Paging)}
	case "page.attempt_sent": // it may have been answered while it was being sent
		if e.Facts["channel"] == "slack" {
			return []job.New{show(sentPage).Ranked(job.Paging)}
		}
	case "run.approval_requested":
		return []job.New{say(sayApproval, "")}
	case "run.approved", "run.refused", "run.expired", "run.started", "run.cancelled":
		return []job.New{show("run")}
	case "run.succeeded", "run.failed", "run.unknown":
		return []job.New{show("run"), say(sayEnded, "")}
	case "incident.opened":
		return []job.New{say(sayDeclared, "/")}
	case "incident.update_written":
		return []job.New{say(sayUpdate, fmt.Sprint(e.Facts["n"]))}
	case "incident.state_set":
		return []job.New{show("incident"), say(sayState, fmt.Sprint(e.Facts["to"]))}
	case "incident.resolved", "incident.reopened":
		return []job.New{show("incident"), say(sayState, strings.TrimPrefix(e.Verb, "incident."))}
	case "incident.severity_set", "incident.lead_set", "incident.lead_left", "incident.renamed", "incident.service_added", "incident.service_removed":
		return []job.New{show("incident")}
	case "thanks.reworded", "thanks.taken_back":
		return []job.New{show("thanks")}
	case "request.added":
		if c := fmt.Sprint(e.Facts["channel"]); c != "slack" {
			return []job.New{say(sayAdded, e.Text)}
		}
	case "request.accepted", "request.waits", "request.closed":
		return []job.New{say(sayBecame, strings.TrimPrefix(e.Verb, "request."))}
	}
	return nil
}

// show brings every message about something up to date.
func (a *App) show(ctx context.Context, args chat.ShowArgs) error {
	err := a.shown(ctx, args.Kind, args.ID)
	if again(ctx, err) {
		return err
	}
	if err != nil {
		a.Log.Warn("a message in Slack cannot be brought up to date", "kind", args.Kind, "why", fault.Sentence(err))
	}
	return nil
}

func (a *App) shown(ctx context.Context, kind, ref string) error {
	switch kind {
	case "page", sentPage:
		return a.showPage(ctx, ref, kind == sentPage)
	case "run":
		return a.showRun(ctx, ref)
	case "thanks":
		return a.thanksAltered(ctx, ref)
	}
	return a.showIncident(ctx, ref)
}

func (a *App) showPage(ctx context.Context, ref string, fresh bool) error {
	page, at, err := a.pageNow(ctx, ref)
	if err != nil || len(at) == 0 || fresh && page.State == oncall.Open {
		return err
	}
	book, err := a.Book(ctx)
	if err != nil {
		return err
	}
	m := pageState(page, personName(book), a.Link(page.Subject, page.Short()))
	var failed error
	for _, p := range at {
		failed = firstError(failed, a.rewrite(ctx, p, m))
	}
	return failed
}

func personName(book Book) func(string) string {
	return func(id string) string {
		if p, ok := book.Person(id); ok {
			return p.Name
		}
		return "somebody"
	}
}

func (a *App) showIncident(ctx context.Context, id string) error {
	posts, err := a.Store.PostsOf(ctx, incident.Subject(id), chat.Thread)
	if err != nil || len(posts) == 0 {
		return err
	}
	room, err := a.Incidents.Room(ctx, people.System("job"), id)
	if err != nil {
		return err
	}
	book, err := a.Book(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, p := range posts {
		failed = firstError(failed, a.rewrite(ctx, place{p.Place, p.TS}, a.incidentMessage(book, room.Incident)))
	}
	return failed
}

// say says something new.
func (a *App) say(ctx context.Context, args chat.SayArgs) error {
	err := a.saying(ctx, args)
	if again(ctx, err) {
		return err
	}
	if err != nil {
		a.Log.Warn("something cannot be said in Slack", "what", args.What, "why", fault.Sentence(err))
	}
	return nil
}

func (a *App) saying(ctx context.Context, args chat.SayArgs) error {
	channel, ts, _ := strings.Cut(args.Of, "/")
	switch args.What {
	case sayReceived:
		r, err := a.Desk.Request(ctx, people.System("job"), args.ID)
		switch {
		case err != nil:
			return err
		case ts != "":
			return a.received(ctx, r, place{channel, ts})
		}
		return a.begin(ctx, r, channel)
	case sayDeclared:
		return a.declare(ctx, args.ID, place{channel, ts})
	case sayUpdate, sayState:
		return a.sayIncident(ctx, args)
	case sayAdded, sayBecame:
		return a.sayRequest(ctx, args)
	case sayApproval:
		return a.askApproval(ctx, args.ID)
	case sayEnded:
		return a.sayRun(ctx, args)
	case sayThanks:
		return a.sayThankYou(ctx, args)
	}
	return nil
}

func (a *App) sayIncident(ctx context.Context, args chat.SayArgs) error {
	about := incident.Subject(args.ID)
	room, err := a.Incidents.Room(ctx, people.System("job"), args.ID)
	if err != nil {
		return err
	}
	book, err := a.Book(ctx)
	if err != nil {
		return err
	}
	if args.What == sayState {
		return a.inThreads(ctx, about, args.Once, said{text: "*" + room.Incident.Name() + "* is " + escaped(args.Of) + "."})
	}
	for _, u := range room.Updates {
		if u.Audience != incident.Internal || strconv.Itoa(u.N) != args.Of {
			continue
		}
		m := said{text: fit(u.Text.Body, mostText), loud: true}
		for _, part := range sections(u.Text.Body) {
			m.blocks = append(m.blocks, section(part))
		}
		who := line(personName(book)(u.By), 100)
		if !u.NextBy.IsZero() {
			who += " · the next one by " + moment(u.NextBy)
		}
		m.blocks = append(m.blocks, small("Update "+args.Of+" · "+who))
		return a.inThreads(ctx, about, args.Once, m)
	}
	return nil
}

// sayRequest repeats in a request's thread what its asker, or somebody else who takes part, said elsewhere; and tells what became of it where the
// channel wants to know.
func (a *App) sayRequest(ctx context.Context, args chat.SayArgs) error {
	about := journal.Of("request", args.ID)
	posts, err := a.Store.PostsOf(ctx, about, chat.Thread)
	if err != nil || len(posts) == 0 {
		return err
	}
	if args.What == sayAdded {
		return a.repeat(ctx, args)
	}
	tell := map[string]chat.Telling{"accepted": chat.TellAccepted, "waits": chat.TellWaiting, "closed": chat.TellClosed}[args.Of]
	words := map[string]string{"accepted": "Somebody works on it.", "waits": "It waits.", "closed": "It is closed. Write here when it is not solved."}[args.Of]
	book, err := a.Book(ctx)
	if err != nil {
		return err
	}
	for _, p := range posts {
		ch, ok := book.ChatOf(p.Place)
		if !ok || !slices.Contains(ch.Tell, tell) {
			continue
		}
		if err := a.sayOnce(ctx, about, args.Once, p.Place, said{text: words, thread: p.TS}); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) repeat(ctx context.Context, args chat.SayArgs) error {
	c, err := a.Desk.Conversation(ctx, people.System("job"), args.ID)
	if err != nil {
		return err
	}
	for _, m := range c.Messages {
		if m.Kind != desk.Question || m.Channel == "slack" || m.Text.Hash() != args.Of {
			continue
		}
		who := line(c.Parties[m.Party].Shown(), 100)
		return a.inThreads(ctx, journal.Of("request", args.ID), args.Once, said{text: fit(m.Text.Body, mostText), blocks: []api.Block{section(fit(m.Text.Body, mostSection)), small(who + " wrote this by another way")}})
	}
	return nil
}

// askApproval asks each who may say yes, in a message of their own, with the plan.
func (a *App) askApproval(ctx context.Context, id string) error {
	run, err := a.Runs.Run(ctx, people.System("job"), id)
	if err != nil || run.State != action.Waiting {
		return err
	}
	approvers, err := a.Runs.Approvers(ctx, run, people.System("job"), run.Consent.Need)
	if err != nil {
		return err
	}
	asked, err := a.Store.PostsOf(ctx, journal.Of("run", id), chat.Approval)
	if err != nil {
		return err
	}
	book, err := a.Book(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, p := range approvers {
		if slices.ContainsFunc(asked, func(x chat.Post) bool { return x.Of == p.ID }) {
			continue
		}
		err := a.askOne(ctx, run, p, personName(book))
		if again(ctx, err) {
			failed = firstError(failed, err)
		} else if err != nil { // they are asked by mail and on the screens too
			a.Log.Debug("an approver is not asked in Slack", "person", p.ID, "why", fault.Sentence(err))
		}
	}
	return failed
}

func (a *App) askOne(ctx context.Context, run action.Run, p people.Person, name func(string) string) error {
	u, err := a.userOf(ctx, p.Email)
	if err != nil {
		return err
	}
	at, err := a.post(ctx, u.id, a.approvalMessage(run, name))
	if err != nil {
		return err
	}
	return a.Store.PutPost(ctx, chat.Post{Place: at.channel, TS: at.ts, Purpose: chat.Approval, Subject: journal.Of("run", run.ID), Of: p.ID})
}

// approvalMessage shows a run's plan and, while it waits, asks for a yes to exactly that plan.
func (a *App) approvalMessage(run action.Run, name func(string) string) said {
	out := said{text: run.Ref() + " waits for your yes: " + line(run.Definition.Title, mostTitle), blocks: planBlocks(run, a.runLink(run))}
	asks := line(name(run.StartedBy.ID), 100) + " asks"
	if run.State != action.Waiting {
		out.text = run.Ref() + " " + string(run.State)
		out.blocks = append(out.blocks, small(asks+" · now: *"+capital(string(run.State))+"*"))
		return out
	}
	for _, why := range run.Why() {
		asks += " · " + fit(why, 300)
	}
	asks += " · waits until " + moment(run.Consent.Until)
	if n := len(run.Consent.Approvals); n > 0 {
		asks += fmt.Sprintf(" · %d of %d said yes", n, run.Consent.Need)
	}
	keys := []api.BlockElement{opens("open.run", "Read all of it", a.runLink(run))}
	if run.Definition.Risk == action.RiskDanger { // it needs the password, which Slack must not see
		keys[0] = opens("open.run", "Read and approve", a.runLink(run))
	} else {
		keys = append([]api.BlockElement{button(approveRun, "Approve", run.ID+" "+run.PlanHash, api.StylePrimary)}, keys...)
	}
	keys = append(keys, button(refuseRun, "Refuse", run.ID, api.StyleDanger))
	out.blocks = append(out.blocks, small(asks), api.NewActionBlock("", keys...))
	return out
}

func (a *App) showRun(ctx context.Context, ref string) error {
	run, err := a.Runs.Run(ctx, people.System("job"), ref)
	if err != nil {
		return err
	}
	posts, err := a.Store.PostsOf(ctx, journal.Of("run", run.ID), chat.Approval)
	if err != nil || len(posts) == 0 {
		return err
	}
	book, err := a.Book(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, p := range posts {
		failed = firstError(failed, a.rewrite(ctx, place{p.Place, p.TS}, a.approvalMessage(run, personName(book))))
	}
	return failed
}

// sayRun tells the thread of a request what became of a run that was started from it. What others ran is for the desk alone.
func (a *App) sayRun(ctx context.Context, args chat.SayArgs) error {
	run, err := a.Runs.Run(ctx, people.System("job"), args.ID)
	if err != nil || run.For.Kind != "request" || run.StartedBy.Via != "slack" {
		return err
	}
	icon := map[action.State]string{action.Succeeded: ":white_check_mark:", action.Failed: ":x:"}[run.State]
	if icon == "" {
		icon = ":grey_question:"
	}
	text := strings.TrimSpace(fmt.Sprintf("%s *%s* %s\n%s", icon, link(run.Ref(), a.runLink(run)), line(run.Definition.Title, mostTitle), fit(run.Result.Summary, 2000)))
	return a.inThreads(ctx, run.For, args.Once, said{text: text})
}
