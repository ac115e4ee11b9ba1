package prometheus

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/client_golang/exp/api/remote"
	writev2 "github.com/prometheus/client_golang/exp/api/remote/genproto/v2"
	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"

	"frontline/catalog"
	"frontline/clock"
	"frontline/fault"
	"frontline/people"
	"frontline/secret"
	"frontline/watch"
)

// desk is what a door needs of the rest: two people with tokens, one watch, and counts that are summed as the store does.
type desk struct {
	def      watch.Definition
	position uint32
	mark     []byte
	counted  map[uint32][]watch.Leaf
	down     error
	log      bytes.Buffer
}

func (d *desk) ActorByToken(_ context.Context, token secret.Text) (people.Actor, error) {
	role, ok := map[string]people.Role{"sender": people.Support, "member": people.Member}[token.Reveal()]
	if !ok {
		return people.Actor{}, fault.New(fault.Unauthenticated, "This API token is unknown.")
	}
	return people.Actor{Kind: people.ByPerson, ID: "wanjiru", Role: role, Via: "api"}, nil
}

func (d *desk) Watches() []watch.Definition {
	return []watch.Definition{{ID: "other", Source: watch.Feed{Push: &watch.Push{}}}, d.def}
}
func (d *desk) Watch(id string) (watch.Definition, bool)      { return d.def, id == d.def.ID }
func (d *desk) Service(string) (catalog.Service, bool)        { return catalog.Service{}, false }
func (d *desk) Customers() []catalog.Customer                 { return nil }
func (d *desk) book(context.Context) (watch.Directory, error) { return d, nil }

func (d *desk) TakeCounts(_ context.Context, id string, take func(watch.Cursor) (watch.Taken, error)) error {
	if d.down != nil {
		return d.down
	}
	taken, err := take(watch.Cursor{Position: d.position, Mark: d.mark})
	if err != nil || id != d.def.ID || taken.Replace || taken.Key != "" {
		return fmt.Errorf("take %q: %+v %w", id, taken, err)
	}
	d.mark = taken.Mark
	for _, b := range taken.Buckets {
		d.counted[b.Number] = watch.Add(d.counted[b.Number], b.Leaves)
	}
	return nil
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func newDesk() *desk {
	return &desk{counted: map[uint32][]watch.Leaf{}, def: watch.Definition{ID: "decisions", Labels: []string{"customer"}, Source: watch.Feed{RemoteWrite: &watch.Written{
		Errors: `decisions_total{outcome="error"}`, Total: `decisions_total`, Rename: []watch.Renaming{{Label: "customer", From: "tenant"}}}}}}
}

func (d *desk) door() *Door {
	return &Door{Tokens: d, Counts: d, Book: d.book, Clock: clock.NewMoved(noon.Add(time.Hour)), Log: slog.New(slog.NewTextHandler(&d.log, nil))}
}

// sums are all errors and requests of each bucket, counted from noon.
func (d *desk) sums() map[int][2]float64 {
	out := map[int][2]float64{}
	for n, leaves := range d.counted {
		x, r := watch.Sum(leaves)
		out[int(n)-int(noon.Unix()/60)] = [2]float64{x, r}
	}
	return out
}

// written is one series to be written.
type written struct {
	labels  []string
	samples []sample
}

func at(seconds int) int64 { return noon.Add(time.Duration(seconds) * time.Second).UnixMilli() }

// every15 are readings at 0:15, 0:30, … after so many seconds.
func every15(after int, values ...float64) []sample {
	out := make([]sample, len(values))
	for i, v := range values {
		out[i] = sample{at: at(after + 15*(i+1)), value: v}
	}
	return out
}

func ok(tenant string) []string {
	return []string{"__name__", "decisions_total", "outcome", "ok", "tenant", tenant}
}
func failed(tenant string) []string {
	return []string{"__name__", "decisions_total", "outcome", "error", "tenant", tenant}
}

// first is the first message.
func first(lines ...written) []byte {
	var body []byte
	for _, l := range lines {
		var series []byte
		for i := 0; i < len(l.labels); i += 2 {
			label := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), l.labels[i])
			label = protowire.AppendString(protowire.AppendTag(label, 2, protowire.BytesType), l.labels[i+1])
			series = protowire.AppendBytes(protowire.AppendTag(series, 1, protowire.BytesType), label)
		}
		for _, s := range l.samples {
			one := protowire.AppendFixed64(protowire.AppendTag(nil, 1, protowire.Fixed64Type), math.Float64bits(s.value))
			one = protowire.AppendVarint(protowire.AppendTag(one, 2, protowire.VarintType), uint64(s.at))
			if s.since > 0 {
				one = protowire.AppendVarint(protowire.AppendTag(one, 3, protowire.VarintType), uint64(s.since))
			}
			series = protowire.AppendBytes(protowire.AppendTag(series, 2, protowire.BytesType), one)
		}
		body = protowire.AppendBytes(protowire.AppendTag(body, 1, protowire.BytesType), series)
	}
	return snappy.Encode(nil, body)
}

