package oncalltest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"frontline/fault"
	"frontline/oncall"
)

var _ oncall.Channel = (*Devices)(nil)

// Devices is a channel whose addresses are devices in people's hands. What arrives must be expected: anything else fails the test.
type Devices struct {
	t       testing.TB
	name    string
	mu      sync.Mutex
	arrived map[string][]oncall.Message
	broken  map[string][]error
}

// NewDevices returns a channel of that name; when the test ends, nothing unexpected may have arrived.
func NewDevices(t testing.TB, name string) *Devices {
	d := &Devices{t: t, name: name, arrived: map[string][]oncall.Message{}, broken: map[string][]error{}}
	t.Cleanup(func() { d.Quiet() })
	return d
}

// Name implements oncall.Channel.
func (d *Devices) Name() string { return d.name }

// Check implements oncall.Channel.
func (d *Devices) Check(address string) error {
	if address == "" {
		return fault.New(fault.Invalid, "A device has an address.")
	}
	return nil
}

// Send implements oncall.Channel.
func (d *Devices) Send(_ context.Context, address string, m oncall.Message) (oncall.Receipt, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if errs := d.broken[address]; len(errs) > 0 {
		d.broken[address] = errs[1:]
		return oncall.Receipt{}, errs[0]
	}
	d.arrived[address] = append(d.arrived[address], m)
	return oncall.Receipt{ID: fmt.Sprintf("%s-%d", d.name, len(d.arrived[address])), Detail: "taken"}, nil
}

// Fail makes the next deliveries to the address fail, one error each.
func (d *Devices) Fail(address string, errs ...error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken[address] = append(d.broken[address], errs...)
}

// Expect takes the next message off the device; its title or body must contain the words.
func (d *Devices) Expect(address, words string) oncall.Message {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.arrived[address]) == 0 {
		d.t.Fatalf("%s %s is silent; %q was expected", d.name, address, words)
	}
	m := d.arrived[address][0]
	d.arrived[address] = d.arrived[address][1:]
	if !strings.Contains(m.Title+"\n"+m.Body, words) {
		d.t.Fatalf("%s %s shows %q, %q; expected %q", d.name, address, m.Title, m.Body, words)
	}
	return m
}

// Quiet fails the test when a device shows a message that nobody expected.
func (d *Devices) Quiet() {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for address, ms := range d.arrived {
		for _, m := range ms {
			d.t.Errorf("%s %s shows an unexpected message: %q, %q", d.name, address, m.Title, m.Body)
		}
	}
}
