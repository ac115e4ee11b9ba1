package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"frontline/desk"
	"frontline/search"
)

// followed brings the text index up to what was committed.
func (k *frontdesk) followed() {
	k.t.Helper()
	for {
		n, err := k.db.Seal(k.t.Context(), 1000)
		k.must(err)
		if n == 0 {
			break
		}
	}
	for more := true; more; {
		var err error
		more, err = k.db.FollowFindings(k.t.Context())
		k.must(err)
	}
	k.Service.Forget() // or words would be known by heart that were read before
}

// find returns what somebody finds, as "R-1 R-2", and all of the answer.
func (k *frontdesk) find(who, typed string) (string, desk.Found) {
	k.t.Helper()
	f, err := k.Find(k.t.Context(), k.actor(who), typed, 20)
	k.must(err)
	var refs []string
	for _, h := range f.Hits {
		refs = append(refs, h.Ref)
	}
	return strings.Join(refs, " "), f
}

func (k *frontdesk) finds(who, typed, want string) desk.Found {
	k.t.Helper()
	got, f := k.find(who, typed)
	if got != want {
		k.t.Errorf("%s looks for %s and finds %q, want %q (%v, notes %q)", who, typed, got, want, f.Corrections, f.Notes)
	}
	return f
}

// day is a day's requests at Verity.
func (k *frontdesk) day() {
	k.asked("wanjiru", "question", "Refund is pending for ten days", "The customer waits for a refund since the 13th; IBAN EE38.", nil)
	k.asked("tonis", "webhooks", "No webhooks since 10:40", "Their endpoint gets nothing; decisions are pending.", map[string]any{"customer": "nordpank"})
	k.asked("wanjiru", "question", "Where do I see the refund policy?", "A customer asks about refunds.", nil)
	k.asked("tonis", "salary", "My payslip for October is wrong", "The overtime of the outage night is missing, kilometrage too.", nil)
	k.mailed("<1@nordpank.example>", "kaisa@nordpank.example", "Sessions stay in review", "Session 4d1f hangs in review, our agents see pending for everybody.")
	ctx, liis := k.t.Context(), k.actor("liis")
	_, err := k.WriteNote(ctx, liis, "R-5", desk.Words{Body: "It is the poisoned message again, zebrafish."})
	k.must(err)
	_, err = k.Reply(ctx, liis, "R-1", desk.Words{Body: "The bank returned it; chargeback is on its way.", Then: desk.Then{Close: &desk.Ending{Outcome: desk.Answered}}})
	k.must(err)
	k.followed()
}

// What the desk says about requests narrows a search and a list, at once and exactly; for others it is words.
func TestFindByDemandAndTag(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		k.day()
		ctx, liis := t.Context(), k.actor("liis")
		for _, title := range []string{"Refunds", "Webhooks late", "Refund policy"} {
			_, err := k.NewDemand(ctx, liis, desk.DemandDraft{Title: title})
			k.must(err)
		}
		code := func(ref, demand string) {
			c := desk.Coding{None: demand == ""}
			if demand != "" {
				c.Codes = []desk.Code{{Demand: demand}}
			}
			_, err := k.Code(ctx, liis, ref, c)
			k.must(err)
		}
		code("R-1", "D-1")
		code("R-2", "D-2")
		code("R-3", "D-3")
		code("R-5", "")
		tags := []string{"bank", "vip"}
		_, err := k.Change(ctx, liis, "R-5", desk.Edit{Tags: &tags}, 0)
		k.must(err)
		k.followed()
		k.finds("liis", "demand:D-1", "R-1")
		k.finds("liis", "refund demand:d-3", "R-3")
		k.finds("liis", `pending demand:webhooks`, "R-2")
		k.finds("liis", "demand:none", "R-5")
		k.finds("liis", "has:demand -demand:D-1", "R-2 R-3")
		k.finds("liis", "pending tag:vip", "R-5")
		k.finds("liis", "tag:VIP tag:bank", "R-5")
		k.finds("liis", "tag:vi", "")
		_, err = k.MergeDemand(ctx, liis, "D-3", "D-1")
		k.must(err)
		k.finds("liis", "demand:D-1", "R-1 R-3")
		code("R-3", "D-2")
		tags = tags[:1]
		_, err = k.Change(ctx, liis, "R-5", desk.Edit{Tags: &tags}, 0)
		k.must(err)
		k.finds("liis", "demand:D-1", "R-1")
		k.finds("liis", "tag:vip", "")
		all, notes, err := k.Search(ctx, liis, "demand:D-2 is:open", desk.Filter{})
		k.must(err)
		if len(all) != 2 || len(notes) != 0 {
			t.Errorf("a list by demand has %d, %v", len(all), notes)
		}
		if f := k.finds("liis", "demand:xylophone", ""); len(f.Notes) != 1 || !strings.Contains(f.Notes[0], "no demand “xylophone”") {
			t.Errorf("notes: %q", f.Notes)
		}
		if _, f := k.find("wanjiru", "tag:bank"); len(f.Notes) != 1 || !strings.Contains(f.Notes[0], "Only the desk") {
			t.Errorf("a member's notes: %q", f.Notes)
		}
	})
}

