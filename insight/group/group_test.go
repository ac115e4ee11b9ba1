package group

import (
	"encoding/csv"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"frontline/fault"
)

// asks is what a support team hears, in the words of many people: each demand is said with parts that vary.
func asks(each int) (texts []Text, demands []string) {
	said := []struct {
		demand            string
		opening, of, tail []string
	}{
		{"webhook", []string{"webhook deliveries stopped for", "no callback arrives at", "the webhook endpoint times out for", "callbacks are delayed for"}, []string{"Nordpank", "Lumo Exchange", "Kivi Credit"}, []string{"since the morning", "please resend them", "can you replay the webhook", "they retried twice"}},
		{"document", []string{"the passport photo was rejected for", "document upload fails for", "blurry document of", "the id card scan is refused for"}, []string{"an applicant", "a user in Kenya", "three applicants"}, []string{"can somebody check the document", "the photo is sharp", "please look at the scan", "the upload says unsupported document"}},
		{"limit", []string{"please raise the rate limit of", "too many requests errors at", "the quota is used up at", "429 answers for"}, []string{"Arco Móvil", "Savanna Pay", "Nordpank"}, []string{"they run a campaign", "the limit should be doubled", "quota until friday", "which limit do they have"}},
		{"invoice", []string{"the invoice of october is wrong for", "a credit note is missing for", "billing address must change for", "vat number on the invoice of"}, []string{"Lumo Exchange", "Arco Móvil", "Kivi Credit"}, []string{"accounting asks", "please send the invoice again", "billing wants it today", "the invoice shows the old address"}},
		{"login", []string{"cannot sign in to the dashboard", "password reset mail never came", "two factor code is refused", "locked out of the account"}, []string{"Marika", "their new colleague", "an administrator"}, []string{"please unlock the login", "reset the password", "the sign in page loops", "login worked yesterday"}},
	}
	r := random(3)
	pick := func(from []string) string { return from[r.IntN(len(from))] }
	for i := range each * len(said) {
		s := said[i%len(said)]
		texts = append(texts, NewText(fmt.Sprintf("R-%04d", i), pick(s.opening)+" "+pick(s.of)+", "+pick(s.tail)))
		demands = append(demands, s.demand)
	}
	return texts, demands
}

// assigned is the number of each text's group; −1 of none.
func assigned(g Grouping, texts int) []int32 {
	of := slices.Repeat([]int32{-1}, texts)
	for i, each := range g.Groups {
		for _, m := range each.Members {
			of[m] = int32(i)
		}
	}
	return of
}

