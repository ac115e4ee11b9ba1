package api

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"frontline/people"
	"frontline/privacy"
	"frontline/secret"
	"frontline/wire"
)

// Privacy says what is held about people, and takes it away.
type Privacy interface {
	Preview(ctx context.Context, a people.Actor, ref string) (privacy.Whom, privacy.Counts, error)
	Erase(ctx context.Context, a people.Actor, o privacy.Order) (privacy.Erasure, error)
	Erasures(ctx context.Context, a people.Actor, limit int) ([]privacy.Erasure, error)
	Export(ctx context.Context, a people.Actor, ref string, ready func(), to io.Writer) error
}

var _ Privacy = (*privacy.Service)(nil)

// Vouching checks the password of whoever asks.
type Vouching interface {
	Vouch(ctx context.Context, a people.Actor, password secret.Text) (people.Actor, error)
}

var _ Vouching = (*people.SignIn)(nil)

func (s *server) privacy() {
	add(s, route{Method: http.MethodGet, Path: "/privacy/held", ID: "held", Verb: people.ErasePeople, Summary: "Say what is held about somebody", Say: "Nothing is changed: it is what an erasure would take away."}, s.held)
	add(s, route{Method: http.MethodGet, Path: "/privacy/archive", ID: "archive", Verb: people.OwnData, Summary: "Fetch all that is held about somebody",
		Say: "Everybody fetches their own. Anybody else's needs the role admin."}, s.archive)
	add(s, route{Method: http.MethodGet, Path: "/privacy/erasures", ID: "listErasures", Verb: people.ErasePeople, Summary: "List the receipts of erasures"}, s.listErasures)
	add(s, route{Method: http.MethodPost, Path: "/privacy/erasures", ID: "erase", Verb: people.ErasePeople, Summary: "Erase a person",
		Say: "Their text and identity go, in the background; what is counted stays."}, s.erase)
}

type whoseData struct {
	Whom string `query:"whom" maxLength:"320" doc:"A mail address that wrote to the desk, or the id of a person." example:"kaisa@nordpank.example"`
}

func (s *server) held(ctx context.Context, by people.Actor, in *whoseData) (wire.Held, error) {
	w, n, err := s.deps.Privacy.Preview(ctx, by, in.Whom)
	return wire.Held{Whom: w.Ref, Person: w.Person, Here: w.Here, Counts: erasedCounts(n)}, err
}

func erasedCounts(n privacy.Counts) wire.ErasedCounts {
	return wire.ErasedCounts{Requests: n.Requests, Open: n.Open, Messages: n.Messages, Files: n.Files, Drafts: n.Drafts, Runs: n.Runs, Mentions: n.Mentions,
		Unfinished: n.Unfinished, Quarantine: n.Quarantine, Configured: n.Configured, Published: n.Published}
}

func (s *server) archive(ctx context.Context, by people.Actor, in *whoseData) (wire.Archive, error) {
	var out bytes.Buffer
	err := s.deps.Privacy.Export(ctx, by, in.Whom, func() {}, &out)
	return wire.Archive{Name: "frontline-data.zip", ZIP: out.Bytes()}, err
}

// mostErasures is how many receipts are listed at most.
const mostErasures = 1000

func (s *server) listErasures(ctx context.Context, by people.Actor, in *Paging) (wire.List[wire.Erasure], error) {
	all, err := s.deps.Privacy.Erasures(ctx, by, mostErasures)
	if err != nil {
		return wire.List[wire.Erasure]{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return wire.List[wire.Erasure]{}, err
	}
	return slice(all, *in, n.erasure)
}

func (n names) erasure(e privacy.Erasure) wire.Erasure {
	out := wire.Erasure{Ref: e.Name(), State: string(e.State), By: n.person(e.By), At: e.At, Counts: erasedCounts(e.Counts)}
	if !e.EndedAt.IsZero() {
		out.EndedAt = &e.EndedAt
	}
	return out
}

type erasePerson struct{ Body wire.Erase }

func (s *server) erase(ctx context.Context, by people.Actor, in *erasePerson) (wire.Erasure, error) {
	if _, _, err := s.deps.Privacy.Preview(ctx, by, in.Body.Whom); err != nil { // before a password is tried
		return wire.Erasure{}, err
	}
	by, err := s.deps.Vouching.Vouch(ctx, by, secret.New(in.Body.Password))
	if err != nil {
		return wire.Erasure{}, err
	}
	e, err := s.deps.Privacy.Erase(ctx, by, privacy.Order{Whom: in.Body.Whom, Confirm: in.Body.Again})
	if err != nil {
		return wire.Erasure{}, err
	}
	n, err := s.names(ctx)
	return n.erasure(e), err
}
