package web

// The values that the parts of templates/frame/parts.html are given. Everything a screen shows is made of these.

// state is a shape, a word, a weight and only then a colour.
type state struct {
	Look string // "critical" is filled, "warning" outlined, "ok" and "calm" plain, "live" turns
	Word string
	Icon string
}

// newState returns a state; the icon is the look's own unless another one says more.
func newState(look, word string, icon ...string) state {
	s := state{Look: look, Word: word, Icon: look}
	if len(icon) > 0 {
		s.Icon = icon[0]
	}
	return s
}

// note is a framed message: what happened, then what to do.
type note struct {
	Look  string // "critical", "warning" or empty
	Icon  string
	Title string
	Text  string
}

func newNote(look, icon, title, text string) note {
	return note{Look: look, Icon: icon, Title: title, Text: text}
}

// blank is an empty state: what this is, why it is empty, one next step.
type blank struct {
	Title string
	Text  string
	Next  link // no button when it has no address
}

func newBlank(title, text, word, path string) blank {
	return blank{Title: title, Text: text, Next: link{Word: word, Path: path}}
}

// figure is a large number and what it counts.
type figure struct {
	Name  string
	Value string
	Unit  string // small, after the value
}

// fact is a name and a value, with an address when it leads somewhere.
type fact struct {
	Name  string
	Value string
	Path  string
	Mono  bool // an id, a host, a command
}

// entry is one line of a timeline.
type entry struct {
	At    moment
	Icon  string
	Look  string // colours the icon: "critical", "ok" or empty
	Who   string // in bold, before the words
	Lead  string // words before the link
	Link  link   // between Lead and Words; may be empty
	Words string
	More  string   // small, after the words
	Quote []string // what was said with it, as paragraphs
	Day   string   // the line is only the name of a day: what follows happened on it
}

// said is something that was said about an incident, inside or to customers.
type said struct {
	ID     string // to be linked to; may be empty
	Public bool
	By     string
	At     moment
	Text   []string // paragraphs
	States []state  // receipts; what was sent has one or says that there is none
}

// promise is a promised time with its three faces.
type promise struct {
	What   string // "Next public update"
	By     moment
	Face   string // "" while calm, "soon", "broken"
	Then   string // what happens when it is broken
	Passed int    // per cent of the time that is over
}

// step is one of a row of steps.
type step struct {
	Word string
	Note string // "02:58", "since 03:22"
	Is   string // "done", "now" or empty for later
}

// out is the live output of a run.
type out struct {
	Label string
	Lines []outLine
}

// outLine is one line of output.
type outLine struct {
	At   moment
	N    int64 // its number; not shown when 0
	Text string
	Good bool // stands out
}

// pager leads to the pages before and after.
type pager struct {
	Of           string // what there are pages of: "alerts"
	Newer, Older string // addresses, empty when there is none
	Say          string // "1 to 50 of 1,204"
	NewerSay     string // the words of the buttons, where the order is not that of time
	OlderSay     string
}
