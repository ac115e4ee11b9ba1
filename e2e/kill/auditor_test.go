package kill

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"sync/atomic"
	"testing"
	"time"
)

// TestLostJobIsFoundByTheAuditor takes the job that wakes a page out of the database behind the server's back, which a mistake of ours or of an
// administrator could do. The auditor finds the page when it is past its time: it rings, and until it does the watcher outside hears no heartbeat.
func TestLostJobIsFoundByTheAuditor(t *testing.T) {
	var beats atomic.Int64
	watcher := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { beats.Add(1) }))
	defer watcher.Close()
	d := open(t, sqlite(t), "10m", "FRONTLINE_HEARTBEAT="+watcher.URL, "FRONTLINE_HEARTBEAT_EVERY=100ms")
	r := d.ready(d.start(0))
	const alert = "Decisions stopped"
	must(t, post(t.Context(), http.DefaultClient, r.url, webhook("firing", alert)))
	until(t, "the first phone has rung, and the heart beats", func() bool { return d.receipted(alert) && beats.Load() > 0 })

	d.loseJob(alert)
	until(t, "the second phone rings", func() bool { return len(d.phones.rang(alert)) > 1 })
	if on := d.phones.rang(alert)[1].on; on != "verity-karl" {
		t.Errorf("the page went on to %s, want verity-karl", on)
	}
	found := regexp.MustCompile(`(?s)the pager is not well.* late=1 .*no heartbeat was sent.*the pager is well again`)
	until(t, "the auditor finds the page, silences the heart, and is content again", func() bool {
		log, err := os.ReadFile(r.LogFile())
		must(t, err)
		return found.Match(log)
	})
	before := beats.Load()
	until(t, "the heart beats again", func() bool { return beats.Load() > before })
	r.stop()
	if rings := d.phones.rang(alert); len(rings) != 2 {
		t.Errorf("it rang %d times, want once on each phone", len(rings))
	}
}

// receipted says whether the receipt of the alert's first message is written down.
func (d *desk) receipted(alert string) bool {
	d.t.Helper()
	db := d.view(d.file)
	defer db.Close()
	states, err := ledger(d.t.Context(), db, alert)
	must(d.t, err)
	return states[alert] == "sent"
}

// loseJob lets the page about the alert have been due a minute ago, and takes away the job that should have woken it.
func (d *desk) loseJob(alert string) {
	d.t.Helper()
	db := d.view(d.file)
	defer db.Close()
	due := time.Now().Add(-time.Minute).UTC()
	tx, err := db.BeginTx(d.t.Context(), nil)
	must(d.t, err)
	defer func() { _ = tx.Rollback() }()
	const page = ` (SELECT p.id FROM page p JOIN alert a ON a.grp = p.subject WHERE a.title = $1)`
	for _, change := range []struct {
		sql  string
		args []any
	}{
		{`DELETE FROM job WHERE kind = 'oncall.step' AND state = 'ready' AND key =` + page, []any{alert}},
		{`UPDATE page SET due_at = $2, body = json_set(body, '$.due_at', $3) WHERE id =` + page, []any{alert, due.UnixMicro(), due.Format(time.RFC3339Nano)}},
	} {
		res, err := tx.ExecContext(d.t.Context(), change.sql, change.args...)
		must(d.t, err)
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			d.t.Fatalf("%s: %d rows, %v, want one", change.sql, n, err)
		}
	}
	must(d.t, tx.Commit())
}

// until waits until something is so.
func until(t testing.TB, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	for !so() {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("not within %v: %s", 2*patience, what)
		}
	}
}
