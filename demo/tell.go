package demo

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// teller writes what the reader reads.
type teller struct {
	mu  sync.Mutex
	out io.Writer
}

// line writes a line as it is.
func (t *teller) line(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = fmt.Fprintf(t.out, format+"\n", args...) // nobody reads any more when this fails
}

// say writes a line with the time of day in front.
func (t *teller) say(format string, args ...any) {
	t.line("%s  %s", time.Now().Format("15:04:05"), fmt.Sprintf(format, args...))
}

// welcome says what there is and where to click.
func (t *teller) welcome(s *stage) {
	through := "An Alertmanager that the company plays sends its alerts."
	if s.genuine {
		through = "Prometheus' own Alertmanager sends its alerts."
	}
	var people strings.Builder
	for _, c := range s.staff {
		fmt.Fprintf(&people, "  %-24s %-32s %s\n", c.email, c.password, c.does)
	}
	t.line(`
Frontline and a small company, Verity, run on this machine. The decision queue is
%s. %s

  Frontline     %s
  The company   %s     the queue, two phones and the mail, live
  Status page   %s
  Files         %s

Sign in to Frontline as one of these; Liis has the night:

%s`, s.company.Where(), through, s.url, s.company.URL(), s.url+"/status", s.dir, people.String())
	if s.o.Script {
		return
	}
	t.line(`Open the company's screen first: it says what to do next. In %d seconds the queue stops.
End it all with Ctrl-C.
`, int(s.o.Pace.Calm.Seconds()))
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
