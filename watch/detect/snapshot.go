package detect

import (
	"encoding/binary"
	"hash/crc32"
	"math"

	"frontline/fault"
)

// Snapshot is what Pack writes down and Unpack reads: the state of many series after all input up to Position.
type Snapshot struct {
	Position uint64 // of the input, as its keeper counts it: whoever goes on from here begins after it
	Series   []Series
}

// The form of a snapshot: magic, version, bytes a series, seconds a bucket, position, number of series, the series, and the CRC-32 (IEEE) of
// all that. All numbers are little-endian.
const (
	magic   = "FLWS"
	version = 1
	header  = len(magic) + 2 + 2 + 4 + 8 + 4
)

// Pack writes the state of many series down. Unpack gives it back bit for bit.
func (d *Detector) Pack(snap Snapshot) []byte {
	out := make([]byte, 0, header+len(snap.Series)*packed()+4)
	out = append(out, magic...)
	out = binary.LittleEndian.AppendUint16(out, version)
	out = binary.LittleEndian.AppendUint16(out, uint16(packed()))
	out = binary.LittleEndian.AppendUint32(out, uint32(d.width))
	out = binary.LittleEndian.AppendUint64(out, snap.Position)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(snap.Series)))
	for i := range snap.Series {
		s := snap.Series[i]
		s.walk(func(v *float32) { out = binary.LittleEndian.AppendUint32(out, math.Float32bits(*v)) },
			func(v *uint32) { out = binary.LittleEndian.AppendUint32(out, *v) },
			func(v *uint8) { out = append(out, *v) })
	}
	return binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(out))
}

// Unpack reads a snapshot. Errors: bytes that Pack of this version and this width of a bucket has not written. Then learn anew, from the past.
func (d *Detector) Unpack(data []byte) (Snapshot, error) {
	size := packed()
	if len(data) < header+4 || string(data[:len(magic)]) != magic {
		return Snapshot{}, broken("it is no snapshot of series")
	}
	body, sealed := data[:len(data)-4], binary.LittleEndian.Uint32(data[len(data)-4:])
	rest := body[len(magic):]
	count := int(binary.LittleEndian.Uint32(rest[16:]))
	switch {
	case binary.LittleEndian.Uint16(rest) != version || int(binary.LittleEndian.Uint16(rest[2:])) != size:
		return Snapshot{}, broken("another version has written it")
	case int64(binary.LittleEndian.Uint32(rest[4:])) != d.width:
		return Snapshot{}, broken("its buckets have another width")
	case len(body)-header != count*size:
		return Snapshot{}, broken("it is cut off")
	case crc32.ChecksumIEEE(body) != sealed:
		return Snapshot{}, broken("its check sum is wrong")
	}
	snap := Snapshot{Position: binary.LittleEndian.Uint64(rest[8:]), Series: make([]Series, count)}
	body = body[header:]
	for i := range snap.Series {
		s := &snap.Series[i]
		s.walk(func(v *float32) { *v = math.Float32frombits(binary.LittleEndian.Uint32(body)); body = body[4:] },
			func(v *uint32) { *v = binary.LittleEndian.Uint32(body); body = body[4:] },
			func(v *uint8) { *v = body[0]; body = body[1:] })
		if !s.sound(d) {
			return Snapshot{}, broken("a series in it is in a state that cannot be")
		}
	}
	return snap, nil
}

func broken(why string) error {
	return fault.New(fault.Invalid, "The stored state of the series cannot be used, because %s; let the watch learn from the past again.", why)
}

// packed is how many bytes a series takes.
func packed() int {
	var s Series
	n := 0
	s.walk(func(*float32) { n += 4 }, func(*uint32) { n += 4 }, func(*uint8) { n++ })
	return n
}

// walk visits every field, in the order in which they are written down.
func (s *Series) walk(real func(*float32), count func(*uint32), small func(*uint8)) {
	for _, list := range [][]float32{s.up[:], s.fall[:], s.noise.phi[:], s.noise.r[:], s.noise.l[:]} {
		for i := range list {
			real(&list[i])
		}
	}
	for _, v := range []*float32{&s.limit, &s.rate, &s.slope, &s.margin, &s.mean, &s.lateErrors, &s.lateRequests, &s.ratio, &s.against} {
		real(v)
	}
	for _, list := range [][]bin{s.hours[:], s.days[:], s.held[:]} {
		for i := range list {
			real(&list[i].errors)
			real(&list[i].exposure)
		}
	}
	for _, v := range []*uint32{&s.seen, &s.last, &s.until, &s.hour, &s.since} {
		count(v)
	}
	for _, list := range [][]uint8{s.upLevel[:], s.fallLevel[:]} {
		for i := range list {
			small(&list[i])
		}
	}
	small(&s.first)
	small((*uint8)(&s.open))
}

// sound says whether the state could have come about. A check sum keeps accidents out; this keeps out what somebody wrote with a right one.
func (s *Series) sound(d *Detector) bool {
	ok := true
	s.walk(func(v *float32) {
		big := math.Abs(float64(*v))
		ok = ok && big <= 2*biggest && (*v >= 0 || s.signed(v))
	}, func(*uint32) {}, func(*uint8) {})
	for _, phi := range s.noise.phi {
		ok = ok && phi > 0
	}
	return ok && s.limit >= 10 && s.limit <= 1e12 && s.first <= ratios-upward && s.open < Both &&
		(s.until <= s.last || s.until-s.last <= uint32(3600/d.width)+1) && (s.open == 0 || s.ratio > 0)
}

// signed says whether the field is one of those that may be below zero: the baseline's line may cut it outside of its half hour.
func (s *Series) signed(v *float32) bool {
	for j := range s.noise.r {
		if v == &s.noise.r[j] {
			return true
		}
	}
	return v == &s.rate || v == &s.slope
}
