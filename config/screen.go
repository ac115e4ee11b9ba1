package config

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"frontline/desk"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

const typeKind = "request_type"

// Version is a definition as it once was, made on a screen. They are numbered from 1.
type Version struct {
	Number  int64
	Body    string // JSON
	By      string // the person
	At      time.Time
	Retired bool
}

// TypeVersion is a type of request as it once was.
type TypeVersion struct {
	desk.Type
	Number  int64
	By      string
	At      time.Time
	Retired bool
}

// Mark is what a definition says, in a few letters: whoever changes it on a screen says which text they looked at. Empty when there is none.
func (b *Book) Mark(kind, id string) string {
	r, ok := b.rows[key{kind, id}]
	if !ok || r.Retired {
		return ""
	}
	return mark(r)
}

func mark(r Row) string {
	sum := sha256.Sum256([]byte(r.Folder + "\x00" + r.Body))
	return hex.EncodeToString(sum[:8])
}

// MayType says whether the actor may make or change types of request for the team: its leads may, and admins; any lead where the team has none.
func (b *Book) MayType(a people.Actor, team string) error {
	return people.May(a, people.ManageTypes, people.Subject{Kind: typeKind, Team: team, Allow: b.leads(people.ManageTypes, team)})
}

// leads are who leads the team, as a list for the gate; nil when nobody does.
func (b *Book) leads(v people.Verb, team string) map[people.Verb][]people.Who {
	var list []people.Who
	if t, ok := b.Team(team); ok && t.Lead != "" {
		list = append(list, people.Who("person:"+t.Lead))
	}
	for _, p := range b.People() {
		if who := people.Who("person:" + p.ID); p.Role == people.Lead && slices.Contains(p.Teams, team) && !slices.Contains(list, who) {
			list = append(list, who)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return map[people.Verb][]people.Who{v: list}
}

// SaveType keeps a type of request as somebody made it on a screen: a new one, or the next version of one that the screens own. seen is the Mark that
// they looked at; empty for a new one. It takes a lead of the team that works on it, and of the one that did.
func (c *Config) SaveType(ctx context.Context, by people.Actor, t desk.Type, seen string) error {
	return c.onScreen(ctx, by, t.ID, seen, func(b *Book, now Row, exists bool) (Row, string, error) {
		if err := b.MayType(by, t.Team); err != nil {
			return now, "", err
		}
		body, err := json.Marshal(t)
		if err != nil {
			return now, "", fault.Wrap(err, fault.Internal, "The type cannot be stored. Report this.")
		}
		next := Row{Kind: typeKind, ID: t.ID, Body: string(body)}
		wrong := c.fields(t)
		for _, r := range t.Refs() {
			if !b.has(r.Kind, r.ID) && r.ID != "" {
				wrong = append(wrong, fault.Field{Name: r.Field, Say: fmt.Sprintf("There is no %s %q. Choose one of the list.", r.Kind, r.ID)})
			}
		}
		if len(wrong) > 0 {
			return now, "", &fault.Error{Kind: fault.Invalid, Say: "The type is not right yet. Mend what is marked below and save it again.", Fields: wrong}
		}
		switch {
		case !exists:
			return next, "added", nil
		case next.Body == now.Body:
			return now, "", nil
		}
		return next, "changed", nil
	})
}

// RetireType takes a type of request that the screens own out of what can be asked. Its requests stay as they are.
func (c *Config) RetireType(ctx context.Context, by people.Actor, id, seen string) error {
	return c.onScreen(ctx, by, id, seen, func(b *Book, now Row, exists bool) (Row, string, error) {
		if !exists {
			return now, "", noType(id)
		}
		if d, ok := b.Detail(typeKind, id); ok && len(d.NamedBy) > 0 {
			return now, "", fault.New(fault.Conflict, "The %s “%s” names this type. Change that first.", strings.ReplaceAll(d.NamedBy[0].Kind, "_", " "), d.NamedBy[0].Name)
		}
		now.Retired = true
		return now, "removed", nil
	})
}

func noType(id string) error {
	return fault.New(fault.NotFound, "There is no type of request %.60q. Choose one of the list.", id)
}

// onScreen changes one type of request that the screens own, under the lock of all definitions.
func (c *Config) onScreen(ctx context.Context, by people.Actor, id, seen string, decide func(b *Book, now Row, exists bool) (Row, string, error)) error {
	if by.Kind != people.ByPerson {
		return fault.New(fault.Forbidden, "Only a person makes types on a screen. Apply a folder instead.")
	}
	err := c.store.ChangeDefinitions(ctx, func(version int64, rows []Row) ([]Row, journal.Consequences, error) {
		b, err := newBook(version, rows, c.getenv)
		if err != nil {
			return nil, journal.Consequences{}, err
		}
		now, known := b.rows[key{typeKind, id}]
		exists := known && !now.Retired
		if err := b.mayChange(by, id, seen, now, exists); err != nil {
			return nil, journal.Consequences{}, err
		}
		next, what, err := decide(b, now, exists)
		if err != nil || what == "" {
			return nil, journal.Consequences{}, err
		}
		next.By = by.ID
		var out journal.Consequences
		out.Add(journal.Note(by, "config."+what, journal.Of(typeKind, id), map[string]any{"fields": differing(now.Body, next.Body)}).With(journal.Of("config", typeKind)))
		return []Row{next}, out, nil
	})
	c.Stale()
	return err
}

// mayChange refuses to change what a folder owns, what somebody else has changed since, and what is another team's.
func (b *Book) mayChange(by people.Actor, id, seen string, now Row, exists bool) error {
	if !exists {
		if seen != "" {
			return fault.New(fault.Conflict, "The type %q was retired while you were looking. Make a new one of it, if it is needed.", id)
		}
		return nil
	}
	t, _ := b.RequestType(id)
	if err := b.MayType(by, t.Team); err != nil {
		return err
	}
	switch {
	case now.Folder != "":
		return fault.New(fault.Conflict, "The type %q belongs to %s. Change it there.", id, owner(now.Folder))
	case seen == "":
		return fault.Wrong("id", "There is a type %q already. Choose another id.", id)
	case seen != mark(now):
		return fault.New(fault.Conflict, "Somebody changed the type %q while you were looking. Look at it again, then make your change once more.", id)
	}
	return nil
}

// TypeVersions returns what was ever saved of a type on a screen, the newest first.
func (c *Config) TypeVersions(ctx context.Context, by people.Actor, id string) ([]TypeVersion, error) {
	if err := people.May(by, people.SeeCatalog, people.Subject{Kind: typeKind, ID: id}); err != nil {
		return nil, err
	}
	all, err := c.store.DefinitionVersions(ctx, typeKind, id)
	if err != nil {
		return nil, err
	}
	out := make([]TypeVersion, len(all))
	for i, v := range all {
		out[i] = TypeVersion{Number: v.Number, By: v.By, At: v.At, Retired: v.Retired}
		if err := json.Unmarshal([]byte(v.Body), &out[i].Type); err != nil {
			return nil, fault.Wrap(err, fault.Internal, "An old version of the type cannot be read. Start the version of Frontline that wrote it.")
		}
	}
	return out, nil
}
