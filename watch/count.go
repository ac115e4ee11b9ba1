package watch

import (
	"bytes"
	"cmp"
	"compress/flate"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"

	"frontline/fault"
	"frontline/watch/detect"
)

// Leaf is what one combination of all labels counted.
type Leaf struct {
	Values   []string `json:"v"` // one for each of the definition's labels, in their order; "" where the source has none
	Errors   float64  `json:"x"`
	Requests float64  `json:"n"` // for a count alone, the buckets observed: 1
}

// Bucket is what was counted in one bucket, and what came for earlier ones after they were decided.
type Bucket struct {
	Number uint32
	Leaves []Leaf
	Late   []Leaf
}

// PackLeaves and UnpackLeaves write leaves down as JSON, compressed where that is worth it: they are kept for two days at most, and read together.
func PackLeaves(leaves []Leaf) []byte { return pack(leaves) }

// UnpackLeaves reads what PackLeaves has written; nothing is no leaves.
func UnpackLeaves(data []byte) ([]Leaf, error) { return unpack[[]Leaf](data) }

// PackHour writes an hour down, without its number.
func PackHour(h Hour) []byte { return pack(h) }

// UnpackHour reads what PackHour has written.
func UnpackHour(data []byte) (Hour, error) { return unpack[Hour](data) }

// The first byte says how the rest is written: what is small is not worth a compressor, whose tables take longer than all the rest.
const (
	asPlain    = 0
	asDeflated = 1
	worthwhile = 8 << 10 // bytes
)

func pack(v any) []byte {
	raw, err := json.Marshal(v)
	if err == nil && len(raw) < worthwhile {
		return append([]byte{asPlain}, raw...)
	}
	out := bytes.NewBuffer([]byte{asDeflated})
	z, bad := flate.NewWriter(out, flate.BestSpeed)
	if err = errors.Join(err, bad); err == nil {
		_, bad = z.Write(raw)
		err = errors.Join(bad, z.Close())
	}
	if err != nil { // plain structs of finite numbers, into memory
		panic("watch: " + err.Error())
	}
	return out.Bytes()
}

func unpack[T any](data []byte) (v T, err error) {
	if len(data) == 0 {
		return v, nil
	}
	raw := data[1:]
	if data[0] == asDeflated {
		raw, err = io.ReadAll(flate.NewReader(bytes.NewReader(raw)))
	}
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	if err != nil {
		err = fault.Wrap(err, fault.Internal, "What was counted cannot be read. Report this.")
	}
	return v, err
}

// key names a combination of values: each with its length before it, so that no two combinations share a name.
func key(values []string) string {
	var out []byte
	for _, v := range values {
		out = append(strconv.AppendInt(out, int64(len(v)), 10), ':')
		out = append(out, v...)
	}
	return string(out)
}

// Add adds leaves to others, of the same labels, and returns them in the order of their values.
func Add(to, more []Leaf) []Leaf {
	at := make(map[string]int, len(to)+len(more))
	out := make([]Leaf, 0, len(to)+len(more))
	for _, list := range [][]Leaf{to, more} {
		for _, l := range list {
			k := key(l.Values)
			i, there := at[k]
			if !there {
				at[k] = len(out)
				out = append(out, l)
				continue
			}
			out[i].Errors += l.Errors
			out[i].Requests += l.Requests
		}
	}
	slices.SortFunc(out, func(a, b Leaf) int { return slices.Compare(a.Values, b.Values) })
	return out
}

// Root is one series worth a page: the values of the definition's By, or the whole when it has none.
type Root struct {
	Values []string
	Count  detect.Count
	Late   detect.Count
}

// Roots sums the leaves of a bucket up to the series worth a page, in the order of their values.
func (d Definition) Roots(b Bucket) []Root {
	places := d.places()
	at := map[string]*Root{}
	sum := func(leaves []Leaf, into func(*Root) *detect.Count) {
		for _, l := range leaves {
			values := pick(l.Values, places)
			r, there := at[key(values)]
			if !there {
				r = &Root{Values: values, Count: detect.Count{Bucket: b.Number}}
				at[key(values)] = r
			}
			c := into(r)
			c.Errors += l.Errors
			c.Requests += l.Requests
		}
	}
	sum(b.Leaves, func(r *Root) *detect.Count { return &r.Count })
	sum(b.Late, func(r *Root) *detect.Count { return &r.Late })
	out := make([]Root, 0, len(at))
	for _, r := range at {
		if d.Counted() && r.Count.Requests > 1 { // a count alone is of one observed bucket, however many leaves it has
			r.Count.Requests = 1
		}
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b Root) int { return slices.Compare(a.Values, b.Values) })
	return out
}

// places is where the labels of By are among all labels.
func (d Definition) places() []int {
	out := make([]int, len(d.By))
	for i, l := range d.By {
		out[i] = slices.Index(d.Labels, l)
	}
	return out
}

// pick takes the values at these places.
func pick(values []string, places []int) []string {
	out := make([]string, len(places))
	for i, at := range places {
		if at >= 0 && at < len(values) {
			out[i] = values[at]
		}
	}
	return out
}

// Of are the leaves that belong to a series: all of them to the whole.
func (d Definition) Of(values []string, leaves []Leaf) []Leaf {
	if len(values) == 0 {
		return leaves
	}
	places := d.places()
	var out []Leaf
	for _, l := range leaves {
		if slices.Equal(pick(l.Values, places), values) {
			out = append(out, l)
		}
	}
	return out
}

// Sum adds all leaves up.
func Sum(leaves []Leaf) (errors, requests float64) {
	for _, l := range leaves {
		errors += l.Errors
		requests += l.Requests
	}
	return errors, requests
}

// byNumber orders buckets.
func byNumber(a, b Bucket) int { return cmp.Compare(a.Number, b.Number) }