func (d *desk) post(body []byte, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, Path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/x-protobuf")
	r.Header.Set("Content-Encoding", "snappy")
	r.Header.Set("Authorization", "Bearer sender")
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	d.door().ServeHTTP(w, r)
	return w
}

func (d *desk) takes(t *testing.T, lines ...written) {
	t.Helper()
	if w := d.post(first(lines...), nil); w.Code != http.StatusNoContent {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
}

// TestWhatIsWrittenIsCountedOnce: deliveries that come again, out of order, or with stale marks in between count what the counters grew and nothing twice.
func TestWhatIsWrittenIsCountedOnce(t *testing.T) {
	d := newDesk()
	one := []written{{ok("nordpank"), every15(0, 100, 110, 120, 130)}, {failed("nordpank"), every15(0, 4, 4, 5, 6)}, {[]string{"__name__", "up"}, every15(0, 1)}}
	two := []written{{ok("nordpank"), every15(60, 140, 150)}, {failed("nordpank"), every15(60, 6, 6)}, {ok("kivi"), every15(60, 5, 7)}}
	three := []written{{ok("nordpank"), append([]sample{{at: at(100), value: math.Float64frombits(0x7ff0000000000002)}}, every15(90, 3, 3)...)}}
	for range 2 {
		d.takes(t, one...)
	}
	d.takes(t, two...)
	d.takes(t, one...)
	d.takes(t, three...)
	d.takes(t, two...)
	d.takes(t, written{ok("nordpank"), every15(180, 3)})
	want := map[int][2]float64{0: {2, 32}, 1: {0, 10 + 10 + 2 + 3}, 3: {}}
	if diff := cmp.Diff(want, d.sums()); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
	if got := d.counted[uint32(noon.Unix()/60)+1]; len(got) != 2 || got[0].Values[0] != "kivi" || got[0].Requests != 2 {
		t.Errorf("by customer: %+v", got)
	}
}

// TestACounterIsBornWithItsFirstError: a counter that says since when it counts hides nothing, before or after a restart.
func TestACounterIsBornWithItsFirstError(t *testing.T) {
	d := newDesk()
	since := func(s []sample, from int) []sample {
		for i := range s {
			s[i].since = at(from)
		}
		return s
	}
	d.takes(t, written{ok("nordpank"), since(every15(0, 100, 110), -900)}, written{failed("kivi"), since(every15(0, 9, 9), -900)})
	d.takes(t, written{failed("nordpank"), since(every15(30, 1, 3), 40)})                 // born at 0:40
	d.takes(t, written{failed("nordpank"), since(every15(90, 5), 92)})                    // restarted at 1:32, and had more errors since
	d.takes(t, written{failed("kivi"), since(every15(1800, 12), -900)})                   // half an hour later: nothing began anew
	d.takes(t, written{failed("arco"), since([]sample{{at: at(1900), value: 50}}, 1000)}) // too long ago for one bucket
	if diff := cmp.Diff(map[int][2]float64{0: {3, 13}, 1: {5, 5}, 30: {3, 3}}, d.sums()); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
}

// TestBothMessages: the library that Prometheus itself sends with takes our answers for right, and both messages mean the same.
func TestBothMessages(t *testing.T) {
	d, e := newDesk(), newDesk()
	d.takes(t, written{ok("nordpank"), every15(0, 1, 5)}, written{failed("nordpank"), every15(0, 1, 2)})
	server := httptest.NewServer(e.door())
	defer server.Close()
	api, err := remote.NewAPI(server.URL, remote.WithAPIPath(Path), remote.WithAPIHTTPClient(&http.Client{Transport: bearer("sender")}))
	if err != nil {
		t.Fatal(err)
	}
	symbols := writev2.NewSymbolTable()
	var lines []*writev2.TimeSeries
	for _, l := range []written{{ok("nordpank"), every15(0, 1, 5)}, {failed("nordpank"), every15(0, 1, 2)}} {
		line := &writev2.TimeSeries{LabelsRefs: symbols.SymbolizeLabels(l.labels, nil), CreatedTimestamp: at(-60)}
		for _, s := range l.samples {
			line.Samples = append(line.Samples, &writev2.Sample{Timestamp: s.at, Value: s.value})
		}
		lines = append(lines, line)
	}
	stats, err := api.Write(t.Context(), remote.WriteV2MessageType, &writev2.Request{Symbols: symbols.Symbols(), Timeseries: lines})
	if err != nil || stats.Samples != 4 {
		t.Fatalf("%+v %v", stats, err)
	}
	if diff := cmp.Diff(d.sums(), e.sums()); diff != "" || len(e.sums()) != 1 {
		t.Errorf("the second message (-first +second):\n%s", diff)
	}
	m, err := unpack(e.mark)
	if err != nil || len(m.last) != 2 {
		t.Fatalf("%+v %v", m, err)
	}
	for _, s := range m.last {
		if s.since != at(-60) {
			t.Errorf("counted since %d", s.since)
		}
	}
}

type bearer string

// RoundTrip implements http.RoundTripper.
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

// TestWhatIsRefused: 4xx is for good, 5xx comes again.
func TestWhatIsRefused(t *testing.T) {
	body := first(written{ok("nordpank"), every15(0, 1, 5)})
	for name, c := range map[string]struct {
		body   []byte
		change func(*http.Request)
		down   error
		want   int
	}{
		"no token":      {body, func(r *http.Request) { r.Header.Del("Authorization") }, nil, 401},
		"unknown token": {body, func(r *http.Request) { r.Header.Set("Authorization", "Bearer nobody") }, nil, 401},
		"member":        {body, func(r *http.Request) { r.Header.Set("Authorization", "Bearer member") }, nil, 403},
		"JSON":          {body, func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, nil, 415},
		"third message": {body, func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-protobuf;proto=io.prometheus.write.v3.Request")
		}, nil, 415},
		"zstd":           {body, func(r *http.Request) { r.Header.Set("Content-Encoding", "zstd") }, nil, 415},
		"not packed":     {[]byte("hello"), nil, nil, 400},
		"no message":     {snappy.Encode(nil, []byte("hello")), nil, nil, 400},
		"says it is big": {[]byte{0xff, 0xff, 0xff, 0xff, 0x0f}, nil, nil, 413},
		"busy":           {body, nil, fault.New(fault.Unavailable, "The database is busy."), 503},
		"a race":         {body, nil, fault.New(fault.Conflict, "It was changed."), 503},
		"fine":           {body, nil, nil, 204},
	} {
		d := newDesk()
		d.down = c.down
		w := d.post(c.body, c.change)
		if w.Code != c.want || (w.Code == 503) != (w.Header().Get("Retry-After") != "") || strings.Contains(d.log.String(), "sender") {
			t.Errorf("%s: %d %s\n%s", name, w.Code, w.Body, &d.log)
		}
	}
}

