package people

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"frontline/fault"
	"frontline/secret"
)

// TokenPrefix begins every API token, so that scanners of repositories and logs recognise one.
const TokenPrefix = "fl_"

const (
	tokenLetters = 43 // 222 bits
	tokenHint    = len(TokenPrefix) + 4
	tokenCount   = 50 // of one person
)

// ActorByToken returns who asks with an API token: its owner, through the API, with their role or the token's lower one.
// Unauthenticated when it is unknown, revoked or over, or its owner is retired.
func (s *SignIn) ActorByToken(ctx context.Context, token secret.Text) (Actor, error) {
	no := fault.New(fault.Unauthenticated, "This API token is unknown, revoked or over. Make a new one on your settings screen.")
	if !strings.HasPrefix(token.Reveal(), TokenPrefix) {
		return Actor{}, no
	}
	kept, ok, err := s.store.Token(ctx, secret.Hash(token.Reveal()))
	if err != nil {
		return Actor{}, err
	}
	now := s.clock.Now()
	if !ok || over(kept.Until, now) {
		return Actor{}, no
	}
	book, err := s.book(ctx)
	if err != nil {
		return Actor{}, err
	}
	person, ok := book.Person(kept.Person)
	if !ok {
		return Actor{}, no
	}
	if day := now.Truncate(24 * time.Hour); kept.Used.Before(day) {
		_ = s.store.UseToken(ctx, kept.ID, day) // as with sessions: a read must not fail because nothing can be written
	}
	a := As(person, "api")
	a.Role, a.Until = lower(person.Role, kept.Role), kept.Until
	a.Capped = kept.Role != ""
	return a, nil
}

func over(until, now time.Time) bool { return !until.IsZero() && !now.Before(until) }

// lower returns the lesser of the role and its cap; an empty cap is none.
func lower(r, most Role) Role {
	if most != "" && most.rank() < r.rank() {
		return most
	}
	return r
}

// TokensOf returns the actor's own tokens that have not been revoked, the newest first.
func (s *SignIn) TokensOf(ctx context.Context, a Actor) ([]Token, error) {
	if err := own(a); err != nil {
		return nil, err
	}
	all, err := s.store.TokensOf(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	out := make([]Token, len(all))
	for i, k := range all {
		out[i] = k.Token
	}
	slices.SortFunc(out, func(a, b Token) int { return cmp.Or(b.Made.Compare(a.Made), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// own is nil for a person who asks about their own tokens, also with one of them.
func own(a Actor) error {
	if err := May(a, OwnTokens, Subject{}); err != nil {
		return err
	}
	if a.Kind != ByPerson {
		return fault.New(fault.Forbidden, "Only a person has API tokens. Sign in and try again.")
	}
	return nil
}

// MakeToken makes a token that may do what the actor may, ends at until (never when zero), and returns its value, which nobody sees
// again. Invalid names the field "name" or "until".
func (s *SignIn) MakeToken(ctx context.Context, a Actor, name string, until time.Time) (Token, secret.Text, error) {
	return s.MakeCappedToken(ctx, a, name, "", until)
}

// MakeCappedToken is MakeToken with the most that the token may do, whatever its owner may; empty is no limit. Invalid names the
// field "name", "role" or "until".
func (s *SignIn) MakeCappedToken(ctx context.Context, a Actor, name string, most Role, until time.Time) (Token, secret.Text, error) {
	person, err := s.oneself(ctx, a)
	if err != nil {
		return Token{}, secret.Text{}, err
	}
	now, name := s.clock.Now(), strings.TrimSpace(name)
	if err := checkToken(name, most, until, now); err != nil {
		return Token{}, secret.Text{}, err
	}
	value := secret.New(TokenPrefix + secret.Random(tokenLetters))
	kept := KeptToken{
		Token: Token{ID: secret.Random(16), Name: name, Hint: value.Reveal()[:tokenHint], Role: most, Made: now, Until: until},
		Hash:  secret.Hash(value.Reveal()), Person: person.ID,
	}
	facts := map[string]any{"token": kept.ID, "role": string(lower(person.Role, most)), "ends": !until.IsZero()}
	err = s.store.ChangeAccount(ctx, person.ID, func(acc Account) (Change, error) {
		if len(acc.Tokens) >= tokenCount {
			return Change{}, fault.New(fault.Conflict, "You have %d API tokens, which is the most. Revoke one that is not used any more.", tokenCount)
		}
		return Change{Person: person.ID, Make: &kept, Deeds: []Deed{{By: a, Verb: "token.made", Person: person.ID, Facts: facts}}}, nil
	})
	if err != nil {
		return Token{}, secret.Text{}, err
	}
	return kept.Token, value, nil
}

func checkToken(name string, most Role, until, now time.Time) error {
	switch {
	case name == "" || utf8.RuneCountInString(name) > 60:
		return fault.Wrong("name", "Say in at most 60 letters what the token is for, such as laptop or terraform.")
	case most != "" && most.rank() < 0:
		return fault.Wrong("role", "%q is no role. Write member, support, lead or admin, or leave it empty.", most)
	case over(until, now):
		return fault.Wrong("until", "The token would be over already. Choose a time to come, or none.")
	}
	return nil
}

// RevokeToken ends one of the actor's tokens for good; NotFound when it is not theirs.
func (s *SignIn) RevokeToken(ctx context.Context, a Actor, id string) error {
	if err := own(a); err != nil {
		return err
	}
	return s.store.ChangeAccount(ctx, a.ID, func(acc Account) (Change, error) {
		if !slices.ContainsFunc(acc.Tokens, func(k KeptToken) bool { return k.ID == id }) {
			return Change{}, fault.New(fault.NotFound, "You have no such API token; it may be revoked already. Look at the list again.")
		}
		return Change{Person: a.ID, Revoke: id, Deeds: []Deed{{By: a, Verb: "token.revoked", Person: a.ID, Facts: map[string]any{"token": id}}}}, nil
	})
}
