package rabbitmq

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Field tables in the grammar of AMQP 0-9-1 section 4.2.5, with the type letters that RabbitMQ uses
// (rabbitmq.com/amqp-0-9-1-errata, section 3), and with the keys in order: equal tables have equal bytes, so that a
// digest over them is an identity. The client library writes tables in the random order of Go maps.

const (
	deepest = 64      // nested tables and arrays
	longest = 1 << 30 // bytes of one value; RabbitMQ refuses messages over 512 MiB
)

var (
	errCut  = errors.New("the table ends early")
	errDeep = errors.New("tables are nested too deep")
)

// appendTable appends the table with its length in front.
func appendTable(b []byte, t amqp.Table, depth int) ([]byte, error) {
	if depth > deepest {
		return nil, errDeep
	}
	at := len(b)
	b = append(b, 0, 0, 0, 0)
	var err error
	for _, key := range slices.Sorted(maps.Keys(t)) {
		if len(key) > math.MaxUint8 {
			return nil, fmt.Errorf("the key %.40q… is longer than 255 bytes", key)
		}
		b = append(append(b, byte(len(key))), key...)
		if b, err = appendValue(b, t[key], depth); err != nil {
			return nil, err
		}
	}
	return closeLength(b, at)
}

func appendArray(b []byte, values []any, depth int) ([]byte, error) {
	if depth > deepest {
		return nil, errDeep
	}
	at := len(b)
	b = append(b, 0, 0, 0, 0)
	var err error
	for _, v := range values {
		if b, err = appendValue(b, v, depth); err != nil {
			return nil, err
		}
	}
	return closeLength(b, at)
}

// closeLength writes how many bytes follow the four at at.
func closeLength(b []byte, at int) ([]byte, error) {
	n := len(b) - at - 4
	if n > longest {
		return nil, fmt.Errorf("%d bytes are more than a table can hold", n)
	}
	binary.BigEndian.PutUint32(b[at:], uint32(n))
	return b, nil
}

// appendValue appends one value behind the letter of its type. The cases are all types that a delivery can carry.
func appendValue(b []byte, v any, depth int) ([]byte, error) {
	be := binary.BigEndian
	switch v := v.(type) {
	case nil:
		return append(b, 'V'), nil
	case bool:
		if v {
			return append(b, 't', 1), nil
		}
		return append(b, 't', 0), nil
	case int8:
		return append(b, 'b', byte(v)), nil
	case uint8:
		return append(b, 'B', v), nil
	case int16:
		return be.AppendUint16(append(b, 's'), uint16(v)), nil
	case uint16:
		return be.AppendUint16(append(b, 'u'), v), nil
	case int32:
		return be.AppendUint32(append(b, 'I'), uint32(v)), nil
	case uint32:
		return be.AppendUint32(append(b, 'i'), v), nil
	case int64:
		return be.AppendUint64(append(b, 'l'), uint64(v)), nil
	case float32:
		return be.AppendUint32(append(b, 'f'), math.Float32bits(v)), nil
	case float64:
		return be.AppendUint64(append(b, 'd'), math.Float64bits(v)), nil
	case amqp.Decimal:
		return be.AppendUint32(append(b, 'D', v.Scale), uint32(v.Value)), nil
	case time.Time:
		return be.AppendUint64(append(b, 'T'), uint64(v.Unix())), nil
	case string:
		return appendBytes(append(b, 'S'), v)
	case []byte:
		return appendBytes(append(b, 'x'), v)
	case []any:
		return appendArray(append(b, 'A'), v, depth+1)
	case amqp.Table:
		return appendTable(append(b, 'F'), v, depth+1)
	}
	return nil, fmt.Errorf("a header of type %T has no place in an AMQP table", v)
}

func appendBytes[T string | []byte](b []byte, v T) ([]byte, error) {
	if len(v) > longest {
		return nil, fmt.Errorf("%d bytes are more than one value can hold", len(v))
	}
	return append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...), nil
}

// reader takes values off the front of b.
type reader struct{ b []byte }

func (r *reader) take(n int) ([]byte, error) {
	if n < 0 || n > len(r.b) {
		return nil, errCut
	}
	head := r.b[:n]
	r.b = r.b[n:]
	return head, nil
}

func (r *reader) u8() (uint8, error) {
	p, err := r.take(1)
	if err != nil {
		return 0, err
	}
	return p[0], nil
}

func (r *reader) u16() (uint16, error) {
	p, err := r.take(2)
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint16(p), nil
}

func (r *reader) u32() (uint32, error) {
	p, err := r.take(4)
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint32(p), nil
}

func (r *reader) u64() (uint64, error) {
	p, err := r.take(8)
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(p), nil
}

// sized takes four bytes of length and what they announce.
func (r *reader) sized() ([]byte, error) {
	n, err := r.u32()
	if err != nil {
		return nil, err
	}
	if uint64(n) > uint64(len(r.b)) {
		return nil, errCut
	}
	return r.take(int(n))
}

func (r *reader) table(depth int) (amqp.Table, error) {
	if depth > deepest {
		return nil, errDeep
	}
	p, err := r.sized()
	if err != nil {
		return nil, err
	}
	inside, t := reader{p}, amqp.Table{}
	for len(inside.b) > 0 {
		n, err := inside.u8()
		if err != nil {
			return nil, err
		}
		key, err := inside.take(int(n))
		if err != nil {
			return nil, err
		}
		if t[string(key)], err = inside.value(depth); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (r *reader) array(depth int) ([]any, error) {
	if depth > deepest {
		return nil, errDeep
	}
	p, err := r.sized()
	if err != nil {
		return nil, err
	}
	inside, values := reader{p}, []any{}
	for len(inside.b) > 0 {
		v, err := inside.value(depth)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

// value reads one value: the mirror of appendValue, and as long as it for the same reason.
func (r *reader) value(depth int) (any, error) {
	letter, err := r.u8()
	if err != nil {
		return nil, err
	}
	switch letter {
	case 'V':
		return nil, nil
	case 't':
		v, err := r.u8()
		return v != 0, err
	case 'b':
		v, err := r.u8()
		return int8(v), err
	case 'B':
		return read(r.u8())
	case 's':
		v, err := r.u16()
		return int16(v), err
	case 'u':
		return read(r.u16())
	case 'I':
		v, err := r.u32()
		return int32(v), err
	case 'i':
		return read(r.u32())
	case 'l':
		v, err := r.u64()
		return int64(v), err
	case 'f':
		v, err := r.u32()
		return math.Float32frombits(v), err
	case 'd':
		v, err := r.u64()
		return math.Float64frombits(v), err
	case 'D':
		scale, err := r.u8()
		if err != nil {
			return nil, err
		}
		v, err := r.u32()
		return amqp.Decimal{Scale: scale, Value: int32(v)}, err
	case 'T':
		v, err := r.u64()
		return time.Unix(int64(v), 0).UTC(), err
	case 'S':
		v, err := r.sized()
		return string(v), err
	case 'x':
		v, err := r.sized()
		return bytes.Clone(v), err
	case 'A':
		return read(r.array(depth + 1))
	case 'F':
		return read(r.table(depth + 1))
	}
	return nil, fmt.Errorf("%q is no type letter of an AMQP table", letter)
}

// read gives a typed pair the type that value returns.
func read[T any](v T, err error) (any, error) { return v, err }
