package action

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/secret"
)

// Stored is a secret that the server keeps, without its value.
type Stored struct {
	Name   string
	Team   string // only its actions may use it
	SetBy  string
	SetAt  time.Time
	UsedBy []string // ids of actions, in order
}

// Subject is what people.May is asked about.
func (s Stored) Subject() people.Subject {
	return people.Subject{Kind: "secret", ID: s.Name, Team: s.Team, Visibility: people.TeamOnly}
}

// Safe is where stored secrets lie, sealed. store implements it.
type Safe interface {
	// StoredSecrets lists them by name.
	StoredSecrets(ctx context.Context) ([]Stored, error)
	// StoredSecret returns one with what is sealed; NotFound when there is none.
	StoredSecret(ctx context.Context, name string) (Stored, string, error)
	// SetStored writes one, or writes it anew. An error of decide, which is told what is there (the zero Stored when nothing is), changes nothing.
	SetStored(ctx context.Context, s Stored, sealed string, decide func(before Stored) (journal.Consequences, error)) error
	// RemoveStored deletes one.
	RemoveStored(ctx context.Context, name string, follows journal.Consequences) error
}

// Vault keeps secrets for actions. They are set and used, and shown to nobody.
type Vault struct {
	Safe Safe
	Book func(context.Context) (Directory, error)
	Key  secret.Text // seals them; each under its own name, so that one cannot take another's place
}

const mostSecret = 64 << 10 // bytes of a value

var storedName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// Secrets lists what is stored, and which actions use it.
func (v Vault) Secrets(ctx context.Context, by people.Actor) ([]Stored, error) {
	if err := people.May(by, people.SeeSecrets, people.Subject{Kind: "secret"}); err != nil {
		return nil, err
	}
	all, err := v.Safe.StoredSecrets(ctx)
	if err != nil {
		return nil, err
	}
	book, err := v.Book(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].UsedBy = usersOf(book, all[i].Name)
	}
	return all, nil
}

// usersOf are the actions that name the stored secret and that the actor could know by their ids alone.
func usersOf(book Directory, name string) (out []string) {
	for _, d := range book.Actions() {
		if slices.Contains(d.storedSecrets(), name) {
			out = append(out, d.ID)
		}
	}
	slices.Sort(out)
	return out
}

// storedSecrets are the names of the stored secrets that any part of the action uses.
func (d Definition) storedSecrets() (out []string) {
	parts := []Definition{d}
	for _, p := range []*Part{d.Proof, d.Reverse} {
		if p != nil {
			parts = append(parts, d.with(*p))
		}
	}
	for _, part := range parts {
		for ref := range maps.Values(part.references()) {
			if name, ok := ref.Stored(); ok {
				out = append(out, name)
			}
		}
	}
	return out
}

// SetSecret stores a value under a name for a team, or replaces it. The team of a secret does not change; empty means the one that it has.
func (v Vault) SetSecret(ctx context.Context, by people.Actor, name, team string, value secret.Text) error {
	if !storedName.MatchString(name) {
		return fault.Wrong("name", "A stored secret is called something like broker-password: small letters, digits, and . _ - in between, at most 63.")
	}
	text := value.Reveal()
	if text == "" || len(text) > mostSecret || strings.ContainsRune(text, 0) {
		return fault.Wrong("value", "A stored secret has between 1 and 65,536 bytes, and no zero byte. Give its value.")
	}
	before, _, err := v.Safe.StoredSecret(ctx, name)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if team == "" {
		team = before.Team
	}
	if team == "" {
		return fault.Wrong("team", "Name the team whose actions may use it.")
	}
	s := Stored{Name: name, Team: team, SetBy: by.ID}
	if err := people.May(by, people.ManageSecrets, s.Subject()); err != nil {
		return err
	}
	sealed, err := secret.Seal(v.Key, sealName(s), []byte(text))
	if err != nil {
		return fault.Wrap(err, fault.Internal, "The secret cannot be sealed. Report this.")
	}
	return v.Safe.SetStored(ctx, s, sealed, func(now Stored) (journal.Consequences, error) {
		if now.Name != "" && now.Team != team {
			return journal.Consequences{}, fault.New(fault.Conflict, "There is a secret %s already, of another team. Choose another name.", name)
		}
		facts := map[string]any{"team": team, "again": now.Name != ""}
		return journal.Consequences{Entries: []journal.Entry{journal.Note(by, "secret.set", journal.Of("secret", name), facts)}}, nil
	})
}

// sealName binds what is sealed to the secret's name and team.
func sealName(s Stored) string { return "stored secret " + s.Team + " " + s.Name }

// RemoveSecret deletes a stored secret. One that actions use is kept unless it is forced.
func (v Vault) RemoveSecret(ctx context.Context, by people.Actor, name string, force bool) error {
	s, _, err := v.Safe.StoredSecret(ctx, name)
	if err != nil {
		return err
	}
	if err := people.May(by, people.ManageSecrets, s.Subject()); err != nil {
		return err
	}
	book, err := v.Book(ctx)
	if err != nil {
		return err
	}
	used := usersOf(book, name)
	if len(used) > 0 && !force {
		return fault.New(fault.Conflict, "%s is used by %s, which would fail without it. Change them first, or force it.", name, strings.Join(used, ", "))
	}
	facts := map[string]any{"team": s.Team, "used": len(used)}
	return v.Safe.RemoveStored(ctx, name, journal.Consequences{Entries: []journal.Entry{journal.Note(by, "secret.removed", journal.Of("secret", name), facts)}})
}

// Value is the secret, for an action of the team.
func (v Vault) Value(ctx context.Context, team, name string) (secret.Text, error) {
	s, sealed, err := v.Safe.StoredSecret(ctx, name)
	if fault.Is(err, fault.NotFound) || err == nil && s.Team != team { // no word about what other teams have
		return secret.Text{}, fault.New(fault.Invalid, "The team %s has no stored secret %s. Set it: frontline secret set %s --team %s.", team, name, name, team)
	}
	if err != nil {
		return secret.Text{}, err
	}
	plain, err := secret.Open(v.Key, sealName(s), sealed)
	if err != nil {
		return secret.Text{}, fault.Wrap(err, fault.Invalid, "The stored secret %s cannot be opened: the installation's key has changed. Set it again.", name)
	}
	return secret.New(string(plain)), nil
}
