// Package search finds requests and says why: it understands what was typed, forgives typos, ranks what a store has retrieved, finds requests that
// are like another one, and suggests the demand that a request belongs to. It knows no database, no model learnt elsewhere and no clock. What
// it answers depends on what it is given alone: not on the order, not on the run.
//
// There are three ways in:
//
//   - A mail comes: Mail cuts it into what was written, what was quoted and what is signature; nothing is lost. Normal makes the text comparable.
//   - Somebody types into the search box: Parse (what was meant), Query.Forgive (typos, against a Vocabulary), then the store selects by
//     Query.Fields and retrieves by Query.Words in the text that Terms makes, and Rank orders the few hundred candidates and marks the places.
//   - A request is open: Index.Nearest on the texts in memory, or Index.Telling, the store, and Index.Among when there are too many for memory;
//     both score alike. Vote and Model.Advise turn neighbours and confirmed examples into three suggestions. Twins finds copies.
//
// Every formula names its source where it stands. What was measured is in docs/search.md.
package search
