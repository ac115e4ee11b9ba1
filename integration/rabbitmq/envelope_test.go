package rabbitmq

import (
	"bytes"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	amqp "github.com/rabbitmq/amqp091-go"
	"pgregory.net/rapid"
)

// everyType is a header table with a value of every type that AMQP 0-9-1 has in RabbitMQ.
func everyType() amqp.Table {
	return amqp.Table{
		"void": nil, "yes": true, "no": false, "int8": int8(-8), "uint8": uint8(200), "int16": int16(-16000), "uint16": uint16(60000),
		"int32": int32(math.MinInt32), "uint32": uint32(math.MaxUint32), "int64": int64(math.MinInt64), "float32": float32(1.5),
		"float64": math.SmallestNonzeroFloat64, "decimal": amqp.Decimal{Scale: 2, Value: -12345}, "time": time.Unix(1795420800, 0).UTC(),
		"string": "Põder", "not utf-8": "\xff\xfe", "bytes": []byte{0, 1, 2}, "empty": "",
		"list": []any{int32(1), "two", []any{true}, amqp.Table{"deep": int64(3)}}, "table": amqp.Table{"x": uint16(1), "y": amqp.Table{"z": nil}},
	}
}

// values generates one value of any type, tables and lists included down to the depth.
func values(depth int) *rapid.Generator[any] {
	as := func(g any) *rapid.Generator[any] { return g.(*rapid.Generator[any]) }
	kinds := []*rapid.Generator[any]{
		as(rapid.Just[any](nil)), as(rapid.Bool().AsAny()), as(rapid.Int8().AsAny()), as(rapid.Uint8().AsAny()), as(rapid.Int16().AsAny()),
		as(rapid.Uint16().AsAny()), as(rapid.Int32().AsAny()), as(rapid.Uint32().AsAny()), as(rapid.Int64().AsAny()),
		as(rapid.Float32().AsAny()), as(rapid.Float64().AsAny()), as(rapid.String().AsAny()), as(rapid.SliceOf(rapid.Byte()).AsAny()),
		rapid.Custom(func(t *rapid.T) any {
			return amqp.Decimal{Scale: rapid.Uint8().Draw(t, "scale"), Value: rapid.Int32().Draw(t, "value")}
		}),
		rapid.Custom(func(t *rapid.T) any {
			return time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "seconds"), 0).UTC()
		}),
	}
	if depth > 0 {
		kinds = append(kinds, rapid.Custom(func(t *rapid.T) any { return rapid.SliceOfN(values(depth-1), 0, 5).Draw(t, "list") }),
			rapid.Custom(func(t *rapid.T) any { return tables(depth-1).Draw(t, "table") }))
	}
	return rapid.OneOf(kinds...)
}

func tables(depth int) *rapid.Generator[amqp.Table] {
	return rapid.Custom(func(t *rapid.T) amqp.Table {
		return amqp.Table(rapid.MapOfN(rapid.StringN(0, 20, 255), values(depth), 0, 6).Draw(t, "entries"))
	})
}

func envelopes() *rapid.Generator[envelope] {
	return rapid.Custom(func(t *rapid.T) envelope {
		text := func(label string) string { return rapid.String().Draw(t, label) }
		e := envelope{
			Exchange: text("exchange"), Key: text("key"), VHost: text("vhost"), Queue: text("queue"), Redelivered: rapid.Bool().Draw(t, "redelivered"),
			Body: rapid.SliceOf(rapid.Byte()).Draw(t, "body"),
			Properties: properties{
				ContentType: text("content type"), ContentEncoding: text("encoding"), DeliveryMode: rapid.Uint8().Draw(t, "mode"),
				Priority: rapid.Uint8().Draw(t, "priority"), CorrelationID: text("correlation"), ReplyTo: text("reply"),
				Expiration: text("expiration"), MessageID: text("id"), Type: text("type"), UserID: text("user"), AppID: text("app"),
			},
		}
		if rapid.Bool().Draw(t, "has headers") {
			e.Properties.Headers = tables(3).Draw(t, "headers")
		}
		if rapid.Bool().Draw(t, "has time") {
			e.Properties.Timestamp = time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "time"), 0).UTC()
		}
		return e
	})
}

// same compares values of AMQP tables: an empty list or byte string is the same as none at all.
func same() cmp.Options {
	return cmp.Options{cmpopts.EquateNaNs(), cmpopts.EquateEmpty()}
}

func TestEnvelopeKeepsEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := envelopes().Draw(t, "envelope")
		b, err := e.encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeEnvelope(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, got, same()); diff != "" {
			t.Fatalf("came back changed (-sent +got):\n%s", diff)
		}
		again, err := got.encode()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("equal envelopes have different bytes (%v)", err)
		}
	})
}

func TestEnvelopeTakesEveryType(t *testing.T) {
	e := envelope{Queue: queueName, Properties: properties{Headers: everyType()}, Body: []byte("{}")}
	b, err := e.encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeEnvelope(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e, got); diff != "" {
		t.Errorf("came back changed (-sent +got):\n%s", diff)
	}
	for n := range b {
		if _, err := decodeEnvelope(b[:n]); err == nil {
			t.Errorf("took the first %d of %d bytes for an envelope", n, len(b))
		}
	}
}

