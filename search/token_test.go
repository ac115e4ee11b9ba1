package search

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestTerms(t *testing.T) {
	for in, want := range map[string]string{
		"Refunds, REFUNDED & refunding!":       "refund refund refund",
		"I haven't got my customers' cards":    "i havent got my customer card",
		"Põder õpib ÜLIKOOLIS Šveitsis":        "poder opib ulikoolis sveitsis",
		"¿Cuándo llegará el señor Ñandú?":      "cuando llegara el senor nandu",
		"Straße, Łódź, Ærøskøbing, œuvre":      "strass lodz aeroskob oeuvr",
		"Po\u0303der, e\u0301tude":             "poder etud",
		"ng'ombe wangu mgonjwa":                "ngomb wangu mgonjwa",
		"decision_failed in v2.1 (HTTP 502)":   "decision fail in v2 1 http 502",
		"検証が遅い":                                "検 証 が 遅 い",
		"Ｆｕｌｌ ｗｉｄｔｈ":                           "full width",
		"пожалуйста, ещё раз":                  "пожалуйста еще раз",
		"مرحبا بالعالم":                        "مرحبا بالعالم",
		"हिन्दी में":                           "हिन्दी में",
		"NullPointerException at /v1/sessions": "nullpointerexception at v1 session",
		"\xff\xfe ok \u0301":                   "ok",
		"İstanbul ISTANBUL":                    "istanbul istanbul",
		"":                                     "",
	} {
		if got := Terms(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestStem(t *testing.T) {
	for stem, words := range map[string]string{
		"charg":   "charge charges charged charging",
		"cancel":  "cancel cancels cancelled cancelling canceled",
		"stop":    "stop stops stopped stopping",
		"pay":     "pay pays paying",
		"city":    "city cities",
		"address": "address addresses addressed",
		"box":     "box boxes",
		"match":   "match matches matched matching",
		"quick":   "quick quickly",
		"need":    "need needs needed",
		"status":  "status",
		"this":    "this",
		"sing":    "sing sings singing",
		"red":     "red",
		"agree":   "agree agrees agreeing",
	} {
		for w := range strings.FieldsSeq(words) {
			if got := Stem(w); got != stem {
				t.Errorf("%s: %s, want %s", w, got, stem)
			}
		}
	}
}

func TestGrams(t *testing.T) {
	want := []string{" ab", " ab ", " ab c", "ab ", "ab c", "ab c ", "b c", "b c ", " c "}
	if diff := cmp.Diff(want, Grams("Äb, C")); diff != "" {
		t.Error(diff)
	}
	n := 0
	eachGram(words(Tokens("Äb, C")), shortestGram, longestGram, func(uint32) { n++ })
	if n != len(want) {
		t.Errorf("%d hashes, want %d", n, len(want))
	}
}

func FuzzTokens(f *testing.F) {
	for _, s := range []string{"I haven't", "Põder' 'x", "検証a\u0301\xff", strings.Repeat("õ", 100), "a’b ʼc", "ﬁ½Ⅷ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at := 0
		for _, token := range Tokens(s) {
			if token.From < at || token.To <= token.From || token.To > len(s) {
				t.Fatalf("%q: token %+v after %d", s, token, at)
			}
			at = token.To
			if !utf8.ValidString(s[token.From:token.To]) || !utf8.ValidString(token.Term) {
				t.Fatalf("%q: token %+v is cut inside of a character", s, token)
			}
			if token.Term == "" || len(token.Word) > longestWord || strings.ContainsAny(token.Word, " \t\n") {
				t.Fatalf("%q: token %+v", s, token)
			}
		}
		if again := Terms(s); again != Terms(s) {
			t.Fatalf("%q: not the same twice", s)
		}
		if Fold(Fold(s)) != Fold(s) {
			t.Fatalf("%q folded is %q, and again %q", s, Fold(s), Fold(Fold(s)))
		}
		n := 0
		eachGram(words(Tokens(s)), shortestGram, longestGram, func(uint32) { n++ })
		if grams := Grams(s); n != len(grams) || slices.ContainsFunc(grams, func(g string) bool { return !utf8.ValidString(g) }) {
			t.Fatalf("%q: %d hashes of %q", s, n, grams)
		}
	})
}
