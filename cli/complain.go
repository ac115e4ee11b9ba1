package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"frontline/fault"
)

// Complain tells an error to a person, the sentence and then each wrong field, and returns the exit code: what the command says itself, 2 for
// a wrong command line or setting, 1 for anything else.
func Complain(w io.Writer, err error) int {
	var f *fault.Error
	var ended Ended
	if errors.As(err, &ended) && ended.Say == "" { // it said so itself
		return ended.Code
	}
	if errors.Is(err, context.Canceled) && ended.Say == "" {
		_, _ = fmt.Fprintln(w, "frontline: Stopped.")
		return 130 // as a shell says of what Ctrl-C ended
	}
	if !errors.As(err, &f) {
		_, _ = fmt.Fprintln(w, "frontline:", err)
		return max(ended.Code, 1)
	}
	_, _ = fmt.Fprintln(w, "frontline:", f.Say)
	for _, x := range f.Fields {
		if x.Say != f.Say && x.Name+": "+x.Say != f.Say {
			_, _ = fmt.Fprintf(w, "  %s: %s\n", x.Name, x.Say)
		}
	}
	if f.Kind == fault.Invalid {
		return 2
	}
	return 1
}