func TestEnvelopeRefuses(t *testing.T) {
	whole, err := envelope{Queue: queueName}.encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "another format": []byte(`{"queue":"decisions"}`), "version 2": append([]byte("flamqp\x00\x02"), whole[len(magic):]...),
		"a tail": append(bytes.Clone(whole), 0), "an empty table": []byte(magic + "\x00\x00\x00\x00"),
		"a length beyond the end": []byte(magic + "\xff\xff\xff\xff"),
	} {
		if e, err := decodeEnvelope(b); err == nil {
			t.Errorf("took %s for %+v", name, e)
		}
	}
	if _, err := (envelope{Properties: properties{Headers: amqp.Table{"x": struct{}{}}}}).encode(); err == nil {
		t.Error("encoded a header of no AMQP type")
	}
	deep := any("end")
	for range deepest + 1 {
		deep = []any{deep}
	}
	if _, err := (envelope{Properties: properties{Headers: amqp.Table{"x": deep}}}).encode(); err == nil {
		t.Error("encoded lists nested too deep to be read again")
	}
}

// TestFingerprint says what makes two messages the same.
func TestFingerprint(t *testing.T) {
	base := func() *amqp.Delivery {
		return &amqp.Delivery{Exchange: "verity", RoutingKey: queueName, MessageId: "decision-001", Headers: amqp.Table{"customer": "nordpank"}, Body: []byte("{}")}
	}
	first, err := fingerprint(base())
	if err != nil || !hexDigest.MatchString(first) {
		t.Fatalf("fingerprint = %q, %v", first, err)
	}
	for name, c := range map[string]struct {
		change func(*amqp.Delivery)
		same   bool
	}{
		"delivered again":    {func(d *amqp.Delivery) { d.Redelivered, d.DeliveryTag, d.ConsumerTag = true, 9, "w" }, true},
		"counted":            {func(d *amqp.Delivery) { d.Headers["x-delivery-count"] = int64(7) }, true},
		"acquired":           {func(d *amqp.Delivery) { d.Headers["x-acquired-count"] = int64(7) }, true},
		"another body":       {func(d *amqp.Delivery) { d.Body = []byte("{ }") }, false},
		"another id":         {func(d *amqp.Delivery) { d.MessageId = "decision-002" }, false},
		"another exchange":   {func(d *amqp.Delivery) { d.Exchange = "" }, false},
		"another header":     {func(d *amqp.Delivery) { d.Headers["customer"] = "lumo" }, false},
		"another type":       {func(d *amqp.Delivery) { d.Headers["customer"] = []byte("nordpank") }, false},
		"one header more":    {func(d *amqp.Delivery) { d.Headers["trace"] = nil }, false},
		"a time":             {func(d *amqp.Delivery) { d.Timestamp = time.Unix(0, 0) }, false},
		"a shifted boundary": {func(d *amqp.Delivery) { d.Type, d.AppId = "", "x" }, false},
	} {
		d := base()
		c.change(d)
		got, err := fingerprint(d)
		if err != nil || (got == first) != c.same {
			t.Errorf("%s: the fingerprint is the same: %v, want %v (%v)", name, got == first, c.same, err)
		}
	}
	none, counted := base(), base()
	none.Headers, counted.Headers = nil, amqp.Table{"x-delivery-count": int64(1)}
	a, _ := fingerprint(none)
	b, _ := fingerprint(counted)
	if a != b {
		t.Error("a message without headers changes its fingerprint when a quorum queue begins to count")
	}
}

// TestSuspects puts messages in the order of suspicion.
func TestSuspects(t *testing.T) {
	order := []message{
		{place: 9, redelivered: true, deliveries: 57},
		{place: 7, redelivered: true, deliveries: 3, late: true},
		{place: 1, redelivered: true, deliveries: 3},
		{place: 2, redelivered: true, deliveries: 3},
		{place: 8, redelivered: true, late: true},
		{place: 3, redelivered: true},
		{place: 4},
		{place: 5},
	}
	for i, m := range order {
		for j, other := range order {
			if got := m.moreSuspect(other); got != (i < j) {
				t.Errorf("%+v is more suspect than %+v: %v", m, other, got)
			}
		}
	}
}

// TestPreview shows names and types of headers, and values only of those that the definition lists.
func TestPreview(t *testing.T) {
	got := preview(everyType(), []string{"int32", "string"})
	for _, hidden := range []string{"12345", "-8", "60000", "1.5"} {
		if strings.Contains(got, hidden) {
			t.Errorf("the preview shows %s: %s", hidden, got)
		}
	}
	if want := "bytes (3 bytes), decimal (number), empty (0 characters), float32 (number), float64 (number), int16 (number), int32=-2147483648,"; !strings.HasPrefix(got, want) {
		t.Errorf("the preview is\n%s, want it to begin\n%s", got, want)
	}
	long := amqp.Table{}
	for name := range maps.Keys(everyType()) {
		long[strings.Repeat("õ", 30)+name] = "x"
	}
	if got := preview(long, nil); len(got) > headersAtMost+len("…") || !strings.HasSuffix(got, "…") {
		t.Errorf("a long preview has %d bytes", len(got))
	}
	if got := preview(amqp.Table{"x-delivery-count": int64(3)}, nil); got != "" {
		t.Errorf("the broker's own counters are previewed: %s", got)
	}
}

// FuzzEnvelope reads arbitrary bytes. What it takes must come out the same.
func FuzzEnvelope(f *testing.F) {
	for _, e := range []envelope{{}, {Queue: queueName, Properties: properties{Headers: everyType(), MessageID: "decision-001"}, Body: []byte("{}")}} {
		b, err := e.encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(slices.Concat(b[:len(b)/2], b[len(b)/2+1:]))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := decodeEnvelope(b)
		if err != nil {
			return
		}
		again, err := e.encode()
		if err != nil {
			t.Fatalf("decoded, but not encoded: %v", err)
		}
		back, err := decodeEnvelope(again)
		if diff := cmp.Diff(e, back, same()); err != nil || diff != "" {
			t.Fatalf("changed on its second way (%v):\n%s", err, diff)
		}
	})
}