// Answers stand among what is found, ranked with it, for whoever may read them.
func TestFindAnswers(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		k.day()
		ctx, liis := t.Context(), k.actor("liis")
		shown, err := k.NewAnswer(ctx, liis, desk.AnswerDraft{Title: "When does a refund arrive?", Body: "A refund takes ten banking days; zirconium.", Audience: desk.ForEveryone})
		k.must(err)
		_, err = k.PublishAnswer(ctx, liis, shown.ID, 0)
		k.must(err)
		_, err = k.NewAnswer(ctx, liis, desk.AnswerDraft{Title: "How is a refund forced?", Body: "By the button of the bank."})
		k.must(err)
		for who, want := range map[string][]string{"liis": {"K-1", "K-2"}, "wanjiru": {"K-1"}} {
			got, f := k.find(who, "refund")
			for _, ref := range []string{"K-1", "K-2"} {
				if slices.Contains(strings.Fields(got), ref) != slices.Contains(want, ref) {
					t.Errorf("%s finds %s", who, got)
				}
			}
			if !strings.Contains(got, "R-1") || f.Hits[0].String() == "" {
				t.Errorf("%s finds %s", who, got)
			}
		}
		f := k.finds("wanjiru", "zirconium", "K-1")
		if h := f.Hits[0]; h.Kind != desk.KindAnswer || h.Answer.State != desk.PublishedAnswer || !strings.Contains(h.Snippet.Text, "zirconium") {
			t.Errorf("the hit: %+v", h)
		}
		k.finds("liis", "zirconium is:open", "")
		_, err = k.RetireAnswer(ctx, liis, "K-1")
		k.must(err)
		k.finds("liis", "zirconium", "")
	})
}

