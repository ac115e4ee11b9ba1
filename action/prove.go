package action

import (
	"context"
	"fmt"
	"io"
	"time"

	"frontline/fault"
)

// proofPause is the time between two looks whether a run helped.
const proofPause = 2 * time.Second

// prove looks whether a run that is done helped, and adds what it found to the verdict. That nothing could be found out is a finding too:
// the run itself succeeded.
func (w *work) prove(ctx context.Context, v verdict) verdict {
	if v.state != Succeeded {
		return v
	}
	d := w.run.Definition
	v.result.Undo = d.offer(v.result, w.run.Inputs)
	look := w.lookWith(v.result)
	if look == nil || w.run.Plan.Nothing {
		return v
	}
	w.led.Progress(0, 0, "Looking whether it helped")
	finding, cause, err := watched(ctx, w, d.proofTime(), look)
	if err == nil {
		finding, err = masked(w.mask, finding)
	}
	if err != nil {
		w.Log.Warn("it cannot be found out whether a run helped", "run", w.run.ID, "action", d.ID, "err", w.mask.err(err))
		finding = Finding{Summary: w.unproven(cause, err)}
	}
	v.result.Check = &finding
	return v
}

// unproven says why nobody looked to the end whether the run helped.
func (w *work) unproven(cause, err error) string {
	switch cause {
	case errCancelled:
		return "The look whether it helped was cancelled. See for yourself."
	case errStopping:
		return "The server was stopped before it was seen whether it helped. See for yourself."
	case errTooLong:
		return fmt.Sprintf("It was not seen to help within %s. See for yourself, and escalate if it goes on.", w.run.Definition.proofTime())
	}
	return "It could not be seen whether it helped: " + w.mask.text(fault.Sentence(err))
}

// lookWith is how to see whether the run helped: the definition's own look, or else the kind's; nil when there is none.
func (w *work) lookWith(result Result) func(context.Context) (Finding, error) {
	if p := w.run.Definition.Proof; p != nil && !w.run.Definition.Undoes {
		return func(ctx context.Context) (Finding, error) { return w.lookUntil(ctx, *p) }
	}
	if prover, ok := w.kind.(Prover); ok {
		return func(ctx context.Context) (Finding, error) {
			return prover.Prove(ctx, w.call, w.run.Plan, result, w.led)
		}
	}
	return nil
}

// lookUntil repeats the definition's look until it succeeds or its time is up.
func (w *work) lookUntil(ctx context.Context, p Part) (Finding, error) {
	d := w.run.Definition.with(p)
	kind, ok := w.kindFor(w.run.Definition, d.Kind)
	if !ok {
		return Finding{}, fault.New(fault.Invalid, "This installation has no action kind %s.", d.Kind)
	}
	call := w.call
	call.Settings, call.Secrets, call.Looks = d.settings(), w.proofSecrets, true
	until := w.Clock.Now().Add(w.run.Definition.proofTime())
	if err := w.pause(ctx, p.Wait); err != nil {
		return Finding{}, err
	}
	for {
		f, err := w.lookOnce(ctx, kind, call)
		if err != nil && ctx.Err() != nil {
			return Finding{}, err
		}
		if err == nil && f.Helped || !w.Clock.Now().Add(proofPause).Before(until) {
			return f, err
		}
		if err := w.pause(ctx, proofPause); err != nil {
			return Finding{}, err
		}
	}
}

// lookOnce does the look like a run of its own, without a record: it only reads.
func (w *work) lookOnce(ctx context.Context, kind Kind, call Call) (Finding, error) {
	plan, err := kind.Plan(ctx, call)
	if err != nil {
		return Finding{}, err
	}
	result, err := kind.Do(ctx, call, plan, spoken{w.led})
	if fault.Is(err, fault.Conflict) || fault.Is(err, fault.Invalid) { // the look itself says no
		return Finding{Summary: fault.Sentence(err)}, nil
	}
	return Finding{Helped: result.Done, Summary: result.Summary, Facts: result.Facts, Tables: result.Tables}, err
}

func (w *work) pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	tick, stop := w.Clock.After(d)
	defer stop()
	select {
	case <-tick:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// spoken is the ledger of a look: people read along, and nothing is committed, for nothing is changed.
type spoken struct{ led *ledger }

var _ Ledger = spoken{}

func (s spoken) Commit(context.Context, string, []byte) error { return nil }

func (s spoken) Quarantine(context.Context, string, Quarantined) (string, error) {
	return "", errOnlyLooks
}

func (s spoken) Removed(context.Context, string, string) error { return errOnlyLooks }

func (s spoken) Replayed(context.Context, string, string) error { return errOnlyLooks }

func (s spoken) File(ctx context.Context, name, contentType string, body io.Reader) (File, error) {
	return s.led.File(ctx, name, contentType, body)
}

func (s spoken) Progress(done, total int, what string) { s.led.Progress(done, total, what) }

func (s spoken) Printf(format string, args ...any) { s.led.Printf(format, args...) }

var errOnlyLooks = fault.New(fault.Invalid, "The action's check wants to change something, but a check only looks. Ask its owners to correct it.")
