package bench

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite"

	"frontline/clock"
	"frontline/config"
	"frontline/desk"
	"frontline/people"
	"frontline/store"
)

// followed makes a desk of many years and lets the text index follow.
func followed(b *testing.B, name string, address func() string) (*desk.Service, *store.DB) {
	where := ""
	switch {
	case name == "sqlite" && *kept != "":
		where = "sqlite:" + *kept + "/frontline.db"
	case name == "postgres" && *keptAt != "":
		where = *keptAt
	default:
		where = address()
	}
	s, db := asked(b, where, *howMany)
	began, took := time.Now(), 0
	for more := true; more; took++ {
		var err error
		if more, err = db.FollowFindings(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	if took > 1 {
		b.Logf("%s: the index took in %d requests, %.0f a second", name, *howMany, float64(*howMany)/time.Since(began).Seconds())
		settled(b, where)
	}
	return s, db
}

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
	if written(b, where, n) {
		settled(b, where)
	}
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

// written writes n requests with their messages, as a desk of many years leaves them, unless they are there; then it says false.
func written(b *testing.B, where string, n int) bool {
	var to sheet
	if path, ok := strings.CutPrefix(where, "sqlite:"); ok {
		db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_pragma=cache_size(-200000)")
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		there := 0
		if err := db.QueryRow(`SELECT COUNT(*) FROM request`).Scan(&there); err != nil {
			b.Fatal(err)
		}
		if there > 0 {
			*howMany = there
			return false
		}
		to = plainSheet{db}
	} else {
		conn, err := pgx.Connect(b.Context(), where)
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = conn.Close(context.WithoutCancel(b.Context())) }()
		there := 0
		if err := conn.QueryRow(b.Context(), `SELECT COUNT(*) FROM request`).Scan(&there); err != nil {
			b.Fatal(err)
		}
		if there > 0 {
			*howMany = there
			return false
		}
		to = copiedSheet{b.Context(), conn}
	}
	a := newAuthor(n)
	tables := a.register()
	for at := 0; at < n; at += 5_000 {
		for i := at; i < min(at+5_000, n); i++ {
			a.request(tables, i+1)
		}
		for _, t := range sheets() {
			if err := to.add(t[0], strings.Fields(t[1]), tables[t[0]]); err != nil {
				b.Fatal(err)
			}
			tables[t[0]] = tables[t[0]][:0]
		}
	}
	return true
}

// sheets are the tables that are written, in their order, with their columns.
func sheets() [][2]string {
	return [][2]string{
		{"party", "id person address name"},
		{"demand", "number id title ended_at body"},
		{"request", "number id title fields type team service customer asker state waits_for assignee of_request problem incident received_at snoozed_until closed_at due_at body"},
		{"request_message", "id request kind author party at body cut salt channel ref"},
		{"request_code", "request demand share author at"},
		{"request_fact", "request number type team service customer asker of_request outcome size received_at replied_at closed_at touch developers met missed due_first due_next due_resolution codes guess"},
	}
}

// author writes requests.
type author struct {
	rand  *rand.Rand
	words *vocabulary
	now   time.Time
	of    int
	about [][]string // the words of each thing that is asked for; the first are demands
}

// What the company is asked for.
const (
	demands = 80
	unnamed = 40 // things that nobody has named
)

func newAuthor(n int) *author {
	a := &author{rand: rand.New(rand.NewPCG(1, 2)), words: newVocabulary(9), now: time.Now(), of: n}
	for range demands + unnamed {
		var words []string
		for range 12 {
			words = append(words, a.words.words[100+a.rand.IntN(5_000)])
		}
		a.about = append(a.about, words)
	}
	return a
}

// register is what there is before the first request.
func (a *author) register() map[string][][]any {
	tables := map[string][][]any{}
	for i := range askers {
		tables["party"] = append(tables["party"], []any{fmt.Sprintf("party-%d", i), "", fmt.Sprintf("asker%d@customer-%d.example", i, i%customers), fmt.Sprintf("Asker %d", i)})
	}
	for i := range demands {
		d := desk.Demand{Title: "About " + strings.Join(a.about[i][:3], " "), Handling: desk.ByHand, BornAt: a.now.AddDate(-4, 0, 0), Version: 1}
		body, _ := json.Marshal(d)
		tables["demand"] = append(tables["demand"], []any{int64(i + 1), fmt.Sprintf("demand-%d", i), d.Title, int64(0), string(body)})
	}
	return tables
}

// text is n words, two of five about something.
func (a *author) text(n, about int) string {
	words := make([]string, n)
	for i := range words {
		if words[i] = a.words.next(a.rand); a.rand.IntN(5) < 2 {
			words[i] = a.about[about][a.rand.IntN(len(a.about[about]))]
		}
	}
	return strings.Join(words, " ") + "."
}

// request writes one request: three of five are coded, one in seven is none of the demands, the others nobody has coded.
func (a *author) request(tables map[string][][]any, number int) {
	at := a.now.Add(-time.Duration(a.of-number) * 2 * time.Minute).UTC()
	r := desk.Request{ID: fmt.Sprintf("request-%d", number), Type: "question", Team: "frontline", Customer: fmt.Sprintf("customer-%d", a.rand.IntN(customers)), Asker: fmt.Sprintf("party-%d", a.rand.IntN(askers)),
		Channel: "mail", State: desk.Closed, Outcome: desk.Answered, Priority: desk.Normal, ReceivedAt: at, ChangedAt: at, ClosedAt: at.Add(time.Duration(1+a.rand.ExpFloat64()*20) * time.Hour), Said: 2, Version: 1}
	if a.rand.IntN(20) == 0 {
		r.Type, r.Team = "salary", "payments"
	}
	if a.rand.IntN(13) == 0 {
		r.Outcome = desk.Fixed
	}
	r.FirstReplyAt = at.Add(r.ClosedAt.Sub(at) / 4)
	about := min(a.rand.IntN(demands), a.rand.IntN(demands))
	codes := fmt.Sprintf("demand-%d:100", about)
	switch n := a.rand.IntN(100); {
	case number > a.of-unended:
		r.State, r.Outcome, r.ClosedAt, codes = desk.Open, "", time.Time{}, ""
		if r.DueAt = a.now.Add(time.Duration(a.rand.IntN(96)-24) * time.Hour); a.rand.IntN(10) == 0 {
			r.Assignee = "liis"
		}
	case n < 60:
		r.Codes = []desk.Code{{Demand: fmt.Sprintf("demand-%d", about), Share: 100, By: "liis", At: r.ClosedAt}}
		r.Size = []desk.Size{desk.Small, desk.Medium, desk.Large}[a.rand.IntN(3)]
	case n < 75:
		about, codes, r.NoDemand = demands+a.rand.IntN(unnamed), "none", true
	default:
		codes = ""
	}
	a.put(tables, r, about, codes)
}

func (a *author) put(tables map[string][][]any, r desk.Request, about int, codes string) {
	micros := func(t time.Time, none int64) int64 {
		if t.IsZero() {
			return none
		}
		return t.UnixMicro()
	}
	add := func(table string, row ...any) { tables[table] = append(tables[table], row) }
	number, _ := strconv.ParseInt(strings.TrimPrefix(r.ID, "request-"), 10, 64)
	at, due, closed := r.ReceivedAt.UnixMicro(), micros(r.DueAt, 1<<62), micros(r.ClosedAt, 0)
	body, _ := json.Marshal(r)
	add("request", number, r.ID, a.text(4+a.rand.IntN(5), about), "{}", r.Type, r.Team, "", r.Customer, r.Asker, string(r.State), "", r.Assignee, "", "", "", at, int64(0), closed, due, string(body))
	message := func(kind, author string, words int) {
		add("request_message", fmt.Sprintf("%s-%s", r.ID, kind), r.ID, kind, author, r.Asker, at, a.text(words, about), "", "", "mail", "")
	}
	message("question", "", 15+a.rand.IntN(60))
	message("reply", "liis", 10+a.rand.IntN(40))
	if a.rand.IntN(4) == 0 {
		message("note", "liis", 5+a.rand.IntN(20))
	}
	for _, c := range r.Codes {
		add("request_code", r.ID, c.Demand, int64(c.Share), c.By, micros(c.At, 0))
	}
	if r.NoDemand {
		add("request_code", r.ID, "", int64(100), "", closed)
	}
	add("request_fact", r.ID, number, r.Type, r.Team, "", r.Customer, r.Asker, "", string(r.Outcome), string(r.Size), at, micros(r.FirstReplyAt, 0), closed,
		int64(60+a.rand.IntN(1_800)), a.rand.IntN(25) == 0, int64(1), int64(a.rand.IntN(8)/7), int64(0), int64(0), int64(0), codes, "")
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
