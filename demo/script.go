package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"frontline/client"
	"frontline/demo/company"
	"frontline/fault"
	"frontline/wire"
)

// patience is how long the script waits for any one thing.
const patience = time.Minute

// night is the part of Liis, played through the API.
type night struct {
	*stage
	liis     *desk
	alert    wire.Group
	incident wire.Incident
	session  string // the poisoned one
}

// script plays the reader's part, prints each step as it happens, and fails when one does not.
func (s *stage) script(ctx context.Context) error {
	n := &night{stage: s}
	began := time.Now()
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"the queue stops", n.stop},
		{"Karl's phone rings", n.karlSleeps},
		{"Liis's phone rings and she acknowledges", n.liisAcknowledges},
		{"Liis opens an incident", n.opensIncident},
		{"customers are told", n.publishes},
		{"the poisoned message is taken out", n.mends},
		{"the alert resolves", n.alertResolves},
		{"the incident is resolved", n.resolves},
		{"the post-mortem is there", n.reads},
		{"no developer was woken", n.nobodyElse},
	} {
		within, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("it did not happen within %v", patience))
		err := step.do(within)
		if err != nil && ctx.Err() == nil {
			err = fmt.Errorf("%s: %w", step.name, errors.Join(err, context.Cause(within)))
		}
		cancel()
		if err != nil {
			return err
		}
	}
	s.tell.say("The night took %s. No developer was woken.", time.Since(began).Round(time.Second))
	return nil
}

func (n *night) stop(ctx context.Context) (err error) {
	if n.session, err = n.breakQueue(ctx); err != nil {
		return err
	}
	o, err := n.company.Until(ctx, func(o company.Observed) bool { return o.Stuck() && o.Firing })
	if err != nil {
		return err
	}
	n.tell.say("%d sessions wait. The monitoring fires, and Alertmanager tells Frontline.", o.Waiting())
	return nil
}

// rings waits for a page on somebody's phone.
func (n *night) rings(ctx context.Context, i int) (company.Note, error) {
	o, err := n.company.Until(ctx, func(o company.Observed) bool { return len(o.Phones[i].Notes) > 0 })
	if err != nil {
		return company.Note{}, err
	}
	note := o.Phones[i].Notes[0]
	if !note.Wakes() || !contains(note.Title, "The decision queue has stopped") {
		return note, fmt.Errorf("%s's phone shows %q with priority %d", o.Phones[i].Name, note.Title, note.Priority)
	}
	n.tell.say("%s's phone rings: %s", o.Phones[i].Name, note.Title)
	return note, nil
}

func (n *night) karlSleeps(ctx context.Context) error {
	_, err := n.rings(ctx, 0)
	return err
}

// liisAcknowledges opens the link of her page, which changes nothing, and then presses the button.
func (n *night) liisAcknowledges(ctx context.Context) error {
	note, err := n.rings(ctx, 1)
	if err != nil {
		return err
	}
	n.tell.say("Karl did not answer, so it is Liis. She looks at the page, and presses Acknowledge.")
	if err := looks(ctx, note.Click); err != nil {
		return err
	}
	if n.liis, err = n.signIn(ctx, "liis"); err != nil {
		return err
	}
	if n.alert, err = n.only(ctx, "open"); err != nil {
		return err
	}
	done, err := n.company.Press(ctx, n.holders()[1], note, "Acknowledge")
	if err != nil {
		return err
	}
	if !done.OK {
		return errors.New(done.Said)
	}
	if n.alert, err = n.only(ctx, "acknowledged"); err != nil {
		return err
	}
	if by := n.alert.AcknowledgedBy; by == nil || by.ID != "liis" {
		return fmt.Errorf("%s was acknowledged by %+v", n.alert.ID, by)
	}
	n.tell.say("Alert %s is acknowledged by %s, %s after it came.", n.alert.ID, n.alert.AcknowledgedBy.Name, n.alert.AcknowledgedAt.Sub(n.alert.OpenedAt).Round(time.Second/10))
	return nil
}

// looks opens an address as a browser, or a mail scanner, does.
func looks(ctx context.Context, address string) error {
	c := httpClient()
	defer c.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	res, err := c.Do(req)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the link in the page answers %s", res.Status)
	}
	return nil
}

// only waits until the one alert about the queue is in the state.
func (n *night) only(ctx context.Context, state string) (found wire.Group, err error) {
	err = until(ctx, func(ctx context.Context) (bool, error) {
		for g, err := range client.All(ctx, func(ctx context.Context, p client.Page) (wire.List[wire.Group], error) {
			return n.liis.api.Alerts(ctx, client.AlertQuery{State: "all", Service: "decision-pipeline"}, p)
		}) {
			if err != nil {
				return false, err
			}
			found = g
		}
		return found.State == state, nil
	})
	if err != nil {
		err = fmt.Errorf("the alert is %q and not %s: %w", found.State, state, err)
	}
	return found, err
}

