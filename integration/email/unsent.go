package email

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"frontline/fault"
	"frontline/plain"
)

// unsent is the fault of a mail that the server did not take. What an SMTP server answers with 4xx, and connections that break or never
// come about, are worth another try; 5xx, wrong credentials and settings that do not fit the server are not.
func (c *Channel) unsent(ctx context.Context, err error, m Mail) error {
	if ctx.Err() != nil {
		return fault.Wrap(ctx.Err(), fault.Unavailable, "The mail server %s did not answer in time. It is tried again; if it stays, look whether the server is well.", c.settings.Host)
	}
	if sending, ok := errors.AsType[*gomail.SendError](err); ok {
		return c.refused(sending, m)
	}
	cause := c.said(err, m)
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		return c.turnedAway(answer.Code, cause)
	}
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, notTLS := errors.AsType[tls.RecordHeaderError](err)
	_, network := errors.AsType[net.Error](err)
	switch {
	case untrusted:
		return fault.Wrap(cause, fault.Internal, "The certificate of the mail server %s is not trusted. Renew it, or add its authority to the server's mail settings.", c.settings.Host)
	case notTLS:
		return fault.Wrap(cause, fault.Internal, "The mail server %s speaks no TLS on port %d. Correct tls and port in the server's mail settings.", c.settings.Host, c.settings.Port)
	case network, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return fault.Wrap(cause, fault.Unavailable, "The mail server %s cannot be reached. It is tried again; if it stays, look whether the server is up.", c.settings.Host)
	case errors.Is(err, smtp.ErrUnencrypted):
		return fault.Wrap(cause, fault.Internal, "The mail server %s offers no TLS, so the password was not sent. Set tls to starttls or tls in the server's mail settings.", c.settings.Host)
	}
	return fault.Wrap(cause, fault.Internal, "The mail server %s does not do what the settings ask for. Look at tls, username and port in the server's mail settings.", c.settings.Host)
}

// turnedAway is the fault of an answer before any mail was handed over: the greeting, EHLO, STARTTLS, AUTH.
func (c *Channel) turnedAway(code int, cause error) error {
	switch {
	case code >= 400 && code < 500:
		return fault.Wrap(cause, fault.Unavailable, "The mail server %s takes no connection now. It is tried again; if it stays, look whether the server is well.", c.settings.Host)
	case code == 530, code == 534, code == 535, code == 538:
		return fault.Wrap(cause, fault.Unauthenticated, "The mail server %s does not accept our user name and password. Correct them in the server's mail settings.", c.settings.Host)
	}
	return fault.Wrap(cause, fault.Forbidden, "The mail server %s turns us away. Ask whoever runs it to let Frontline in.", c.settings.Host)
}

// refused is the fault of a mail that was handed over in part or whole.
func (c *Channel) refused(err *gomail.SendError, m Mail) error {
	code, cause := err.ErrorCode(), c.said(err, m)
	seen := err.Reason != gomail.ErrSMTPMailFrom && err.Reason != gomail.ErrSMTPRcptTo && err.Reason != gomail.ErrSMTPData
	if seen { // the server has seen the mail and may repeat anything of it
		cause = fmt.Errorf("%s: %d %s", err.Reason, code, err.EnhancedStatusCode())
	}
	switch {
	case code < 500: // 4xx, and 0 where the connection broke
		return fault.Wrap(cause, fault.Unavailable, "The mail server %s cannot take the mail now. It is tried again; if it stays, look whether the server is well.", c.settings.Host)
	case code == 552:
		return fault.Wrap(cause, fault.TooLarge, "The mail is too large for the mail server %s. Raise its limit.", c.settings.Host)
	case err.Reason == gomail.ErrSMTPRcptTo:
		return fault.Wrap(cause, fault.NotFound, "The mail server %s does not take mail for that address. Correct the address.", c.settings.Host)
	case err.Reason == gomail.ErrSMTPMailFrom:
		return fault.Wrap(cause, fault.Forbidden, "The mail server %s does not let us send as %s. Correct from in the server's mail settings, or allow it there.", c.settings.Host, c.from.Address)
	}
	return fault.Wrap(cause, fault.Forbidden, "The mail server %s refuses the mail. Its log says why; correct what it names.", c.settings.Host)
}

// said is what went wrong before the server saw the mail, without what it was told in confidence.
func (c *Channel) said(err error, m Mail) error {
	user, password := c.settings.Username, c.settings.Password.Reveal()
	var hide []string
	for _, secret := range []string{password, "\x00" + user + "\x00" + password} {
		if password != "" {
			hide = append(hide, base64.StdEncoding.EncodeToString([]byte(secret)), "***", secret, "***")
		}
	}
	hide = append(hide, m.To, "the address")
	return errors.New(plain.Clip(plain.Line(strings.NewReplacer(hide...).Replace(err.Error())), 300))
}
