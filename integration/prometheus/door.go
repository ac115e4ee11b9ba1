package prometheus

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/snappy"

	"frontline/clock"
	"frontline/fault"
	"frontline/people"
	"frontline/secret"
	"frontline/watch"
	"frontline/watch/selector"
)

// Path is where Prometheus writes to. It is the path of Prometheus' own receiver.
const Path = "/api/v1/write"

// Tokens knows whose API token it is.
type Tokens interface {
	ActorByToken(ctx context.Context, token secret.Text) (people.Actor, error)
}

// Door takes what Prometheus writes, in both versions of Remote Write, for all watches that pick something of it. All fields are required.
//
// Senders keep what is refused with 5xx and send it again for hours; what is refused with 4xx they throw away. So 4xx says only that the body or the token can never be taken.
type Door struct {
	Tokens Tokens
	Counts watch.Counter
	Book   func(context.Context) (watch.Directory, error)
	Clock  clock.Clock
	Log    *slog.Logger
}

const takeWithin = 20 * time.Second // Prometheus waits 30

// ServeHTTP takes one delivery and answers once it is durable.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), takeWithin)
	defer cancel()
	all, err := d.take(ctx, w, r)
	if err != nil {
		d.refuse(w, r, err)
		return
	}
	h := w.Header()
	h.Set("X-Prometheus-Remote-Write-Samples-Written", strconv.Itoa(all.samples))
	h.Set("X-Prometheus-Remote-Write-Histograms-Written", "0") // no watch picks them
	h.Set("X-Prometheus-Remote-Write-Exemplars-Written", "0")
	w.WriteHeader(http.StatusNoContent)
}

// take reads a delivery and gives every watch its share.
func (d *Door) take(ctx context.Context, w http.ResponseWriter, r *http.Request) (delivery, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(token) == "" {
		return delivery{}, fault.New(fault.Unauthenticated, "Give Prometheus an API token: authorization: {credentials: %s…} under remote_write.", people.TokenPrefix)
	}
	by, err := d.Tokens.ActorByToken(ctx, secret.New(strings.TrimSpace(token)))
	if err == nil {
		err = people.May(by, people.SendCounts, people.Subject{})
	}
	if err != nil {
		return delivery{}, err
	}
	all, err := read(w, r)
	if err != nil {
		return delivery{}, err
	}
	book, err := d.Book(ctx)
	if err != nil {
		return delivery{}, err
	}
	for _, def := range book.Watches() {
		if def.Source.RemoteWrite == nil || people.May(by, people.SendCounts, def.Subject()) != nil {
			continue
		}
		if err := d.give(ctx, def, all); err != nil {
			return delivery{}, err // what other watches have taken they know, and do not count again
		}
	}
	return all, nil
}

// read reads the message that the request says it is.
func read(w http.ResponseWriter, r *http.Request) (delivery, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	message := map[string]func([]byte) (delivery, error){"": readFirst, "prometheus.WriteRequest": readFirst, "io.prometheus.write.v2.Request": readSecond}[params["proto"]]
	if err != nil || kind != "application/x-protobuf" || message == nil {
		return delivery{}, unsupported("The content type is none of Remote Write 1.0 and 2.0.")
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && coding != "snappy" { // 1.0 has senders that do not say it
		return delivery{}, unsupported("Remote Write is compressed with snappy.")
	}
	packed, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return delivery{}, fault.New(fault.TooLarge, "The body is larger than %d MB. Lower max_samples_per_send.", mostBody>>20)
	}
	if err != nil {
		return delivery{}, fault.Wrap(err, fault.Unavailable, "The body broke off. Send it again.")
	}
	switch size, err := snappy.DecodedLen(packed); {
	case err != nil:
		return delivery{}, broken()
	case size > mostDecoded:
		return delivery{}, fault.New(fault.TooLarge, "The body is larger than %d MB. Lower max_samples_per_send.", mostDecoded>>20)
	}
	body, err := snappy.Decode(nil, packed)
	if err != nil {
		return delivery{}, broken()
	}
	return message(body)
}

// errUnsupported marks what is answered with 415.
var errUnsupported = errors.New("not supported")

func unsupported(say string) error {
	return fault.Wrap(errUnsupported, fault.Invalid, "%s Send it as Prometheus does.", say)
}

// give writes down what a watch picks of a delivery.
func (d *Door) give(ctx context.Context, def watch.Definition, all delivery) error {
	p, err := pick(def, all)
	if err != nil || len(p.of) == 0 {
		return err
	}
	p.now = d.Clock.Now()
	left := 0
	err = d.Counts.TakeCounts(ctx, def.ID, func(c watch.Cursor) (watch.Taken, error) {
		m, err := unpack(c.Mark)
		if err != nil {
			return watch.Taken{}, err
		}
		var buckets []watch.Bucket
		buckets, left = p.count(&m, c.Position)
		return watch.Taken{Buckets: buckets, Mark: m.pack()}, nil
	})
	if left > 0 {
		d.Log.Warn("a watch picks more series than it can follow; choose fewer with its selectors", "watch", def.ID, "left_out", left, "most", mostMarked)
	}
	return err
}

func (d *Door) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusServiceUnavailable // whatever may pass is sent again
	switch fault.KindOf(err) {
	case fault.Invalid:
		if status = http.StatusBadRequest; errors.Is(err, errUnsupported) {
			status = http.StatusUnsupportedMediaType
		}
	case fault.TooLarge:
		status = http.StatusRequestEntityTooLarge
	case fault.Unauthenticated:
		status = http.StatusUnauthorized
	case fault.Forbidden:
		status = http.StatusForbidden
	default:
		w.Header().Set("Retry-After", "5")
	}
	d.Log.LogAttrs(r.Context(), slog.LevelWarn, "a remote write was refused", slog.Int("status", status), slog.String("from", r.RemoteAddr), slog.Any("error", err))
	http.Error(w, fault.Sentence(err), status)
}

// picked is what a watch picks of a delivery.
type picked struct {
	def   watch.Definition
	names []string
	now   time.Time
	of    []chosen
}

// chosen is one raw series.
type chosen struct {
	id            id
	values        []string
	errors, total bool
	samples       []sample
}

// pick chooses the series of a watch, the same one once, its samples in the order of time.
func pick(def watch.Definition, all delivery) (picked, error) {
	f := def.Source.RemoteWrite
	p := picked{def: def, names: names(def.Labels, f.Rename)}
	errors, err := selector.Parse(f.Errors)
	if err != nil {
		return p, fault.Wrap(err, fault.Internal, "The selector of the watch %s cannot be read. Correct it.", def.ID)
	}
	total, counted := selector.Selector{}, f.Total == ""
	if !counted {
		if total, err = selector.Parse(f.Total); err != nil {
			return p, fault.Wrap(err, fault.Internal, "The selector of the watch %s cannot be read. Correct it.", def.ID)
		}
	}
	at := map[id]int{}
	for _, s := range all.series {
		c := chosen{errors: errors.Matches(s.label), total: !counted && total.Matches(s.label), samples: s.samples}
		if !c.errors && !c.total || len(s.samples) == 0 {
			continue
		}
		c.id = s.id()
		if i, there := at[c.id]; there {
			p.of[i].samples = append(p.of[i].samples[:len(p.of[i].samples):len(p.of[i].samples)], s.samples...)
			continue
		}
		for _, name := range p.names {
			c.values = append(c.values, s.label(name))
		}
		at[c.id] = len(p.of)
		p.of = append(p.of, c)
	}
	return p, nil
}
