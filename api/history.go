package api

import (
	"frontline/action"
	"frontline/alert"
	"frontline/incident"
	"frontline/journal"
	"frontline/wire"
)

// history tells the entries about a group in words.
func (n names) history(entries []journal.Entry, g alert.Group) []wire.Line {
	return every(incident.Tell(entries, incident.Names{
		Person:  func(id string) string { return n.Name("person", id) },
		Service: func(id string) string { return n.Name("service", id) },
		Group:   func(string) string { return g.Short() },
		Run:     func(string) (action.Run, bool) { return action.Run{}, false },
		Text:    func(journal.Subject) string { return "" },
	}), lineOf)
}

func lineOf(l incident.Line) wire.Line {
	return wire.Line{At: l.At, Icon: string(l.Icon), Actor: l.Actor, Sentence: l.Sentence, Small: l.Small, Text: l.Text, About: subject(l.About), Minor: l.Minor}
}
