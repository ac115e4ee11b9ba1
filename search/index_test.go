package search

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func indexed(limit int, entries ...Entry) *Index {
	x := NewIndex(limit)
	for _, e := range entries {
		x.Add(e)
	}
	return x
}

func deskEntries(t testing.TB) []Entry {
	var all []Entry
	for _, l := range desk(t) {
		all = append(all, Entry{ID: l.id, Text: Normal(l.text)})
	}
	return all
}

func TestNearestSaysBecause(t *testing.T) {
	x := indexed(1000, deskEntries(t)...)
	for asked, want := range map[string]struct{ id, because string }{
		"Webhooks are missing since the outage, could you resend them?":  {"R-010", "Webhooks"},
		"two-factor sign-in must be reset, she has a new phone":          {"R-026", "reset"},
		"liveness chekc fails for applicants with glases":                {"R-067", "liveness"}, // typos
		"Palun korrake otsust: please repeat decision after the timeout": {"R-004", "repeat"},
	} {
		got := x.Nearest(Normal(asked), 5)
		at := slices.IndexFunc(got, func(n Neighbour) bool { return n.ID == want.id })
		if at < 0 || !slices.Contains(got[at].Because, want.because) {
			t.Errorf("%q: %+v, want %+v among them", asked, got, want)
		}
	}
	if self := x.Nearest(deskEntries(t)[0].Text, 1)[0]; self.ID != "R-000" || self.Likeness < 0.999 {
		t.Errorf("a text's nearest is %+v, want itself", self)
	}
	if got := x.Nearest("", 5); len(got) != 0 {
		t.Errorf("nothing is like %+v", got)
	}
	if got := NewIndex(5).Nearest("anything", 5); len(got) != 0 {
		t.Errorf("an empty index holds %+v", got)
	}
}

// What is written in other languages, with and without accents and with slips, finds its like.
func TestNearestInOtherLanguages(t *testing.T) {
	x := indexed(100,
		Entry{ID: "et otsus", Text: "Otsus on ootel, kas saate selle uuesti käivitada?"},
		Entry{ID: "et arve", Text: "Oktoobri arvel on liiga palju kontrolle, palun parandage arve"},
		Entry{ID: "et konto", Text: "Töötaja konto on lukus, palun avage ligipääs"},
		Entry{ID: "es webhook", Text: "El webhook no llegó a nuestra aplicación, ¿pueden reenviarlo?"},
		Entry{ID: "es borrar", Text: "Una persona pide la supresión de sus datos personales"},
		Entry{ID: "es lento", Text: "La verificación tarda más de diez minutos desde ayer"},
		Entry{ID: "sw polepole", Text: "Uhakiki unachukua muda mrefu tangu jana, wateja wanasubiri"},
		Entry{ID: "sw kitambulisho", Text: "Kitambulisho kipya cha Kenya kinakataliwa na mfumo"},
		Entry{ID: "de rechnung", Text: "Auf der Rechnung für Oktober stehen zu viele Prüfungen"},
		Entry{ID: "de gesperrt", Text: "Das Benutzerkonto ist gesperrt, bitte entsperren"},
	)
	for asked, want := range map[string]string{
		"palun kaivitage otsused uuesti":              "et otsus",
		"arve oktoober vale":                          "et arve",
		"kontod on lukustatud":                        "et konto",
		"los webhooks no han llegado, reenvielos":     "es webhook",
		"suprimir los datos de una persona":           "es borrar",
		"las verificaciones tardan mucho":             "es lento",
		"wateja wanasubiri sana uhakiki wao":          "sw polepole",
		"vitambulisho vipya vya Kenya vimekataliwa":   "sw kitambulisho",
		"Oktoberrechnung falsch: zu viele Pruefungen": "de rechnung",
		"Konto meines Kollegen wurde gesperrt":        "de gesperrt",
	} {
		if got := x.Nearest(asked, 1); len(got) != 1 || got[0].ID != want {
			t.Errorf("%q: %+v, want %s", asked, got, want)
		}
	}
}

// Candidates that a store retrieved are ranked exactly as the index ranks what it holds.
func TestAmongIsNearest(t *testing.T) {
	entries := deskEntries(t)
	x := indexed(1000, entries...)
	for _, asked := range entries {
		near := x.Nearest(asked.Text, 10)
		var candidates []Entry
		for _, n := range near {
			candidates = append(candidates, entries[slices.IndexFunc(entries, func(e Entry) bool { return e.ID == n.ID })])
		}
		slices.Reverse(candidates)
		if diff := cmp.Diff(near, x.Among(asked.Text, candidates, 10)); diff != "" {
			t.Fatalf("%q (-nearest +among):\n%s", asked.Text, diff)
		}
	}
}

func TestTelling(t *testing.T) {
	x := indexed(1000, deskEntries(t)...)
	got := x.Telling("please resend the webhook to the xylophone for the customer", 3)
	if len(got) != 3 || !slices.Contains(got, "resend") || !slices.Contains(got, "webhook") || slices.Contains(got, "the") {
		t.Errorf("got %q", got)
	}
	if all := x.Telling("the xylophone", 9); !slices.Equal(all, []string{"the", "xylophon"}) {
		t.Errorf("got %q, want the unknown word last", all)
	}
}

