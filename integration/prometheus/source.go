package prometheus

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"frontline/fault"
	"frontline/rest"
	"frontline/secret"
	"frontline/watch"
	"frontline/watch/detect"
)

var _ watch.Source = (*Source)(nil)

// Source asks the HTTP query API for the readings of counters at the edges of buckets.
type Source struct {
	api   rest.Client
	token Token
}

// Token looks up the secret that a definition names.
type Token func(ctx context.Context, d watch.Definition, ref secret.Ref) (secret.Text, error)

const (
	gap          = 5         // intervals over which a counter may be missing: detect.Increment knows no increment over more
	firstChunk   = 4         // buckets of the first question, when it is not known yet how many series there are
	mostChunk    = 2_000     // Prometheus answers with at most 11,000 readings of a series
	mostReadings = 1_000_000 // of one answer: some 30 MB
	mostAnswer   = 96 << 20  // bytes
)

// New returns a source that looks its tokens up with token.
func New(token Token) *Source {
	api := rest.New("Prometheus")
	api.Most, api.HTTP.Timeout = mostAnswer, time.Minute
	return &Source{api: api, token: token}
}

// Counts implements watch.Source. A bucket is known when any counter of the total (of the errors, for a count alone) has a reading at its end and one shortly before.
func (s *Source) Counts(ctx context.Context, d watch.Definition, from, until uint32) ([]watch.Bucket, error) {
	p := d.Source.Prometheus
	if p == nil {
		return nil, fault.New(fault.Invalid, "The watch %s is not fed by Prometheus. Give it that source.", d.ID)
	}
	header := http.Header{}
	if p.Token != "" {
		token, err := s.token(ctx, d, p.Token)
		if err != nil {
			return nil, err
		}
		header.Set("Authorization", "Bearer "+token.Reveal())
	}
	var out []watch.Bucket
	for at, chunk := from, uint32(firstChunk); at <= until; {
		end := min(at+chunk-1, until)
		w := window{def: d, tally: watch.NewTally(d), from: at, until: end, names: names(d.Labels, p.Rename)}
		series, err := s.ask(ctx, w, header)
		if err != nil {
			return nil, err
		}
		out = append(out, w.tally.Buckets()...)
		at, chunk = end+1, uint32(min(max(mostReadings/max(series, 1), 1), mostChunk))
	}
	return out, nil
}

// ask asks for the buckets of a window and says how many series there are.
func (s *Source) ask(ctx context.Context, w window, header http.Header) (int, error) {
	p := w.def.Source.Prometheus
	if p.Gauge {
		values, err := s.query(ctx, w, header, p.Errors, 0)
		w.gauges(values)
		return len(values), err
	}
	errors, err := s.query(ctx, w, header, p.Errors, gap)
	if err != nil {
		return 0, err
	}
	if p.Total == "" {
		w.increments(errors, 1, 0, true)
		return len(errors), nil
	}
	total, err := s.query(ctx, w, header, p.Total, gap)
	if err != nil {
		return 0, err
	}
	w.increments(total, 0, 1, true)
	w.increments(errors, 1, 0, false)
	return max(len(errors), len(total)), nil
}

// line is one series of an answer.
type line struct {
	Metric map[string]string `json:"metric"`
	Values []reading         `json:"values"`
}

// reading is a time and a value, which comes as text because it may be no number.
type reading struct {
	at    time.Time
	value float64
}

// UnmarshalJSON reads [1764079200, "12"].
func (r *reading) UnmarshalJSON(raw []byte) error {
	var pair [2]json.RawMessage
	if err := json.Unmarshal(raw, &pair); err != nil {
		return err
	}
	at, err := strconv.ParseFloat(string(pair[0]), 64)
	if err != nil {
		return err
	}
	value, err := strconv.ParseFloat(strings.Trim(string(pair[1]), `"`), 64)
	r.at, r.value = time.UnixMilli(int64(math.Round(at*1000))), value
	return err
}

// query asks for the readings at the ends of the buckets, and at so many ends before the first.
func (s *Source) query(ctx context.Context, w window, header http.Header, selector string, before int64) ([]line, error) {
	width := int64(w.def.Every() / time.Second)
	var answer struct {
		Data struct {
			Type   string `json:"resultType"`
			Result []line `json:"result"`
		} `json:"data"`
	}
	_, err := s.api.Do(ctx, rest.Call{Method: http.MethodGet, URL: strings.TrimRight(w.def.Source.Prometheus.URL, "/") + "/api/v1/query_range", Header: header,
		Query: url.Values{"query": {selector}, "step": {strconv.FormatInt(width, 10)},
			"start": {strconv.FormatInt((int64(w.from)+1-before)*width, 10)}, "end": {strconv.FormatInt((int64(w.until)+1)*width, 10)}}}, &answer)
	if fault.Is(err, fault.Forbidden) {
		return nil, fault.Wrap(err, fault.Forbidden, "Prometheus does not let our token ask for this. Give it the right to query.")
	}
	if err != nil {
		return nil, err
	}
	if answer.Data.Type != "matrix" {
		return nil, fault.New(fault.Unavailable, "What answers at %s is not the query API of Prometheus. Look at the address of the watch.", w.def.Source.Prometheus.URL)
	}
	return answer.Data.Result, nil
}

// window is a stretch of buckets that is being counted.
type window struct {
	def         watch.Definition
	tally       *watch.Tally
	from, until uint32
	names       []string // of the labels, at the source
}

// values are those of the definition's labels.
func (w window) values(metric map[string]string) []string {
	out := make([]string, len(w.names))
	for i, name := range w.names {
		out[i] = metric[name]
	}
	return out
}

// bucket is the one that ends at a time.
func (w window) bucket(end time.Time) (uint32, bool) {
	n := uint32(end.Unix()/int64(w.def.Every()/time.Second)) - 1
	return n, n >= w.from && n <= w.until
}

// increments counts what each counter grew, weighed as errors and as requests. Where it observes, a known increment makes its bucket known.
func (w window) increments(lines []line, errors, requests float64, observes bool) {
	for _, l := range lines {
		values := w.values(l.Metric)
		var before *detect.Sample
		for _, r := range l.Values {
			now := detect.Sample{At: r.at, Value: r.value}
			more, known := detect.Increment(before, now, w.def.Every())
			if !math.IsNaN(r.value) {
				before = &now
			}
			n, within := w.bucket(r.at)
			switch {
			case !known || !within:
			case more > 0:
				w.tally.Count(n, values, more*errors, more*requests)
			case observes:
				w.tally.Observed(n)
			}
		}
	}
}

// gauges takes values as they are.
func (w window) gauges(lines []line) {
	for _, l := range lines {
		values := w.values(l.Metric)
		for _, r := range l.Values {
			if n, within := w.bucket(r.at); within && r.value >= 0 && !math.IsInf(r.value, 1) {
				w.tally.Count(n, values, r.value, 1)
			}
		}
	}
}
