package runner

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
	"frontline/secret"
)

// Dispatch is the server's side: it enrols runners, hands assignments to them, and takes in what they say. All fields are required.
type Dispatch struct {
	Store   Store
	Runs    Runs
	Queue   Queue
	Uploads Uploads
	Clock   clock.Clock
	Log     *slog.Logger
	Box     action.Box         // seals orders and replies in the database
	Key     ed25519.PrivateKey // signs what runners are told; they know its public half since they enrolled
	Lease   time.Duration      // how long a runner may be silent
	Since   time.Time          // when this process began: silence before that is ours
	// Announce tells the open screens of this process that something changed which nobody wrote down. Only Listen needs it.
	Announce func(kind, id string)

	stop struct {
		once, made sync.Once
		ended      chan struct{}
	}
}

// Stop lets every poll be answered at once, because the server is being stopped.
func (d *Dispatch) Stop() {
	d.stop.once.Do(func() { close(d.stopped()) })
}

func (d *Dispatch) stopped() chan struct{} {
	d.stop.made.Do(func() { d.stop.ended = make(chan struct{}) })
	return d.stop.ended
}

// Runs is what is read about runs. store implements it.
type Runs interface {
	ActionRun(ctx context.Context, ref string) (action.Run, error)
	QuarantineItem(ctx context.Context, id string) (action.Kept, error)
}

// Queue takes jobs. store implements it.
type Queue interface {
	Enqueue(ctx context.Context, jobs ...job.New) error
}

// Uploads is where files lie that were given for inputs. store implements it.
type Uploads interface {
	OpenUpload(ctx context.Context, id string) (io.ReadCloser, error)
}

// TokenLife is how long a token lets a runner enrol.
const TokenLife = time.Hour

// TokenPrefix begins every enrolment token, so that leaked ones can be searched for.
const TokenPrefix = "flr_"

var runnerName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Add makes a one-time token with which a runner of the name enrols, within an hour. The token also says by which key the runner will know this
// server. With labels, the runner must carry exactly these; without, it brings its own.
func (d *Dispatch) Add(ctx context.Context, by people.Actor, name string, labels map[string]string) (secret.Text, error) {
	if err := people.May(by, people.ManageRunners, people.Subject{Kind: "runner"}); err != nil {
		return secret.Text{}, err
	}
	if !runnerName.MatchString(name) {
		return secret.Text{}, fault.Wrong("name", "A runner is called something like berlin-1: small letters, digits and hyphens, at most 63.")
	}
	for k, v := range labels {
		if err := action.CheckLabel(k, v); err != nil {
			return secret.Text{}, fault.Wrong("labels", "%s", fault.Sentence(err))
		}
	}
	half := TokenPrefix + secret.Random(40)
	t := Token{Hash: secret.Hash(half), Name: name, Labels: labels, By: by.ID, Until: d.Clock.Now().Add(TokenLife)}
	entry := journal.Note(by, "runner.token_made", journal.Of("runner", name), nil)
	if err := d.Store.AddRunnerToken(ctx, t, journal.Consequences{Entries: []journal.Entry{entry}}); err != nil {
		return secret.Text{}, err
	}
	return secret.New(half + "." + strings.TrimPrefix(d.Fingerprint(), "SHA256:")), nil
}

// Fingerprint is that of the server's own key.
func (d *Dispatch) Fingerprint() string { return Fingerprint(d.PublicKey()) }

// PublicKey is the public half of the server's own key.
func (d *Dispatch) PublicKey() ed25519.PublicKey {
	return d.Key.Public().(ed25519.PublicKey)
}

// SplitToken parts a token into what the server is shown and the fingerprint by which the runner knows it.
func SplitToken(token secret.Text) (half secret.Text, fingerprint string, err error) {
	half1, print, ok := strings.Cut(strings.TrimSpace(token.Reveal()), ".")
	if !ok || !strings.HasPrefix(half1, TokenPrefix) || len(print) != 43 {
		return half, "", fault.New(fault.Invalid, "This is no enrolment token. Ask an administrator of the server to make one: frontline runner add NAME.")
	}
	return secret.New(half1), "SHA256:" + print, nil
}

// Enrolment is a runner's wish to be one.
type Enrolment struct {
	Token  string            `json:"token"`
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels,omitempty"`
	Key    ed25519.PublicKey `json:"key"`
}

