package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"frontline/action"
	"frontline/people"
)

// A hundred thousand lines stay usable: the run's screen shows the newest, all of them are paged and searched, and taken as text.
func TestAHundredThousandLines(t *testing.T) {
	f := newFirm(t)
	x := action.Run{ID: "run-1", Number: 12, State: action.Succeeded, Lines: 100_000, PlannedAt: night, StartedAt: night, EndedAt: night, Definition: action.Definition{ID: "queue/move", Title: "Move messages", Risk: action.RiskChange}}
	f.desk.s.deps.Actions = longRun{run: x, runs: f.runs}
	lines := make([]action.Line, x.Lines)
	for i := range lines {
		lines[i] = action.Line{Number: int64(i + 1), At: night, Text: fmt.Sprintf("message %06d moved", i+1)}
	}
	lines[77_776].Text = "message 077777 FAILED <b>"
	f.runs.lines = map[string][]action.Line{x.ID: lines}
	as := ask{as: f.as(people.Support, "karl")}
	run, all := "/runs/"+x.Ref(), "/runs/"+x.Ref()+"/output"
	if got := f.desk.to(run, as).is(http.StatusOK).has("main", "message 100000 moved").has(`a[href="`+all+`"]`, "find in all of them"); len(got.Body.String()) > 400_000 {
		t.Errorf("the run's screen has %d bytes", len(got.Body.String()))
	}
	f.desk.to(all, as).is(http.StatusOK).has(".pager", "lines 1 to 500 of 100,000").has(`a[rel=next][href$="from=501"]`, "After")
	f.desk.to(all+"?from=99900", as).has(".pager", "lines 99,900 to 100,000 of 100,000").has("a[rel=prev]", "Before").lacks("a[rel=next]")
	f.desk.to(all+"?q=failed", as).has("main", "1 line holds it").has(".out", "77777").has(".out", "FAILED <b>").lacks(".out b")
	f.desk.to(all+"?q=moved", as).has("main", "99,999 lines hold it; the first 500 are shown")
	f.desk.to(all+"?q=nowhere", as).has(".blank", "No line holds that")
	text := f.desk.to(run+"/output.txt", as).is(http.StatusOK).Body.String()
	if n := strings.Count(text, "\n"); n != 100_000 || !strings.HasSuffix(text, "message 100000 moved\n") {
		t.Errorf("%d lines as text", n)
	}
	f.desk.to(all, ask{}).leadsTo("/sign-in?next=" + strings.ReplaceAll(all, "/", "%2F"))
}

// longRun is one run; everything else about actions is never asked.
type longRun struct {
	unasked
	runs *firmRuns
	run  action.Run
}

type unasked = Actions

func (l longRun) Run(context.Context, people.Actor, string) (action.Run, error) { return l.run, nil }
func (l longRun) Quarantine(context.Context, people.Actor, action.KeptFilter) ([]action.Kept, error) {
	return nil, nil
}
func (l longRun) List(ctx context.Context, a people.Actor, q action.RunFilter) ([]action.Run, error) {
	return l.runs.List(ctx, a, q)
}
func (l longRun) Output(_ context.Context, _ people.Actor, ref string, from int64) ([]action.Line, error) {
	lines := l.runs.lines[ref]
	lines = lines[min(int(from)-1, len(lines)):]
	return lines[:min(len(lines), 1000)], nil // as many as the store gives at once
}
func (l longRun) Steps(ctx context.Context, a people.Actor, ref string) ([]action.Step, error) {
	return l.runs.Steps(ctx, a, ref)
}
