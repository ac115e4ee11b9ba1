package store

import (
	"context"
	"crypto/rand"

	"frontline/fault"
	"frontline/secret"
)

// masterSetting is how the administrator gives the master key.
const masterSetting = "FRONTLINE_KEY"

// Key returns the 32 random bytes of a signing key, such as the one of acknowledge links. It is made once, whichever replica asks first, and
// kept sealed under the master key. Invalid when the master key is too short or not the one it was sealed under.
func (db *DB) Key(ctx context.Context, name string, master secret.Text) (secret.Text, error) {
	if err := secret.CheckMaster(masterSetting, master); err != nil {
		return secret.Text{}, err
	}
	sealed, ok, err := sealedKey(ctx, db.read, name)
	if err != nil {
		return secret.Text{}, err
	}
	if !ok {
		if sealed, err = db.makeKey(ctx, name, master); err != nil {
			return secret.Text{}, err
		}
	}
	plain, err := secret.Open(master, "key "+name, sealed)
	if err != nil {
		return secret.Text{}, fault.Wrap(err, fault.Invalid, "The key given as %s, or in the key file, is not the one that this database was first started with, so its %s key stays closed. Start with that one.", masterSetting, name)
	}
	return secret.New(string(plain)), nil
}

// makeKey writes a new key unless another replica was faster, and returns the one that is kept.
func (db *DB) makeKey(ctx context.Context, name string, master secret.Text) (string, error) {
	plain := make([]byte, 32)
	_, _ = rand.Read(plain) // never fails since Go 1.24
	mine, err := secret.Seal(master, "key "+name, plain)
	if err != nil {
		return "", fault.Wrap(err, fault.Internal, "The %s key cannot be sealed. Report this.", name)
	}
	var kept string
	err = db.write(ctx, func(t *tx) error {
		if _, err := t.exec(ctx, `INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, "key."+name, mine); err != nil {
			return err
		}
		kept, _, err = sealedKey(ctx, t, name)
		return err
	})
	return kept, err
}

func sealedKey(ctx context.Context, q querier, name string) (string, bool, error) {
	return row(ctx, q, value[string], `SELECT value FROM meta WHERE name = $1`, "key."+name)
}
