package oncall_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/fault"
	"frontline/journal"
	"frontline/oncall"
	"frontline/oncall/oncalltest"
	"frontline/people"
)

func board(t *testing.T) (*oncall.Board, *oncalltest.Memory) {
	s := begin(t)
	return oncall.NewBoard(s.duties, s.clock), s.memory
}

func put(t *testing.T, m *oncalltest.Memory, o oncall.Override) {
	t.Helper()
	if err := m.PutOverride(t.Context(), o, journal.Consequences{}); err != nil {
		t.Fatal(err)
	}
}

var anyone = people.Actor{Kind: people.ByPerson, ID: "liis", Role: people.Member}

func TestWhoIsOnCallNow(t *testing.T) {
	b, _ := board(t)
	posts, err := b.Now(t.Context(), anyone)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range posts {
		got[p.Rotation.Name] = p.Shift.Person
	}
	if diff := cmp.Diff(map[string]string{"First line": "karl", "Second line": ""}, got); diff != "" {
		t.Errorf("Now (-want +got):\n%s", diff)
	}
	if _, err := b.Now(t.Context(), people.Anonymous("screen")); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("nobody sees who is on call: %v", err)
	}
}

func TestTheShiftOfNowEndsWhereAnOverrideBegins(t *testing.T) {
	b, memory := board(t)
	tomorrow := night.Add(24 * time.Hour)
	put(t, memory, oncall.Override{ID: "o1", Rotation: "first-line", Person: "liis", From: tomorrow, To: tomorrow.Add(time.Hour)})
	posts, err := b.Now(t.Context(), anyone)
	if err != nil || posts[0].Shift.Person != "karl" || !posts[0].Shift.To.Equal(tomorrow) {
		t.Errorf("Karl hands over tomorrow: %+v %v", posts, err)
	}
}

func TestAGapIsToldAsWhatItCosts(t *testing.T) {
	b, memory := board(t)
	cover := oncall.Override{ID: "o1", Rotation: "second-line", Person: "aisha", From: night.Add(4 * time.Hour), To: night.Add(40 * 24 * time.Hour)}
	put(t, memory, cover)
	lanes, err := b.Week(t.Context(), anyone, night, night.Add(7*24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if len(lanes) != 2 || len(lanes[0].Gaps) != 0 || len(lanes[0].Shifts) != 2 || len(lanes[1].Gaps) != 1 {
		t.Fatalf("lanes: %+v", lanes)
	}
	gap := lanes[1].Gaps[0]
	want := []string{
		"A page by Empty in this window goes straight to Marika Oja.",
		"A page by Gappy in this window that Karl Sepp misses goes straight to Marika Oja.",
	}
	if diff := cmp.Diff(want, gap.Costs); diff != "" || !gap.Shift.To.Equal(cover.From) {
		t.Errorf("gap until %s (-want +got):\n%s", gap.Shift.To, diff)
	}
	if _, err := b.Week(t.Context(), anyone, night, night.AddDate(1, 0, 0)); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a year at once: %v", err)
	}
}

func TestCostsOfAGap(t *testing.T) {
	book := oncalltest.Verity()
	book.Ways = map[string]oncall.Policy{
		"both":   {ID: "both", Name: "Both", LastResort: "marika", Steps: []oncall.Step{{Targets: []oncall.Target{{Rotation: "second-line"}, {Person: "liis"}}}}},
		"nobody": {ID: "nobody", Name: "Nobody", LastResort: "gone", Steps: []oncall.Step{{Targets: []oncall.Target{{Rotation: "second-line"}}}}},
		"next":   {ID: "next", Name: "Next", LastResort: "marika", Steps: []oncall.Step{{Targets: []oncall.Target{{Rotation: "second-line"}}}, {After: time.Hour, Targets: []oncall.Target{{Person: "liis"}, {Person: "karl"}}}}},
		"other":  {ID: "other", Name: "Other", LastResort: "marika", Steps: []oncall.Step{{Targets: []oncall.Target{{Rotation: "first-line"}}}}},
	}
	delete(book.Staff, "root")
	lanes := oncall.NewRoster(book, nil).Lanes(night, night.Add(time.Hour))
	want := []string{
		"A page by Both in this window reaches only Liis Tamm at its step 1.",
		"A page by Next in this window goes straight to Liis Tamm and Karl Sepp.",
		"A page by Nobody in this window reaches nobody.",
	}
	if diff := cmp.Diff(want, lanes[1].Gaps[0].Costs); diff != "" {
		t.Errorf("costs (-want +got):\n%s", diff)
	}
}

func TestWhereAPersonStands(t *testing.T) {
	b, memory := board(t)
	monday := time.Date(2026, 11, 30, 6, 0, 0, 0, time.UTC)
	stay := oncall.Override{ID: "o1", Rotation: "first-line", Person: "karl", From: monday, To: monday.Add(24 * time.Hour)}
	put(t, memory, stay)
	karl, err := b.For(t.Context(), anyone, "karl")
	if err != nil {
		t.Fatal(err)
	}
	if len(karl.On) != 1 || !karl.On[0].To.Equal(stay.To) || len(karl.Next) != 1 || !karl.Next[0].From.Equal(monday.Add(3*7*24*time.Hour)) {
		t.Errorf("Karl is on call until his override ends, and again in three weeks: %+v", karl)
	}
	aisha, err := b.For(t.Context(), anyone, "aisha")
	if err != nil || len(aisha.On) != 0 || len(aisha.Next) != 1 || aisha.Next[0].From.Format(time.DateOnly) != "2026-12-07" {
		t.Errorf("Aisha begins in December: %+v %v", aisha, err)
	}
	if marika, err := b.For(t.Context(), anyone, "marika"); err != nil || len(marika.On)+len(marika.Next) != 0 {
		t.Errorf("Marika has no turns: %+v %v", marika, err)
	}
}

func TestWhatIfAsksForAKnownPolicy(t *testing.T) {
	b, _ := board(t)
	if _, err := b.WhatIf(t.Context(), anyone, "no-such", night); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an unknown policy: %v", err)
	}
	got, err := b.WhatIf(t.Context(), anyone, "critical", night.Add(6*24*time.Hour+6*time.Hour))
	if err != nil || len(got) == 0 || got[0].Duty.Person != "liis" {
		t.Errorf("next Monday after the hand-off Liis is reached: %+v %v", got, err)
	}
}
