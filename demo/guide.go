package demo

import (
	"slices"

	"frontline/demo/company"
)

// guide is the reader's way through the night, shown on the company's screen. What the company can see ticks itself off; what only Frontline
// knows is done once something after it is.
func (s *stage) guide() []company.Hint {
	rang := func(i int) func(company.Observed) bool {
		return func(o company.Observed) bool { return len(o.Phones[i].Notes) > 0 }
	}
	return []company.Hint{
		{Say: "Wait a moment. A message is about to arrive that the worker cannot read.", Done: func(o company.Observed) bool { return o.Trouble != nil }},
		{Say: "The monitoring notices that no decision is made, and Alertmanager tells Frontline.", Done: func(o company.Observed) bool { return o.Trouble != nil && o.Firing }},
		{Say: "Karl's phone rings. He sleeps deeply: leave it.", Done: rang(0)},
		{Say: "Frontline goes on to Liis.", Done: rang(1)},
		{Say: "You are Liis. Press Acknowledge on her phone, or tap the title: that opens Frontline's screen for 3 a.m.", Done: answered},
		{Say: "Sign in as Liis (the terminal has her password), open the alert, and open an incident from it with one press.", Link: s.url + "/alerts", Word: "Alerts", Done: mailed(tonight)},
		{Say: "In the incident's room publish “investigating” to customers, and look at the status page.", Link: s.url + "/status", Word: "Status page"},
		{Say: "Run the action “Take the poisoned message out”. Read what it would do, then start it.", Link: s.url + "/incidents/" + tonight, Word: "The room", Done: past},
		{Say: "Decisions are made again, and the alert resolves by itself.", Done: func(o company.Observed) bool { return past(o) && !o.Firing }},
		{Say: "Resolve the incident and tell customers. Its post-mortem is already written: read it, and finish it tomorrow.", Link: s.url + "/incidents/" + tonight, Word: "The room"},
	}
}

func past(o company.Observed) bool { return o.Trouble != nil && !o.Trouble.Gone.IsZero() }

// answered says whether somebody pressed a button on a phone and Frontline took it.
func answered(o company.Observed) bool {
	return slices.ContainsFunc(o.Phones, func(p company.Phone) bool {
		return slices.ContainsFunc(p.Notes, func(n company.Note) bool { return n.Cleared })
	})
}

// mailed says whether a mail came that names it: stakeholders are told at once when an incident opens.
func mailed(name string) func(company.Observed) bool {
	return func(o company.Observed) bool {
		return slices.ContainsFunc(o.Mails, func(m company.Mail) bool { return contains(m.Subject, name) })
	}
}