func TestFind(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		k.day()
		f := k.finds("liis", "refund pending", "R-1 R-3 R-2 R-5")
		if why := f.Hits[0].String(); !strings.HasPrefix(why, "refund in the title and in the text; pending in the title") {
			t.Errorf("the reason is %q", why)
		}
		k.finds("liis", `"refund policy"`, "R-3")
		k.finds("liis", "refund -policy", "R-1")
		k.finds("liis", "refunds chargeback", "R-1 R-3")
		k.finds("liis", "is:open pending", "R-2 R-5")
		k.finds("liis", "is:closed", "R-1")
		k.finds("liis", "customer:nordpank", "R-2")
		k.finds("liis", "Nordpank", "nordpank R-2") // the customer, and what its form says
		k.finds("liis", "from:kaisa", "R-5")
		k.finds("liis", "from:nordpank.example review", "R-5")
		k.finds("liis", "from:wanjiru refund", "R-3 R-1")
		k.finds("liis", "type:webhooks OR payslip", "R-2")
		k.finds("liis", "-type:webhooks pending", "R-1 R-5")
		k.finds("liis", "state:new,open -refund since:today", "R-2 R-5")
		k.finds("liis", "r-3", "R-3")
		k.finds("liis", "has:answer", "R-1")
		k.finds("liis", "has:note", "R-5")
		k.finds("tonis", "from:me", "R-2 R-4")
		k.finds("wanjiru", "is:mine refund", "R-3 R-1")
		f = k.finds("liis", "refudn polcy", "R-3 R-1")
		if len(f.Corrections) != 2 || f.Corrections[0].String() != "Showing results for “policy”; nobody has written “polcy”." {
			t.Errorf("corrections %v", f.Corrections)
		}
		if f := k.finds("liis", "customer:acme refund", "R-3 R-1"); len(f.Notes) != 1 || !strings.Contains(f.Notes[0], "no customer “acme”") {
			t.Errorf("notes %q", f.Notes)
		}
		k.finds("liis", "nothing-at-all-like-this", "")
		k.finds("liis", "", "")
	})
}

// The newest that hold words are found however far back they are, and in the same order on both databases.
func TestNewestHolders(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		k.day()
		ctx := t.Context()
		const far = 5 << partBits // most parts of the index are empty
		k.must(k.db.write(ctx, func(tx *tx) error {
			for n := range int64(30) {
				words := "refund"
				if n%10 == 0 {
					words += " zebra"
				}
				if err := tx.putDocument(ctx, indexed{doc: far - n*walked, terms: words, notes: "gnu"}, "h"); err != nil {
					return err
				}
			}
			return nil
		}))
		var ways []desk.Match
		for _, word := range []string{"refund", "zebra", "gnu", "pend"} {
			ways = append(ways, desk.Match{All: [][]desk.Holding{{{Words: []string{word}}}}})
		}
		all, err := k.db.Holders(ctx, ways, 4)
		k.must(err)
		for _, share := range []float64{0.000_001, 0.000_1, 0.01, 1} { // what is believed of how common a word is changes nothing
			for i := range ways {
				ways[i].Share = share
			}
			again, err := k.db.Holders(ctx, ways, 4)
			k.must(err)
			if !slices.EqualFunc(all, again, slices.Equal) {
				t.Errorf("with a share of %v held by %v, not %v", share, again, all)
			}
		}
		want := [][]int64{{far, far - walked, far - 2*walked, far - 3*walked}, {far, far - 10*walked, far - 20*walked}, nil, {5, 2, 1}}
		if !slices.EqualFunc(all, want, slices.Equal) {
			t.Errorf("held by %v, want %v", all, want)
		}
		met, err := k.db.Meeting(ctx, []int64{5, 3, 1, 4, far}, desk.Filter{Seer: desk.Seer{Shut: []string{"salary"}}})
		k.must(err)
		if !slices.Equal(met, []int64{5, 3, 1}) {
			t.Errorf("the filter is met by %v", met)
		}
	})
}

// Whoever may not read a note or a request of a team finds neither, and learns no word of them by looking.
func TestFindShowsNothingHidden(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		k.day()
		k.finds("liis", "zebrafish", "R-5")
		k.finds("wanjiru", "zebrafish", "")
		k.finds("wanjiru", "poisoned review", "R-5")
		if f := k.finds("wanjiru", "zebrafihs", ""); len(f.Corrections) > 0 {
			t.Errorf("a word of a note was offered: %v", f.Corrections)
		}
		for _, who := range []string{"liis", "wanjiru"} { // not of the team payments
			k.finds(who, "payslip", "")
			k.finds(who, "R-4", "")
			k.finds(who, "type:salary", "")
			k.finds(who, "from:tonis", "R-2")
			if f := k.finds(who, "kilometrgae", ""); len(f.Corrections) > 0 || f.More {
				t.Errorf("%s was offered %v", who, f.Corrections)
			}
			near, err := k.SimilarTo(t.Context(), k.actor(who), desk.Asking{Title: "My payslip is wrong", Body: "The overtime and kilometrage of the outage night is missing"}, 5)
			k.must(err)
			for _, n := range near {
				if n.Request.Name() == "R-4" {
					t.Errorf("%s sees R-4 as similar", who)
				}
			}
		}
		k.finds("tonis", "payslip", "R-4") // who asked it
		k.finds("marika", "payslip", "R-4")
		if f := k.finds("wanjiru", "has:note", ""); len(f.Notes) != 1 {
			t.Errorf("notes %q", f.Notes)
		}
	})
}

