package store

import (
	"context"
	"crypto/rand"
	"strings"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
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

// ChangeMaster seals every signing key anew: what the old master key opens is from now on opened by the new one alone. All or nothing; keys that
// the new one opens already are left, so that several replicas may start with both. It returns how many it changed. What the keys themselves
// seal, such as stored secrets, stays as it is.
func (db *DB) ChangeMaster(ctx context.Context, old, master secret.Text) (changed int, err error) {
	if err := secret.CheckMaster(masterSetting, master); err != nil {
		return 0, err
	}
	err = db.write(ctx, func(t *tx) error {
		changed = 0
		if err := t.lockKey(ctx, "master key"); err != nil {
			return err
		}
		all, err := rows(ctx, t, func(s scan) (k [2]string, err error) { return k, s(&k[0], &k[1]) }, `SELECT name, value FROM meta WHERE name LIKE 'key.%' ORDER BY name`)
		if err != nil {
			return err
		}
		for _, k := range all {
			again, err := resealed(strings.TrimPrefix(k[0], "key."), k[1], old, master)
			if err != nil {
				return err
			}
			if again == "" {
				continue
			}
			if _, err := t.exec(ctx, `UPDATE meta SET value = $2 WHERE name = $1`, k[0], again); err != nil {
				return err
			}
			changed++
		}
		if changed == 0 {
			return nil
		}
		entry := journal.Note(people.System("start"), "key.changed", journal.Of("key", ""), map[string]any{"keys": changed})
		return t.record(ctx, journal.Consequences{Entries: []journal.Entry{entry}})
	})
	if err != nil {
		return 0, err
	}
	return changed, nil
}

// resealed is the sealed key under the new master; empty when it is already.
func resealed(name, sealed string, old, master secret.Text) (string, error) {
	if _, err := secret.Open(master, "key "+name, sealed); err == nil {
		return "", nil
	}
	plain, err := secret.Open(old, "key "+name, sealed)
	if err != nil {
		return "", fault.Wrap(err, fault.Invalid, "Neither %s nor %s_OLD opens the %s key of this database, so nothing was changed. Give as %s_OLD the key that it was last started with.", masterSetting, masterSetting, name, masterSetting)
	}
	again, err := secret.Seal(master, "key "+name, plain)
	if err != nil {
		return "", fault.Wrap(err, fault.Internal, "The %s key cannot be sealed. Report this.", name)
	}
	return again, nil
}

func sealedKey(ctx context.Context, q querier, name string) (string, bool, error) {
	return row(ctx, q, value[string], `SELECT value FROM meta WHERE name = $1`, "key."+name)
}
