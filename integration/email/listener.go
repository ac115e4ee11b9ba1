package email

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"frontline/fault"
)

// Take commits one mail and returns once it is durable. A fault of kind Unavailable, TooMany or Internal lets the sender come again; any other is final.
// to are the addresses of ours that the sender named.
type Take func(ctx context.Context, to []string, raw []byte) error

// Listener is an SMTP server (RFC 5321) that takes mail for the desk. It stands behind the company's own mail server, which keeps strangers and
// spam away: it knows neither TLS nor passwords, and takes mail for its own addresses alone.
type Listener struct {
	Domain    string                                  // our name in the greeting
	Addresses func(context.Context) ([]string, error) // which addresses are ours, lower case
	Take      Take
	Log       *slog.Logger
}

// commitWithin is how long a sender waits for us at most.
const commitWithin = 10 * time.Second

// Serve answers on the socket until the context ends; then it lets the mails that are under way end.
func (l *Listener) Serve(ctx context.Context, socket net.Listener) error {
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &visitor{ctx: ctx, l: l}, nil }))
	s.Domain, s.MaxMessageBytes, s.MaxRecipients, s.EnableSMTPUTF8 = l.Domain, MostBytes, 50, true
	s.ReadTimeout, s.WriteTimeout = time.Minute, time.Minute
	s.ErrorLog = logged{l.Log}
	var ended sync.WaitGroup
	defer ended.Wait()
	quit := context.AfterFunc(ctx, func() {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitWithin)
		defer cancel()
		_ = s.Shutdown(limited) // what does not end in time comes again
	})
	defer quit()
	err := s.Serve(socket)
	if ctx.Err() != nil || errors.Is(err, smtp.ErrServerClosed) {
		return nil
	}
	return err
}

// logged turns go-smtp's own lines into ours.
type logged struct{ log *slog.Logger }

func (l logged) Printf(format string, v ...any) {
	l.log.Debug("mail in", "say", strings.TrimSpace(format))
}
func (l logged) Println(...any) { l.log.Debug("mail in") }

// visitor is one connection.
type visitor struct {
	ctx context.Context
	l   *Listener
	to  []string // those of ours among the recipients
}

// Mail implements smtp.Session.
func (v *visitor) Mail(string, *smtp.MailOptions) error { v.to = nil; return nil }

// Rcpt implements smtp.Session.
func (v *visitor) Rcpt(to string, _ *smtp.RcptOptions) error {
	addresses, err := v.l.Addresses(v.ctx)
	if err != nil {
		return later()
	}
	if !slices.Contains(addresses, strings.ToLower(to)) {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "There is no such address here"}
	}
	v.to = append(v.to, strings.ToLower(to))
	return nil
}

// Data implements smtp.Session.
func (v *visitor) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.ctx), commitWithin)
	defer cancel()
	err = v.l.Take(ctx, v.to, raw)
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.TooMany, fault.Internal, fault.Conflict:
		if err != nil {
			v.l.Log.Warn("a mail could not be taken and comes again", "err", err)
			return later()
		}
	}
	if err != nil {
		v.l.Log.Warn("a mail was refused", "err", err)
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: fault.Sentence(err)}
	}
	return nil
}

func later() error {
	return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Not now. Come again in a minute."}
}

// Reset implements smtp.Session.
func (v *visitor) Reset() { v.to = nil }

// Logout implements smtp.Session.
func (v *visitor) Logout() error { return nil }