// A type that becomes its team's own takes its words out of everybody else's sight at once.
func TestFindForgetsWhatBecomesHidden(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		k.day()
		k.finds("wanjiru", "webhoks", "R-2")
		k.apply(strings.Replace(deskOfVerity, "title: A customer gets no webhooks\n", "title: A customer gets no webhooks\n    visibility: team\n", 1))
		if f := k.finds("wanjiru", "webhoks", ""); len(f.Corrections) > 0 {
			t.Errorf("offered %v", f.Corrections)
		}
		k.finds("liis", "webhooks", "R-2")
	})
}

// Erased words are found by nobody once the transaction that erases them is committed, and none is left in the index.
func TestFindForgetsWhatIsErased(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		k.day()
		r := k.now(desk.Request{ID: "R-5"})
		if k.pieces("zebra") == 0 {
			t.Fatal("the index does not hold the word in the first place")
		}
		k.must(k.db.write(t.Context(), func(x *tx) error {
			if err := x.lockKey(t.Context(), "request "+r.ID); err != nil {
				return err
			}
			if _, err := x.exec(t.Context(), `UPDATE request_message SET body = '', cut = '', salt = '' WHERE request = $1`, r.ID); err != nil {
				return err
			}
			return x.reindex(t.Context(), desk.KindRequest, []int64{r.Number})
		}))
		k.Service.Forget()
		k.finds("liis", "zebrafish", "")
		k.finds("liis", "session", "R-5") // its title still says so
		k.finds("liis", "agents", "")
		if left := k.pieces("zebra"); left != 0 {
			t.Errorf("%d pieces of the index still hold the word", left)
		}
	})
}

// pieces counts the rows of the index, below what is searched, that hold some letters.
func (k *frontdesk) pieces(letters string) int {
	k.t.Helper()
	query := `SELECT COUNT(*) FROM finding WHERE CAST(terms AS TEXT) LIKE '%' || $1 || '%'`
	if k.db.dialect == sqliteDialect {
		query = `SELECT (SELECT COUNT(*) FROM finding_text_data WHERE instr(block, CAST($1 AS BLOB)) > 0) + (SELECT COUNT(*) FROM finding_text_content WHERE instr(c0 || c1, $1) > 0)`
	}
	n, _, err := row(k.t.Context(), k.db.read, value[int], query, letters)
	k.must(err)
	return n
}

// The index made anew says the same as the one that followed.
func TestFindRebuilt(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		k.day()
		before := k.index()
		k.must(k.db.RebuildFindings(t.Context()))
		k.followed()
		if after := k.index(); len(before) != 5 || !slices.Equal(before, after) {
			t.Errorf("followed:\n%s\nrebuilt:\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
		}
		k.finds("liis", "refund pending", "R-1 R-3 R-2 R-5")
	})
}

// index is all that the index holds.
func (k *frontdesk) index() []string {
	k.t.Helper()
	query := `SELECT doc || ' ' || hash || ' ' || CAST(terms AS TEXT) FROM finding ORDER BY doc`
	if k.db.dialect == sqliteDialect {
		query = `SELECT doc || ' ' || hash || ' ' || terms || '|' || notes || '|' || marks FROM finding JOIN finding_text ON finding_text.rowid = doc ORDER BY doc`
	}
	all, err := rows(k.t.Context(), k.db.read, value[string], query)
	k.must(err)
	return all
}

