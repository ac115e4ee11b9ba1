package remote

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"frontline/action"
	"frontline/answer"
	"frontline/clock"
	"frontline/fault"
	"frontline/runner"
)

// Path is where runners come to. Everything below it is signed.
const Path = "/api/v1/runner/"

// The most that a body may weigh, in bytes.
const (
	mostBody = 24 << 20 // a quarantined message of 16 MB, in base64
	mostFile = 10 << 20
)

// Door is where runners come to the server.
type Door struct {
	to     *runner.Dispatch
	nonces Nonces
	clock  clock.Clock
	log    *slog.Logger
	mux    *http.ServeMux
}

// Nonces remembers which signatures were used.
type Nonces interface {
	UseNonce(ctx context.Context, runner, nonce string, until time.Time) (bool, error)
}

var _ http.Handler = (*Door)(nil)

// NewDoor returns the door, to be mounted at Path.
func NewDoor(d *runner.Dispatch, n Nonces, c clock.Clock, log *slog.Logger) *Door {
	o := &Door{to: d, nonces: n, clock: c, log: log, mux: http.NewServeMux()}
	o.mux.HandleFunc("POST "+Path+"enrol", o.enrol)
	on(o, "POST", "poll", func(ctx context.Context, v visit, h runner.Hello) (runner.Told, error) {
		return d.Poll(ctx, v.runner, h)
	})
	on(o, "POST", "assignments/{id}/steps", func(ctx context.Context, v visit, in stepped) (kept, error) {
		id, err := d.Step(ctx, v.hold(in.Boot), in.Call, in.Entry)
		return kept{id}, err
	})
	on(o, "POST", "assignments/{id}/output", func(ctx context.Context, v visit, in printed) (nothing, error) {
		return nothing{}, d.Output(ctx, v.hold(in.Boot), in.After, in.Lines, in.Progress)
	})
	on(o, "POST", "assignments/{id}/reply", func(ctx context.Context, v visit, in replied) (nothing, error) {
		return nothing{}, d.Answer(ctx, v.hold(in.Boot), in.Reply)
	})
	on(o, "POST", "assignments/{id}/kept", func(ctx context.Context, v visit, in wanted) (action.Kept, error) {
		return d.Kept(ctx, v.hold(in.Boot), in.Name)
	})
	o.mux.HandleFunc("POST "+Path+"assignments/{id}/files", o.file)
	o.mux.HandleFunc("POST "+Path+"assignments/{id}/input", o.input)
	return o
}

// What runners send, beside the types of package runner.
type (
	stepped struct {
		Boot  string       `json:"boot"`
		Call  int64        `json:"call"`
		Entry runner.Entry `json:"entry"`
	}
	printed struct {
		Boot     string          `json:"boot"`
		After    int64           `json:"after"`
		Lines    []action.Line   `json:"lines,omitempty"`
		Progress action.Progress `json:"progress"`
	}
	replied struct {
		Boot  string       `json:"boot"`
		Reply action.Reply `json:"reply"`
	}
	wanted struct {
		Boot string `json:"boot"`
		Name string `json:"name"`
	}
	kept struct {
		ID string `json:"id,omitempty"`
	}
	enrolled struct {
		ID     string            `json:"id"`
		Server ed25519.PublicKey `json:"server"`
	}
	nothing struct{}
)

// visit is one request whose signature was checked.
type visit struct {
	runner runner.Runner
	id     string // of the assignment
}

func (v visit) hold(boot string) runner.Hold {
	return runner.Hold{Assignment: v.id, Runner: v.runner.ID, Boot: boot}
}

// ServeHTTP implements http.Handler.
func (o *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	o.mux.ServeHTTP(w, r)
}

// on adds an address that takes and gives JSON.
func on[I, T any](o *Door, method, path string, handle func(context.Context, visit, I) (T, error)) {
	o.mux.HandleFunc(method+" "+Path+path, func(w http.ResponseWriter, r *http.Request) {
		var in I
		v, body, err := o.enter(r, mostBody)
		if err == nil {
			err = read(body, &in)
		}
		if err != nil {
			o.refuse(w, r, err)
			return
		}
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // a poll lasts longer than reading may
		out, err := handle(r.Context(), v, in)
		if err != nil {
			o.refuse(w, r, err)
			return
		}
		o.say(w, r, http.StatusOK, out)
	})
}

func read(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return fault.Wrap(err, fault.Invalid, "The runner said what this server does not understand. Start both with the same version.")
	}
	return nil
}

