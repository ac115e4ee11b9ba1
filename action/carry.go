package action

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"frontline/fault"
	"frontline/job"
	"frontline/secret"
)

// Handlers binds the wing's job kinds.
func (r *Runner) Handlers() []job.Handler {
	return []job.Handler{KindRun().HandleOnce(r.carryOut, r.lost), KindLook().Handle(r.lookNow), KindWait().Handle(r.waitNow), KindAsk().Handle(r.askNow),
		KindFlow().Handle(r.walkOn)}
}

// Why a run's context ended.
var (
	errCancelled = errors.New("somebody cancelled the run")
	errTooLong   = errors.New("the run took longer than its action allows")
	errStopping  = errors.New("the server is being stopped")
)

// work is one holder's hands on a run.
type work struct {
	*Runner
	run    Run
	holder string
	kind   Kind
	call   Call
	mask   masker
	led    *ledger
	// proofSecrets are those of the definition's look afterwards.
	proofSecrets map[string]secret.Text
}

// carryOut does a run that was started. It is called once for each run, ever.
func (r *Runner) carryOut(ctx context.Context, args JobRun) error {
	holder, err := holderOf(ctx)
	if err != nil {
		return err
	}
	run, err := r.Runs.ChangeRun(ctx, args.Run, begin(holder))
	if err != nil || run.State != Running {
		return err
	}
	w, err := r.open(ctx, run, holder)
	if err != nil {
		return r.end(ctx, run, holder, verdict{state: Failed, result: Result{Summary: fault.Sentence(err) + " Nothing was done."}})
	}
	v := w.prove(ctx, w.do(ctx))
	w.led.close()
	if v.left {
		return job.ErrLeft
	}
	return r.end(ctx, run, holder, v)
}

// lost finds out what became of a run whose process vanished.
func (r *Runner) lost(ctx context.Context, args JobRun) error {
	v, run, holder, err := r.reconcile(ctx, args.Run, (*work).resume)
	if err != nil || v == nil {
		return err
	}
	if v.left {
		return job.ErrLeft
	}
	return r.end(ctx, run, holder, *v)
}

// lookNow finds out what became of an unknown run. While the neighbour does not answer it is tried again.
func (r *Runner) lookNow(ctx context.Context, args JobLook) error {
	v, run, holder, err := r.reconcile(ctx, args.Run, (*work).collect)
	if err != nil || v == nil {
		return err
	}
	if v.silent != nil {
		return v.silent
	}
	return r.end(ctx, run, holder, *v)
}

// reconcile takes a run over and asks its kind what became of it, unless the work goes on elsewhere: that is for under to find out. No verdict means that the run has ended, or now did.
func (r *Runner) reconcile(ctx context.Context, id string, under func(*work, context.Context) (verdict, bool)) (*verdict, Run, string, error) {
	holder, err := holderOf(ctx)
	if err != nil {
		return nil, Run{}, "", err
	}
	run, err := r.Runs.ChangeRun(ctx, id, takeOver(holder))
	if err != nil || run.State != Running && run.State != Unknown {
		return nil, run, holder, err
	}
	w, err := r.open(ctx, run, holder)
	if err != nil {
		result := unsure(run)
		result.Summary += " " + fault.Sentence(err)
		return &verdict{state: Unknown, result: result}, run, holder, nil
	}
	otherwise := Failed
	if !run.CancelAt.IsZero() {
		otherwise = Cancelled
	}
	v, goes := under(w, ctx)
	if !goes {
		v = w.findOut(ctx, otherwise, lookTime)
	}
	v = w.prove(ctx, v)
	w.led.close()
	return &v, run, holder, nil
}

// holderOf names the job claim that ctx belongs to: whoever has another one writes nothing.
func holderOf(ctx context.Context) (string, error) {
	c, ok := job.ClaimOf(ctx)
	if !ok {
		return "", fault.New(fault.Internal, "A run is carried out by a job only. Report this.")
	}
	return fmt.Sprintf("%s:%d", c.ID, c.Fence), nil
}

