package rabbitmq

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"frontline/action/actiontest"
	"frontline/e2e/neighbour"
	"frontline/fault"
)

// wire passes AMQP connections on to a broker and cuts the first one that sends basic.ack.
type wire struct {
	broker string
	pass   bool // let the acknowledgement through before cutting
	cut    atomic.Bool
	all    sync.WaitGroup
}

// lay lays the wire and returns its address.
func (w *wire) lay(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close(); w.all.Wait() })
	w.all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			w.all.Go(func() { w.serve(c) })
		}
	})
	return l.Addr().String()
}

func (w *wire) serve(client net.Conn) {
	defer client.Close()
	broker, err := net.Dial("tcp", w.broker)
	if err != nil {
		return
	}
	defer broker.Close()
	w.all.Go(func() {
		_, _ = io.Copy(client, broker)
		_ = client.Close()
	})
	_ = w.watch(client, broker)
}

// watch copies frame by frame (AMQP 0-9-1 section 4.2.3) and stops at basic.ack, which is method 80 of class 60.
func (w *wire) watch(from io.Reader, to io.Writer) error {
	if _, err := io.CopyN(to, from, 8); err != nil { // the protocol header
		return err
	}
	for {
		frame := make([]byte, 7)
		if _, err := io.ReadFull(from, frame); err != nil {
			return err
		}
		frame = append(frame, make([]byte, binary.BigEndian.Uint32(frame[3:])+1)...)
		if _, err := io.ReadFull(from, frame[7:]); err != nil {
			return err
		}
		ack := frame[0] == 1 && binary.BigEndian.Uint16(frame[7:]) == 60 && binary.BigEndian.Uint16(frame[9:]) == 80
		cut := ack && w.cut.CompareAndSwap(false, true)
		if cut && !w.pass {
			return errors.New("cut before the acknowledgement")
		}
		if _, err := to.Write(frame); err != nil {
			return err
		}
		if cut {
			return errors.New("cut after the acknowledgement")
		}
	}
}

// TestConnectionBreaksAtTheAcknowledgement cuts the connection just before and just after the broker gets the one command that
// removes the message. Reconcile finds out which of the two it was.
func TestConnectionBreaksAtTheAcknowledgement(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		for name, pass := range map[string]bool{"before": false, "after": true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, on, quorum())
				s.publish(1, 20)
				u, err := url.Parse(s.b.AMQP)
				must(t, err)
				w := &wire{broker: u.Host, pass: pass}
				call := s.call(map[string]any{"fingerprint": prints(t, 6)})
				call.Settings = s.settings(map[string]any{"amqp": "amqp://" + w.lay(t)})
				led := &actiontest.Ledger{}
				plan := planned(t, call)
				if _, err := park().Do(t.Context(), call, plan, led); !fault.Is(err, fault.Unavailable) || !w.cut.Load() {
					t.Fatalf("the wire was cut: %v, and Do = %v, want Unavailable", w.cut.Load(), err)
				}
				res, err := park().Reconcile(t.Context(), call, plan, led.Steps(), led)
				must(t, err)
				if res.Unknown || res.Done != pass {
					t.Errorf("the acknowledgement arrived: %v, and the run says %+v", pass, res)
				}
				want := ids(1, 20)
				if pass {
					want = ids(1, 20, 6)
				}
				s.holds(want)
				if len(led.Kept()) != 1 {
					t.Errorf("the quarantine holds %d copies, want 1", len(led.Kept()))
				}
			})
		}
	})
}
