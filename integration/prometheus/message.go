package prometheus

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"frontline/fault"
)

// series is one series of a delivery.
type series struct {
	labels  []string // name, value, name, value
	samples []sample
}

// sample is a reading as it was written.
type sample struct {
	at    int64 // milliseconds since 1970
	value float64
	since int64 // when counting began, where the sender says so; 0 where not
}

// stale says that the sample is Prometheus' mark for "there is nothing here any more".
func (s sample) stale() bool { return math.Float64bits(s.value) == 0x7ff0000000000002 }

// label is the value of a label; empty when it is not there.
func (s series) label(name string) string {
	for i := 0; i+1 < len(s.labels); i += 2 {
		if s.labels[i] == name {
			return s.labels[i+1]
		}
	}
	return ""
}

// delivery is what one request brought.
type delivery struct {
	series  []series
	samples int
}

// What one request may hold.
const (
	mostBody    = 16 << 20 // bytes, as sent
	mostDecoded = 64 << 20 // and unpacked
	mostSeries  = 200_000
)

func broken() error {
	return fault.New(fault.Invalid, "The body is no message of Remote Write. Send what Prometheus sends, with the Content-Type that says which message it is.")
}

// eachField calls f with the fields of a message: their number, their kind, and their content as text or as a number.
func eachField(message []byte, f func(number protowire.Number, text []byte, n uint64) error) error {
	for len(message) > 0 {
		number, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return broken()
		}
		message = message[size:]
		var text []byte
		var n uint64
		switch kind {
		case protowire.BytesType:
			text, size = protowire.ConsumeBytes(message)
			if text == nil { // an empty one is there all the same
				text = []byte{}
			}
		case protowire.VarintType:
			n, size = protowire.ConsumeVarint(message)
		case protowire.Fixed64Type:
			n, size = protowire.ConsumeFixed64(message)
		default:
			size = protowire.ConsumeFieldValue(number, kind, message)
		}
		if size < 0 {
			return broken()
		}
		message = message[size:]
		if err := f(number, text, n); err != nil {
			return err
		}
	}
	return nil
}

// readFirst reads prometheus.WriteRequest of Remote Write 1.0: https://prometheus.io/docs/specs/prw/remote_write_spec/.
func readFirst(message []byte) (d delivery, err error) {
	err = eachField(message, func(number protowire.Number, text []byte, _ uint64) error {
		if number != 1 || text == nil {
			return nil
		}
		var s series
		if err := eachField(text, func(number protowire.Number, text []byte, _ uint64) error {
			switch {
			case number == 1 && text != nil:
				return s.readLabel(text)
			case number == 2 && text != nil:
				return s.readSample(text)
			}
			return nil
		}); err != nil {
			return err
		}
		return d.take(s)
	})
	return d, err
}

// readSecond reads io.prometheus.write.v2.Request of Remote Write 2.0: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/. Since 2.0-rc.4 each sample says
// since when it counts; before, the series did, in a field that is not used for anything else now. Both are understood.
func readSecond(message []byte) (d delivery, err error) {
	var symbols []string
	var lines [][]byte
	if err = eachField(message, func(number protowire.Number, text []byte, _ uint64) error {
		switch {
		case number == 4 && text != nil:
			symbols = append(symbols, string(text))
		case number == 5 && text != nil:
			lines = append(lines, text)
		}
		return nil
	}); err != nil {
		return d, err
	}
	for _, line := range lines {
		s, err := readLine(line, symbols)
		if err == nil {
			err = d.take(s)
		}
		if err != nil {
			return delivery{}, err
		}
	}
	return d, nil
}

// readLine reads one series of the second message.
func readLine(line []byte, symbols []string) (s series, err error) {
	created := int64(0)
	symbol := func(ref uint64) error {
		if ref >= uint64(len(symbols)) {
			return broken()
		}
		s.labels = append(s.labels, symbols[ref])
		return nil
	}
	err = eachField(line, func(number protowire.Number, text []byte, n uint64) error {
		switch {
		case number == 1 && text == nil: // not packed
			return symbol(n)
		case number == 1:
			for len(text) > 0 {
				ref, size := protowire.ConsumeVarint(text)
				if size < 0 {
					return broken()
				}
				if err := symbol(ref); err != nil {
					return err
				}
				text = text[size:]
			}
		case number == 2 && text != nil:
			return s.readSample(text)
		case number == 6:
			created = int64(n)
		}
		return nil
	})
	for i := range s.samples {
		if s.samples[i].since == 0 {
			s.samples[i].since = created
		}
	}
	if len(s.labels)%2 != 0 {
		return s, broken()
	}
	return s, err
}

func (d *delivery) take(s series) error {
	d.samples += len(s.samples)
	if len(d.series) >= mostSeries {
		return fault.New(fault.TooLarge, "One delivery has at most %d series. Lower max_samples_per_send.", mostSeries)
	}
	d.series = append(d.series, s)
	return nil
}

func (s *series) readLabel(message []byte) error {
	var name, value string
	err := eachField(message, func(number protowire.Number, text []byte, _ uint64) error {
		switch number {
		case 1:
			name = string(text)
		case 2:
			value = string(text)
		}
		return nil
	})
	s.labels = append(s.labels, name, value)
	return err
}

func (s *series) readSample(message []byte) error {
	var one sample
	err := eachField(message, func(number protowire.Number, _ []byte, n uint64) error {
		switch number {
		case 1:
			one.value = math.Float64frombits(n)
		case 2:
			one.at = int64(n)
		case 3:
			one.since = int64(n)
		}
		return nil
	})
	s.samples = append(s.samples, one)
	return err
}
