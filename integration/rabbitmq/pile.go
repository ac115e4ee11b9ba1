package rabbitmq

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	amqp "github.com/rabbitmq/amqp091-go"

	"frontline/action"
)

// message is a held message without its body.
type message struct {
	tag         uint64
	place       int // 1 is the first that was held: the head of the queue
	fingerprint string
	deliveries  int64 // how often it was given back before, as a quorum queue counts; 0 on classic queues
	redelivered bool
	late        bool // a consumer gave it back while the queue was held
	size        int
	id, kind    string
	contentType string
	headers     string // names and types, and the values that people may see
}

// moreSuspect says whether m looks more like the poisoned message than other. The one that was given back most often leads. Where
// the broker does not count, one that came back from a consumer while we watched leads, and then the one nearest to the
// head: a consumer that dies gives back everything it held, in order, and it died of the first.
func (m message) moreSuspect(other message) bool {
	if m.redelivered != other.redelivered {
		return m.redelivered
	}
	if m.deliveries != other.deliveries {
		return m.deliveries > other.deliveries
	}
	if m.late != other.late {
		return m.late
	}
	return m.place < other.place
}

// aim says which messages are wanted: those with the fingerprints, those that a condition holds for, or, when neither is given, the most
// suspect one.
type aim struct {
	prints map[string]int                     // how many of each fingerprint
	holds  func(*amqp.Delivery, message) bool // when no fingerprints are given
	take   int                                // how many in all
}

// open says that nobody knows before the end which message is wanted.
func (a aim) open() bool { return len(a.prints) == 0 && a.holds == nil }

// pile is what is held. It keeps bodies only of what may have to be copied: everything else stays in the broker alone.
type pile struct {
	aim
	careful bool             // stop at the first message that would not survive being given back
	atStart int              // how many messages lay ready when holding began
	doomed  func(int64) bool // whether giving a message back would end it
	show    []string         // headers whose values people may see

	bodies map[uint64]string // redacted previews, by delivery tag, where they are wanted

	fresh    bool // a message was held that had never been delivered
	messages []message
	wanted   []*amqp.Delivery // those that are aimed at, at most take
	have     map[string]int   // how many of them by fingerprint
	suspect  *amqp.Delivery   // the most suspect so far, when the aim is open
	worst    message          // what is known of suspect
	ending   []*amqp.Delivery // those that would not survive being given back
}

// add notes one more held message.
func (p *pile) add(d *amqp.Delivery) error {
	print, err := fingerprint(d)
	if err != nil {
		return err
	}
	m := message{
		tag: d.DeliveryTag, place: len(p.messages) + 1, fingerprint: print, deliveries: deliveries(d), redelivered: d.Redelivered,
		size: len(d.Body), id: d.MessageId, kind: d.Type, contentType: d.ContentType, headers: preview(d.Headers, p.show),
	}
	// Queues deliver in order, so what was delivered before stands in front of what never was. Behind it, or behind everything that
	// lay ready, comes only what was given back since.
	m.late = m.redelivered && (p.fresh || m.place > p.atStart)
	p.fresh = p.fresh || !m.redelivered
	if p.bodies != nil {
		p.bodies[m.tag] = previewBody(d.Body, p.show)
	}
	p.messages = append(p.messages, m)
	if p.doomed != nil && p.doomed(m.deliveries) {
		p.ending = append(p.ending, d)
	}
	switch {
	case p.wants(d, m):
		p.wanted = append(p.wanted, d)
		if p.have == nil {
			p.have = map[string]int{}
		}
		p.have[print]++
	case p.open() && m.redelivered && (p.suspect == nil || m.moreSuspect(p.worst)):
		p.suspect, p.worst = d, m
	}
	return nil
}

// wants says whether one more message is aimed at.
func (p *pile) wants(d *amqp.Delivery, m message) bool {
	switch {
	case len(p.wanted) >= p.take:
		return false
	case len(p.prints) > 0:
		return p.have[m.fingerprint] < p.prints[m.fingerprint]
	}
	return p.holds != nil && p.holds(d, m)
}

// enough says whether holding may end: everything wanted is held, or one more would be one too many.
func (p *pile) enough() bool {
	return !p.open() && len(p.wanted) >= p.take || p.careful && len(p.ending) > 0
}

