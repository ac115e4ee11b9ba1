package detect

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// A series that is packed and unpacked at any moment goes on as if nothing had been.
func TestSnapshotContinuesBitForBit(t *testing.T) {
	d := newDetector(t, Settings{Look: Both})
	s, w, _ := learnt(t, d, "W1k", 3000, 9)
	rapid.Check(t, func(t *rapid.T) {
		mine, world := s, w
		world.Changed, world.Ratio = world.At+20, rapid.SampledFrom([]float64{0.2, 1, 4}).Draw(t, "ratio")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		run(d, &mine, &world, r, rapid.IntRange(0, 300).Draw(t, "before"))
		d.Late(&mine, 3, 10)
		data := d.Pack(Snapshot{Position: 77, Series: []Series{s, mine}})
		snap, err := d.Unpack(data)
		if err != nil {
			t.Fatal(err)
		}
		if snap.Position != 77 || snap.Series[0] != s || snap.Series[1] != mine {
			t.Fatal("something was lost")
		}
		for range 200 {
			at := world.At
			x, n, _ := world.Next(r)
			if a, b := d.Observe(&mine, Count{at, x, n}), d.Observe(&snap.Series[1], Count{at, x, n}); a != b || mine != snap.Series[1] {
				t.Fatalf("at %d: %v and %v", at, a, b)
			}
		}
		if !bytes.Equal(d.Pack(Snapshot{Position: 9, Series: []Series{mine}}), d.Pack(Snapshot{Position: 9, Series: snap.Series[1:]})) {
			t.Fatal("the bytes differ")
		}
	})
}

func TestSnapshotOfOthersIsRefused(t *testing.T) {
	d := newDetector(t, Settings{})
	good := d.Pack(Snapshot{Series: []Series{d.Begin(1000)}})
	if _, err := d.Unpack(good); err != nil {
		t.Fatal(err)
	}
	if _, err := newDetector(t, Settings{Bucket: 1e10}).Unpack(good); err == nil {
		t.Error("a snapshot of other buckets was taken")
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x40
		if _, err := d.Unpack(bad); err == nil {
			t.Errorf("byte %d was changed, and nobody noticed", i)
		}
		if _, err := d.Unpack(good[:i]); err == nil {
			t.Errorf("%d bytes were taken for all", i)
		}
	}
}

// seal gives bytes the check sum that Pack would, so that the fuzzer comes past it.
func seal(body []byte) []byte {
	return binary.LittleEndian.AppendUint32(bytes.Clone(body), crc32.ChecksumIEEE(body))
}

func FuzzUnpack(f *testing.F) {
	d := newDetector(f, Settings{Look: Both})
	s, w, r := learnt(f, d, "L20", 3000, 9)
	w.Changed = w.At
	run(d, &s, &w, r, 100)
	good := d.Pack(Snapshot{Position: 1, Series: []Series{s, d.Begin(100)}})
	f.Add(good[:len(good)-4])
	f.Add(good[:40])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, body []byte) {
		data := seal(body)
		snap, err := d.Unpack(data)
		if err != nil {
			return
		}
		if !bytes.Equal(d.Pack(snap), data) {
			t.Fatal("packed again it differs")
		}
		for i := range snap.Series {
			s := &snap.Series[i]
			for b := range uint32(200) {
				d.Observe(s, Count{s.last + 1 + b%3*20, float64(b % 7), 1000})
			}
			if e := d.Evidence(s); !(e >= 0 && e <= 1) {
				t.Fatalf("the evidence is %v: %+v", e, *s)
			}
		}
	})
}
