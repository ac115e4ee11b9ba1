package people

import (
	"cmp"
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"frontline/fault"
	"frontline/secret"
)

// errEnded is the answer to a session that has ended or never was.
func errEnded() error {
	return fault.New(fault.Unauthenticated, "You are not signed in, or your session has ended. Sign in, then try again.")
}

// newToken returns 32 random bytes as text for a cookie or a link.
func newToken() secret.Text {
	return secret.New(base64.RawURLEncoding.EncodeToString(random(32)))
}

func alive(k KeptSession, now time.Time) bool {
	return now.Before(k.Until) && now.Before(k.Seen.Add(sessionIdle))
}

// surplus returns the sessions that end when another begins: the ended ones, and the least used beyond the number allowed.
func surplus(all []KeptSession, now time.Time) []string {
	var end []string
	living := make([]KeptSession, 0, len(all))
	for _, k := range all {
		if alive(k, now) {
			living = append(living, k)
		} else {
			end = append(end, k.ID)
		}
	}
	slices.SortFunc(living, func(a, b KeptSession) int { return cmp.Or(b.Seen.Compare(a.Seen), cmp.Compare(a.ID, b.ID)) })
	for i, k := range living {
		if i >= sessionCount-1 {
			end = append(end, k.ID)
		}
	}
	return end
}

// others returns the sessions except the one with the hash.
func others(all []KeptSession, hash string) []string {
	var ids []string
	for _, k := range all {
		if k.Hash != hash {
			ids = append(ids, k.ID)
		}
	}
	return ids
}

// Session returns the session of a token, with the person as they are now; Unauthenticated when it has ended or the person is
// retired.
func (s *SignIn) Session(ctx context.Context, token secret.Text) (Session, error) {
	now := s.clock.Now()
	kept, ok, err := s.store.Session(ctx, secret.Hash(token.Reveal()))
	if err != nil {
		return Session{}, err
	}
	if !ok || !alive(kept, now) {
		return Session{}, errEnded()
	}
	book, err := s.book(ctx)
	if err != nil {
		return Session{}, err
	}
	person, ok := book.Person(kept.Person)
	if !ok {
		return Session{}, errEnded()
	}
	if now.Sub(kept.Seen) >= sessionTouch {
		// When the database takes no writes the screen still opens; the next request notes the use again.
		_ = s.store.SeeSession(ctx, kept.ID, now, now.Add(-sessionTouch))
	}
	return shown(kept, person), nil
}

// SignOut ends the session of the token. Ending it twice is no error.
func (s *SignIn) SignOut(ctx context.Context, token secret.Text) error {
	kept, ok, err := s.store.Session(ctx, secret.Hash(token.Reveal()))
	if err != nil || !ok {
		return err
	}
	by := Actor{Kind: ByPerson, ID: kept.Person, Via: "screen"}
	return s.end(ctx, by, kept.ID, "person.signed_out", nil)
}

// SessionsOf returns the actor's own sessions, the one used last first.
func (s *SignIn) SessionsOf(ctx context.Context, a Actor) ([]Session, error) {
	person, err := s.oneself(ctx, a)
	if err != nil {
		return nil, err
	}
	all, err := s.store.SessionsOf(ctx, person.ID)
	if err != nil {
		return nil, err
	}
	var out []Session
	for _, k := range all {
		if alive(k, s.clock.Now()) {
			out = append(out, shown(k, person))
		}
	}
	slices.SortFunc(out, func(a, b Session) int {
		return cmp.Or(b.Seen.Compare(a.Seen), b.Made.Compare(a.Made), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// longestDevice is how much is kept of what a session was begun with, in bytes.
const longestDevice = 60

// NameDevice notes what a session was begun with, in a few words, so that its owner knows it among their others.
func (s *SignIn) NameDevice(ctx context.Context, session Session, device string) error {
	return s.store.NameSession(ctx, session.ID, strings.ToValidUTF8(device[:min(len(device), longestDevice)], ""))
}

// EndSession ends one of the actor's own sessions; NotFound when it is not theirs.
func (s *SignIn) EndSession(ctx context.Context, a Actor, id string) error {
	if _, err := s.oneself(ctx, a); err != nil {
		return err
	}
	return s.end(ctx, a, id, "person.session_ended", fault.New(fault.NotFound, "You have no such session; it may have ended already. Look at the list again."))
}

// end ends a session of the person that by is; missing is the answer when there is none.
func (s *SignIn) end(ctx context.Context, by Actor, id, verb string, missing error) error {
	return s.store.ChangeAccount(ctx, by.ID, func(a Account) (Change, error) {
		if !slices.ContainsFunc(a.Sessions, func(k KeptSession) bool { return k.ID == id }) {
			return Change{}, missing
		}
		return Change{Person: by.ID, End: []string{id}, Deeds: []Deed{{By: by, Verb: verb, Person: by.ID}}}, nil
	})
}