// Enrol makes a runner of whoever shows a token and has the private half of the key, which the caller has checked. A token serves once.
func (d *Dispatch) Enrol(ctx context.Context, e Enrolment) (Runner, error) {
	if len(e.Key) != ed25519.PublicKeySize {
		return Runner{}, fault.Wrong("key", "The key of a runner is an Ed25519 key. Start the runner with the version of the server.")
	}
	return d.Store.Enrol(ctx, secret.Hash(e.Token), func(t Token, now time.Time) (Runner, journal.Consequences, error) {
		if t.Name != e.Name {
			return Runner{}, journal.Consequences{}, fault.Wrong("name", "The token is for the runner %s, not for %q. Start it with --name %s.", t.Name, e.Name, t.Name)
		}
		if len(t.Labels) > 0 && LabelText(t.Labels) != LabelText(e.Labels) {
			return Runner{}, journal.Consequences{}, fault.Wrong("labels", "The token is for a runner with the labels %s, not %s. Start it with these.", LabelText(t.Labels), orNone(LabelText(e.Labels)))
		}
		for name, value := range e.Labels {
			if err := action.CheckLabel(name, value); err != nil {
				return Runner{}, journal.Consequences{}, err
			}
		}
		r := Runner{Name: e.Name, Labels: e.Labels, Key: e.Key, AddedBy: t.By, AddedAt: now}
		entry := journal.Entry{Actor: journal.Actor{Kind: people.ByPerson, ID: t.By, Via: "runner"}, Verb: "runner.enrolled",
			Facts: map[string]any{"name": e.Name, "key": strings.TrimPrefix(r.Fingerprint(), "SHA256:")}}
		return r, journal.Consequences{Entries: []journal.Entry{entry}}, nil
	})
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// Sight is a runner and what it does just now.
type Sight struct {
	Runner
	There bool // it was heard within its lease
	Work  []Work
}

// Work is a run that a runner works on.
type Work struct {
	Runner string // id
	Run    string // id
	Ref    string // "RUN-884"
	Action string
	Since  time.Time
}

// State says in a word how the runner does.
func (s Sight) State() string {
	switch {
	case !s.RevokedAt.IsZero():
		return "revoked"
	case s.SeenAt.IsZero():
		return "never"
	case s.There:
		return "there"
	}
	return "silent"
}

// Runners lists the runners by name, those that may work first.
func (d *Dispatch) Runners(ctx context.Context, by people.Actor) ([]Sight, error) {
	if err := people.May(by, people.SeeRunners, people.Subject{Kind: "runner"}); err != nil {
		return nil, err
	}
	all, err := d.Store.Runners(ctx)
	if err != nil {
		return nil, err
	}
	under, err := d.Store.RunnersWork(ctx)
	out := make([]Sight, len(all))
	for i, r := range all {
		out[i] = Sight{Runner: r, There: d.there(r)}
		for _, w := range under {
			if w.Runner == r.ID {
				out[i].Work = append(out[i].Work, w)
			}
		}
	}
	return out, err
}

// there says whether the runner was heard within its lease. What was not heard before this process began is not held against it.
func (d *Dispatch) there(r Runner) bool {
	return r.RevokedAt.IsZero() && !r.SeenAt.IsZero() && !d.silent(r.SeenAt.Add(d.Lease))
}

// silent says whether a lease has ended.
func (d *Dispatch) silent(until time.Time) bool {
	now := d.Clock.Now()
	return now.After(until) && now.After(d.Since.Add(d.Lease))
}

// Revoke ends a runner at once, by its id or name: it is told nothing more, and nothing that it says is believed.
func (d *Dispatch) Revoke(ctx context.Context, by people.Actor, ref string) (Runner, error) {
	all, err := d.Store.Runners(ctx)
	if err != nil {
		return Runner{}, err
	}
	for _, r := range all {
		if r.ID != ref && (r.Name != ref || !r.RevokedAt.IsZero()) {
			continue
		}
		if err := people.May(by, people.ManageRunners, r.Subject()); err != nil {
			return Runner{}, err
		}
		return d.Store.RevokeRunner(ctx, r.ID, func(r Runner, now time.Time) (Runner, journal.Consequences, error) {
			if !r.RevokedAt.IsZero() {
				return r, journal.Consequences{}, nil
			}
			r.RevokedAt, r.RevokedBy = now, by.ID
			return r, journal.Consequences{Entries: []journal.Entry{journal.Note(by, "runner.revoked", journal.Of("runner", r.ID), map[string]any{"name": r.Name})}}, nil
		})
	}
	if err := people.May(by, people.ManageRunners, people.Subject{Kind: "runner"}); err != nil {
		return Runner{}, err
	}
	return Runner{}, fault.New(fault.NotFound, "There is no runner %.70q. Look at the list of runners.", ref)
}

// Known is the runner with the id, while it may work.
func (d *Dispatch) Known(ctx context.Context, id string) (Runner, error) {
	r, err := d.Store.RunnerByID(ctx, id)
	switch {
	case fault.Is(err, fault.NotFound):
		return r, fault.New(fault.Unauthenticated, "The server knows no such runner. Enrol it: frontline runner add NAME on the server, and a new key file here.")
	case err == nil && !r.RevokedAt.IsZero():
		return r, fault.New(fault.Forbidden, "The runner %s was revoked at %s. Ask an administrator of the server; to come back it enrols anew.", r.Name, r.RevokedAt.Format("2006-01-02 15:04 MST"))
	}
	return r, err
}

// seal and open keep an order or a reply.
func (d *Dispatch) seal(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "What a runner is to do cannot be written down. Report this.")
	}
	return d.Box.Seal(raw)
}

func open[T any](d *Dispatch, sealed []byte) (v T, err error) {
	raw, err := d.Box.Open(sealed)
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	if err != nil {
		err = fault.Wrap(errors.New("sealed order cannot be opened"), fault.Internal, "What was kept for a runner cannot be opened: the installation's key has changed. Plan again.")
	}
	return v, err
}