// open makes a run ready to be worked on: its kind, its secrets, its ledger. The ledger must be closed.
func (r *Runner) open(ctx context.Context, run Run, holder string) (*work, error) {
	kind, ok := r.kindFor(run.Definition, run.Definition.Kind)
	if !ok {
		return nil, fault.New(fault.Invalid, "This installation has no action kind %s.", run.Definition.Kind)
	}
	hidden, err := r.unseal(run.Sealed)
	if err != nil {
		return nil, err
	}
	secrets, err := r.secrets(ctx, run.Definition, hidden)
	if err != nil {
		return nil, err
	}
	inputs, stars, files := r.handed(run.Definition, run.Inputs)
	if len(stars) != len(hidden) {
		return nil, fault.New(fault.Invalid, "The secret inputs of the run are not kept any more.")
	}
	var proof map[string]secret.Text
	if p := run.Definition.Proof; p != nil {
		if proof, err = r.secrets(ctx, run.Definition.with(*p), hidden); err != nil {
			return nil, err
		}
	}
	w := &work{Runner: r, run: run, holder: holder, kind: kind, mask: newMasker(secrets, proof), proofSecrets: proof, call: r.call(run.Definition, inputs, secrets)}
	w.call.Run, w.call.Files, w.call.Actor, w.call.Reason = run.ID, files, run.StartedBy.ID, run.Reason
	w.led = openLedger(r.Runs, r.Clock, r.Log, run, holder, w.mask)
	return w, nil
}

// verdict is what became of a run.
type verdict struct {
	state  State
	result Result
	later  bool  // look again soon
	left   bool  // the work goes on elsewhere while this server is stopped: there is no verdict yet
	silent error // the neighbour did not answer: nothing was found out
}

// do lets the kind work, and finds out what became of it when its end leaves that open.
func (w *work) do(ctx context.Context) verdict {
	result, cause, err := w.attempt(ctx)
	if _, goesOn := w.kind.(Resumer); goesOn && cause == errStopping {
		return verdict{left: true}
	}
	return w.judge(ctx, result, cause, err)
}

// judge says what became of the work whose end is known: by its result or its error, and by why it was cut off.
func (w *work) judge(ctx context.Context, result Result, cause, err error) verdict {
	otherwise, sentence := w.otherwise(cause, err)
	if err == nil {
		return w.said(result, otherwise)
	}
	w.Log.Warn("run ended with an error", "run", w.run.ID, "action", w.run.Definition.ID, "err", w.mask.err(err))
	switch {
	case w.committed(ctx) == 0:
		return verdict{state: otherwise, result: Result{Summary: sentence + " Nothing was done."}}
	case cause == nil && !doubtful(err):
		return verdict{state: Failed, result: Result{Summary: sentence}}
	}
	patience := lookTime
	if cause == errStopping {
		patience = stopTime
	}
	v := w.findOut(ctx, otherwise, patience)
	if v.state == otherwise {
		v.result.Summary = sentence + " " + v.result.Summary
	}
	return v
}

// attempt calls the kind once, under the action's time limit, until it returns or somebody cancels it. The cause is why it was cut
// off; nil when it was not.
func (w *work) attempt(ctx context.Context) (Result, error, error) {
	return watched(ctx, w, w.run.Definition.Limits.timeout(), func(ctx context.Context) (Result, error) { return w.kind.Do(ctx, w.call, w.run.Plan, w.led) })
}

// watched calls the kind with a time limit, until it returns or somebody cancels the run. The cause is why it was cut off; nil when it
// was not.
func watched[T any](ctx context.Context, w *work, limit time.Duration, call func(context.Context) (T, error)) (T, error, error) {
	limited, cancel := context.WithCancelCause(ctx)
	up, stop := w.Clock.After(limit) // from now on, not from when the watcher gets a processor
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.watch(limited, up, cancel)
	}()
	out, err := guard(func() (T, error) { return call(limited) })
	cause := causeOf(ctx, limited)
	cancel(nil)
	<-done
	return out, cause, err
}

// causeOf is why the work was cut off; nil when it was not.
func causeOf(ctx, limited context.Context) error {
	switch {
	case ctx.Err() != nil:
		return errStopping
	case limited.Err() != nil:
		return context.Cause(limited)
	}
	return nil
}

// otherwise is the state and the sentence of a run that failed for the reason and turns out to have had no effect.
func (w *work) otherwise(cause, err error) (State, string) {
	switch cause {
	case errCancelled:
		return Cancelled, "The run was cancelled."
	case errTooLong:
		return Failed, fmt.Sprintf("The run took longer than %s and was stopped.", w.run.Definition.Limits.timeout())
	case errStopping:
		return Failed, "The server was stopped during the run."
	}
	return Failed, w.mask.text(fault.Sentence(err))
}

// doubtful says whether an error leaves open what became of the work: a final fault is the kind's own word that it had no effect.
func doubtful(err error) bool {
	k := fault.KindOf(err)
	return k == fault.Unavailable || k == fault.Internal
}

