// Package heartbeat tells a watcher outside (healthchecks.io, Dead Man's Snitch, another Frontline) that paging is healthy, by calling its address. When the
// calls stop, the watcher raises the alarm.
package heartbeat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"frontline/fault"
	"frontline/oncall"
	"frontline/secret"
)

// Outward calls one address. The address is as good as a password: it is never shown.
type Outward struct {
	address secret.Text
	client  *http.Client
}

var _ oncall.Beat = (*Outward)(nil)

// New returns the heartbeat to an http or https address.
func New(address secret.Text) (*Outward, error) {
	u, err := url.Parse(address.Reveal())
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fault.Wrong("heartbeat", "The heartbeat's address must begin with https:// or http://. Copy it from the watcher.")
	}
	return &Outward{address: address, client: &http.Client{
		Timeout: 10 * time.Second,
		// A redirect to a sign-in page answers 200 and proves nothing.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Close lets the idle connection go.
func (o *Outward) Close() { o.client.CloseIdleConnections() }

// Beat implements oncall.Beat: one GET, which any 2xx answers.
func (o *Outward) Beat(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.address.Reveal(), nil)
	if err != nil {
		return fault.New(fault.Internal, "The heartbeat's address cannot be called. Correct the setting.")
	}
	res, err := o.client.Do(req)
	if err != nil {
		return fault.Wrap(cause(err), fault.Unavailable, "The heartbeat's watcher does not answer. It is called again in a minute.")
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 4<<10)) // so that the connection is used again
	if res.StatusCode/100 != 2 {
		return fault.Wrap(fmt.Errorf("status %d", res.StatusCode), fault.Unavailable, "The heartbeat's watcher refused the call. Check the address in the settings.")
	}
	return nil
}

// cause is err without the address that net/http puts into it.
func cause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