func learn(t testing.TB, texts []Text) *Space {
	t.Helper()
	s, err := Learn(texts, 1)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func pile(t testing.TB, s *Space, texts []Text) *Pile {
	t.Helper()
	p, err := s.Pile(texts, 1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func coarse(t testing.TB, p *Pile, k int) Grouping {
	t.Helper()
	g, err := p.Coarse(k)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func fine(t testing.TB, p *Pile, granularity float64) Grouping {
	t.Helper()
	g, err := p.Fine(granularity)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGroupsWhatAsksForTheSame(t *testing.T) {
	texts, demands := asks(60)
	p := pile(t, learn(t, texts), texts)
	byCenters, byNeighbours := coarse(t, p, 5), fine(t, p, 1)
	if got := agree(assigned(byCenters, len(texts)), demands); got.NMI < 0.9 || len(byCenters.Left) > 0 {
		t.Errorf("five groups of five plain demands agree with them to %+v only, left %v", got, byCenters.Left)
	}
	for _, g := range byNeighbours.Groups { // they are finer than the demands, but hold one each
		if one := commonest(g, demands); float64(one) < 0.9*float64(len(g.Members)) {
			t.Errorf("a community of %d holds only %d of one demand: %v", len(g.Members), one, g.Terms)
		}
	}
	for _, g := range byCenters.Groups {
		demand := demands[g.Members[0]]
		if len(g.Terms) == 0 || len(g.Exemplars) != 3 || g.Tightness < 0.5 {
			t.Errorf("%s is not described: %+v", demand, g)
			continue
		}
		for _, term := range g.Terms {
			if holders(texts, g.Members, term.Word) != int(math.Round(term.In*float64(len(g.Members)))) || term.In < 2*term.Elsewhere {
				t.Errorf("%s is said to be about %+v", demand, term)
			}
		}
		if slices.ContainsFunc(g.Terms, func(w Term) bool { return w.Word == "for" || w.Word == "the" }) {
			t.Errorf("%s is said to be about %v", demand, g.Terms)
		}
	}
}

// commonest is how many members the commonest demand of a group has.
func commonest(g Group, demands []string) int {
	counts := map[string]int{}
	for _, m := range g.Members {
		counts[demands[m]]++
	}
	return slices.Max(slices.Collect(maps.Values(counts)))
}

func holders(texts []Text, members []int, word string) int {
	n := 0
	for _, m := range members {
		if words, _ := texts[m].words(); slices.Contains(words, word) {
			n++
		}
	}
	return n
}

func TestSameTextsGiveTheSameGroups(t *testing.T) {
	texts, _ := asks(16)
	first, second := pile(t, learn(t, texts), texts), pile(t, learn(t, texts), texts)
	if diff := cmp.Diff(coarse(t, first, 0), coarse(t, second, 0)); diff != "" {
		t.Error("coarse:", diff)
	}
	if diff := cmp.Diff(fine(t, first, 4), fine(t, second, 4)); diff != "" {
		t.Error("fine:", diff)
	}
}

// A text without a known word is in no group, and is said to be in none.
func TestLeavesWhatHasNoKnownWord(t *testing.T) {
	texts, _ := asks(20)
	s := learn(t, texts)
	odd := append(slices.Clone(texts), NewText("R-9998", ""), NewText("R-9999", "ωψξ"))
	p := pile(t, s, odd)
	g := coarse(t, p, 5)
	if !slices.Equal(g.Left, []int{100, 101}) {
		t.Errorf("left are %v", g.Left)
	}
	if n := len(fine(t, p, 4).Left); n != 2 {
		t.Errorf("fine leaves %d", n)
	}
}

// Texts that are all the same, or nearly nothing, still come out as groups.
func TestPilesWithLittleInThem(t *testing.T) {
	same := slices.Repeat([]Text{NewText("R-1", "webhook stopped")}, 12)
	p := pile(t, learn(t, same), same)
	g := coarse(t, p, 3)
	if len(g.Groups) != 1 || len(g.Groups[0].Exemplars) != 1 {
		t.Errorf("twelve times the same is %+v", g.Groups)
	}
	if n := len(fine(t, p, 1).Groups); n != 1 {
		t.Errorf("twelve times the same is %d communities", n)
	}
	apart := make([]Text, 12)
	for i := range apart {
		apart[i] = NewText(fmt.Sprint(i), strings.Repeat(string(rune('a'+i)), 3)+strings.Repeat(string(rune('n'+i)), 3))
	}
	if _, err := learn(t, apart).Pile(apart, 1); !fault.Is(err, fault.Invalid) {
		t.Errorf("texts that share no word cannot be grouped, but: %v", err)
	}
}

// Only the beginning of a text counts, cut between characters, and an id in it is no word of its own.
func TestNewText(t *testing.T) {
	long := NewText("R-1", strings.Repeat("õ", 1000))
	if long.body != strings.Repeat("õ", characters) {
		t.Errorf("%d bytes are left", len(long.body))
	}
	words, terms := NewText("R-2", "Deliveries stopped for 7c9e6679-7425-40de-944b-e07fc1f90ae7").words()
	if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(w, "7c9e") }) || words[0] != "deliveries" || terms[1] != "stop" {
		t.Errorf("words %v, terms %v", words, terms)
	}
}

func TestRefuses(t *testing.T) {
	texts, _ := asks(4)
	if _, err := Learn(texts[:9], 1); !fault.Is(err, fault.Invalid) {
		t.Errorf("nine texts: %v", err)
	}
	p := pile(t, learn(t, texts), texts)
	if _, err := p.Coarse(21); !fault.Is(err, fault.Invalid) {
		t.Errorf("21 groups of 20 texts: %v", err)
	}
	for _, g := range []float64{0, math.NaN(), math.Inf(1)} {
		if _, err := p.Fine(g); !fault.Is(err, fault.Invalid) {
			t.Errorf("granularity %v: %v", g, err)
		}
	}
}

func TestKeepsNumbers(t *testing.T) {
	yesterday := []Numbered{{3, []string{"a", "b", "c", "d"}}, {5, []string{"e", "f", "g"}}, {8, []string{"h", "i", "j", "k"}}}
	today := [][]string{
		{"h", "i"}, // half of 8
		{"k", "x"}, // a quarter of it
		{"a", "b", "c", "n1", "n2", "n3", "n4", "n5"}, // 3, grown over night
		{"y", "z", "w", "v"},                          // new
		{"e", "d", "j"},                               // a mixture
	}
	numbers, next, err := Keep(yesterday, today, 9)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(numbers, []int{8, 11, 3, 9, 10}) || next != 12 {
		t.Errorf("today's numbers are %v, then %d", numbers, next)
	}
	if _, _, err := Keep(yesterday, today, 8); !fault.Is(err, fault.Invalid) {
		t.Errorf("number 8 would be given twice: %v", err)
	}
	if _, _, err := Keep(nil, [][]string{{"a"}, {"a"}}, 1); !fault.Is(err, fault.Invalid) {
		t.Errorf("a text in two groups: %v", err)
	}
}

func TestKeepOfNothing(t *testing.T) {
	if numbers, next, err := Keep(nil, [][]string{{"a"}, {"b", "c"}}, 1); err != nil || !slices.Equal(numbers, []int{2, 1}) || next != 3 {
		t.Errorf("the first night gives %v, %d, %v", numbers, next, err)
	}
	if numbers, next, err := Keep([]Numbered{{1, []string{"a"}}}, nil, 2); err != nil || len(numbers) != 0 || next != 2 {
		t.Errorf("an empty pile gives %v, %d, %v", numbers, next, err)
	}
}

// The Hungarian method finds the best of all pairings, which for small tables can be tried out.
func TestMatchIsTheBest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, columns := rapid.IntRange(1, 5).Draw(t, "rows"), rapid.IntRange(1, 5).Draw(t, "columns")
		value := make([][]float64, rows)
		for i := range value {
			value[i] = make([]float64, columns)
			for j := range value[i] {
				value[i][j] = float64(rapid.IntRange(0, 9).Draw(t, "value"))
			}
		}
		got, used := 0.0, map[int]bool{}
		for i, j := range match(value) {
			if j >= 0 {
				if used[j] {
					t.Fatalf("column %d twice", j)
				}
				used[j] = true
				got += value[i][j]
			}
		}
		if want := tryAll(value, 0, map[int]bool{}); got != want {
			t.Errorf("%v adds up to %v, the best is %v", value, got, want)
		}
	})
}