// What is answered depends on what the index holds, not on how it came to hold it: adding in another order, replacing, removing, forgetting the
// oldest and compacting change nothing.
func TestIndexForgetsItsPast(t *testing.T) {
	text := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(strings.Fields("refund pending card payment webhook otsus põder is the on 検証 a")), 1, 6).Draw(t, "words"), " ")
	})
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 12).Draw(t, "limit")
		x := NewIndex(limit)
		held := make(map[string]Entry)
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			id := fmt.Sprint(rapid.IntRange(0, 15).Draw(t, "id"))
			if rapid.IntRange(0, 3).Draw(t, "what") == 0 {
				x.Remove(id)
				delete(held, id)
				continue
			}
			e := Entry{ID: id, Text: text.Draw(t, "text"), At: noon().Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "at")) * time.Hour)}
			x.Add(e)
			held[id] = e
			if len(held) > limit {
				delete(held, oldest(held))
			}
		}
		fresh := indexed(limit, rapid.Permutation(slices.Collect(maps.Values(held))).Draw(t, "order")...)
		same(t, x, fresh, text.Draw(t, "asked"))
		if x.Documents() != len(held) {
			t.Fatalf("%d texts, want %d", x.Documents(), len(held))
		}
	})
}

func oldest(held map[string]Entry) string {
	return slices.MinFunc(slices.Collect(maps.Values(held)), func(a, b Entry) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	}).ID
}

func same(t interface{ Fatalf(string, ...any) }, x, y *Index, asked string) {
	if diff := cmp.Diff(x.Nearest(asked, 8), y.Nearest(asked, 8)); diff != "" {
		t.Fatalf("%q (-grown +fresh):\n%s", asked, diff)
	}
	if diff := cmp.Diff(maps.Collect(x.Words()), maps.Collect(y.Words())); diff != "" {
		t.Fatalf("words (-grown +fresh):\n%s", diff)
	}
}

// A small index through which many texts go holds what it should, and no more memory for the others.
func TestIndexCompacts(t *testing.T) {
	const last = 2600
	entry := func(i int) Entry {
		return Entry{ID: fmt.Sprint(i), Text: fmt.Sprintf("refund %d", i%7), At: noon().Add(time.Duration(i) * time.Second)}
	}
	x, fresh := NewIndex(50), NewIndex(50)
	for i := range last {
		x.Add(entry(i))
	}
	for i := last - 50; i < last; i++ {
		fresh.Add(entry(i))
	}
	if len(x.slots) > 2*1024 || len(x.age) > 2*1024 || x.Documents() != 50 {
		t.Errorf("%d slots and %d ages for %d texts", len(x.slots), len(x.age), x.Documents())
	}
	same(t, x, fresh, "refund 3")
}

func TestIndexTogether(t *testing.T) {
	x := indexed(60, deskEntries(t)...)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for j, e := range deskEntries(t)[:20] {
				x.Nearest(e.Text, 3)
				x.Add(Entry{ID: fmt.Sprint(i, j), Text: e.Text, At: noon()})
				x.Telling(e.Text, 2)
				x.Remove(fmt.Sprint(i, j-1))
			}
		})
	}
	all.Wait()
	if x.Documents() > 60 {
		t.Errorf("%d texts", x.Documents())
	}
}

func TestTwins(t *testing.T) {
	alert := "Queue decisions on host %d is at %d messages since 0%d:12, consumer tag ctag-%d77a1b2c3 did not answer. Please look at the pipeline and restart the pod."
	twins := NewTwins()
	for i := range 5 {
		twins.Add(fmt.Sprintf("alert %d", i), Sign(Normal(fmt.Sprintf(alert, 80000+i, 41000+i, i, i))))
	}
	twins.Add("other", Sign("Please delete all personal data of this applicant, legal has approved the erasure"))
	twins.Add("empty", Sign(""))
	found := twins.Find(Sign(Normal(fmt.Sprintf(alert, 80009, 53999, 9, 9))))
	if len(found) != 5 || found[0].ID != "alert 0" || found[0].Resemblance != 1 {
		t.Errorf("found %+v", found)
	}
	twins.Remove("alert 0")
	twins.Add("alert 1", Sign("something else altogether, which is no alert"))
	if found = twins.Find(Sign(Normal(fmt.Sprintf(alert, 80009, 53999, 9, 9)))); len(found) != 3 {
		t.Errorf("after a removal and a change: %+v", found)
	}
	for i := range 5 {
		twins.Remove(fmt.Sprintf("alert %d", i))
	}
	twins.Remove("other")
	if len(twins.bands) != 0 || len(twins.Find(Sign(""))) != 0 {
		t.Errorf("%d bands are left", len(twins.bands))
	}
}

// The estimate is near the true share of n-grams that two texts have in common.
func TestResemblance(t *testing.T) {
	entries := deskEntries(t)
	far := 0
	for i, a := range entries {
		b := entries[(i+1)%len(entries)].Text
		joint := a.Text + " " + b
		x, y := gramsOf(joint), gramsOf(a.Text)
		both := 0
		for g := range y {
			if x[g] {
				both++
			}
		}
		truth := float64(both) / float64(len(x)+len(y)-both)
		if d := Sign(joint).Resemblance(Sign(a.Text)) - truth; d > 0.15 || d < -0.15 {
			far++
		}
	}
	if far > 4 { // 0.15 is 2.4 standard deviations of sixty-four places
		t.Errorf("%d of %d estimates are far off", far, len(entries))
	}
}

func gramsOf(text string) map[uint32]bool {
	set := make(map[uint32]bool)
	eachGram(words(Tokens(text)), shingle, shingle, func(g uint32) { set[g] = true })
	return set
}
