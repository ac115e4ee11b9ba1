package prometheus

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"time"

	"frontline/fault"
)

// id tells raw series apart: the beginning of the SHA-256 of all its labels, in their order.
type id [12]byte

func (s series) id() id {
	pairs := make([][2]string, 0, len(s.labels)/2)
	for i := 0; i+1 < len(s.labels); i += 2 {
		pairs = append(pairs, [2]string{s.labels[i], s.labels[i+1]})
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	var text []byte
	for _, p := range pairs {
		for _, word := range p {
			text = append(binary.AppendUvarint(text, uint64(len(word))), word...)
		}
	}
	sum := sha256.Sum256(text)
	return id(sum[:12])
}

// mark is what a watch remembers between two deliveries: the last reading of each raw series. It is kept with the counts, in the same transaction, so that
// a delivery that comes again changes nothing and none is lost.
type mark struct {
	begun  int64 // the first reading there ever was, in milliseconds since 1970
	newest int64 // the last one
	last   map[id]sample
}

const (
	markVersion  = 1
	longestQuiet = 2 * time.Hour // how long the last reading of a silent series is remembered, and how late a reading may come
	mostMarked   = 200_000       // series of one watch
)

// pack writes a mark down: 12 bytes of id, the age of the reading, its value and when it began; some 26 bytes a series.
func (m mark) pack() []byte {
	out := make([]byte, 0, 24+len(m.last)*28)
	out = append(out, markVersion)
	out = binary.AppendVarint(out, m.begun)
	out = binary.AppendVarint(out, m.newest)
	ids := make([]id, 0, len(m.last))
	for k := range m.last {
		ids = append(ids, k)
	}
	slices.SortFunc(ids, func(a, b id) int { return slices.Compare(a[:], b[:]) })
	for _, k := range ids {
		s := m.last[k]
		out = append(out, k[:]...)
		out = binary.AppendVarint(out, m.newest-s.at)
		out = binary.BigEndian.AppendUint64(out, math.Float64bits(s.value))
		out = binary.AppendVarint(out, s.since)
	}
	return out
}

// unpack reads what pack has written; nothing is a mark of nothing.
func unpack(data []byte) (mark, error) {
	m := mark{last: map[id]sample{}}
	if len(data) == 0 {
		return m, nil
	}
	bad := fault.New(fault.Internal, "The last readings of a watch cannot be read. Report this.")
	version := data[0]
	data = data[1:]
	number := func() int64 {
		n, size := binary.Varint(data)
		if size <= 0 {
			data, version = nil, 0
			return 0
		}
		data = data[size:]
		return n
	}
	m.begun, m.newest = number(), number()
	for len(data) > 0 && version == markVersion {
		if len(data) < len(id{})+10 {
			return mark{}, bad
		}
		k := id(data[:len(id{})])
		data = data[len(id{}):]
		s := sample{at: m.newest - number()}
		if len(data) < 9 {
			return mark{}, bad
		}
		s.value = math.Float64frombits(binary.BigEndian.Uint64(data))
		data = data[8:]
		s.since = number()
		m.last[k] = s
	}
	if version != markVersion {
		return mark{}, bad
	}
	return m, nil
}

// forget drops series that have been silent for too long. A reading that is as old is not taken any more, so it cannot be counted again.
func (m *mark) forget(quiet time.Duration) {
	for k, s := range m.last {
		if m.newest-s.at > quiet.Milliseconds() {
			delete(m.last, k)
		}
	}
}
