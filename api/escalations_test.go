package api_test

import (
	"strings"
	"testing"
	"time"

	"frontline/desk"
	"frontline/e2e/office"
	"frontline/wire"
)

// A program asks developers with what was prepared, lets a second request join, and tells everybody when they are done. Members may do none of it.
func TestEscalationsByProgram(t *testing.T) {
	w := office.Open(t)
	rasmus, liis := as(t, w, "rasmus"), as(t, w, "liis")
	for _, title := range []string{"Sessions stay pending", "Pending for Lumo too", "Something else"} {
		ok[wire.Request](rasmus, "POST", "/requests", wire.Ask{Type: "question", Title: title, Body: "Since 10:40."})
	}
	refused(rasmus, 403, "POST", "/requests/R-1/escalate", wire.Escalate{})
	refused(liis, 422, "POST", "/requests/R-1/escalate", wire.Escalate{Tracker: "nowhere"})
	if e := ok[wire.Evidence](liis, "GET", "/requests/R-1/evidence", nil); e.Title != "Sessions stay pending" || !strings.Contains(e.Text, "Since 10:40.") || len(e.Trackers) != 1 || e.Trackers[0].ID != "pipeline" {
		t.Errorf("evidence: %+v", e)
	}
	e := ok[wire.Escalation](liis, "POST", "/requests/R-1/escalate", wire.Escalate{Title: "Sessions of tablets stay pending"})
	if e.ID != "E-1" || e.State != "waiting" || e.By.ID != "liis" || e.Title != "Sessions of tablets stay pending" {
		t.Errorf("escalated: %+v", e)
	}
	w.Settle()
	ok[wire.Escalation](liis, "POST", "/requests/R-2/escalation", wire.JoinEscalation{Escalation: "E-1"})
	ok[wire.Escalation](liis, "POST", "/requests/R-3/escalation", wire.JoinEscalation{Escalation: e.UID})
	if e = ok[wire.Escalation](liis, "POST", "/requests/R-3/escalation/leave", wire.JoinEscalation{Escalation: "E-1"}); e.State != "open" || e.Requests != 2 || e.Address == "" {
		t.Errorf("joined and left: %+v", e)
	}
	refused(liis, 409, "POST", "/escalations/E-1/comments", wire.TellDevelopers{Request: "R-3", Text: "Only tablets."})
	ok[wire.Escalation](liis, "POST", "/escalations/E-1/comments", wire.TellDevelopers{Request: "R-1", Text: "Only tablets."})
	issue := w.Hub.Issues()[0]
	w.Settle()
	if said := strings.Join(w.Hub.Comments(issue), "\n"); !strings.Contains(said, "Only tablets.") || !strings.Contains(said, "by now") {
		t.Errorf("developers read %q", said)
	}
	refused(liis, 422, "PUT", "/escalations/E-1/verdict", wire.JudgeEscalation{Verdict: "wonderful"})
	w.Hub.SetNow(w.Clock.Now()) // nobody has looked at the tracker yet: the first look is late, and misses nothing
	w.Hub.Says(issue, "kadri", "It was the queue.", false)
	w.Hub.Settle(issue, desk.FixedBug, "4.12.1", true)
	w.Wait(20 * time.Minute)
	shown := ok[wire.EscalationShown](liis, "GET", "/escalations/E-1", nil)
	if shown.State != "closed" || shown.Verdict != "fixed" || shown.Version != "4.12.1" || !shown.Released || len(shown.Hanging) != 2 || shown.Hanging[1].Asker.Name != "Rasmus Põder" || len(shown.Said) != 1 || shown.Said[0].Text != "It was the queue." {
		t.Errorf("shown: %+v", shown)
	}
	if all := ok[wire.List[wire.Escalation]](liis, "GET", "/escalations?untold=true&tracker=pipeline", nil); len(all.Items) != 1 || !all.Items[0].Ours {
		t.Errorf("untold: %+v", all)
	}
	if all := ok[wire.List[wire.Escalation]](liis, "GET", "/escalations?request=R-3", nil); len(all.Items) != 0 {
		t.Errorf("of R-3: %+v", all)
	}
	ok[wire.Escalation](liis, "POST", "/escalations/E-1/skip", wire.SkipAsker{Request: "R-2", Reason: "They sit beside me."})
	if told := ok[wire.ToldAskers](liis, "POST", "/escalations/E-1/tell", wire.TellAskers{}); told.Told != 1 || len(told.Not) != 0 || told.Escalation.Untold != 0 {
		t.Errorf("told: %+v", told)
	}
	refused(liis, 409, "POST", "/escalations/E-1/tell", wire.TellAskers{Request: "R-1"})
	if r := ok[wire.RequestShown](rasmus, "GET", "/requests/R-1", nil); r.State != "closed" || !strings.Contains(r.Said[len(r.Said)-1].Body, "version 4.12.1") {
		t.Errorf("the asker reads %+v", r.Said)
	}
	refused(liis, 404, "GET", "/escalations/E-9", nil)
}

