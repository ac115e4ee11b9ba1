package company

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"frontline/secret"
)

// Session is a person whose identity one of Verity's customers wants to be sure of. It is what lies in the queue, as JSON.
type Session struct {
	ID       string    `json:"session"`
	Customer string    `json:"customer"`
	Country  string    `json:"country"`
	Document string    `json:"document"`
	Born     string    `json:"born"`    // as read from the document
	Expires  string    `json:"expires"` // the same
	At       time.Time `json:"at"`
}

// Decision is what Verity answers.
type Decision struct {
	Session  string
	Verdict  string // "approved", "declined"
	Because  string
	Customer string
	Country  string
	Document string
}

// decide reads a session and decides. Its mistake is the one that costs a night: a date that cannot be is not the person's fault to it but its
// own, so it fails instead of declining, and the message comes back.
func decide(raw []byte) (Decision, error) {
	var s Session
	if err := json.Unmarshal(raw, &s); err != nil {
		return Decision{}, fmt.Errorf("decode session: %w", err)
	}
	born, err := time.Parse(time.DateOnly, s.Born)
	if err != nil {
		return Decision{}, fmt.Errorf("session %s: field born: %w", s.ID, err)
	}
	expires, err := time.Parse(time.DateOnly, s.Expires)
	if err != nil {
		return Decision{}, fmt.Errorf("session %s: field expires: %w", s.ID, err)
	}
	d := s.decided("approved", "")
	switch {
	case !expires.After(s.At):
		d.Verdict, d.Because = "declined", "the document has expired"
	case born.AddDate(18, 0, 0).After(s.At):
		d.Verdict, d.Because = "declined", "the person is under age"
	}
	return d, nil
}

func (s Session) decided(verdict, because string) Decision {
	return Decision{Session: s.ID, Customer: s.Customer, Country: s.Country, Document: s.Document, Verdict: verdict, Because: because}
}

// decideMended is decide as the developers have mended it: a date that cannot be is the document's mistake.
func decideMended(raw []byte) (Decision, error) {
	d, err := decide(raw)
	if wrong := (*time.ParseError)(nil); !errors.As(err, &wrong) {
		return d, err
	}
	var s Session
	if err := json.Unmarshal(raw, &s); err != nil {
		return Decision{}, err
	}
	return s.decided("declined", "a date in the document cannot be"), nil
}

// sender is a customer whose sessions come in, and where its people live.
type sender struct {
	customer  string
	countries []string
	weight    int // how many of each 20 sessions are theirs
}

func senders() []sender {
	return []sender{
		{"nordpank", []string{"EE", "LV", "LT", "FI"}, 6},
		{"lumo-exchange", []string{"PL", "DE", "CZ"}, 4},
		{"arco-movil", []string{"ES", "PT"}, 4},
		{"kivi-credit", []string{"EE", "FI"}, 3},
		{"savanna-pay", []string{"KE", "TZ", "UG"}, 3},
	}
}

func pick[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

// newSession makes a session of some customer, mostly a good one.
func newSession(r *rand.Rand, now time.Time) Session {
	var of sender
	n := r.IntN(20)
	for _, s := range senders() {
		if n -= s.weight; n < 0 {
			of = s
			break
		}
	}
	day := func(y, spread int) string {
		return now.AddDate(y-r.IntN(spread), -r.IntN(12), -r.IntN(28)).Format(time.DateOnly)
	}
	return Session{ID: "vs-" + secret.Random(6), Customer: of.customer, Country: pick(r, of.countries...), At: now,
		Document: pick(r, "identity card", "identity card", "passport", "driving licence", "residence permit"),
		Born:     day(-16, 50), Expires: day(9, 10)}
}

// poisoned makes the session that the worker cannot read: 1991 was no leap year.
func poisoned(now time.Time) Session {
	return Session{ID: "vs-" + secret.Random(6), Customer: "arco-movil", Country: "ES", Document: "identity card", Born: "1991-02-29",
		Expires: now.AddDate(4, 2, 0).Format(time.DateOnly), At: now}
}
