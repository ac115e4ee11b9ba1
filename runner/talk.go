package runner

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"frontline/action"
	"frontline/fault"
	"frontline/journal"
)

// Hello is what a runner says when it asks for work.
type Hello struct {
	Boot     string            `json:"boot"`
	Version  string            `json:"version"`
	Sandbox  string            `json:"sandbox"`
	Policy   string            `json:"policy"`
	Labels   map[string]string `json:"labels"`
	Known    []string          `json:"known,omitempty"`    // assignments that it has and that have no reply yet
	Stopping []string          `json:"stopping,omitempty"` // those of them that it was told to stop
	Room     int               `json:"room"`               // how many more it takes
	Wait     time.Duration     `json:"wait"`               // how long it waits for news
}

// Told is what a runner is told.
type Told struct {
	New   []Handed      `json:"new,omitempty"`
	Stop  []string      `json:"stop,omitempty"` // somebody cancelled these, or their time is up: stop, and reply
	Drop  []string      `json:"drop,omitempty"` // these are not the runner's any more: stop, and say nothing
	Lease time.Duration `json:"lease"`          // how long it may be silent
}

// none says whether there is no news.
func (t Told) none() bool { return len(t.New)+len(t.Stop)+len(t.Drop) == 0 }

// Handed is an assignment on its way to its runner.
type Handed struct {
	ID    string       `json:"id"`
	Order action.Order `json:"order"`
}

// longestPoll is how long a runner waits at most in one poll: proxies cut connections that say nothing for a minute.
const longestPoll = 25 * time.Second

// mostRoom is how many assignments one poll takes at most.
const mostRoom = 16

// Poll answers once there is news for the runner, or nothing within its time. Each poll renews the lease of all that it holds.
func (d *Dispatch) Poll(ctx context.Context, r Runner, h Hello) (Told, error) {
	if LabelText(h.Labels) != LabelText(r.Labels) {
		return Told{}, fault.New(fault.Forbidden, "The runner %s enrolled with the labels %s and now carries %s. Start it with the old ones, or revoke it and enrol it anew.",
			r.Name, orNone(LabelText(r.Labels)), orNone(LabelText(h.Labels)))
	}
	wait, stop := d.Clock.After(max(0, min(h.Wait, longestPoll, d.Lease/3)))
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	topics := d.Store.Subscribe(ctx)
	for {
		told, err := d.beat(ctx, r, h)
		if err != nil || !told.none() {
			return told, err
		}
		news, err := d.news(ctx, r, h, wait, topics)
		if err != nil || !news {
			return told, err
		}
	}
}

// news waits until there may be something to tell; false when the time is up.
func (d *Dispatch) news(ctx context.Context, r Runner, h Hello, wait <-chan time.Time, topics <-chan []string) (bool, error) {
	for {
		tick, stop := d.Clock.After(lookAgain)
		select {
		case <-wait:
			stop()
			return false, nil
		case <-ctx.Done():
			stop()
			return false, nil
		case <-d.stopped():
			stop()
			return false, nil
		case changed := <-topics:
			stop()
			if !concern(changed, "assignment", "runner:"+r.ID) {
				continue
			}
		case <-tick:
		}
		if now, err := d.Known(ctx, r.ID); err != nil {
			return false, err
		} else if now.Boot != h.Boot {
			return true, nil // the beat says what is wrong
		}
		news, err := d.Store.WaitingFor(ctx, r, h.Known)
		if err != nil || news {
			return news, err
		}
	}
}

// lookAgain is the net under the feed of changes.
const lookAgain = 2 * time.Second

// concern says whether one of the topics is among those that changed.
func concern(changed []string, topics ...string) bool {
	return slices.Contains(changed, "*") || slices.ContainsFunc(topics, func(t string) bool { return slices.Contains(changed, t) })
}

// beat renews the runner's lease and says what is new to it.
func (d *Dispatch) beat(ctx context.Context, r Runner, h Hello) (Told, error) {
	told := Told{Lease: d.Lease}
	held, appeared, err := d.Store.Beat(ctx, Beat{Runner: r.ID, Boot: short(h.Boot, 64), Version: short(h.Version, 200), Sandbox: short(h.Sandbox, 200), Policy: short(h.Policy, 1000),
		Room: max(0, min(h.Room, mostRoom)), Lease: d.Lease})
	if err != nil {
		return told, err
	}
	mine := map[string]bool{}
	for _, a := range held {
		mine[a.ID] = true
		if !slices.Contains(h.Known, a.ID) {
			o, err := open[action.Order](d, a.Order)
			if err != nil {
				return told, err
			}
			told.New = append(told.New, Handed{a.ID, o})
		}
		if !a.CancelAt.IsZero() && !slices.Contains(h.Stopping, a.ID) {
			told.Stop = append(told.Stop, a.ID)
		}
	}
	for _, id := range h.Known {
		if !mine[id] {
			told.Drop = append(told.Drop, id)
		}
	}
	if appeared {
		d.Log.Info("runner is there", "runner", r.Name, "version", h.Version, "sandbox", h.Sandbox)
		return told, d.lookForIt(ctx, r)
	}
	return told, nil
}

func short(s string, most int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "")
	for len(s) > most {
		_, n := utf8.DecodeLastRuneInString(s[:most])
		s = s[:most-n]
	}
	return s
}

