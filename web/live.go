package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"frontline/people"
)

// Changes tells what moves. The journal's writers feed it after each commit.
type Changes interface {
	// Subscribe returns what changes from now until ctx ends; several changes may come together. The channel is closed when
	// ctx ends, and when the reader is too slow: it then subscribes anew and looks at everything again.
	Subscribe(ctx context.Context) <-chan []people.Subject
}

// heartbeat keeps proxies from closing a quiet stream, and is how often its session is asked again.
const heartbeat = 15 * time.Second

// topics names what a screen shows, for head.Topics: "incident" is any, "incident:ID" one.
func topics(kindAndID ...string) []string {
	var out []string
	for i := 0; i+1 < len(kindAndID); i += 2 {
		out = append(out, topic(kindAndID[i], kindAndID[i+1]))
	}
	return out
}

func topic(kind, id string) string {
	if id == "" {
		return kind
	}
	return kind + ":" + id
}

// seeing is the verb that lets a person know of a kind of subject; false for a kind that no screen shows.
func seeing(kind string) (people.Verb, bool) {
	switch kind {
	case "alert", "group", "silence", "source":
		return people.SeeAlerts, true
	case "page", "rotation", "override", "policy":
		return people.SeeOnCall, true
	case "incident", "update", "status":
		return people.SeeIncidents, true
	case "postmortem", "follow_up":
		return people.ReadPostmortems, true
	case "action", "run":
		return people.SeeActions, true
	case "request":
		return people.SeeRequests, true
	case "answer":
		return people.ReadAnswers, true
	case "thanks":
		return people.SeeThanks, true
	case "presence", "escalation":
		return people.WorkRequests, true
	case "watch", "finding":
		return people.SeeWatches, true
	case "runner":
		return people.SeeRunners, true
	case "secret":
		return people.SeeSecrets, true
	case "service", "component", "customer", "person", "team":
		return people.SeeCatalog, true
	case "journal", "config":
		return people.SeeJournal, true
	}
	return "", false
}

// visible are the topics of what changed, as far as the actor may know of it.
func visible(a people.Actor, changed []people.Subject) []string {
	var out []string
	seen := map[string]bool{}
	for _, c := range changed {
		verb, ok := seeing(c.Kind)
		if !ok || people.May(a, verb, c) != nil {
			continue
		}
		for _, t := range []string{c.Kind, topic(c.Kind, c.ID)} {
			if !seen[t] {
				seen[t] = true
				out = append(out, t)
			}
		}
	}
	return out
}

// live is the event stream of one browser: it says what changed, and the screens fetch again. It ends with the reader, the
// session or the server.
func (s *Server) live(w http.ResponseWriter, r *http.Request, v *visit) error {
	rc := http.NewResponseController(w)
	if err := rc.SetWriteDeadline(time.Time{}); err != nil {
		return fmt.Errorf("lift the write deadline of a stream: %w", err)
	}
	st := stream{w: w, rc: rc, s: s, v: v}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	changes := s.deps.Changes.Subscribe(ctx)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would keep events back
	w.WriteHeader(http.StatusOK)
	if st.push("retry: 2000\nevent: hello\ndata: 0\n\n") {
		st.run(ctx, changes)
	}
	return nil
}

// stream is one open event stream.
type stream struct {
	w  io.Writer
	rc *http.ResponseController
	s  *Server
	v  *visit
}

// run says what changes until the stream ends.
func (st stream) run(ctx context.Context, changes <-chan []people.Subject) {
	beat, drop := st.s.deps.Clock.After(heartbeat)
	defer func() { drop() }()
	for on := true; on; {
		select {
		case <-st.s.ending:
			return
		case <-ctx.Done():
			return
		case changed, ok := <-changes:
			on = ok && st.tell(changed)
		case <-beat:
			on = st.still(ctx)
			beat, drop = st.s.deps.Clock.After(heartbeat)
		}
	}
}

// tell sends the topics that the person may know of.
func (st stream) tell(changed []people.Subject) bool {
	seen := visible(st.v.Actor, changed)
	if len(seen) == 0 {
		return true
	}
	data, err := json.Marshal(seen)
	return err == nil && st.push("event: change\ndata: "+string(data)+"\n\n")
}

// still asks whether the session still holds, and with which rights.
func (st stream) still(ctx context.Context) bool {
	session, err := st.s.deps.SignIn.Session(ctx, st.v.session)
	if err != nil {
		return false
	}
	st.v.Actor = people.As(session.Person, "screen")
	return st.push(": still here\n\n")
}

// push sends text at once; false when the reader has left.
func (st stream) push(text string) bool {
	_, err := io.WriteString(st.w, text)
	return err == nil && st.rc.Flush() == nil
}