func tryAll(value [][]float64, row int, used map[int]bool) float64 {
	if row == len(value) {
		return 0
	}
	best := tryAll(value, row+1, used)
	for j, v := range value[row] {
		if !used[j] {
			used[j] = true
			best = math.Max(best, v+tryAll(value, row+1, used))
			used[j] = false
		}
	}
	return best
}

// The club of Zachary 1977, as Louvain's paper has it: its best known division at resolution 1 has a modularity of 0.4198.
func TestLouvainDividesTheClub(t *testing.T) {
	club := "1-2 1-3 2-3 1-4 2-4 3-4 1-5 1-6 1-7 5-7 6-7 1-8 2-8 3-8 4-8 1-9 3-9 3-10 1-11 5-11 6-11 1-12 1-13 4-13 1-14 2-14 3-14 4-14 6-17 7-17 " +
		"1-18 2-18 1-20 2-20 1-22 2-22 24-26 25-26 3-28 24-28 25-28 3-29 24-30 27-30 2-31 9-31 1-32 25-32 26-32 29-32 3-33 9-33 15-33 16-33 19-33 21-33 " +
		"23-33 24-33 30-33 31-33 32-33 9-34 10-34 14-34 15-34 16-34 19-34 20-34 21-34 23-34 24-34 27-34 28-34 29-34 30-34 31-34 32-34 33-34"
	g := make(graph, 34)
	for _, pair := range strings.Fields(club) {
		var a, b int32
		if _, err := fmt.Sscanf(pair, "%d-%d", &a, &b); err != nil {
			t.Fatal(err)
		}
		g[a-1], g[b-1] = append(g[a-1], edge{b - 1, 1}), append(g[b-1], edge{a - 1, 1})
	}
	of := louvain(g, 1, 1)
	if q := modularity(g, of); q < 0.40 || q > 0.42 {
		t.Errorf("modularity %.4f, want 0.40 to 0.42", q)
	}
	if few, many := len(distinct(louvain(g, 0.4, 1))), len(distinct(louvain(g, 3, 1))); few >= many {
		t.Errorf("granularity 0.4 gives %d communities and 3 gives %d", few, many)
	}
}

