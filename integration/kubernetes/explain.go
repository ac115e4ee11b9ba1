package kubernetes

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"frontline/fault"
)

// fault turns what the API server or the way to it said into a sentence. Its own words stay in the cause: they may repeat what was sent.
func (s *site) fault(ctx context.Context, err error, verb string, r resource, namespace, name string) error {
	var already *fault.Error
	what := strings.TrimSpace(strings.TrimSuffix(r.plural, "s") + " " + name)
	switch {
	case errors.As(err, &already):
		return err
	case ctx.Err() != nil:
		return stopped(ctx)
	case apierrors.IsForbidden(err):
		return forbidden(err, verb, r, namespace)
	case apierrors.IsUnauthorized(err):
		return fault.Wrap(err, fault.Forbidden, "The cluster does not accept the token. It may have expired: put a new one where the setting token points to.")
	case apierrors.IsNotFound(err):
		return fault.Wrap(err, fault.NotFound, "There is no %s in %s. It may have been replaced: plan again.", what, place(namespace))
	case apierrors.IsConflict(err), testFailed(err):
		return fault.Wrap(err, fault.Conflict, "The %s has changed since the plan was made. Nothing was done; plan again.", what)
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsMethodNotSupported(err), apierrors.IsRequestEntityTooLargeError(err):
		return fault.Wrap(err, fault.Invalid, "The cluster refuses this for the %s: %s Correct the inputs or ask its owners.", what, words(err))
	case apierrors.ReasonForError(err) != "" && apierrors.ReasonForError(err) != "Unknown" && !apierrors.IsTooManyRequests(err) && !apierrors.IsInternalError(err) &&
		!apierrors.IsServerTimeout(err) && !apierrors.IsTimeout(err) && !apierrors.IsServiceUnavailable(err):
		return fault.Wrap(err, fault.Internal, "The cluster refuses the request: %s Ask its administrators.", words(err))
	}
	return s.unreachable(err)
}

// unreachable is the fault of an answer that did not come. It is worth trying again, unless nobody can know who answered.
func (s *site) unreachable(err error) error {
	host := ""
	if s.base != nil {
		host = s.base.Host
	}
	var authority x509.UnknownAuthorityError
	var verification *tls.CertificateVerificationError
	switch {
	case errors.As(err, &authority), errors.As(err, &verification):
		return fault.Wrap(err, fault.Unavailable, "The certificate of %s is not one that the setting ca vouches for. Correct ca or server.", host)
	case apierrors.IsTooManyRequests(err):
		return fault.Wrap(err, fault.Unavailable, "The cluster has too much to do just now. Try again in a minute.")
	case apierrors.ReasonForError(err) != "" && apierrors.ReasonForError(err) != "Unknown":
		return fault.Wrap(err, fault.Unavailable, "The cluster's API server is in trouble itself. Try again in a moment.")
	}
	return fault.Wrap(err, fault.Unavailable, "The cluster at %s does not answer. Check that it is up and can be reached from here, then try again.", host)
}

// forbidden names the line of the role that is missing.
func forbidden(err error, verb string, r resource, namespace string) error {
	role := "its Role in " + namespace
	if namespace == "" {
		role = "its ClusterRole"
	}
	return fault.Wrap(err, fault.Forbidden, "The cluster does not let Frontline's account %s %s in %s. Ask its administrators for this line in %s: %s",
		verb, r.named(), place(namespace), role, r.rule(verb))
}

// place says where something is.
func place(namespace string) string {
	if namespace == "" {
		return "the cluster"
	}
	return namespace
}

// testFailed says whether a "test" of a JSON patch did not hold: the API server calls that an invalid request without naming a field.
func testFailed(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) && status.Status().Code == 422 && strings.Contains(status.Status().Message, "testing value") ||
		errors.As(err, &status) && status.Status().Code == 422 && strings.Contains(status.Status().Message, "test failed")
}

// words are what the API server said to a request that carried nothing private, as one sentence.
func words(err error) string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return ""
	}
	text := status.Status().Message
	if d := status.Status().Details; d != nil {
		for _, c := range d.Causes {
			if c.Message != "" && !strings.Contains(text, c.Message) {
				text = strings.TrimRight(text, ".") + ". " + c.Message
			}
		}
	}
	text = strings.TrimSpace(strings.ToValidUTF8(text, ""))
	if r := []rune(text); len(r) > 400 {
		text = string(r[:400]) + "…"
	}
	if text != "" && !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

// stopped is the error of a call whose time ran out or whose caller went away.
func stopped(ctx context.Context) error {
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return fault.Wrap(context.Cause(ctx), fault.Unavailable, "The cluster took too long. Try again.")
	}
	return fault.Wrap(context.Cause(ctx), fault.Unavailable, "This was stopped on request. Start it again when you want it.")
}
