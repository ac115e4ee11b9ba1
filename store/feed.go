package store

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"frontline/job"
)

// announcement is what a committed transaction changed: topics for live screens, and whether jobs came.
type announcement struct {
	topics      []string
	jobs        bool
	definitions bool       // what is configured changed
	entries     bool       // the journal grew: the sealer has work
	finished    *job.Claim // finished by the decision itself
}

func (a *announcement) topic(kind, id string) {
	if kind != "" {
		a.topics = append(a.topics, kind, kind+":"+id)
	}
}

// everything is the topic that concerns everybody: something changed, nobody knows what.
const everything = "*"

// feed tells listeners in this process, and through NOTIFY those in the other replicas, that something changed. It is only a hint: whoever must
// not miss anything reads the journal or the queue.
type feed struct {
	mu        sync.Mutex
	listeners map[chan []string]struct{}
	wakers    []func()
	redefined []func()
	writes    atomic.Int64
	pending   announcement  // waits to be told to the other replicas
	told      chan struct{} // has one value when pending is not empty
	grew      chan struct{} // has one value when the journal has unsealed entries of this process
}

func (f *feed) init() {
	f.listeners = map[chan []string]struct{}{}
	f.told = make(chan struct{}, 1)
	f.grew = make(chan struct{}, 1)
}

// OnJobs calls wake after every commit that brought jobs, here or in another replica. wake must not block.
func (db *DB) OnJobs(wake func()) {
	db.feed.mu.Lock()
	defer db.feed.mu.Unlock()
	db.feed.wakers = append(db.feed.wakers, wake)
}

// OnDefinitions calls stale after every commit that changed a definition, here or in another replica. It must not block.
func (db *DB) OnDefinitions(stale func()) {
	db.feed.mu.Lock()
	defer db.feed.mu.Unlock()
	db.feed.redefined = append(db.feed.redefined, stale)
}

func (f *feed) redefine() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, stale := range f.redefined {
		stale()
	}
}

// Subscribe returns the topics that changed ("alert", "alert:ID"; "*" when unknown), several commits together when the
// listener is slow, until ctx ends.
func (db *DB) Subscribe(ctx context.Context) <-chan []string {
	c := make(chan []string, 1)
	db.feed.mu.Lock()
	db.feed.listeners[c] = struct{}{}
	db.feed.mu.Unlock()
	context.AfterFunc(ctx, func() {
		db.feed.mu.Lock()
		defer db.feed.mu.Unlock()
		delete(db.feed.listeners, c)
		close(c)
	})
	return c
}

// Announce tells the listeners of this process that something changed which no transaction writes: a runner fell silent.
func (db *DB) Announce(kind, id string) { db.feed.publish([]string{kind, kind + ":" + id}, false) }

// announce tells this process at once and the other replicas soon.
func (db *DB) announce(a announcement) {
	db.feed.writes.Add(1)
	if a.finished != nil {
		a.finished.MarkFinished()
	}
	if a.definitions {
		db.feed.redefine()
	}
	if a.entries {
		select {
		case db.feed.grew <- struct{}{}:
		default:
		}
	}
	if len(a.topics) == 0 && !a.jobs {
		return
	}
	db.feed.publish(a.topics, a.jobs)
	if db.dialect == postgresDialect {
		db.feed.queue(a)
	}
}

func (f *feed) publish(topics []string, jobs bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if jobs {
		for _, wake := range f.wakers {
			wake()
		}
	}
	if len(topics) == 0 {
		return
	}
	for c := range f.listeners {
		send(c, topics)
	}
}

// send never blocks: what a slow listener has not read yet is joined with what is new.
func send(c chan []string, topics []string) {
	for {
		select {
		case c <- topics:
			return
		default:
		}
		select {
		case before := <-c:
			topics = merge(before, topics)
		default:
		}
	}
}

func merge(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) > 200 {
		return []string{everything}
	}
	return all
}

func (f *feed) queue(a announcement) {
	f.mu.Lock()
	f.pending = announcement{topics: merge(f.pending.topics, a.topics), jobs: f.pending.jobs || a.jobs}
	f.mu.Unlock()
	select {
	case f.told <- struct{}{}:
	default:
	}
}

type notice struct {
	Owner  string   `json:"o"`
	Topics []string `json:"t,omitempty"`
	Jobs   bool     `json:"j,omitempty"`
}

// tell sends what is pending to the other replicas, many commits in one NOTIFY: sent inside each transaction it halved the throughput.
func (db *DB) tell(ctx context.Context) {
	for {
		select {
		case <-db.feed.told:
		case <-ctx.Done():
			return
		}
		db.feed.mu.Lock()
		n := notice{Owner: db.owner, Topics: db.feed.pending.topics, Jobs: db.feed.pending.jobs}
		db.feed.pending = announcement{}
		db.feed.mu.Unlock()
		raw, err := json.Marshal(n)
		if err == nil && len(raw) > 7900 { // NOTIFY takes 8000 bytes
			n.Topics = []string{everything}
			raw, err = json.Marshal(n)
		}
		if err == nil {
			_, err = db.read.ExecContext(ctx, `SELECT pg_notify('frontline', $1)`, string(raw))
		}
		if err != nil && ctx.Err() == nil {
			db.log.Warn("other replicas cannot be told", "err", err)
		}
		db.pause(ctx, 10*time.Millisecond)
	}
}

// heard takes in what another replica told.
func (db *DB) heard(payload string) {
	var n notice
	if err := json.Unmarshal([]byte(payload), &n); err != nil || n.Owner == db.owner {
		return
	}
	if slices.Contains(n.Topics, "config") || slices.Contains(n.Topics, everything) {
		db.feed.redefine()
	}
	db.feed.publish(n.Topics, n.Jobs)
}

// Grew receives when the journal got new entries in this process: the sealer waits for it.
func (db *DB) Grew() <-chan struct{} { return db.feed.grew }