// until asks again and again until the answer is yes.
func until(ctx context.Context, ask func(context.Context) (bool, error)) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if yes, err := ask(ctx); yes || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// opensIncident opens it from the alert. It knows its service, its owners and its customers, and the stakeholders are told by mail.
func (n *night) opensIncident(ctx context.Context) (err error) {
	if n.incident, err = n.liis.api.OpenIncident(ctx, n.alert.ID); err != nil {
		return err
	}
	room, err := n.liis.api.Incident(ctx, n.incident.ID)
	if err != nil {
		return err
	}
	n.incident = room.Incident
	if len(room.Services) != 1 || room.Services[0].ID != "decision-pipeline" || len(room.Customers) < 10 {
		return fmt.Errorf("the incident names the services %+v and %d customers", room.Services, len(room.Customers))
	}
	n.tell.say("%s is open. It names %s, its %d customers (%s first) and what they use: %s.", room.ID, room.Services[0].Name, len(room.Customers),
		room.Customers[0].Name, names(room.Components))
	return n.told(ctx, "marika", "wanjiru")
}

// told waits until each of the people has a mail about the incident.
func (n *night) told(ctx context.Context, who ...string) error {
	_, err := n.company.Until(ctx, func(o company.Observed) bool {
		for _, id := range who {
			if !mailTo(o, id+"@verity.example", n.incident.ID) {
				return false
			}
		}
		return true
	})
	if err == nil {
		n.tell.say("The stakeholders are told by mail: %s.", strings.Join(who, ", "))
	}
	return err
}

func mailTo(o company.Observed, address, says string) bool {
	for _, m := range o.Mails {
		if contains(strings.Join(m.To, " "), address) && contains(m.Subject, says) {
			return true
		}
	}
	return false
}

func (n *night) publishes(ctx context.Context) error {
	_, err := n.liis.api.PublishUpdate(ctx, n.incident.ID, wire.Publish{
		Title: "Verification decisions are delayed", State: "investigating", Body: "Decisions wait in a queue. Nothing is lost. We are looking into it.",
		Statuses: []wire.Status{{Component: "decisions", Status: "major_outage"}}, NextIn: wire.Duration(30 * time.Minute)})
	if err != nil {
		return err
	}
	shown, err := n.statusPage(ctx, func(s shownStatus) bool { return len(s.Incidents) == 1 && s.Incidents[0].Status == "investigating" })
	if err != nil {
		return err
	}
	n.tell.say("Customers read on the status page: %s (%s).", shown.Incidents[0].Name, shown.Incidents[0].Status)
	return nil
}

// shownStatus is the part of Statuspage's public summary that the script looks at.
type shownStatus struct {
	Incidents []struct {
		Name   string `json:"name"`
		Status string `json:"status"`
	} `json:"incidents"`
	Components []struct {
		Name   string `json:"name"`
		Status string `json:"status"`
	} `json:"components"`
}

// green says whether everything is well and nothing is told.
func (s shownStatus) green() bool {
	for _, c := range s.Components {
		if c.Status != "operational" {
			return false
		}
	}
	return len(s.Incidents) == 0 && len(s.Components) > 0
}

// statusPage waits until customers see what is wanted. They see it a moment later: the page is cached.
func (n *night) statusPage(ctx context.Context, wanted func(shownStatus) bool) (shown shownStatus, err error) {
	err = until(ctx, func(ctx context.Context) (bool, error) {
		shown, err = n.readStatus(ctx)
		return wanted(shown), err
	})
	if err != nil {
		err = fmt.Errorf("the status page shows %+v: %w", shown, err)
	}
	return shown, err
}

func (n *night) readStatus(ctx context.Context) (shown shownStatus, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.url+"/api/v2/summary.json", nil)
	if err != nil {
		return shown, err
	}
	c := httpClient()
	defer c.CloseIdleConnections()
	res, err := c.Do(req)
	if err != nil {
		return shown, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return shown, fmt.Errorf("the status page answers %s", res.Status)
	}
	return shown, json.NewDecoder(res.Body).Decode(&shown)
}

// mends looks at the queue, plans the action that belongs to the service, reads the plan, starts it, and waits for its result.
func (n *night) mends(ctx context.Context) error {
	if b := n.blanks(time.Now()); b.CanLook {
		if _, err := n.act(ctx, "queue/look"); err != nil {
			return err
		}
	}
	run, err := n.act(ctx, "queue/take-poisoned-message-out")
	if err != nil {
		return err
	}
	plan := fmt.Sprint(run.Plan)
	if !contains(plan, n.session) || len(run.Plan.Changes) != 1 || run.Plan.Changes[0].Count != 1 {
		return fmt.Errorf("the plan is not about %s alone: %s", n.session, plan)
	}
	o, err := n.company.Until(ctx, past)
	if err != nil {
		return err
	}
	if o.Trouble.Session != n.session {
		return fmt.Errorf("the worker fails on %s, not on %s", o.Trouble.Session, n.session)
	}
	n.tell.say("The worker is past %s after %d failed tries. %d sessions are being decided now.", n.session, o.Trouble.Tries, o.Waiting())
	return nil
}

