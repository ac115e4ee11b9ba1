package search

import "regexp"

// The frames of stack traces as Java, .NET, JavaScript, Python, Go, Ruby, PHP and Rust print them.
var (
	frame = regexp.MustCompile(`^(?:at [\w$.<>\[\]/@ ]+\(.*\)(?: in .+)?$|at (?:async )?\S+ \(?\S+:\d+(?::\d+)?\)?$|at \S+:\d+:\d+$|\.\.\. \d+ (?:more|common frames omitted)$` +
		`|File ".*", line \d+(?:, in .*)?$|from \S+:\d+:in .*$|#\d+ +(?:\S+\(\d+\): .*|\{main\}|0x[0-9a-f]+ .*)$|\d+: +(?:0x[0-9a-f]+ - )?[\w<>]+::.*$` +
		`|goroutine \d+ \[.*\]:$|created by \S+.*$|exit status \d+$|\S+\.go:\d+(?: \+0x[0-9a-f]+)?$|Traceback \(most recent call last\):$|--- End of .* ---$|Stack trace:$)`)
	call      = regexp.MustCompile(`^[\w./*()\[\]{}-]+\(.*\)$`)             // Go prints the call above its place
	goPlace   = regexp.MustCompile(`^\S+\.go:\d+(?: \+0x[0-9a-f]+)?$`)      //
	python    = regexp.MustCompile(`^File ".*", line \d+(?:, in .*)?$`)     // the line of source is under it
	pointer   = regexp.MustCompile(`^[\^~ ]+$`)                             // and a pointer to the place under that
	errorLine = regexp.MustCompile(`^[\w.$]*(?:Error|Exception|Panic)\b.*`) // never a frame: what it is about
)

// Traces cuts a text into what was written and the frames of stack traces. The lines that name the error stay: they say what it is about.
func Traces(whole string) Parts {
	all := lines(whole)
	for i := range all {
		switch {
		case all[i].blank() || errorLine.MatchString(all[i].text):
		case frame.MatchString(all[i].text):
			all[i].kind = Traced
		case call.MatchString(all[i].text) && i+1 < len(all) && goPlace.MatchString(all[i+1].text):
			all[i].kind = Traced
		case i > 0 && python.MatchString(all[i-1].text):
			all[i].kind = Traced
		case i > 0 && all[i-1].kind == Traced && pointer.MatchString(all[i].text):
			all[i].kind = Traced
		}
	}
	return parts(whole, all)
}
