package bench

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"frontline/desk"
	"frontline/fault"
	"frontline/people"
)

var (
	howMany = flag.Int("requests", 20_000, "how many requests the desk of BenchmarkFinding, BenchmarkReports and BenchmarkNight has")
	kept    = flag.String("kept", "", "a folder in which the desk's SQLite file is kept, so that the next run need not write it")
	keptAt  = flag.String("kept-at", "", "the address of a PostgreSQL database in which the desk is kept, so that the next run need not write it")
)

// BenchmarkFinding fills a database with requests of words that are as common as words are (Zipf), lets the text index follow, and reports how long
// searches, similar requests and queues take: p50 and p99 of each, and how many requests a second the index takes in.
func BenchmarkFinding(b *testing.B) {
	for name, address := range databases(b) {
		b.Run(name, func(b *testing.B) {
			s, _ := followed(b, name, address)
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
