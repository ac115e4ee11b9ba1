package desk

import (
	"frontline/form"
)

// TypeStart is a type of request to start from. Its team is that of whoever makes it.
type TypeStart struct {
	Why string // what it is good for, in a sentence
	Type
}

// TypeStarts lists types of request that many teams need, in an asker's words.
func TypeStarts() []TypeStart {
	text := func(name, label, help string, required bool) form.Input {
		return form.Input{Name: name, Label: label, Help: help, Type: form.Text, Required: required}
	}
	return []TypeStart{
		{"For whoever gives access to systems.", Type{ID: "access", Title: "I need access to something", Help: "A system, a folder, a group. Say for whom and until when.", Inputs: []form.Input{
			text("system", "Access to what?", "", true), {Name: "whose", Label: "For whom?", Type: form.Choice, Choices: []string{"for me", "for somebody else"}, Required: true},
			{Name: "person", Label: "For which person?", Type: form.Text, Required: true, When: &form.When{Input: "whose", Is: []any{"for somebody else"}}}, {Name: "until", Label: "Until when?", Type: form.Date, Help: "Leave it empty when it does not end."}}}},
		{"The commonest of all; an action solves it.", Type{ID: "password-reset", Title: "I cannot sign in", Help: "A forgotten password, a lost phone, a locked account.", Priority: High, Inputs: []form.Input{
			text("system", "Where?", "", true), {Name: "what", Label: "What is it?", Type: form.Choice, Choices: []string{"forgotten password", "lost phone", "locked account"}, Required: true}}}},
		{"For whoever must delete or hand out personal data in time.", Type{ID: "erasure", Title: "Somebody wants their data deleted or sent", Help: "Send it on the day on which it came: the law counts from there.", Priority: High, Visibility: "team", Inputs: []form.Input{
			{Name: "wish", Label: "What do they want?", Type: form.Choice, Choices: []string{"deletion", "a copy", "a correction"}, Required: true}, {Name: "came", Label: "When did they ask?", Type: form.Date, Required: true},
			{Name: "customer", Label: "Through which customer?", Type: form.Customer}}}},
		{"For a service that customers use.", Type{ID: "trouble", Title: "Something does not work for a customer", Help: "One case with its time and number helps more than ten without.", Inputs: []form.Input{
			{Name: "customer", Label: "Which customer?", Type: form.Customer, Required: true}, text("example", "One example, with its number", "", false), text("since", "Since when?", "", false),
			{Name: "blocked", Label: "They cannot work at all", Type: form.Boolean}}}},
		{"For a thing that somebody buys, sends or repairs.", Type{ID: "equipment", Title: "I need equipment", Help: "A laptop, a screen, a phone, or a repair.", Inputs: []form.Input{
			{Name: "kind", Label: "What do you need?", Type: form.Choice, Choices: []string{"laptop", "screen", "phone", "repair"}, Required: true},
			{Name: "broken", Label: "What is broken?", Type: form.Text, Multiline: true, Required: true, When: &form.When{Input: "kind", Is: []any{"repair"}}}, {Name: "by", Label: "By when?", Type: form.Date}}}},
	}
}