// watch cancels the work when its time is up or somebody asks for it. Hints come from the feed; the poll is the net under them.
func (w *work) watch(ctx context.Context, up <-chan time.Time, cancel context.CancelCauseFunc) {
	topics := w.Runs.Subscribe(ctx)
	for ctx.Err() == nil {
		if w.cancelAsked(ctx) {
			cancel(errCancelled)
			return
		}
		if !w.await(ctx, up, topics) {
			cancel(errTooLong)
			return
		}
	}
}

// await returns when it is worth looking at the run again; false when its time is up.
func (w *work) await(ctx context.Context, up <-chan time.Time, topics <-chan []string) bool {
	poll, stop := w.Clock.After(pollTime)
	defer stop()
	for {
		select {
		case <-up:
			return false
		case changed := <-topics:
			// Our own output announces "run:ID" alone, four times a second; what others do to the run comes with "run".
			if slices.Contains(changed, "*") || slices.Contains(changed, "run:"+w.run.ID) && slices.Contains(changed, "run") {
				return true
			}
		case <-poll:
			return true
		case <-ctx.Done():
			return true
		}
	}
}

const pollTime = 2 * time.Second

// cancelAsked says whether the work must stop: somebody asked, or another process holds the run.
func (w *work) cancelAsked(ctx context.Context) bool {
	now, err := w.Records.ActionRun(ctx, w.run.ID)
	return err == nil && (!now.CancelAt.IsZero() || now.Holder != w.holder)
}

// findOut asks the kind what became of the run, from its committed steps.
func (w *work) findOut(ctx context.Context, otherwise State, patience time.Duration) verdict {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	steps, err := w.Records.RunSteps(ctx, w.run.ID)
	if err == nil && len(steps) == 0 {
		return verdict{state: otherwise, result: Result{Summary: "It was cut off before its first step. Nothing was done."}}
	}
	var result Result
	if err == nil {
		result, err = guard(func() (Result, error) { return w.kind.Reconcile(ctx, w.call, w.run.Plan, steps, w.led) })
	}
	if err == nil {
		return w.said(result, otherwise)
	}
	err = w.mask.err(err)
	w.Log.Warn("it cannot be found out what became of a run", "run", w.run.ID, "action", w.run.Definition.ID, "err", err)
	run := w.run
	run.Steps = w.committed(ctx)
	return verdict{state: Unknown, result: unsure(run), later: true, silent: err}
}

// said is the verdict that a kind's result means.
func (w *work) said(result Result, otherwise State) verdict {
	result, err := masked(w.mask, result)
	switch {
	case err != nil:
		return verdict{state: Unknown, result: Result{Unknown: true, Summary: fault.Sentence(err)}}
	case result.Unknown:
		return verdict{state: Unknown, result: result}
	case result.Done:
		return verdict{state: Succeeded, result: result}
	}
	return verdict{state: otherwise, result: result}
}

// end writes the verdict, and tries again for a while when the database does not answer: a run without an end would block others.
// Sweep is the net under it.
func (r *Runner) end(ctx context.Context, run Run, holder string, v verdict) error {
	settled := context.WithoutCancel(ctx)
	for n := 1; ; n++ {
		_, err := r.Runs.ChangeRun(settled, run.ID, end(holder, v.state, v.result, v.later))
		if !fault.Again(err) || n == 6 {
			return err
		}
		tick, stop := r.Clock.After(job.DefaultBackoff(n))
		select {
		case <-tick:
		case <-ctx.Done():
			stop()
			return err
		}
	}
}

// Tend sweeps at once and then every minute, until ctx ends.
func (r *Runner) Tend(ctx context.Context) {
	for {
		if err := r.Sweep(ctx); err != nil && ctx.Err() == nil {
			r.Log.Warn("runs cannot be swept", "err", err)
		}
		tick, stop := r.Clock.After(time.Minute)
		select {
		case <-tick:
		case <-ctx.Done():
			stop()
			return
		}
	}
}

// Sweep sees to runs that say they are running though no job stands for them any more, and forgets secrets that nobody needs. It only
// reads while there are none.
func (r *Runner) Sweep(ctx context.Context) error {
	ids, err := r.Shelf.StrayRuns(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		r.Log.Warn("run has no job; looking what became of it", "run", id)
		if _, err := r.Runs.ChangeRun(ctx, id, stray); err != nil {
			return err
		}
	}
	now := r.Clock.Now()
	return errors.Join(r.wakeIdle(ctx), r.Shelf.ForgetSealed(ctx, Planned, now.Add(-planLife)), r.Shelf.ForgetSealed(ctx, Unknown, now.Add(-lookLife)), r.forgetUploads(ctx))
}

const lookLife = 7 * 24 * time.Hour // how long an unknown run with secret inputs can still be looked at