// targets are the messages to take: those that are aimed at, or the most suspect one.
func (p *pile) targets() []*amqp.Delivery {
	if p.open() && p.suspect != nil {
		return []*amqp.Delivery{p.suspect}
	}
	return p.wanted
}

// spared are those that would not survive being given back and are not targets.
func (p *pile) spared() []*amqp.Delivery {
	targets := p.targets()
	return slices.DeleteFunc(slices.Clone(p.ending), func(d *amqp.Delivery) bool { return slices.Contains(targets, d) })
}

func (p *pile) find(tag uint64) message {
	for _, m := range p.messages {
		if m.tag == tag {
			return m
		}
	}
	return message{}
}

func (p *pile) twins(print string) (n int) {
	for _, m := range p.messages {
		if m.fingerprint == print {
			n++
		}
	}
	return n
}

// mostDelivered returns the highest count among messages that are not wanted.
func (p *pile) mostDelivered(wanted map[string]int) (most int64) {
	for _, m := range p.messages {
		if wanted[m.fingerprint] == 0 {
			most = max(most, m.deliveries)
		}
	}
	return most
}

const (
	shown         = 20 // messages in a table
	headersAtMost = 160
	valueAtMost   = 40
)

// table lists the most suspect messages, so that a person can choose another one.
func (p *pile) table() action.Table {
	t := action.Table{
		Title:   "Messages at the head of the queue, the most suspect first",
		Columns: messageColumns(),
	}
	if len(p.messages) > shown {
		t.Title += fmt.Sprintf(" (%d of %d that were looked at)", shown, len(p.messages))
	}
	byGuilt := slices.Clone(p.messages)
	slices.SortStableFunc(byGuilt, func(a, b message) int {
		switch {
		case a.moreSuspect(b):
			return -1
		case b.moreSuspect(a):
			return 1
		}
		return 0
	})
	for _, m := range byGuilt[:min(shown, len(byGuilt))] {
		t.Rows = append(t.Rows, m.row())
	}
	return t
}

func messageColumns() []string {
	return []string{"Place", "Fingerprint", "Given back", "Size", "Message id", "Type", "Headers"}
}

// row is the message in a table with messageColumns.
func (m message) row() []string {
	return []string{m.where(), m.fingerprint, m.returned(), size(m.size), m.id, m.kind, m.headers}
}

// where says where the message stood.
func (m message) where() string {
	if m.late {
		return "with a consumer"
	}
	return strconv.Itoa(m.place)
}

// returned says how often the message was given back, in words.
func (m message) returned() string {
	switch {
	case m.deliveries > 0 && m.late:
		return fmt.Sprintf("%s, again while we looked", counted(int(m.deliveries), "time", "times"))
	case m.deliveries > 0:
		return counted(int(m.deliveries), "time", "times")
	case m.late:
		return "yes, while we looked"
	case m.redelivered:
		return "yes"
	}
	return "no"
}

func size(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return counted(n, "byte", "bytes")
}

// deliveries reads the count of a quorum queue.
func deliveries(d *amqp.Delivery) int64 {
	switch n := d.Headers["x-delivery-count"].(type) {
	case int64:
		return n
	case int32:
		return int64(n)
	case uint32:
		return int64(n)
	case int16:
		return int64(n)
	case uint16:
		return int64(n)
	case int8:
		return int64(n)
	case uint8:
		return int64(n)
	}
	return 0
}

// preview names the headers. Values may be about customers, so it shows only those that the definition lists.
func preview(headers amqp.Table, show []string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		if slices.Contains(counters(), name) {
			continue
		}
		if slices.Contains(show, name) {
			parts = append(parts, name+"="+clip(fmt.Sprint(headers[name]), valueAtMost))
			continue
		}
		parts = append(parts, name+" ("+typeName(headers[name])+")")
	}
	return clip(strings.Join(parts, ", "), headersAtMost)
}

// clip makes a line of at most that many bytes that any screen can show.
func clip(s string, most int) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "�"), unicode.IsControl), " ")
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

func typeName(v any) string {
	switch v := v.(type) {
	case string:
		return counted(len(v), "character", "characters")
	case []byte:
		return counted(len(v), "byte", "bytes")
	case []any:
		return "list of " + strconv.Itoa(len(v))
	case amqp.Table:
		return "table of " + strconv.Itoa(len(v))
	case nil:
		return "empty"
	case bool:
		return "yes or no"
	}
	return "number"
}
