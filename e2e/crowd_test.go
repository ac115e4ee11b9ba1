package e2e

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"frontline/e2e/verity"
	"frontline/secret"
	"frontline/wire"
)

var crowdSize = flag.Int("crowd", 40, "how many runs are under way at once")

// linesBefore and linesAfter are what each run of the crowd prints before it waits, and afterwards.
const linesBefore, linesAfter = 20, 30

// TestCrowd has many scripts under way at once. Each says some lines, shows that it is there and waits; none goes on before all are there. So they
// run together; their first lines can be read meanwhile, a page still reaches Liis, and in the end each run has all its lines, in order.
func TestCrowd(t *testing.T) {
	c := openCrowd(t)
	var runs []wire.Run
	for range *crowdSize {
		runs = append(runs, c.begin())
	}
	c.until("all are there", func() bool { return c.there() == *crowdSize })
	for _, r := range runs {
		c.until(r.ID+" says its first lines", func() bool {
			lines, state := c.output(r.ID)
			if state != "running" || len(lines) > linesBefore {
				t.Fatalf("%s is %s with %d lines, and nobody let it go on", r.ID, state, len(lines))
			}
			return slices.Equal(lines, said(0, linesBefore))
		})
	}
	c.Desk.Alert("firing", "DecisionsStopped")
	c.Liis.Expect("Decisions have stopped")
	c.release()
	for _, r := range runs {
		c.until(r.ID+" ends", func() bool {
			now, err := c.Run(t.Context(), r.ID)
			c.must(err)
			return now.Ended()
		})
		if lines, state := c.output(r.ID); state != "succeeded" || !slices.Equal(lines, said(0, linesBefore+linesAfter)) {
			t.Errorf("%s %s with the lines %q", r.ID, state, lines)
		}
	}
	if n := c.there(); n != *crowdSize {
		t.Errorf("%d scripts were started for %d runs", n, *crowdSize)
	}
}

// said are the lines that a run prints, from one number up to another.
func said(from, to int) []string {
	var out []string
	for i := range to - from {
		out = append(out, fmt.Sprintf("decision %d looked at", from+i))
	}
	return out
}

// crowd is a company whose scripts meet in a folder.
type crowd struct {
	program
	folder  string
	release func()
}

func openCrowd(t *testing.T) crowd {
	t.Helper()
	folder := t.TempDir()
	gate := filepath.Join(folder, "gate")
	if err := syscall.Mkfifo(gate, 0o600); err != nil {
		t.Fatal(err)
	}
	n := &night{Desk: verity.Open(t, verity.Options{Real: true, Config: meeting(folder)}), t: t}
	c := crowd{n.api(n.tokens("liis")["liis"]), folder, sync.OnceFunc(func() {
		open, err := os.OpenFile(gate, os.O_RDWR, 0) // stays open: who comes late goes through as well
		n.must(err)
		t.Cleanup(func() { _ = open.Close() })
	})}
	t.Cleanup(c.release)
	return c
}

// meeting is an action whose script opens the gate for reading, which waits until somebody holds it open for writing.
func meeting(folder string) string {
	script := fmt.Sprintf(`say() { while [ $1 -lt $2 ]; do echo decision $1 looked at; set -- $(($1+1)) $2; done; }
          say 0 %d; mktemp %[3]s/here-XXXXXXXX >/dev/null; : <%[3]s/gate; say %[1]d %[2]d`, linesBefore, linesBefore+linesAfter, folder)
	return `actions:
  - id: decisions/look
    title: Look at decisions
    team: support
    risk: read
    kind: exec
    settings:
      write: ["` + folder + `"]
      command:
        - /bin/sh
        - -c
        - |
          ` + script + `
`
}

// there is how many scripts came so far.
func (c crowd) there() int {
	came, err := filepath.Glob(filepath.Join(c.folder, "here-*"))
	c.must(err)
	return len(came)
}

// begin starts a run.
func (c crowd) begin() wire.Run {
	c.t.Helper()
	r, err := c.PlanRun(c.t.Context(), wire.PlanRun{Action: "decisions/look"})
	c.must(err)
	r, err = c.StartRun(c.t.Context(), r.ID, secret.Random(26), wire.StartRun{Plan: r.Plan.Hash})
	c.must(err)
	return r
}

// output is all that a run said so far, and the run's state.
func (c crowd) output(run string) (lines []string, state string) {
	c.t.Helper()
	out, err := c.Output(c.t.Context(), run, 0)
	c.must(err)
	for _, line := range out.Lines {
		lines = append(lines, strings.TrimSpace(line.Text))
	}
	return lines, out.State
}

// until waits longer than any crowd takes on a loaded machine.
func (c crowd) until(what string, is func() bool) {
	c.t.Helper()
	over := time.Now().Add(5 * time.Minute)
	for pause := 20 * time.Millisecond; !is(); pause = min(2*pause, time.Second) {
		if time.Now().After(over) {
			c.t.Fatalf("%s: not within 5 minutes", what)
		}
		time.Sleep(pause)
	}
}
