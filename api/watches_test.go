package api_test

import (
	"net/url"
	"testing"
	"time"

	"frontline/e2e/office"
	"frontline/wire"
)

// A program sees what a watch found, charts it, and says what it was; a member reads, support judges.
func TestWatchesByProgram(t *testing.T) {
	w := office.Open(t)
	rasmus, liis := as(t, w, "rasmus"), as(t, w, "liis")
	if x := ok[wire.WatchShown](rasmus, "GET", "/watches/decisions", nil); x.State != "waiting" || x.CountedTo != nil || len(x.Series) != 0 {
		t.Errorf("before anything was sent: %+v", x)
	}
	w.Observe()
	all := ok[wire.List[wire.Watch]](rasmus, "GET", "/watches", nil)
	if len(all.Items) < 2 || all.Items[0].ID != "checks" || all.Items[0].State != "finding" || len(all.Items[0].Open) == 0 || all.Items[0].Learnt != 1 || all.Items[0].FalseAlarms == "" {
		t.Fatalf("the watches: %+v", all)
	}
	x := ok[wire.WatchShown](rasmus, "GET", "/watches/checks", nil)
	if len(x.Series) != 3 || x.Series[0].Open != "rise" || x.CountedTo == nil || w.Clock.Now().Sub(*x.CountedTo) > 15*time.Minute {
		t.Errorf("the watch: %+v", x)
	}
	refused(rasmus, 404, "GET", "/watches/nothing", nil)
	chart := ok[wire.WatchChart](rasmus, "GET", "/watches/checks/chart?series=KE", nil)
	if n := len(chart.Points); n < 340 || chart.Points[n-1].Rate < chart.Points[n-1].High || chart.Points[0].Requests != 1000 {
		t.Errorf("%d points, the last %+v", n, chart.Points[max(n-1, 0):])
	}
	if whole := ok[wire.WatchChart](rasmus, "GET", "/watches/checks/chart?from="+url.QueryEscape(w.Clock.Now().Add(-time.Hour).Format(time.RFC3339)), nil); len(whole.Points) < 9 || len(whole.Points) > 12 || whole.Points[0].Requests != 2000 {
		t.Errorf("the last hour: %+v", whole)
	}
	if none := ok[wire.WatchChart](rasmus, "GET", "/watches/checks/chart?series=nowhere", nil); len(none.Points) != 0 {
		t.Errorf("of no series: %+v", none)
	}
	refused(rasmus, 422, "GET", "/watches/checks/chart?from=2020-01-01T00:00:00Z", nil)
	refused(rasmus, 404, "GET", "/watches/nothing/chart", nil)

	f := ok[wire.WatchFinding](rasmus, "GET", "/findings/F-1", nil)
	if f.State != "open" || f.Direction != "rise" || f.Watch.Name != "Checks that fail" || f.Whole == nil || f.Whole.Excess.Low <= 0 || len(f.Causes) == 0 || f.Causes[0].Labels["customer"] != "lumo" || f.Since == nil || f.Hit == nil || len(f.Hit.List) == 0 || f.Judged != nil {
		t.Errorf("the finding: %+v", f)
	}
	refused(rasmus, 404, "GET", "/findings/F-99", nil)
	refused(rasmus, 403, "POST", "/findings/F-1/judge", wire.JudgeFinding{Feedback: "real"})
	refused(rasmus, 403, "POST", "/findings/F-1/accept", nil)
	refused(liis, 422, "POST", "/findings/F-1/judge", wire.JudgeFinding{Feedback: "loud"})
	if f = ok[wire.WatchFinding](liis, "POST", "/findings/F-1/judge", wire.JudgeFinding{Feedback: "known"}); f.Judged == nil || f.Judged.Feedback != "known" || f.Judged.By.ID != "liis" {
		t.Errorf("judged: %+v", f)
	}
	if f = ok[wire.WatchFinding](liis, "POST", "/findings/F-1/judge", wire.JudgeFinding{}); f.Judged != nil {
		t.Errorf("taken back: %+v", f)
	}
	if f = ok[wire.WatchFinding](liis, "POST", "/findings/F-1/accept", nil); f.State != "accepted" || f.EndedAt == nil {
		t.Errorf("accepted: %+v", f)
	}
	refused(liis, 409, "POST", "/findings/F-1/accept", nil)
	open := ok[wire.List[wire.WatchFinding]](rasmus, "GET", "/findings?watch=checks&open=true", nil)
	for _, one := range open.Items {
		if one.ID == "F-1" || one.State != "open" {
			t.Errorf("still open: %+v", one)
		}
	}
	first := ok[wire.List[wire.WatchFinding]](rasmus, "GET", "/findings?limit=1", nil)
	if len(first.Items) != 1 || first.Items[0].Hit != nil && first.Items[0].Hit.List != nil {
		t.Errorf("the first: %+v", first)
	}
	if none := ok[wire.List[wire.WatchFinding]](rasmus, "GET", "/findings?watch=decisions", nil); len(none.Items) != 0 {
		t.Errorf("of another watch: %+v", none)
	}
}