// An answer is made of a request, corrected under a version, published, found by whoever asks, and judged once by each.
func TestAnswersByProgram(t *testing.T) {
	w := office.Open(t)
	rasmus, liis := as(t, w, "rasmus"), as(t, w, "liis")
	ok[wire.Request](rasmus, "POST", "/requests", wire.Ask{Type: "question", Title: "Which passports have a chip?", Body: "Kenyan ones."})
	ok[wire.Request](liis, "POST", "/requests/R-1/replies", wire.ReplyTo{Body: "Kenyan passports have one since 2019."})
	refused(rasmus, 403, "POST", "/requests/R-1/answer", nil)
	x := ok[wire.DeskAnswer](liis, "POST", "/requests/R-1/answer", nil)
	if x.ID != "K-1" || x.State != "draft" || x.Text != "Kenyan passports have one since 2019." || x.Owner.ID != "liis" || x.Type.ID != "question" {
		t.Errorf("made: %+v", x)
	}
	refused(rasmus, 404, "GET", "/answers/K-1", nil)
	edit := wire.EditAnswer{Version: x.Version, WriteAnswer: wire.WriteAnswer{Title: x.Title, Text: "Since September 2019.", Audience: "everyone", Owner: "liis", ReviewOn: "2027-03-01"}}
	ok[wire.DeskAnswer](liis, "PUT", "/answers/K-1", edit)
	edit.Text = "Since 2020."
	refused(liis, 409, "PUT", "/answers/K-1", edit)
	refused(liis, 422, "PUT", "/answers/K-1", wire.EditAnswer{Version: 2, WriteAnswer: wire.WriteAnswer{Title: "x", ReviewOn: "soon"}})
	refused(rasmus, 403, "POST", "/answers/K-1/publish", nil)
	if x = ok[wire.DeskAnswer](liis, "POST", "/answers/K-1/publish", nil); x.State != "published" || x.ReviewOn != "2027-03-01" || x.PublishedAt == nil {
		t.Errorf("published: %+v", x)
	}
	found := ok[wire.List[wire.AnswerFound]](rasmus, "GET", "/answers/like?q=passports+with+a+chip", nil)
	if len(found.Items) != 1 || found.Items[0].ID != "K-1" || len(found.Items[0].Because) == 0 {
		t.Errorf("found: %+v", found)
	}
	refused(rasmus, 422, "GET", "/answers/like", nil)
	ok[wire.DeskAnswer](rasmus, "POST", "/answers/K-1/vote", wire.VoteAnswer{Helped: true, Instead: true})
	if x = ok[wire.DeskAnswer](rasmus, "POST", "/answers/K-1/vote", wire.VoteAnswer{Helped: true}); x.Helped != 1 || x.NotHelped != 0 || x.Instead != 1 {
		t.Errorf("judged: %+v", x)
	}
	ok[wire.DeskAnswer](liis, "POST", "/answers", wire.WriteAnswer{Title: "Which cards are taken?", Text: "All."})
	mine, all := ok[wire.List[wire.DeskAnswer]](liis, "GET", "/answers?owner=me&state=all", nil), ok[wire.List[wire.DeskAnswer]](rasmus, "GET", "/answers?state=all", nil)
	if len(mine.Items) != 2 || len(all.Items) != 1 {
		t.Errorf("%d of Liis, %d for Rasmus", len(mine.Items), len(all.Items))
	}
	if x = ok[wire.DeskAnswer](liis, "POST", "/answers/K-1/retire", nil); x.State != "retired" {
		t.Errorf("retired: %+v", x)
	}
	refused(liis, 409, "POST", "/answers/K-1/review", nil)
}