// act plans an action for the incident, starts it, and returns it when it has succeeded.
func (n *night) act(ctx context.Context, id string) (wire.Run, error) {
	run, err := n.liis.api.PlanRun(ctx, wire.PlanRun{Action: id, For: n.incident.ID})
	if err != nil {
		return run, err
	}
	n.tell.say("%s: %s", run.Action.Name, run.Plan.Summary)
	for _, c := range run.Plan.Changes {
		n.tell.line("            %s: %s → %s", c.What, c.Now, c.After)
	}
	if run.Plan.Nothing {
		return run, errors.New("the plan says that there is nothing to do")
	}
	if run, err = n.liis.api.StartRun(ctx, run.ID, "demo-"+run.ID, wire.StartRun{Plan: run.Plan.Hash}); err != nil {
		return run, err
	}
	err = until(ctx, func(ctx context.Context) (bool, error) {
		run, err = n.liis.api.Run(ctx, run.ID)
		return run.Ended(), err
	})
	if err != nil {
		return run, err
	}
	if run.State != "succeeded" || run.Result == nil || !run.Result.Done {
		return run, fmt.Errorf("%s is %s: %+v", run.ID, run.State, run.Result)
	}
	n.tell.say("%s succeeded: %s", run.ID, run.Result.Summary)
	return run, nil
}

func (n *night) alertResolves(ctx context.Context) (err error) {
	if n.alert, err = n.only(ctx, "resolved"); err == nil {
		n.tell.say("The monitoring sees decisions again, and alert %s resolves, %s after it came.", n.alert.ID, n.alert.ResolvedAt.Sub(n.alert.OpenedAt).Round(time.Second))
	}
	return err
}

// resolves tells colleagues what it was, and customers that it is over.
func (n *night) resolves(ctx context.Context) error {
	if _, err := n.liis.api.WriteUpdate(ctx, n.incident.ID, wire.Say{Body: "One session with a birth date that cannot be stopped the worker. It is in quarantine; the developers have it by day."}); err != nil {
		return err
	}
	inc, err := n.liis.api.ResolveIncident(ctx, n.incident.ID, wire.Resolve{Publish: &wire.Publish{State: "resolved", Body: "Decisions are made again, and all that had waited are answered."}})
	if err != nil {
		return err
	}
	if inc.State != "resolved" {
		return fmt.Errorf("the incident is %s", inc.State)
	}
	if _, err := n.statusPage(ctx, shownStatus.green); err != nil {
		return err
	}
	n.tell.say("%s is resolved, %s after the trouble began. The status page is green.", inc.ID, inc.ResolvedAt.Sub(inc.BeganAt).Round(time.Second))
	return nil
}

// reads reads the post-mortem as somebody who was not there, and Liis publishes it.
func (n *night) reads(ctx context.Context) error {
	var p wire.Postmortem
	err := until(ctx, func(ctx context.Context) (written bool, err error) {
		p, err = n.liis.api.Postmortem(ctx, n.incident.ID)
		if fault.Is(err, fault.NotFound) {
			return false, nil // it is being written
		}
		return true, err
	})
	if err != nil {
		return err
	}
	if _, err := n.liis.api.PublishPostmortem(ctx, n.incident.ID, wire.PublishPostmortem{Version: p.Version}); err != nil {
		return err
	}
	wanjiru, err := n.signIn(ctx, "wanjiru")
	if err != nil {
		return err
	}
	if p, err = wanjiru.api.Postmortem(ctx, n.incident.ID); err != nil {
		return err
	}
	for _, says := range []string{"Liis Tamm", "acknowledged", "Take the poisoned message out"} {
		if !contains(p.Text, says) {
			return fmt.Errorf("the post-mortem does not say %q:\n%s", says, p.Text)
		}
	}
	n.tell.say("The post-mortem is there, its timeline written, and Wanjiru of customer success reads it (%d lines).", strings.Count(p.Text, "\n"))
	return nil
}

// nobodyElse sees to it that only those who had to were disturbed.
func (n *night) nobodyElse(context.Context) error {
	o := n.company.Observed()
	for _, p := range o.Phones {
		if len(p.Notes) != 1 {
			return fmt.Errorf("%s's phone shows %d notifications: %+v", p.Name, len(p.Notes), p.Notes)
		}
	}
	if mailTo(o, "rasmus@verity.example", "") {
		return errors.New("a developer had a mail")
	}
	return nil
}

func names(refs []wire.Ref) string {
	var all []string
	for _, r := range refs {
		all = append(all, r.Name)
	}
	return strings.Join(all, ", ")
}

// contains says whether text holds what, whatever the case of its letters.
func contains(text, what string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(what))
}
