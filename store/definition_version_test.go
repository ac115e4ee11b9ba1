package store

import (
	"testing"

	"frontline/clock"
	"frontline/desk"
	"frontline/fault"
	"frontline/people"
)

// What is made on a screen keeps every version, and two leads at once do not overwrite each other.
func TestVersionsOfScreensAreKept(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		k := newFrontdesk(t, db, c)
		marika := k.actor("marika")
		must := func(err error) { t.Helper(); k.must(err) }
		kind := desk.Type{ID: "refund", Title: "A refund is missing", Team: "frontline"}
		must(k.conf.SaveType(t.Context(), marika, kind, ""))
		mark := func() string {
			b, err := k.conf.Book(t.Context())
			must(err)
			return b.Mark("request_type", "refund")
		}
		seen := mark()
		results := make(chan error, 2)
		for _, help := range []string{"Came twice.", "Never came."} {
			go func() {
				changed := kind
				changed.Help = help
				results <- k.conf.SaveType(t.Context(), marika, changed, seen)
			}()
		}
		if a, b := <-results, <-results; (a == nil) == (b == nil) || !fault.Is(a, fault.Conflict) && !fault.Is(b, fault.Conflict) {
			t.Errorf("two at once: %v and %v, want one of them refused", a, b)
		}
		must(k.conf.RetireType(t.Context(), marika, "refund", mark()))
		all, err := db.DefinitionVersions(t.Context(), "request_type", "refund")
		must(err)
		if len(all) != 3 || all[0].Number != 3 || !all[0].Retired || all[2].By != "marika" || all[2].At.IsZero() {
			t.Errorf("versions %+v", all)
		}
		if _, err := k.conf.TypeVersions(t.Context(), people.Anonymous("test"), "refund"); err == nil {
			t.Error("nobody reads them")
		}
	})
}
