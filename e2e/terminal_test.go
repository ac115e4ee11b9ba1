package e2e

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"frontline/cli"
	"frontline/clock"
)

// TestStoryByCommandLine is the same night in a terminal: nothing but commands.
func TestStoryByCommandLine(t *testing.T) {
	for name, address := range databases {
		t.Run(name, func(t *testing.T) {
			n := aNight(t, address(t))
			tokens := n.tokens("wanjiru", "tonis")
			wanjiru, tonis := n.terminal(tokens["wanjiru"]), n.terminal(tokens["tonis"])
			wanjiru.types("whoison").says("Second line", "Wanjiru Kamau")
			n.theQueueStops()
			n.theFirstSleepsOnAndTheSecondIsPaged()

			wanjiru.types("alert", "list").says("G-1", "critical", "decision-pipeline: Decisions have stopped")
			wanjiru.types("alert", "ack", "G-1").says("G-1 is yours: " + stopped)
			wanjiru.types("alert", "show", "G-1").says("acknowledged by Wanjiru Kamau", "Liis Tamm", "ntfy", "email")
			wanjiru.types("incident", "open", "G-1").says("INC-1", "Decision pipeline", "Nordpank", "Lumo Exchange", "Arco Móvil", "Kivi Credit")
			n.stakeholdersAreTold("opened: " + stopped)
			wanjiru.types("incident", "update", "INC-1", "--public", "--state", "investigating", "--title", "Verification decisions are delayed", "--next", "30m",
				"Decisions take longer than usual. We are looking into it.").says("Verification decisions are delayed")
			n.programsRead("Verification decisions are delayed: investigating")

			wanjiru.types("action", "list", "--service", "decision-pipeline").says("queue/park-message", "Take the poisoned message out")
			wanjiru.types("action", "plan", "queue/park-message", "--for", "INC-1").says("RUN-1", decisionQueue)
			wanjiru.answers("y").types("action", "run", "queue/park-message", "--for", "INC-1").says("Run it?", "Took 1 message out of decisions into quarantine")
			n.queue.goesOn(sessions...)
			n.queue.empty()
			n.alertmanagerHears(time.Now())
			n.until("the alert resolves", func() bool { return wanjiru.types("alert", "list").has("Nothing is on fire.") })

			wanjiru.types("incident", "resolve", "INC-1", "--public", "Decisions are made at their usual pace again.").says("resolved")
			n.programsRead("none")
			n.stakeholdersAreTold("resolved: " + stopped)
			n.until("the post-mortem is drafted", func() bool { return tonis.types("incident", "show", "INC-1").has("Post-mortem") })
			tonis.types("incident", "postmortem", "INC-1").says(told...)
			n.noDeveloperWasWoken()
		})
	}
}

// terminal is somebody's shell.
type terminal struct {
	*night
	token, answer string
}

func (n *night) terminal(token string) terminal { return terminal{night: n, token: token} }

// answers gives the next command something to read.
func (s terminal) answers(line string) terminal {
	s.answer = line + "\n"
	return s
}

// printed is what a command wrote.
type printed struct {
	t       *testing.T
	command string
	text    string
}

// types a command, which must end well, as cmd/frontline runs it.
func (s terminal) types(args ...string) printed {
	s.t.Helper()
	var out bytes.Buffer
	env := cli.Env{In: strings.NewReader(s.answer), Out: &out, Err: &out, Clock: clock.Real{}, Zone: time.UTC, Version: "frontline test",
		Getenv: func(name string) string {
			return map[string]string{"FRONTLINE_SERVER": s.URL, "FRONTLINE_TOKEN": s.token}[name]
		}}
	var commands struct{ cli.Commands }
	parser, err := kong.New(&commands, kong.Name("frontline"), kong.Writers(&out, &out))
	s.must(err)
	chosen, err := parser.Parse(args)
	s.must(err)
	chosen.BindTo(s.t.Context(), (*context.Context)(nil))
	command := "frontline " + strings.Join(args, " ")
	if err := chosen.Run(env); err != nil {
		cli.Complain(&out, err)
		s.t.Fatalf("%s: %s", command, out.String())
	}
	return printed{s.t, command, out.String()}
}

func (p printed) has(text string) bool { return strings.Contains(p.text, text) }

// says what is expected.
func (p printed) says(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		if !p.has(text) {
			p.t.Errorf("%s does not say %q, but\n%s", p.command, text, p.text)
		}
	}
}