// enter reads the body and checks who signed the request, that it was for us, and that it comes the first time.
func (o *Door) enter(r *http.Request, most int64) (visit, []byte, error) {
	s, err := readSigned(r.Header)
	if err != nil {
		return visit{}, nil, err
	}
	known, err := o.to.Known(r.Context(), s.key)
	if err != nil {
		return visit{}, nil, err
	}
	body, err := bodyOf(r, most)
	if err != nil {
		return visit{}, nil, err
	}
	if err := s.verify(r, body, known.Key, o.to.Fingerprint(), o.clock.Now()); err != nil {
		return visit{}, nil, err
	}
	fresh, err := o.nonces.UseNonce(r.Context(), known.ID, s.nonce, s.until())
	if err == nil && !fresh {
		err = fault.New(fault.Unauthenticated, "This request came before: somebody repeats what the runner sent.")
	}
	return visit{known, r.PathValue("id")}, body, err
}

func bodyOf(r *http.Request, most int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The request did not arrive whole. Send it again.")
	}
	if int64(len(body)) > most {
		return nil, fault.New(fault.TooLarge, "This is larger than %s. Send less.", action.Bytes(most))
	}
	return body, nil
}

// enrol lets a runner in that shows a token, and proves that it has the key.
func (o *Door) enrol(w http.ResponseWriter, r *http.Request) {
	var e runner.Enrolment
	s, err := readSigned(r.Header)
	var body []byte
	if err == nil {
		body, err = bodyOf(r, 64<<10)
	}
	if err == nil {
		err = read(body, &e)
	}
	if err == nil {
		err = s.verify(r, body, e.Key, o.to.Fingerprint(), o.clock.Now())
	}
	if err != nil {
		o.refuse(w, r, err)
		return
	}
	known, err := o.to.Enrol(r.Context(), e)
	if err != nil {
		o.refuse(w, r, err)
		return
	}
	o.log.Info("runner enrolled", "runner", known.Name, "key", known.Fingerprint())
	o.say(w, r, http.StatusOK, enrolled{known.ID, o.to.PublicKey()})
}

// file takes a file of a run. What it is called stands in the query, which is signed too.
func (o *Door) file(w http.ResponseWriter, r *http.Request) {
	v, body, err := o.enter(r, mostFile)
	var f action.File
	if err == nil {
		q := r.URL.Query()
		var call int64
		if call, err = strconv.ParseInt(q.Get("call"), 10, 64); err != nil {
			err = fault.Wrap(err, fault.Invalid, "The number of the call is missing.")
		} else {
			f, err = o.to.File(r.Context(), v.hold(q.Get("boot")), call, q.Get("name"), q.Get("type"), body)
		}
	}
	if err != nil {
		o.refuse(w, r, err)
		return
	}
	o.say(w, r, http.StatusOK, kept{f.ID})
}

// input gives a file that was given for an input. Its content is not signed: the order, which was, has its hash.
func (o *Door) input(w http.ResponseWriter, r *http.Request) {
	v, body, err := o.enter(r, mostFile)
	var in wanted
	if err == nil {
		err = read(body, &in)
	}
	var content io.ReadCloser
	if err == nil {
		content, err = o.to.Input(r.Context(), v.hold(in.Boot), in.Name)
	}
	if err != nil {
		o.refuse(w, r, err)
		return
	}
	defer func() { _ = content.Close() }()
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = io.Copy(w, content) // the runner sees by the hash whether it came whole
}

// say answers, signed.
func (o *Door) say(w http.ResponseWriter, r *http.Request, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		o.log.Error("an answer to a runner cannot be written", "err", err)
		status, body = http.StatusInternalServerError, []byte(`{"kind":"internal","say":"Something broke on the server."}`)
	}
	w.Header().Set("Content-Type", "application/json")
	signAnswer(w.Header(), status, body, r, o.to.Key, o.to.Fingerprint())
	w.WriteHeader(status)
	_, _ = w.Write(body) // the connection is gone when this fails
}

// refuse answers with a fault, signed.
func (o *Door) refuse(w http.ResponseWriter, r *http.Request, err error) {
	kind := fault.KindOf(err)
	level := slog.LevelInfo
	if kind == fault.Internal || kind == fault.Unauthenticated || kind == fault.Forbidden {
		level = slog.LevelWarn
	}
	if r.Context().Err() == nil {
		o.log.Log(r.Context(), level, "runner refused", "path", r.Pattern, "err", err)
	}
	o.say(w, r, answer.Status(kind), action.Fail(err))
}

// hashed reads a body and complains at its end when it is not the one with the hash.
type hashed struct {
	io.ReadCloser
	want string
	sum  interface {
		io.Writer
		Sum([]byte) []byte
	}
}

func newHashed(body io.ReadCloser, want string) *hashed { return &hashed{body, want, sha256.New()} }

// Read implements io.Reader.
func (h *hashed) Read(p []byte) (int, error) {
	n, err := h.ReadCloser.Read(p)
	_, _ = h.sum.Write(p[:n]) // a hash never fails
	if err == io.EOF && hex.EncodeToString(h.sum.Sum(nil)) != h.want {
		return n, fault.New(fault.Unavailable, "The file did not arrive whole. Try again.")
	}
	return n, err
}
