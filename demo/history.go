package demo

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"frontline/client"
	"frontline/clock"
	"frontline/demo/company"
	"frontline/fault"
	"frontline/wire"
)

// tonight is the number of the incident that the reader opens: the company has had others before.
const tonight = "INC-3"

// history is what happened at Verity before tonight. It is made as it would have been: signals through the door, people through the API, while
// Frontline's clock is moved.
type history struct {
	*stage
	clock      *clock.Moved
	karl, liis *desk
	load       string           // the follow-up that was finished later
	at         map[string]*desk // who asks and who answers, by id
	weeks      []step           // what was asked before the last two days and is not done yet
}

// remember lets Frontline start two weeks ago, lets those weeks happen, and starts it anew tonight. Phones and mailboxes are empty then: people
// have cleaned up.
func (s *stage) remember(ctx context.Context) (err error) {
	now := time.Now()
	h := history{stage: s, clock: clock.NewMoved(now.AddDate(0, 0, -16)), weeks: inTime(weeks(now), false)}
	s.company.Developers().Now(h.clock.Now)
	defer s.company.Developers().Now(time.Now)
	if err := s.startFrontline(ctx, h.clock); err != nil {
		return err
	}
	for _, step := range h.steps(now) {
		within, cancel := context.WithTimeoutCause(ctx, lastingPatience, fmt.Errorf("the company's past does not come about within %v", lastingPatience))
		if err := step(within); err != nil {
			defer cancel()
			return orCause(ctx, within, err)
		}
		cancel()
	}
	if err := s.stopFrontline(); err != nil {
		return err
	}
	s.company.Forget()
	if err := s.startFrontline(ctx, clock.Real{}); err != nil {
		return err
	}
	return s.configure(ctx, s.blanks(now))
}

// lastingPatience is how long any one part of the past may take on a busy machine.
const lastingPatience = 5 * time.Minute

// steps are the parts of the past, in their order.
func (h *history) steps(now time.Time) []func(context.Context) error {
	set := []func(context.Context) error{h.setUp, func(ctx context.Context) error { return h.configure(ctx, usualWaits(h.blanks(now))) }, h.hire, h.arrive}
	if h.o.Brief {
		return append(set, h.documents, h.followUp, h.webhooks, h.look, h.asks, h.small)
	}
	return append(set, h.register, h.weeksUntil(12), h.documents, h.weeksUntil(7), h.followUp, h.weeksUntil(5), h.webhooks, h.weeksUntil(2), h.look, h.asks, h.heard, h.votes, h.small)
}

// orCause says why waiting was given up, when it was.
func orCause(ctx, within context.Context, err error) error {
	if ctx.Err() == nil && within.Err() != nil {
		return fmt.Errorf("%w (%w)", context.Cause(within), err)
	}
	return err
}

// usualWaits is the waits of a company that does not play.
func usualWaits(b blanks) blanks {
	b.Step, b.Pause, b.Again = 5*time.Minute, 10*time.Minute, time.Hour
	return b
}

// to moves the clock to a time of the day at Verity, so many days ago.
func (h *history) to(days, hour, minute int) {
	d := time.Now().In(tallinn()).AddDate(0, 0, -days)
	at := time.Date(d.Year(), d.Month(), d.Day(), hour, minute, 12, 0, d.Location())
	h.clock.Move(at.Sub(h.clock.Now()))
}

func (h *history) after(d time.Duration) { h.clock.Move(d) }

// arrive lets those sign in who do something.
func (h *history) arrive(ctx context.Context) (err error) {
	if h.karl, err = h.signIn(ctx, "karl"); err != nil {
		return err
	}
	h.liis, err = h.signIn(ctx, "liis")
	return err
}

// monitored is an alert of Verity's monitoring that begins now.
func (h *history) monitored(name, service, severity, summary, description string) company.Alert {
	labels := map[string]string{"alertname": name, "severity": severity, "instance": "monitor-2.verity.example:9090"}
	if service != "" {
		labels["service"] = service
	}
	return company.Alert{Labels: labels, Annotations: map[string]string{"summary": summary, "description": description}, StartsAt: h.clock.Now()}
}

// fires lets the monitoring tell of an alert, and is over of its end.
func (h *history) fires(ctx context.Context, a company.Alert) error {
	return company.NewAlertmanager(h.door(), h.company.URL(), company.AlertPace{}, nil).Tell(ctx, h.clock.Now(), a)
}

func (h *history) over(ctx context.Context, a company.Alert) error {
	a.EndsAt = h.clock.Now()
	return h.fires(ctx, a)
}

// paged lets an alert fire and waits until whoever is on call was reached about it.
func (h *history) paged(ctx context.Context, a company.Alert) (wire.Group, error) {
	if err := h.fires(ctx, a); err != nil {
		return wire.Group{}, err
	}
	var found wire.Group
	err := until(ctx, func(ctx context.Context) (bool, error) {
		list, err := h.liis.api.Alerts(ctx, client.AlertQuery{State: "open", Service: a.Labels["service"]}, client.Page{})
		if err != nil || len(list.Items) == 0 {
			return false, err
		}
		shown, err := h.liis.api.Alert(ctx, list.Items[0].ID)
		found = shown.Group
		return err == nil && len(shown.Pages) > 0 && len(shown.Pages[0].Attempts) > 0 && shown.Pages[0].Attempts[0].State == "sent", err
	})
	return found, err
}

