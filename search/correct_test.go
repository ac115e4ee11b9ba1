package search

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func vocabulary() *Vocabulary {
	return NewVocabulary(maps.All(map[string]int{"refund": 40, "refunds": 10, "payment": 200, "payments": 90, "document": 70, "verification": 300,
		"pending": 30, "webhook": 50, "otsus": 20, "recieve": 1, "receive": 400, "card": 90, "cart": 3, "verificación": 12}))
}

func TestNearestWord(t *testing.T) {
	v := vocabulary()
	for typed, want := range map[string]string{
		"refudn":         "refund",       // swapped
		"rfund":          "refund",       // missing
		"Paymeent":       "payment",      // too many
		"paymant":        "payment",      // wrong
		"verifcatoin":    "verification", // two slips in a long word
		"vreification":   "verification",
		"ostus":          "otsus",
		"recieve":        "receive", // written once, but the other four hundred times
		"refunding":      "",        // another form of what is known
		"verificacion":   "",        // known without its accent
		"card":           "",
		"xylophone":      "",
		"abc":            "",
		"1042":           "",
		"":               "",
		"paymnet-failed": "",
	} {
		got, ok := v.Nearest(typed)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q %t, want %q", typed, got, ok, want)
		}
	}
}

func TestForgive(t *testing.T) {
	q, made := Parse(`refudn -webhok "paymnet failed" from:refudn documnet OR card`, Desk(noon())).Forgive(vocabulary())
	want := []Correction{{Typed: "documnet", Instead: "document"}, {Typed: "refudn", Instead: "refund"}}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("corrections (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"card", "document", "documnet", "fail", "paymnet", "refudn", "refund"}, q.Words()); diff != "" {
		t.Errorf("words (-want +got):\n%s", diff)
	}
	if got, want := made[1].String(), "Showing results for “refund”; nobody has written “refudn”."; got != want {
		t.Errorf("says %s", got)
	}
	if again, more := q.Forgive(vocabulary()); len(more) != 0 || cmp.Diff(q, again) != "" {
		t.Errorf("forgiven twice: %v, %+v", more, again)
	}
}

// The bounded distance is the unbounded one, whichever way round.
func TestDistance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.SliceOfN(rapid.SampledFrom([]rune("abcõ")), 0, 7)
		a, b := letters.Draw(t, "a"), letters.Draw(t, "b")
		whole := distance(a, b, 100)
		if whole != distance(b, a, 100) || (whole == 0) != (string(a) == string(b)) {
			t.Fatalf("%q and %q: %d", string(a), string(b), whole)
		}
		for limit := range 4 {
			if got := distance(a, b, limit); got != min(whole, limit+1) {
				t.Fatalf("%q and %q within %d: %d, whole %d", string(a), string(b), limit, got, whole)
			}
		}
	})
	for pair, want := range map[[2]string]int{{"abcd", "abdc"}: 1, {"ca", "abc"}: 3, {"", "abc"}: 3, {"refund", "refund"}: 0} {
		if got := distance([]rune(pair[0]), []rune(pair[1]), 9); got != want {
			t.Errorf("%v: %d, want %d", pair, got, want)
		}
	}
}
