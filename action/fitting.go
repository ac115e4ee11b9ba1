package action

import (
	"slices"

	"frontline/people"
	"frontline/search"
)

// Asking is the kind of subject of a run that was started where one asks, in place of a request: its id is the type that was being asked, or "other".
// Nothing of what was typed is kept.
const Asking = "asking"

// Fit is an action that may solve what somebody is asking.
type Fit struct {
	Definition
	Because []string // the words that both hold; empty when somebody has said that it fits
}

// alikeEnough is how like a question the words of an action must be. Actions say what they do in few words, so that chance words weigh more than in answers.
const alikeEnough = 0.15

// Fitting returns at most n actions that may solve what is asked and that the actor may run: those that are named first, in their order, and then those
// whose title and purpose hold the same words, the likest first.
func Fitting(by people.Actor, all []Definition, named []string, text string, n int) []Fit {
	var out []Fit
	index, at := search.NewIndex(max(len(all), 1)), map[string]Definition{}
	for _, d := range all {
		if people.May(by, d.Verb(), d.Subject()) != nil {
			continue
		}
		at[d.ID] = d
		index.Add(search.Entry{ID: d.ID, Text: search.Normal(d.Title + "\n" + d.Purpose)})
	}
	for _, id := range named {
		if d, ok := at[id]; ok && !slices.ContainsFunc(out, func(f Fit) bool { return f.ID == id }) {
			out = append(out, Fit{Definition: d})
		}
	}
	for _, near := range index.Nearest(search.Normal(text), len(at)) {
		known := slices.ContainsFunc(out, func(f Fit) bool { return f.ID == near.ID })
		if near.Likeness >= alikeEnough && len(near.Because) > 0 && !known {
			out = append(out, Fit{Definition: at[near.ID], Because: near.Because})
		}
	}
	return out[:min(len(out), n)]
}
