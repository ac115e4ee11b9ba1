package bench

import (
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite"

	"frontline/clock"
	"frontline/config"
	"frontline/desk"
	"frontline/fault"
	"frontline/people"
	"frontline/store"
)

var howMany = flag.Int("requests", 20_000, "how many requests BenchmarkFinding searches")

// BenchmarkFinding fills a database with requests of words that are as common as words are (Zipf), lets the text index follow, and reports how long
// searches, similar requests and queues take: p50 and p99 of each, and how many requests a second the index takes in.
func BenchmarkFinding(b *testing.B) {
	for name, address := range databases(b) {
		b.Run(name, func(b *testing.B) {
			where := address()
			s, db := asked(b, where, *howMany)
			began := time.Now()
			for more := true; more; {
				var err error
				if more, err = db.FollowFindings(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.Logf("%s: the index took in %d requests, %.0f a second", name, *howMany, float64(*howMany)/time.Since(began).Seconds())
			settled(b, where)
			look := newLooker(s)
			look.measured(b, "search", 400, look.search)
			look.measured(b, "search as somebody outside the desk", 200, look.outside)
			look.measured(b, "similar", 200, look.similar)
			look.measured(b, "similar while typing", 100, look.typing)
			look.measured(b, "queue", 300, look.queue)
		})
	}
}

// processor is the processor time of this process.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// looker asks like people do, always the same.
type looker struct {
	*desk.Service
	rand  *rand.Rand
	words *vocabulary
}

func newLooker(s *desk.Service) *looker {
	return &looker{Service: s, rand: rand.New(rand.NewPCG(7, 8)), words: newVocabulary(9)}
}

func (l *looker) measured(b *testing.B, what string, n int, ask func(context.Context) (string, error)) {
	b.Run(strings.ReplaceAll(what, " ", "_"), func(b *testing.B) {
		if _, err := ask(b.Context()); err != nil { // what is known by heart is read
			b.Fatal(err)
		}
		var took []time.Duration
		before := processor()
		slowest, which := time.Duration(0), ""
		for range n {
			began := time.Now()
			said, err := ask(b.Context())
			if err != nil {
				b.Fatalf("%s: %v", said, err)
			}
			d := time.Since(began)
			if took = append(took, d); d > slowest {
				slowest, which = d, said
			}
		}
		slices.Sort(took)
		for _, q := range []float64{0.5, 0.99, 1} {
			b.ReportMetric(float64(took[int(q*float64(len(took)-1))].Microseconds())/1000, fmt.Sprintf("p%g_ms", q*100))
		}
		b.ReportMetric(float64((processor()-before).Microseconds())/1000/float64(n), "cpu_ms") // ours alone: on a busy machine the rest is waiting
		b.ReportMetric(0, "ns/op")
		b.Logf("the slowest, %v: %s", slowest.Round(time.Millisecond), which)
	})
}

var (
	liis    = people.Actor{Kind: people.ByPerson, ID: "liis", Role: people.Support, Teams: []string{"frontline"}, Via: "screen"}
	wanjiru = people.Actor{Kind: people.ByPerson, ID: "wanjiru", Role: people.Member, Via: "screen"}
)

// typed is one to four words, in every third case with a field, in every tenth with a typo.
func (l *looker) typed() string {
	var said []string
	for range 1 + l.rand.IntN(4) {
		w := l.words.next(l.rand)
		if l.rand.IntN(10) == 0 && len(w) > 5 {
			w = w[:2] + w[3:4] + w[2:3] + w[4:]
		}
		said = append(said, w)
	}
	switch l.rand.IntN(9) {
	case 0:
		said = append(said, "is:open")
	case 1:
		said = append(said, fmt.Sprintf("customer:customer-%d", l.rand.IntN(customers)))
	case 2:
		said = append(said, "since:90d")
	}
	return strings.Join(said, " ")
}

func (l *looker) search(ctx context.Context) (string, error) {
	typed := l.typed()
	_, err := l.Find(ctx, liis, typed, 20)
	return typed, err
}

func (l *looker) outside(ctx context.Context) (string, error) {
	typed := l.typed()
	_, err := l.Find(ctx, wanjiru, typed, 20)
	return typed, err
}

func (l *looker) similar(ctx context.Context) (string, error) {
	ref := fmt.Sprintf("R-%d", 1+l.rand.IntN(*howMany))
	_, err := l.Similar(ctx, liis, ref, 5)
	if fault.Is(err, fault.NotFound) { // another team's
		err = nil
	}
	return ref, err
}

func (l *looker) typing(ctx context.Context) (string, error) {
	q := desk.Asking{Title: l.words.text(l.rand, 6), Body: l.words.text(l.rand, 20)}
	_, err := l.SimilarTo(ctx, wanjiru, q, 5)
	return q.Title, err
}

func (l *looker) queue(ctx context.Context) (string, error) {
	for _, queue := range []string{"open", "mine", "nordpank", "late"} {
		if _, err := l.Queue(ctx, liis, queue, desk.Place{}, 50); err != nil {
			return queue, err
		}
	}
	return "four queues", nil
}

// The company of this benchmark.
const (
	customers = 200
	askers    = 5_000
	unended   = 2_000 // requests, the newest
)

const company = `
teams: [{id: frontline, name: Technical support}, {id: payments, name: Payments}]
people:
  - {id: liis, name: Liis Tamm, email: liis.tamm@verity.example, role: support, teams: [frontline]}
  - {id: wanjiru, name: Wanjiru Kamau, email: wanjiru.kamau@verity.example, role: member}
request_types:
  - {id: question, title: A question, team: frontline}
  - {id: salary, title: About my pay, team: payments, visibility: team}
queues:
  - {id: open, title: Open, search: is:open}
  - {id: mine, title: Mine, search: is:open assignee:me}
  - {id: nordpank, title: Nordpank, search: is:open customer:customer-7}
  - {id: late, title: Late, search: "is:overdue -type:salary"}
`

// asked makes a database with n requests and the desk over it.
func asked(b *testing.B, where string, n int) (*desk.Service, *store.DB) {
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(b.Context(), where, store.Options{Clock: clock.Real{}, Log: log})
	if err != nil {
		b.Fatal(err)
	}
	conf := config.New(db, clock.Real{}, func(string) string { return "" }, config.Known{})
	var text strings.Builder
	text.WriteString(company + "customers:\n")
	for i := range customers {
		fmt.Fprintf(&text, "  - {id: customer-%d, name: Customer %d}\n", i, i)
	}
	if _, err := conf.Apply(b.Context(), people.System("bench"), config.Apply{Folder: "bench", Files: []config.File{{Name: "bench.yaml", Content: text.String()}}}); err != nil {
		b.Fatal(err)
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	written(b, where, n)
	if db, err = store.Open(b.Context(), where, store.Options{Clock: clock.Real{}, Log: log}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	conf = config.New(db, clock.Real{}, func(string) string { return "" }, config.Known{})
	return &desk.Service{DB: db, Now: db.Now, Book: func(ctx context.Context) (desk.Directory, error) { return conf.Book(ctx) }}, db
}

// sheet takes rows of a table.
type sheet interface {
	add(table string, columns []string, rows [][]any) error
}

// written writes n requests with their messages, as a desk of many years leaves them.
func written(b *testing.B, where string, n int) {
	var to sheet
	if path, ok := strings.CutPrefix(where, "sqlite:"); ok {
		db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)")
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		to = plainSheet{db}
	} else {
		conn, err := pgx.Connect(b.Context(), where)
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = conn.Close(context.WithoutCancel(b.Context())) }()
		to = copiedSheet{b.Context(), conn}
	}
	parties := make([][]any, askers)
	for i := range parties {
		parties[i] = []any{fmt.Sprintf("party-%d", i), "", fmt.Sprintf("asker%d@customer-%d.example", i, i%customers), fmt.Sprintf("Asker %d", i)}
	}
	if err := to.add("party", []string{"id", "person", "address", "name"}, parties); err != nil {
		b.Fatal(err)
	}
	a := &author{rand: rand.New(rand.NewPCG(1, 2)), words: newVocabulary(9), now: time.Now(), of: n}
	for at := 0; at < n; at += 5_000 {
		var requests, messages [][]any
		for i := at; i < min(at+5_000, n); i++ {
			r, ms := a.request(i + 1)
			requests, messages = append(requests, r), append(messages, ms...)
		}
		if err := to.add("request", requestColumns(), requests); err != nil {
			b.Fatal(err)
		}
		if err := to.add("request_message", messageColumns(), messages); err != nil {
			b.Fatal(err)
		}
	}
}

func requestColumns() []string {
	return strings.Fields("number id title fields type team service customer asker state waits_for assignee of_request problem incident received_at snoozed_until closed_at due_at body")
}

func messageColumns() []string {
	return strings.Fields("id request kind author party at body cut salt channel ref")
}

// author writes requests.
type author struct {
	rand  *rand.Rand
	words *vocabulary
	now   time.Time
	of    int
}

func (a *author) request(number int) ([]any, [][]any) {
	at := a.now.Add(-time.Duration(a.of-number) * 2 * time.Minute).UTC()
	r := desk.Request{ID: fmt.Sprintf("request-%d", number), Type: "question", Team: "frontline", Customer: fmt.Sprintf("customer-%d", a.rand.IntN(customers)), Asker: fmt.Sprintf("party-%d", a.rand.IntN(askers)),
		Channel: "mail", State: desk.Closed, Outcome: desk.Answered, Priority: desk.Normal, ReceivedAt: at, ChangedAt: at, ClosedAt: at.Add(time.Hour), Said: 2, Version: 1}
	if a.rand.IntN(20) == 0 {
		r.Type, r.Team = "salary", "payments"
	}
	if number > a.of-unended {
		r.State, r.Outcome, r.ClosedAt = desk.Open, "", time.Time{}
		if r.DueAt = a.now.Add(time.Duration(a.rand.IntN(96)-24) * time.Hour); a.rand.IntN(10) == 0 {
			r.Assignee = "liis"
		}
	}
	title, due, closed := a.words.text(a.rand, 4+a.rand.IntN(5)), int64(1)<<62, int64(0)
	if !r.DueAt.IsZero() {
		due = r.DueAt.UnixMicro()
	}
	if !r.ClosedAt.IsZero() {
		closed = r.ClosedAt.UnixMicro()
	}
	body, _ := json.Marshal(r)
	row := []any{int64(number), r.ID, title, "{}", r.Type, r.Team, "", r.Customer, r.Asker, string(r.State), "", r.Assignee, "", "", "", at.UnixMicro(), int64(0), closed, due, string(body)}
	message := func(kind, author string, words int) []any {
		return []any{fmt.Sprintf("%s-%s", r.ID, kind), r.ID, kind, author, r.Asker, at.UnixMicro(), a.words.text(a.rand, words), "", "", "mail", ""}
	}
	said := [][]any{message("question", "", 15+a.rand.IntN(60)), message("reply", "liis", 10+a.rand.IntN(40))}
	if a.rand.IntN(4) == 0 {
		said = append(said, message("note", "liis", 5+a.rand.IntN(20)))
	}
	return row, said
}

// vocabulary is words that are as common as words are: the n-th is held about 1/n as often as the first.
type vocabulary struct {
	words []string
	sums  []float64
}

const differentWords = 60_000

func newVocabulary(seed uint64) *vocabulary {
	r := rand.New(rand.NewPCG(seed, seed))
	v := &vocabulary{words: strings.Fields(usualWords)}
	syllables := strings.Fields("ka ri to me lo sa ne vi du pe ra mi ko ta le so ni va de po an er in or us el at om ek il ja tu be fi go hu")
	known := map[string]bool{}
	for _, w := range v.words {
		known[w] = true
	}
	for len(v.words) < differentWords {
		var w string
		for range 2 + r.IntN(4) {
			w += syllables[r.IntN(len(syllables))]
		}
		if !known[w] {
			known[w] = true
			v.words = append(v.words, w)
		}
	}
	sum := 0.0
	for i := range v.words {
		sum += 1 / (float64(i) + 2.7) // Zipf–Mandelbrot
		v.sums = append(v.sums, sum)
	}
	return v
}

// next is a word, the common ones more often.
func (v *vocabulary) next(r *rand.Rand) string {
	i, _ := slices.BinarySearch(v.sums, r.Float64()*v.sums[len(v.sums)-1])
	return v.words[i]
}

func (v *vocabulary) text(r *rand.Rand, n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = v.next(r)
	}
	return strings.Join(words, " ") + "."
}

// usualWords are the commonest, in their order.
const usualWords = `the to a of and is in for we our not it customer on since with session this has that please can be are you at from no status when they
pending webhook refund document review decision retry error payment account country selfie photo upload failed check customers why still what there after
agents stuck verification session_id code api key dashboard again report today yesterday bank card transfer address name birth passport licence proof
timeout callback endpoint url production sandbox limit rate policy watchlist match false positive export csv invoice billing contract access user role
password login mobile android ios sdk version update language translation estonia latvia spain portugal kenya mexico duplicate merge delete erase gdpr`

// plainSheet writes to SQLite.
type plainSheet struct{ db *sql.DB }

func (s plainSheet) add(table string, columns []string, rows [][]any) error {
	t, err := s.db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = t.Rollback() }()
	statement, err := t.Prepare("INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES (?" + strings.Repeat(",?", len(columns)-1) + ")")
	if err != nil {
		return err
	}
	for _, r := range rows {
		if _, err := statement.Exec(r...); err != nil {
			return err
		}
	}
	return t.Commit()
}

// copiedSheet writes to PostgreSQL.
type copiedSheet struct {
	ctx  context.Context
	conn *pgx.Conn
}

func (s copiedSheet) add(table string, columns []string, rows [][]any) error {
	_, err := s.conn.CopyFrom(s.ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows))
	return err
}

// settled lets PostgreSQL gather what its autovacuum would have gathered by now.
func settled(b *testing.B, where string) {
	if strings.HasPrefix(where, "sqlite:") {
		return
	}
	conn, err := pgx.Connect(b.Context(), where)
	if err == nil {
		_, err = conn.Exec(b.Context(), `VACUUM ANALYZE`)
		_ = conn.Close(context.WithoutCancel(b.Context()))
	}
	if err != nil {
		b.Fatal(err)
	}
}
