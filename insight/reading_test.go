package insight

import (
	"context"
	"testing"
	"time"

	"frontline/desk"
	"frontline/people"
)

// slowFacts are facts that take a second to read.
type slowFacts struct {
	now   *time.Time
	facts []Fact
	reads int
}

func (s *slowFacts) Facts(_ context.Context, from, to time.Time) ([]Fact, error) {
	s.reads++
	*s.now = s.now.Add(time.Second)
	return Scope{From: from, To: to}.within(s.facts), nil
}

func (s *slowFacts) FillFacts(context.Context) (int, error)         { return 0, nil }
func (s *slowFacts) Demands(context.Context) ([]desk.Demand, error) { return nil, nil }

type noBook struct{ Directory }

func (noBook) ShutTypes() []string                  { return nil }
func (noBook) RequestType(string) (desk.Type, bool) { return desk.Type{}, false }

// What took long to read serves the reports that are asked a little later, and they count what they would have counted.
func TestReadingServesAgain(t *testing.T) {
	now := time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)
	s := &slowFacts{now: &now}
	for at := now.AddDate(0, 0, -30); at.Before(now); at = at.Add(3 * time.Minute) {
		s.facts = append(s.facts, Fact{Number: int64(len(s.facts) + 1), Type: "question", Arrived: at, Confirmed: true, Demands: []part{{Demand: "d", Share: 1}}})
	}
	b := &Board{DB: s, Book: func(context.Context) (Directory, error) { return noBook{}, nil }, Now: func() time.Time { return now }}
	liis := people.Actor{Kind: people.ByPerson, ID: "liis", Role: people.Support, Via: "screen"}
	q := Asked{From: now.AddDate(0, 0, -7)}
	const week = 7 * 24 * 20
	first, err := b.Weights(t.Context(), liis, q)
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(10 * time.Second)
	again, err := b.Weights(t.Context(), liis, q)
	if err != nil || s.reads != 1 {
		t.Fatalf("read %d times, %v", s.reads, err)
	}
	if first["d"].Requests != week || again["d"].Requests != week || first["d"].Before != week || again["d"].Before != week {
		t.Errorf("counted %+v, then %+v", first["d"], again["d"])
	}
	few := Asked{From: now.Add(-time.Hour)}
	for i := range 2 {
		if _, err := b.Report(t.Context(), liis, "escalated-share", few); err != nil || s.reads != 1 {
			t.Errorf("a part of it was read anew: %d readings, %v (%d)", s.reads, err, i)
		}
	}
	now = now.Add(2 * time.Minute)
	if _, err := b.Weights(t.Context(), liis, q); err != nil || s.reads != 2 {
		t.Errorf("after two minutes read %d times, %v", s.reads, err)
	}
	s.facts = s.facts[len(s.facts)-100:]
	now = now.Add(2 * time.Minute)
	for i := range 2 { // few are read anew each time
		if _, err := b.Weights(t.Context(), liis, q); err != nil || s.reads != 3+i {
			t.Errorf("few facts: read %d times, %v", s.reads, err)
		}
	}
}
