package action

import (
	"fmt"
	"regexp"
	"slices"

	"frontline/fault"
)

// secretName is a name that things have which nobody else should read.
var secretName = regexp.MustCompile(`(?i)(^|[-_.])(password|passwd|passphrase|secret|token|api[-_]?key|private[-_]?key|credentials?)($|[-_.=])`)

// Advice is what would make the definition better though it is right: what its owners, those who run it at night, and those who read the
// night's story would miss.
func (d Definition) Advice() (better []fault.Field) {
	advise := func(when bool, field, say string, args ...any) {
		if when {
			better = append(better, fault.Field{Name: field, Say: fmt.Sprintf(say, args...)})
		}
	}
	changes := d.Risk == RiskChange || d.Risk == RiskDanger
	advise(d.Purpose == "", "id", "Say in purpose when to use it: people search for the words there.")
	advise(changes && len(d.Tests) == 0, "id", "Nothing tests it. Give an example with its end under tests.")
	advise(changes && d.Takes == 0 && !d.Flow(), "id", "Say in by_hand how long the same work takes by hand: from it Frontline counts what the action saves.")
	advise(d.Risk == RiskDanger && d.Proof == nil && !d.Flow(), "id", "It is dangerous, and nothing looks afterwards whether it helped. Add a check.")
	for i, in := range d.Inputs {
		at := fmt.Sprintf("inputs[%d]", i)
		advise(in.Label == "" && in.Help == "", at, "Give the input a label or a help text in the words of those who fill it in.")
		advise(in.Type != "secret" && secretName.MatchString(in.Name), at, "An input called %s looks like a secret. Make its type secret, so that it is never shown or kept.", in.Name)
	}
	if command, ok := d.Settings["command"].([]any); ok {
		for i, word := range command {
			advise(secretName.MatchString(fmt.Sprint(word)), fmt.Sprintf("settings.command[%d]", i),
				"A secret in a command's arguments shows in the list of processes. Name it under secrets and read it from there.")
		}
		shell := len(command) > 1 && slices.Contains([]string{"sh", "bash", "/bin/sh", "/bin/bash"}, fmt.Sprint(command[0])) && command[1] == "-c"
		advise(shell, "settings.command", "A shell text is hard to read and to test here. Put it into a file under scripts.")
	}
	return better
}