// lookForIt lets runs be looked at that are unknown and that the runner may say something about, now that it is there.
func (d *Dispatch) lookForIt(ctx context.Context, r Runner) error {
	runs, err := d.Store.Unsettled(ctx)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if !r.Carries(run.Definition.Runner) {
			continue
		}
		if err := d.Queue.Enqueue(ctx, run.LookNow(d.Clock.Now())); err != nil {
			return err
		}
	}
	return nil
}

// Entry is a step as a runner commits it.
type Entry struct {
	Name     string              `json:"name"`
	Payload  []byte              `json:"payload,omitempty"`
	Keep     *action.Quarantined `json:"keep,omitempty"`
	Removed  string              `json:"removed,omitempty"`
	Replayed string              `json:"replayed,omitempty"`
}

// Step commits a step of an assignment that may commit some. The same call twice is one.
func (d *Dispatch) Step(ctx context.Context, h Hold, call int64, e Entry) (string, error) {
	a, run, err := d.mine(ctx, h)
	if err != nil {
		return "", err
	}
	if a.Step != action.OrderDo && a.Step != action.OrderReconcile {
		return "", fault.New(fault.Forbidden, "A look commits nothing. Ask the action's owners to correct it.")
	}
	s := action.StepOf{Step: action.Step{Name: e.Name, Payload: e.Payload}, Removed: e.Removed, Replayed: e.Replayed}
	if e.Keep != nil {
		s.Keep = &action.Kept{Quarantined: *e.Keep}
	}
	if e.Replayed != "" {
		if _, err := d.keptOf(ctx, run.Definition, e.Replayed); err != nil {
			return "", err
		}
	}
	s, cs, err := run.Writes(s, d.Clock.Now())
	if err != nil {
		return "", err
	}
	return d.Store.StepFor(ctx, h, call, s, cs)
}

// mine is the assignment in the hands of the process, and its run.
func (d *Dispatch) mine(ctx context.Context, h Hold) (a Assignment, run action.Run, err error) {
	if a, err = d.Store.Assignment(ctx, h.Assignment); err != nil {
		return a, run, err
	}
	if err := h.holds(a); err != nil || a.Run == "" {
		return a, run, err
	}
	run, err = d.Runs.ActionRun(ctx, a.Run)
	return a, run, err
}

// Output appends lines of output and the progress.
func (d *Dispatch) Output(ctx context.Context, h Hold, after int64, lines []action.Line, p action.Progress) error {
	a, run, err := d.mine(ctx, h)
	if err != nil || a.Run == "" || run.Full() {
		return err
	}
	lines, p = action.Received(lines, p, d.Clock.Now())
	return d.Store.OutputFor(ctx, h, after, lines, p)
}

// File keeps a file of the run.
func (d *Dispatch) File(ctx context.Context, h Hold, call int64, name, contentType string, body []byte) (action.File, error) {
	a, _, err := d.mine(ctx, h)
	if err != nil {
		return action.File{}, err
	}
	if a.Run == "" {
		return action.File{}, fault.New(fault.Forbidden, "A look outside a run keeps no files. Ask the action's owners to correct it.")
	}
	f := action.NewFile(short(name, 400), short(contentType, 200), body)
	f.ID, err = d.Store.FileFor(ctx, h, call, f, body)
	return f, err
}

// Input opens a file that was given for an input of the assignment.
func (d *Dispatch) Input(ctx context.Context, h Hold, name string) (io.ReadCloser, error) {
	a, _, err := d.mine(ctx, h)
	if err != nil {
		return nil, err
	}
	o, err := open[action.Order](d, a.Order)
	if err != nil {
		return nil, err
	}
	f, ok := o.Files[name]
	if !ok {
		return nil, fault.New(fault.NotFound, "The assignment has no file for the input %.70q.", name)
	}
	return d.Uploads.OpenUpload(ctx, f.ID)
}

// Kept reads something in the quarantine of the team whose action the assignment is of.
func (d *Dispatch) Kept(ctx context.Context, h Hold, id string) (action.Kept, error) {
	a, _, err := d.mine(ctx, h)
	if err != nil {
		return action.Kept{}, err
	}
	o, err := open[action.Order](d, a.Order)
	if err != nil {
		return action.Kept{}, err
	}
	return d.keptOf(ctx, o.Definition, id)
}

func (d *Dispatch) keptOf(ctx context.Context, of action.Definition, id string) (action.Kept, error) {
	k, err := d.Runs.QuarantineItem(ctx, id)
	if err == nil && k.Owner != of.Team {
		return action.Kept{}, fault.New(fault.NotFound, "There is nothing with that id in the team's quarantine. Look at the list.")
	}
	return k, err
}

// Answer takes in what came of an assignment. The same reply twice is one.
func (d *Dispatch) Answer(ctx context.Context, h Hold, reply action.Reply) error {
	sealed, err := d.seal(reply)
	if err != nil {
		return err
	}
	_, err = d.Store.ChangeAssignment(ctx, h.Assignment, answered(h, sealed))
	return err
}

func answered(h Hold, sealed []byte) func(Change) (Assignment, journal.Consequences, error) {
	return func(c Change) (Assignment, journal.Consequences, error) {
		a, cs := c.Assignment, journal.Consequences{}
		if a.State == Answered && a.Runner == h.Runner && a.Boot == h.Boot {
			return a, cs, nil
		}
		if err := h.holds(a); err != nil {
			return a, cs, err
		}
		a.State, a.Reply, a.EndedAt = Answered, sealed, c.Now
		if a.Step == action.OrderDo && c.Run.State == action.Unknown { // nobody waits for it any more
			cs.Do(c.Run.LookNow(c.Now))
		}
		return a, cs, nil
	}
}