// written waits for the draft of a post-mortem.
func (h *history) written(ctx context.Context, incident string) (paper wire.Postmortem, err error) {
	err = until(ctx, func(ctx context.Context) (bool, error) {
		paper, err = h.liis.api.Postmortem(ctx, incident)
		if fault.Is(err, fault.NotFound) {
			return false, nil
		}
		return err == nil, err
	})
	return paper, err
}

// told waits until every mail about what the incident's stakeholders are told now has arrived and has its receipt.
func (h *history) told(ctx context.Context, incident string, times int) error {
	return until(ctx, func(ctx context.Context) (bool, error) {
		room, err := h.liis.api.Incident(ctx, incident)
		return err == nil && sent(room.Told) >= times, err
	})
}

func sent(told []wire.Told) (n int) {
	for _, t := range told {
		n += t.Sent
	}
	return n
}

// documents is a night twelve days ago: documents were read slowly, Karl found why, customers were told, and what came out of it is written.
func (h *history) documents(ctx context.Context) error {
	h.to(12, 2, 41)
	slow := h.monitored("DocumentReadingSlow", "document-reading", "critical", "Documents are read too slowly", "Reading a document took 24 s at the 95th percentile over the last 10 minutes; 4 s is usual.")
	group, err := h.paged(ctx, slow)
	if err != nil {
		return err
	}
	h.after(2*time.Minute + 8*time.Second)
	if _, err := h.karl.api.AcknowledgeAlert(ctx, group.ID); err != nil {
		return err
	}
	h.after(3 * time.Minute)
	inc, err := h.karl.api.OpenIncident(ctx, group.ID)
	if err != nil {
		return err
	}
	if err := h.told(ctx, inc.ID, 1); err != nil {
		return err
	}
	h.after(4 * time.Minute)
	if _, err := h.karl.api.PublishUpdate(ctx, inc.ID, wire.Publish{Title: "Document checks are slow", State: "investigating", Body: "Reading a document takes up to half a minute. No check fails.",
		Statuses: []wire.Status{{Component: "documents", Status: "degraded_performance"}}, NextIn: wire.Duration(30 * time.Minute)}); err != nil {
		return err
	}
	h.after(9 * time.Minute)
	if _, err := h.karl.api.WriteNote(ctx, inc.ID, wire.Note{Body: "All slow documents are Spanish identity cards. The reader loads their font again for each one since the release of yesterday evening. Rolled back to the release before."}); err != nil {
		return err
	}
	h.after(6 * time.Minute)
	if err := h.over(ctx, slow); err != nil {
		return err
	}
	h.after(5 * time.Minute)
	if _, err := h.karl.api.ResolveIncident(ctx, inc.ID, wire.Resolve{Publish: &wire.Publish{State: "resolved", Body: "Documents are read as fast as before."}}); err != nil {
		return err
	}
	if err := h.told(ctx, inc.ID, 2); err != nil {
		return err
	}
	return h.paper(ctx, inc.ID)
}

// paper finishes the post-mortem of that night by day, with what is to be done about it.
func (h *history) paper(ctx context.Context, incident string) error {
	draft, err := h.written(ctx, incident)
	if err != nil {
		return err
	}
	h.to(12, 11, 20)
	text := draft.Text
	for _, part := range [][2]string{
		{"In short", "Reading a document took up to 24 seconds for half an hour at night, for customers whose people show Spanish identity cards. No check failed. Going back to the release before ended it."},
		{"Why it happened", "The release of the evening before loads a font for each document instead of once. Spanish identity cards need the largest font, so they showed it first. Our load test reads Estonian cards only."},
		{"What went well, what did not", "The alert came within ten minutes, and the roll-back took one. We knew about the cards only because Karl looked at single documents: the figures do not tell countries apart."},
		{"What we will change", "Two follow-ups, listed beside this text."},
	} {
		if text, err = fillIn(text, part[0], part[1]); err != nil {
			return err
		}
	}
	edited, err := h.karl.api.EditPostmortem(ctx, incident, wire.EditPostmortem{Text: text, Version: draft.Version})
	if err != nil {
		return err
	}
	due := h.clock.Now().In(tallinn())
	load, err := h.karl.api.AddFollowUp(ctx, incident, wire.WriteFollowUp{Text: "Read documents of every country in the load test", Owner: "rasmus", Due: due.AddDate(0, 0, 7).Format(time.DateOnly)})
	if err != nil {
		return err
	}
	if _, err := h.karl.api.AddFollowUp(ctx, incident, wire.WriteFollowUp{Text: "Show how long reading takes by country", Owner: "liis", Due: due.AddDate(0, 0, 19).Format(time.DateOnly)}); err != nil {
		return err
	}
	if _, err := h.karl.api.PublishPostmortem(ctx, incident, wire.PublishPostmortem{Version: edited.Version}); err != nil {
		return err
	}
	h.load = load.ID
	return nil
}