// TestNothingIsLostOrDoubled: in whatever pieces, however often and in whatever order within a series' past deliveries come again, the sum is that of one delivery.
func TestNothingIsLostOrDoubled(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var good, bad []float64
		for range rapid.IntRange(2, 40).Draw(r, "readings") {
			more := float64(rapid.IntRange(0, 5).Draw(r, "more"))
			if n := len(good); n > 0 && rapid.IntRange(0, 9).Draw(r, "restart") > 0 {
				good, bad = append(good, good[n-1]+more), append(bad, bad[n-1]+math.Floor(more/3))
			} else {
				good, bad = append(good, more), append(bad, 0)
			}
		}
		whole := newDesk()
		send := func(d *desk, from, to int) {
			if w := d.post(first(written{ok("kivi"), every15(15*from, good[from:to]...)}, written{failed("kivi"), every15(15*from, bad[from:to]...)}), nil); w.Code != 204 {
				r.Fatalf("%d %s", w.Code, w.Body)
			}
		}
		send(whole, 0, len(good))
		d := newDesk()
		var sent [][2]int
		for from := 0; from < len(good); {
			to := min(from+rapid.IntRange(1, 7).Draw(r, "piece"), len(good))
			sent = append(sent, [2]int{from, to})
			send(d, from, to)
			for rapid.Bool().Draw(r, "again") {
				again := rapid.SampledFrom(sent).Draw(r, "which")
				send(d, again[0], again[1])
			}
			from = to
		}
		if diff := cmp.Diff(whole.sums(), d.sums()); diff != "" {
			r.Errorf("in pieces (-whole +pieces):\n%s", diff)
		}
	})
}

// TestTheMarkForgets: silent series do not stay for ever, and what was forgotten cannot be counted again.
func TestTheMarkForgets(t *testing.T) {
	d := newDesk()
	old := written{ok("nordpank"), every15(-9000, 1, 2, 3)}
	d.takes(t, old, written{ok("kivi"), every15(-9000, 1)})
	d.takes(t, written{ok("kivi"), every15(0, 1)})
	m, err := unpack(d.mark)
	if err != nil || len(m.last) != 1 {
		t.Fatalf("%+v %v", m, err)
	}
	before := d.sums()
	d.takes(t, old)
	d.takes(t, written{ok("kivi"), []sample{{at: at(3 * 86400), value: 9}}}) // of a clock that is wrong
	if diff := cmp.Diff(before, d.sums()); diff != "" {
		t.Errorf("counted again (-before +after):\n%s", diff)
	}
	if _, err := unpack(d.mark[:len(d.mark)-3]); err == nil {
		t.Error("half a mark is read")
	}
}

func FuzzMessages(f *testing.F) {
	body, _ := snappy.Decode(nil, first(written{ok("kivi"), every15(0, 1, 2)}))
	f.Add(body)
	f.Add([]byte("\x22\x00\x22\x01a\x2a\x04\x0a\x02\x00\x01"))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, read := range []func([]byte) (delivery, error){readFirst, readSecond} {
			if d, err := read(body); err == nil {
				for _, s := range d.series {
					if len(s.labels)%2 != 0 {
						t.Errorf("%+v", s)
					}
				}
			} else if !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.TooLarge) {
				t.Error(err)
			}
		}
		if m, err := unpack(body); err == nil {
			if again, err := unpack(m.pack()); err != nil || len(again.last) != len(m.last) {
				t.Errorf("%v: %d, %d", err, len(again.last), len(m.last))
			}
		}
	})
}
