package store

import (
	"context"
	"strings"
	"testing"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/people"
	"frontline/secret"
)

const swordfish = "swordfish-1928-which-nobody-sees"

func lead(id, team string) people.Actor {
	return people.Actor{Kind: people.ByPerson, ID: id, Role: people.Lead, Teams: []string{team}}
}

// TestAStoredSecretIsUsedAndNeverShown sets, uses, replaces and removes one.
func TestAStoredSecretIsUsedAndNeverShown(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		used := action.Definition{ID: "queue/park", Team: "platform", Kind: "shelf.take", Settings: map[string]any{"broker": map[string]any{"password": "stored:broker-password"}}}
		v := action.Vault{Safe: db, Key: secret.New(strings.Repeat("k", 32)), Book: func(context.Context) (action.Directory, error) { return book{used.ID: used}, nil }}
		ctx, liis := t.Context(), lead("liis", "platform")
		set := func(by people.Actor, name, team, value string) error {
			return v.SetSecret(ctx, by, name, team, secret.New(value))
		}
		for what, c := range map[string]struct {
			err  error
			kind fault.Kind
		}{
			"by another team's lead": {set(lead("karl", "support"), "broker-password", "platform", swordfish), fault.NotFound},
			"by a supporter":         {set(people.Actor{Kind: people.ByPerson, ID: "x", Role: people.Support, Teams: []string{"platform"}}, "broker-password", "platform", swordfish), fault.Forbidden},
			"without a team":         {set(liis, "broker-password", "", swordfish), fault.Invalid},
			"without a value":        {set(liis, "broker-password", "platform", ""), fault.Invalid},
			"with a bad name":        {set(liis, "Broker Password", "platform", swordfish), fault.Invalid},
			"too large":              {set(liis, "broker-password", "platform", strings.Repeat("x", 64<<10+1)), fault.Invalid},
		} {
			if !fault.Is(c.err, c.kind) {
				t.Errorf("%s: %v, want %s", what, c.err, c.kind)
			}
		}
		if err := set(liis, "broker-password", "platform", "the first"); err != nil {
			t.Fatal(err)
		}
		if err := set(liis, "broker-password", "", swordfish); err != nil { // rotation
			t.Fatal(err)
		}
		if got, err := v.Value(ctx, "platform", "broker-password"); err != nil || !got.Equal(swordfish) {
			t.Errorf("its own team gets %v", err)
		}
		if _, err := v.Value(ctx, "support", "broker-password"); !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "platform") {
			t.Errorf("another team gets %v", err)
		}
		if err := set(people.Actor{Kind: people.ByPerson, ID: "marika", Role: people.Admin}, "broker-password", "support", "mine"); !fault.Is(err, fault.Conflict) {
			t.Errorf("it changes its team: %v", err)
		}
		all, err := v.Secrets(ctx, liis)
		if err != nil || len(all) != 1 || all[0].SetBy != "liis" || len(all[0].UsedBy) != 1 || all[0].UsedBy[0] != "queue/park" {
			t.Errorf("the list is %+v %v", all, err)
		}
		sealedUnderItsName(t, db, v)
		if err := v.RemoveSecret(ctx, liis, "broker-password", false); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Sentence(err), "queue/park") {
			t.Errorf("it is removed while it is used: %v", err)
		}
		if err := v.RemoveSecret(ctx, liis, "broker-password", true); err != nil {
			t.Error(err)
		}
		if _, err := v.Value(ctx, "platform", "broker-password"); !fault.Is(err, fault.Invalid) {
			t.Errorf("after its removal: %v", err)
		}
		told, err := rows(ctx, db.read, value[string], `SELECT verb || ' ' || facts FROM journal WHERE verb LIKE 'secret.%' ORDER BY at, id`)
		if err != nil || len(told) != 3 || strings.Contains(strings.Join(told, ""), "swordfish") {
			t.Errorf("the journal has %q %v", told, err)
		}
	})
}

// sealedUnderItsName moves what is sealed to another name, where it must not open, and looks for the value in the table.
func sealedUnderItsName(t *testing.T, db *DB, v action.Vault) {
	t.Helper()
	_, sealed, err := db.StoredSecret(t.Context(), "broker-password")
	if err != nil || strings.Contains(sealed, "swordfish") {
		t.Fatalf("what is kept is %q %v", sealed, err)
	}
	err = db.write(t.Context(), func(tx *tx) error {
		_, err := tx.exec(t.Context(), `INSERT INTO stored_secret (name, team, sealed, set_by, set_at) SELECT 'copied', team, sealed, set_by, set_at FROM stored_secret`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := v.Value(t.Context(), "platform", "copied"); !fault.Is(err, fault.Invalid) {
		t.Errorf("a copy under another name opens: %v %v", got, err)
	}
	if err := db.write(t.Context(), func(tx *tx) error {
		_, err := tx.exec(t.Context(), `DELETE FROM stored_secret WHERE name = 'copied'`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