func modularity(g graph, of []int32) float64 {
	var total, inside float64
	weight := map[int32]float64{}
	for i, edges := range g {
		for _, e := range edges {
			total += e.weight
			weight[of[i]] += e.weight
			if of[i] == of[e.to] {
				inside += e.weight
			}
		}
	}
	q := inside / total
	for _, w := range weight {
		q -= w / total * w / total
	}
	return q
}

func distinct(of []int32) map[int32]bool {
	seen := map[int32]bool{}
	for _, c := range of {
		seen[c] = true
	}
	return seen
}

// The cells find nearly all true neighbours among points that lie in heaps.
func TestCellsFindNeighbours(t *testing.T) {
	r := random(5)
	x := newDense(exactRows+500, 20)
	for i := range x.rows {
		for j := range x.cols {
			x.row(i)[j] = 0.5*r.NormFloat64() + 2*float64((i*7+j)%13%3)
		}
	}
	x.unit()
	near := nearest(x, 8, 1)
	found, of := 0, 0
	products := newDense(1, x.rows)
	for i := 0; i < x.rows; i += 50 {
		x.part(i, i+1).times(x, true, products)
		for _, e := range top(products.data, int32(i), nil, 8) {
			of++
			if slices.ContainsFunc(near[i], func(n edge) bool { return n.to == e.to }) {
				found++
			}
		}
	}
	if share := float64(found) / float64(of); share < 0.8 {
		t.Errorf("the cells find %.0f %% of the neighbours", 100*share)
	}
}

