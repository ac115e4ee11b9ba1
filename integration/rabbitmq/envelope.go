package rabbitmq

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// magic opens every envelope; its last byte is the version of the encoding.
const magic = "flamqp\x00\x01"

// fingerprintOf opens what a fingerprint is taken over, so that it can be told from any other digest.
const fingerprintOf = "frontline rabbitmq fingerprint 1\x00"

// envelope is a message with everything that AMQP 0-9-1 carries, so that it can be put back as it was. JSON would lose
// the types of headers: a consumer that expects a 32-bit number gets a string or a float.
type envelope struct {
	Exchange, Key string // as it was published
	VHost, Queue  string // where it was taken out
	Redelivered   bool
	Properties    properties
	Body          []byte
}

// properties are the message's properties and headers, in the client library's own types.
type properties struct {
	Headers                                             amqp.Table
	ContentType, ContentEncoding                        string
	DeliveryMode, Priority                              uint8
	CorrelationID, ReplyTo, Expiration, MessageID, Type string
	UserID, AppID                                       string
	Timestamp                                           time.Time // whole seconds; zero when there is none
}

func propertiesOf(d *amqp.Delivery) properties {
	return properties{
		Headers: d.Headers, ContentType: d.ContentType, ContentEncoding: d.ContentEncoding,
		DeliveryMode: d.DeliveryMode, Priority: d.Priority, CorrelationID: d.CorrelationId, ReplyTo: d.ReplyTo,
		Expiration: d.Expiration, MessageID: d.MessageId, Timestamp: d.Timestamp, Type: d.Type, UserID: d.UserId, AppID: d.AppId,
	}
}

func (p properties) table() amqp.Table {
	t := amqp.Table{
		"content-type": p.ContentType, "content-encoding": p.ContentEncoding, "delivery-mode": p.DeliveryMode,
		"priority": p.Priority, "correlation-id": p.CorrelationID, "reply-to": p.ReplyTo, "expiration": p.Expiration,
		"message-id": p.MessageID, "type": p.Type, "user-id": p.UserID, "app-id": p.AppID,
	}
	if p.Headers != nil {
		t["headers"] = p.Headers
	}
	if !p.Timestamp.IsZero() {
		t["timestamp"] = p.Timestamp
	}
	return t
}

// encode returns the envelope's bytes: the magic and one field table. Equal envelopes have equal bytes.
func (e envelope) encode() ([]byte, error) {
	b, err := appendTable([]byte(magic), amqp.Table{
		"exchange": e.Exchange, "routing-key": e.Key, "vhost": e.VHost, "queue": e.Queue, "redelivered": e.Redelivered,
		"properties": e.Properties.table(), "body": e.Body,
	}, 0)
	if err != nil {
		return nil, fmt.Errorf("encode the message: %w", err)
	}
	return b, nil
}

// decodeEnvelope reads what encode wrote.
func decodeEnvelope(b []byte) (envelope, error) {
	rest, ok := bytes.CutPrefix(b, []byte(magic))
	if !ok {
		return envelope{}, errors.New("these bytes are no envelope of version 1")
	}
	r := reader{rest}
	t, err := r.table(0)
	if err != nil {
		return envelope{}, fmt.Errorf("decode the message: %w", err)
	}
	if len(r.b) > 0 {
		return envelope{}, fmt.Errorf("decode the message: %d bytes follow its end", len(r.b))
	}
	f := fields{t: t}
	e := envelope{
		Exchange: field[string](&f, "exchange"), Key: field[string](&f, "routing-key"), VHost: field[string](&f, "vhost"),
		Queue: field[string](&f, "queue"), Redelivered: field[bool](&f, "redelivered"), Body: field[[]byte](&f, "body"),
	}
	p := fields{t: field[amqp.Table](&f, "properties")}
	e.Properties = properties{
		ContentType: field[string](&p, "content-type"), ContentEncoding: field[string](&p, "content-encoding"),
		DeliveryMode: field[uint8](&p, "delivery-mode"), Priority: field[uint8](&p, "priority"),
		CorrelationID: field[string](&p, "correlation-id"), ReplyTo: field[string](&p, "reply-to"),
		Expiration: field[string](&p, "expiration"), MessageID: field[string](&p, "message-id"), Type: field[string](&p, "type"),
		UserID: field[string](&p, "user-id"), AppID: field[string](&p, "app-id"),
		Headers: optional[amqp.Table](&p, "headers"), Timestamp: optional[time.Time](&p, "timestamp"),
	}
	if err := errors.Join(f.err, p.err); err != nil {
		return envelope{}, fmt.Errorf("decode the message: %w", err)
	}
	return e, nil
}

// fields reads typed values out of a table and remembers the first that is missing or of another type.
type fields struct {
	t   amqp.Table
	err error
}

func field[T any](f *fields, name string) T {
	v, ok := f.t[name].(T)
	if !ok && f.err == nil {
		f.err = fmt.Errorf("%s is missing or of another type", name)
	}
	return v
}

func optional[T any](f *fields, name string) (zero T) {
	if _, there := f.t[name]; !there {
		return zero
	}
	return field[T](f, name)
}

// counters are the headers with which a broker counts deliveries. They change while a message stays the same.
func counters() []string { return []string{"x-delivery-count", "x-acquired-count"} }

// without returns the headers that are not named, and nil when none is left.
func without(headers amqp.Table, names ...string) amqp.Table {
	left := amqp.Table{}
	for k, v := range headers {
		left[k] = v
	}
	for _, name := range names {
		delete(left, name)
	}
	if len(left) == 0 {
		return nil
	}
	return left
}

// fingerprint is a message's identity: the broker gives it none. It stays the same however often the message is
// delivered and given back. Two messages that share it are twins, and it does not matter which of them is taken.
func fingerprint(d *amqp.Delivery) (string, error) {
	body := sha256.Sum256(d.Body)
	t := amqp.Table{
		"exchange": d.Exchange, "routing-key": d.RoutingKey, "message-id": d.MessageId, "correlation-id": d.CorrelationId,
		"type": d.Type, "app-id": d.AppId, "content-type": d.ContentType, "priority": d.Priority, "body": body[:],
		"headers": without(d.Headers, counters()...),
	}
	if !d.Timestamp.IsZero() {
		t["timestamp"] = d.Timestamp
	}
	b, err := appendTable([]byte(fingerprintOf), t, 0)
	if err != nil {
		return "", fmt.Errorf("take the fingerprint: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}
