package action

import (
	"fmt"
	"slices"
	"strings"

	"frontline/people"
)

// rowsAsked is how many rows of a table a question holds; the run has all.
const rowsAsked = 5

// Question is a hand-over in words, for a request to its team that everybody may read: what happened, what runs said of themselves, and where the evidence
// is. Of runs that not everybody may know of, it says no more than their names.
func (h Handed) Question() (title, body string) {
	var b strings.Builder
	for i, r := range h.Runs {
		if i == mostTold {
			fmt.Fprintf(&b, "And %d more.\n\n", len(h.Runs)-i)
			break
		}
		h.ask(&b, r)
	}
	for _, k := range h.Expiring {
		fmt.Fprintf(&b, "In quarantine until %s UTC: %s", k.ExpiresAt.UTC().Format("15:04, 2 January"), k.Kind)
		if k.Visibility == "" || k.Visibility == people.Everyone {
			fmt.Fprintf(&b, " from %s", k.Origin)
		}
		b.WriteString("\n")
	}
	if h.Address != "" {
		fmt.Fprintf(&b, "\nThe hand-over, as it is now:\n%s\n", h.Address)
	}
	return fmt.Sprintf("What happened in the night to %s: %s", h.Night.Day, h.Say()), b.String()
}

// ask writes down one run.
func (h Handed) ask(b *strings.Builder, r Run) {
	line := func(format string, args ...any) {
		if text := strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " "); text != "" {
			fmt.Fprintf(b, "    %s\n", text)
		}
	}
	defer b.WriteString("\n")
	if narrow := r.Definition.Narrow(); narrow != "" && narrow != people.Everyone {
		fmt.Fprintf(b, "%s: %s. What it did is open to its team.\n", r.Ref(), r.State)
		line("%s", h.address(r))
		return
	}
	fmt.Fprintf(b, "%s  %s: %s\n", r.Ref(), r.Definition.Title, r.State)
	line("%s", r.Needs())
	if r.Reason != "" {
		line("Why it was run: %s", r.Reason)
	}
	line("%s", r.Result.Summary)
	line("%s", checked(r))
	for _, t := range r.Result.Tables {
		line("%s (%s):", t.Title, strings.Join(t.Columns, ", "))
		for i, row := range t.Rows {
			if i == rowsAsked {
				line("and %d more", len(t.Rows)-i)
				break
			}
			line("- %s", strings.Join(row, ", "))
		}
	}
	for _, f := range r.Result.Files {
		line("File: %s", f.Name)
	}
	var links []string
	for name, to := range r.Result.Links {
		if strings.HasPrefix(to, "https://") || strings.HasPrefix(to, "http://") {
			links = append(links, name+": "+to)
		}
	}
	slices.Sort(links)
	for _, l := range links {
		line("%s", l)
	}
	line("%s", h.address(r))
}

// address is where a run is looked at; empty when nobody knows.
func (h Handed) address(r Run) string {
	if h.RunAddress == nil {
		return ""
	}
	return h.RunAddress(r)
}