// banking reads half of Banking77 (Casanueva et al. 2020, CC BY 4.0), which is no part of this repository.
func banking(t testing.TB, half string) (texts []Text, demands []string) {
	dir := os.Getenv("FRONTLINE_BANKING77")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data", "banking77")
	}
	f, err := os.Open(filepath.Join(dir, half+".csv"))
	if err != nil {
		t.Skipf("Banking77 is not here (%v); set FRONTLINE_BANKING77 to the folder that holds its train.csv and test.csv", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows[1:] {
		texts = append(texts, NewText(fmt.Sprintf("%s %05d", half, i), r[0]))
		demands = append(demands, r[1])
	}
	return texts, demands
}

// Banking77's test half, grouped without its labels in a space learnt from the same texts. Where FRONTLINE_BANKING77 is set the space is learnt from
// both halves as well, and everything is done twice: the second run must give the same groups.
func TestBanking77(t *testing.T) {
	texts, demands := banking(t, "test")
	p := pile(t, learn(t, texts), texts)
	centres := coarse(t, p, 77)
	judge(t, "77 given", centres, demands, agreement{NMI: 0.66, ARI: 0.32, ACC: 0.45})
	judge(t, "granularity 8", fine(t, p, 8), demands, agreement{NMI: 0.68, ARI: 0.34, ACC: 0.45})
	if os.Getenv("FRONTLINE_BANKING77") == "" {
		return
	}
	if diff := cmp.Diff(centres, coarse(t, pile(t, learn(t, texts), texts), 77)); diff != "" {
		t.Error("a second run gave other groups:", diff)
	}
	train, _ := banking(t, "train")
	p = pile(t, learn(t, append(train, texts...)), texts)
	judge(t, "77 given, learnt from both halves", coarse(t, p, 77), demands, agreement{NMI: 0.68, ARI: 0.35, ACC: 0.48})
	for _, granularity := range []float64{1, 4, 8} {
		judge(t, fmt.Sprintf("granularity %.0f, learnt from both halves", granularity), fine(t, p, granularity), demands, agreement{NMI: 0.62})
	}
}

func judge(t *testing.T, what string, g Grouping, demands []string, least agreement) {
	t.Helper()
	got := agree(assigned(g, len(demands)), demands)
	t.Logf("%s: %d groups, NMI %.1f, ARI %.1f, ACC %.1f", what, len(g.Groups), 100*got.NMI, 100*got.ARI, 100*got.ACC)
	if got.NMI < least.NMI || got.ARI < least.ARI || got.ACC < least.ACC {
		t.Errorf("%s: %+v, want at least %+v", what, got, least)
	}
}

// BenchmarkNight is a night's work on 100,000 requests of about 40 words made from Banking77's: learning, coarse and fine groups. It reports
// the most memory that the heap ever had.
func BenchmarkNight(b *testing.B) {
	train, _ := banking(b, "train")
	r := random(1)
	texts := make([]Text, 100_000)
	for i := range texts {
		one, two, three := train[r.IntN(len(train))].body, train[r.IntN(len(train))].body, train[r.IntN(len(train))].body
		texts[i] = NewText(fmt.Sprint(i), fmt.Sprintf("%s %s %s n%d", one, two, three, r.IntN(50_000)))
	}
	train = nil
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b.ReportAllocs()
	for b.Loop() {
		begin := time.Now()
		took := func(step string) { b.Logf("%s after %.0f s", step, time.Since(begin).Seconds()) }
		s := learn(b, texts)
		took("learnt")
		p := pile(b, s, texts)
		took("laid out")
		coarse(b, p, 0)
		took("coarse groups")
		fine(b, p, 4)
		took("fine groups")
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(before.HeapAlloc)/1e6, "MB-texts")
	b.ReportMetric(float64(after.HeapSys)/1e6, "MB-heap")
}

func BenchmarkLearn(b *testing.B) {
	texts, _ := banking(b, "test")
	b.ReportAllocs()
	for b.Loop() {
		learn(b, texts)
	}
}

func BenchmarkPlace(b *testing.B) {
	texts, _ := banking(b, "test")
	s := learn(b, texts)
	b.ReportAllocs()
	for b.Loop() {
		s.place(texts)
	}
}

func BenchmarkNearest(b *testing.B) {
	texts, _ := banking(b, "test")
	x := learn(b, texts).place(texts)
	b.ReportAllocs()
	for b.Loop() {
		nearest(x, neighbours, 1)
	}
}

func BenchmarkKMeans(b *testing.B) {
	texts, _ := banking(b, "test")
	x := learn(b, texts).place(texts)
	b.ReportAllocs()
	for b.Loop() {
		kMeans(x, 77, 1)
	}
}
