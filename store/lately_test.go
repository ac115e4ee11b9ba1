package store

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/alert"
	"frontline/catalog"
	"frontline/clock"
	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
	"frontline/secret"
)

// What the home screen asks about pages must be answered by indexes: it is opened all the time.
func TestReadingsOfPagesUseIndexes(t *testing.T) {
	db := openTest(t, databases["sqlite"](t), clock.NewMoved(start))
	long := start.UnixMicro()
	for query, q := range map[string]struct {
		args    []any
		indexes []string
	}{
		pagesTo:        {[]any{"liis", long, 200}, []string{"page_live", "page_opened", "attempt_page"}},
		failedAttempts: {[]any{long, 20}, []string{"attempt_failed"}},
	} {
		plan, err := rows(t.Context(), db.read, func(s scan) (string, error) {
			var id, parent, unused int
			var detail string
			return detail, s(&id, &parent, &unused, &detail)
		}, `EXPLAIN QUERY PLAN `+query, q.args...)
		if err != nil {
			t.Fatal(err)
		}
		for _, index := range q.indexes {
			if got := strings.Join(plan, "; "); !strings.Contains(got, "INDEX "+index) || strings.Contains(got, "SCAN page;") {
				t.Errorf("%s is answered by: %s; want %s", query, got, index)
			}
		}
	}
}

func TestSealing(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		is := func(want journal.Sealing) {
			t.Helper()
			got, err := journal.NewReader(db).Sealing(t.Context(), people.Actor{Kind: people.ByPerson, ID: "liis", Role: people.Member})
			if err != nil || !cmp.Equal(got, want) {
				t.Errorf("Sealing = %+v %v, want %+v", got, err, want)
			}
		}
		is(journal.Sealing{})
		for range 3 {
			e := journal.Note(people.System("test"), "alert.opened", journal.Of("alert", "a1"), nil)
			if err := db.write(t.Context(), func(x *tx) error { return x.record(t.Context(), journal.Consequences{Entries: []journal.Entry{e}}) }); err != nil {
				t.Fatal(err)
			}
			c.Move(time.Minute)
		}
		is(journal.Sealing{Waiting: 3, Since: start})
		if _, err := db.Seal(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
		is(journal.Sealing{Sealed: 2, Waiting: 1, Since: start.Add(2 * time.Minute)})
		_, err := journal.NewReader(db).Sealing(t.Context(), people.Anonymous("screen"))
		if !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("nobody is told %v", err)
		}
	})
}

func TestBacklog(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		kind, other := job.Kind[struct{}]{Name: "oncall.deliver"}, job.Kind[struct{}]{Name: "action.look"}
		add := func(jobs ...job.New) {
			t.Helper()
			if err := db.Enqueue(t.Context(), jobs...); err != nil {
				t.Fatal(err)
			}
		}
		bury := func(why string) {
			t.Helper()
			claims, err := db.Claim(t.Context(), job.Normal, 1)
			if err != nil || len(claims) != 1 {
				t.Fatalf("Claim = %v %v", claims, err)
			}
			if err := db.Bury(t.Context(), claims[0], why); err != nil {
				t.Fatal(err)
			}
		}
		add(other.At(start, "a", struct{}{}))
		bury("The broker is gone.")
		c.Move(time.Minute)
		add(kind.At(c.Now(), "b", struct{}{}))
		bury("It broke.")
		c.Move(time.Minute)
		add(kind.At(c.Now(), "c", struct{}{}))
		bury("It broke again.")
		add(kind.At(c.Now(), "due", struct{}{}), kind.At(c.Now().Add(time.Hour), "later", struct{}{}))
		c.Move(time.Minute)
		got, err := db.Backlog(t.Context(), c.Now().Add(-30*time.Second))
		want := job.Backlog{Late: 1, Since: start.Add(2 * time.Minute), Buried: []job.Buried{
			{Kind: "action.look", N: 1, Last: start, Why: "The broker is gone."},
			{Kind: "oncall.deliver", N: 2, Last: start.Add(2 * time.Minute), Why: "It broke again."},
		}}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("Backlog %v (-want +got):\n%s", err, diff)
		}
	})
}

// oneSource is a company with one source and one service.
type oneSource struct{}

func (oneSource) SourceByToken(kind, token string) (alert.Source, bool) {
	return alert.Source{ID: "alertmanager", Name: "Alertmanager", Kind: kind}, token == "right"
}

func (oneSource) Services() []catalog.Service {
	return []catalog.Service{{ID: "decision-pipeline", Name: "Decision pipeline", Team: "pipeline"}}
}

func TestWhatSourcesSentAndHowBadItIs(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		in := alert.NewIntake(db, func(context.Context) (alert.Directory, error) { return oneSource{}, nil }, func(string, alert.Accepted) {})
		send := func(key, service string, s alert.Severity) {
			t.Helper()
			_, err := in.Accept(t.Context(), "alertmanager", secret.New("right"), alert.Batch{Raw: []byte("{}"), Signals: []alert.Signal{
				{Key: key, Status: alert.Firing, Severity: s, Title: key, Labels: map[string]string{"service": service}, StartedAt: c.Now()}}})
			if err != nil {
				t.Fatal(err)
			}
		}
		board := alert.NewBoard(db)
		liis := people.Actor{Kind: people.ByPerson, ID: "liis", Role: people.Support}
		send("queue", "decision-pipeline", alert.Critical)
		send("disk", "decision-pipeline", alert.Warning)
		c.Move(time.Hour)
		send("lost", "nowhere", alert.Critical)
		counts, err := board.Count(t.Context(), liis)
		if want := (alert.Counts{Open: 3, Unrouted: 1, Critical: 2}); err != nil || counts != want {
			t.Errorf("Count = %+v %v, want %+v", counts, err, want)
		}
		groups, err := board.Groups(t.Context(), liis, alert.Query{State: alert.Live, Limit: 10})
		if err != nil || len(groups) != 3 {
			t.Fatalf("groups: %v %v", groups, err)
		}
		if _, err := alert.NewHandling(db).Acknowledge(t.Context(), liis, groups[2].ID); err != nil {
			t.Fatal(err)
		}
		if counts, err = board.Count(t.Context(), liis); err != nil || counts.Critical != 1 || counts.Acknowledged != 1 {
			t.Errorf("after one was taken: %+v %v", counts, err)
		}
		for since, n := range map[time.Time]int64{start: 3, start.Add(time.Minute): 1} {
			got, err := board.Activity(t.Context(), liis, since)
			want := []alert.Activity{{Source: "alertmanager", LastAt: start.Add(time.Hour), Messages: n}}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("since %s: %v (-want +got):\n%s", since, err, diff)
			}
		}
	})
}