func TestSimilar(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		k.day()
		k.asked("tonis", "webhooks", "Webhooks stopped again", "No webhooks reach them, the endpoint gets nothing.", map[string]any{"customer": "nordpank"})
		k.followed()
		near, err := k.Similar(t.Context(), k.actor("liis"), "R-6", 3)
		k.must(err)
		if len(near) == 0 || near[0].Request.Name() != "R-2" || !near[0].SameCustomer || !slices.Contains(near[0].Because, "endpoint") {
			t.Fatalf("like R-6: %+v", near)
		}
		for _, n := range near {
			if n.Request.Name() == "R-6" {
				t.Error("R-6 is like itself")
			}
		}
		near, err = k.SimilarTo(t.Context(), k.actor("wanjiru"), desk.Asking{Title: "where is the refund"}, 3)
		k.must(err)
		if len(near) < 2 || near[0].Request.Name() != "R-3" && near[0].Request.Name() != "R-1" {
			t.Errorf("like a question about a refund: %+v", near)
		}
		if _, err := k.Similar(t.Context(), k.actor("wanjiru"), "R-4", 3); err == nil {
			t.Error("a request that is hidden has its like shown")
		}
	})
}

// A queue is a search in the order of what is due.
func TestQueueSearches(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		k.apply(deskOfVerity + "queues:\n  - {id: pending, title: Pending, search: is:open pending}\n  - {id: quiet, title: Without payments, search: is:open -pending}\n  - {id: pay, title: Pay, team: payments, search: is:open}\n")
		k.day()
		names := func(who, id string, after desk.Place, limit int) string {
			all, err := k.Queue(t.Context(), k.actor(who), id, after, limit)
			k.must(err)
			var out []string
			for _, r := range all {
				out = append(out, r.Name())
			}
			return strings.Join(out, " ")
		}
		if got := names("liis", "pending", desk.Place{}, 10); got != "R-2 R-5" {
			t.Errorf("pending holds %q", got)
		}
		if got := names("liis", "pending", desk.Place{Number: 2}, 10); got != "R-5" {
			t.Errorf("behind R-2 comes %q", got)
		}
		if got := names("liis", "quiet", desk.Place{}, 10); got != "R-3" {
			t.Errorf("quiet holds %q", got)
		}
		if _, err := k.Queue(t.Context(), k.actor("liis"), "pay", desk.Place{}, 10); err == nil {
			t.Error("another team's queue is open")
		}
	})
}

// What is found is the same on both databases, also for words that look like something else, and for very long ones.
func TestFindOddWords(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		odd := []string{"Ärger über Größe", "日本 語 request", `quote ' and " and \ and :*`, "NEAR AND OR NOT", "a-b_c d@e.f", "naïve café " + strings.Repeat("x", 300), "नमस्ते दुनिया", "e4001 10.40.7 v2.31"}
		for i, text := range odd {
			k.asked("wanjiru", "question", fmt.Sprintf("Odd %d", i), text, nil)
		}
		k.asked("wanjiru", "question", "A long log", strings.Repeat("padding lines of a log that somebody pasted ", 400)+" needle", nil)
		k.followed()
		for i, text := range odd {
			for _, typed := range []string{text, `"` + strings.Fields(text)[0] + `"`} {
				if got, _ := k.find("liis", typed); len(search.Tokens(typed)) > 0 && !slices.Contains(strings.Fields(got), fmt.Sprintf("R-%d", i+1)) {
					t.Errorf("%q finds %q, want R-%d among it", typed, got, i+1)
				}
			}
		}
		f := k.finds("liis", "needle", fmt.Sprintf("R-%d", len(odd)+1))
		if len(f.Hits) == 1 && !strings.Contains(f.Hits[0].Snippet.Text, "needle") {
			t.Errorf("the snippet is %q", f.Hits[0].Snippet.Text)
		}
	})
}
