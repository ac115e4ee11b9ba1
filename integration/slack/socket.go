package slack

import (
	"context"
	"sync"
	"time"

	"github.com/slack-go/slack/socketmode"
)

// Listen opens a socket to Slack and takes its calls from there until ctx ends (Socket Mode). The library opens it anew when it breaks; when Slack
// refuses it for good we try again after a while, for somebody may set another token there.
func (a *App) Listen(ctx context.Context) {
	const pause = time.Minute
	for ctx.Err() == nil {
		a.listen(ctx)
		if ctx.Err() != nil {
			return
		}
		a.socket("refused")
		a.Log.Error("Slack refuses the socket. Look at the app's token in --slack-app (FRONTLINE_SLACK_APP), and whether Socket Mode is switched on in the app's settings.")
		tick, stop := a.Client.clock.After(pause)
		select {
		case <-tick:
		case <-ctx.Done():
			stop()
		}
	}
}

func (a *App) socket(state string) {
	a.note(func(s *Status) {
		if s.Socket != state {
			s.Socket, s.Since = state, a.now()
		}
	})
}

// atOnce is how many calls of one socket are worked at once.
const atOnce = 8

// listen serves one client of the library until it gives up.
func (a *App) listen(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	a.socket("connecting")
	line := socketmode.New(a.api, socketmode.OptionLog(silent{}))
	over := make(chan struct{})
	wg.Go(func() {
		defer close(over)
		_ = line.RunContext(ctx) // why it ended may hold the socket's address, which is a secret
	})
	slots := make(chan struct{}, atOnce)
	for {
		select {
		case <-over:
			return
		case e := <-line.Events:
			switch e.Type {
			case socketmode.EventTypeConnected, socketmode.EventTypeHello:
				a.socket("connected")
			case socketmode.EventTypeConnecting, socketmode.EventTypeDisconnect, socketmode.EventTypeConnectionError:
				a.socket("connecting")
			}
			if e.Request == nil || e.Request.EnvelopeID == "" {
				continue
			}
			slots <- struct{}{}
			wg.Go(func() {
				defer func() { <-slots }()
				a.heard(ctx, line, *e.Request)
			})
		}
	}
}

// heard takes one call of the socket. One that cannot be taken now is not acknowledged: Slack brings it again.
func (a *App) heard(ctx context.Context, line *socketmode.Client, r socketmode.Request) {
	got, err := a.take(ctx, r.Type, r.Payload)
	if err != nil {
		a.Log.Warn("a call of Slack's socket cannot be taken", "kind", r.Type, "err", err)
		return
	}
	if err := line.AckCtx(ctx, r.EnvelopeID, got.answer); err != nil {
		a.Log.Debug("a call of Slack's socket was not acknowledged; it comes again")
	}
	if got.then == nil {
		return
	}
	limited, cancel := context.WithTimeout(ctx, thenLimit)
	defer cancel()
	got.then(limited)
}