// followUp is finished five days later.
func (h *history) followUp(ctx context.Context) error {
	h.to(7, 8, 4)
	_, err := h.liis.api.FinishFollowUp(ctx, h.load, wire.Finish{Done: true})
	return err
}

// fillIn writes words where the draft asks for them in italics, below a heading.
func fillIn(text, heading, words string) (string, error) {
	asks := regexp.MustCompile(`(?m)^## ` + regexp.QuoteMeta(heading) + "\n\n\\*.+\\*$")
	if !asks.MatchString(text) {
		return "", fmt.Errorf("the draft of the post-mortem asks nothing below %q", heading)
	}
	return asks.ReplaceAllLiteralString(text, "## "+heading+"\n\n"+words), nil
}

// webhooks is an afternoon five days ago: one customer's server was away, colleagues were told, customers need not be. Its post-mortem is a draft.
func (h *history) webhooks(ctx context.Context) error {
	h.to(5, 14, 5)
	late := h.monitored("WebhooksLate", "webhook-sender", "error", "Webhooks to Savanna Pay are late", "611 webhooks wait, the oldest for 9 minutes. All go to hooks.savannapay.example, which answers 503.")
	group, err := h.paged(ctx, late)
	if err != nil {
		return err
	}
	h.after(3*time.Minute + 40*time.Second)
	if _, err := h.liis.api.AcknowledgeAlert(ctx, group.ID); err != nil {
		return err
	}
	h.after(2 * time.Minute)
	inc, err := h.liis.api.OpenIncident(ctx, group.ID)
	if err != nil {
		return err
	}
	if err := h.told(ctx, inc.ID, 1); err != nil {
		return err
	}
	h.after(5 * time.Minute)
	if _, err := h.liis.api.WriteUpdate(ctx, inc.ID, wire.Say{Body: "Savanna Pay's server has been away since 13:55. Only they are touched. Wanjiru talks to them; nothing is lost, we send again for a day."}); err != nil {
		return err
	}
	if err := h.told(ctx, inc.ID, 2); err != nil {
		return err
	}
	h.after(26 * time.Minute)
	if err := h.over(ctx, late); err != nil {
		return err
	}
	h.after(6 * time.Minute)
	if _, err := h.liis.api.ResolveIncident(ctx, inc.ID, wire.Resolve{}); err != nil {
		return err
	}
	if err := h.told(ctx, inc.ID, 3); err != nil {
		return err
	}
	_, err = h.written(ctx, inc.ID)
	return err
}

// look is a question by day, answered without a developer: how full is the queue?
func (h *history) look(ctx context.Context) error {
	if !h.blanks(time.Now()).CanLook {
		return nil
	}
	h.to(2, 11, 20)
	run, err := h.liis.api.PlanRun(ctx, wire.PlanRun{Action: "queue/look", Reason: "Kivi Credit asks whether their sessions wait"})
	if err != nil {
		return err
	}
	if run, err = h.liis.api.StartRun(ctx, run.ID, "past-"+run.ID, wire.StartRun{Plan: run.Plan.Hash}); err != nil {
		return err
	}
	return until(ctx, func(ctx context.Context) (bool, error) {
		run, err = h.liis.api.Run(ctx, run.ID)
		if err == nil && run.Ended() && run.State != "succeeded" {
			err = fmt.Errorf("%s is %s: %+v", run.ID, run.State, run.Result)
		}
		return run.Ended(), err
	})
}

// small is what the last hour brought: nothing to wake anybody for. The last alert names no service that Frontline knows, so it is listed as
// unrouted.
func (h *history) small(ctx context.Context) error {
	for _, a := range []struct {
		ago                                           time.Duration
		name, service, severity, summary, description string
	}{
		{55 * time.Minute, "CertificateEndsSoon", "customer-portal", "info", "The certificate of portal.verity.example ends in 20 days", "It renews itself 14 days before its end."},
		{40 * time.Minute, "ExportSlow", "webhook-sender", "info", "The nightly export to Savanna Pay took 12 minutes", "Usually it takes 4."},
		{25 * time.Minute, "DiskFilling", "", "warning", "The disk of build-7 is 81 % full", "The cache of old builds can be emptied."},
	} {
		h.clock.Move(time.Now().Add(-a.ago).Sub(h.clock.Now()))
		alert := h.monitored(a.name, a.service, a.severity, a.summary, a.description)
		if err := h.fires(ctx, alert); err != nil {
			return err
		}
		h.after(6 * time.Minute)
		if err := h.over(ctx, alert); err != nil {
			return err
		}
	}
	return nil
}

// door is where Alertmanager sends to. The token in it is the source's.
func (s *stage) door() string { return s.url + "/in/alertmanager/" + s.env["VERITY_ALERTMANAGER"] }
