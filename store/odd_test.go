package store

import (
	"testing"

	"frontline/clock"
	"frontline/fault"
)

// What no text can hold is the sender's mistake or simply not there, on both databases, and never a defect of ours.
func TestBytesThatAreNoText(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ *clock.Moved) {
		for _, ref := range []string{"a\x00b", "a\xffb"} {
			if _, _, err := db.Page(t.Context(), ref); !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Invalid) {
				t.Errorf("Page(%q) is a %s: %v", ref, fault.KindOf(err), err)
			}
		}
	})
}
