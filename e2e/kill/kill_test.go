// Package kill is the proof that no page is lost: the real program is killed (kill -9) again and again between a signal and the receipt of its
// page, and each page must arrive.
//
// There is no hook in the program for it. Each round sends alerts, waits for something that can be seen from outside (a first answer, a message
// that comes to the push server, …), then for a moment of chance, and kills. Afterwards the database tells how far each alert had come. Then the
// server is started again, on SQLite, or the other replica takes over, on PostgreSQL; and the phones tell how often each alert rang, and when.
package kill

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"frontline/clock"
	"frontline/e2e/neighbour"
	"frontline/store"

	"log/slog"
)

func TestMain(m *testing.M) { neighbour.Main(m) }

var (
	kills = flag.Int("kills", 200, "how many times the server is killed, half of them on PostgreSQL with two replicas")
	seed  = flag.Uint64("seed", 1, "of the moments of the kills")
)

const (
	burst    = 24               // alerts that are under way at each kill
	patience = 60 * time.Second // after which a page counts as lost
)

// TestNoPageIsLost kills the server at each step between signal and receipt.
func TestNoPageIsLost(t *testing.T) {
	neighbour.Need(t)
	for name, where := range map[string]func(testing.TB) string{"sqlite": sqlite, "postgres": postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &campaign{t: t, desk: open(t, where(t), "5m"), sender: newSender(), chance: rand.New(rand.NewPCG(*seed, 0))}
			c.run(*kills / 2)
		})
	}
}

// step is how far an alert had come when the server was killed.
type step int

const (
	sent      step = iota // the database has never heard of it
	committed             // the sender was not told
	answered              // nobody is chosen to be paged
	decided               // nobody sends it
	sending               // the push server has not taken it
	taken                 // the receipt is not written down
	receipted             // all is done
	steps
)

func (s step) String() string {
	return [...]string{"before the commit", "committed, not answered", "answered, not decided", "decided, not being sent", "being sent, not taken", "taken, no receipt", "after the receipt"}[s]
}

// fate is what became of one alert.
type fate struct {
	alert string
	step  step
	times int           // how often it rang
	late  time.Duration // from the kill to the ring; 0 when it had rung before
}

// campaign is a number of kills on one database.
type campaign struct {
	t      *testing.T
	desk   *desk
	sender *sender
	chance *rand.Rand
	fates  []fate
}

func (c *campaign) run(kills int) {
	d := c.desk
	d.replicas = append(d.replicas, d.ready(d.start(0)))
	if d.file == "" {
		d.replicas = append(d.replicas, d.ready(d.start(0)))
	}
	for n := range kills {
		c.round(n)
		if c.t.Failed() {
			break
		}
	}
	for _, r := range d.replicas {
		r.stop()
	}
	c.t.Logf("%d kills, %d alerts under way\n%s", kills, len(c.fates), table(c.fates))
	c.judge()
}

// round sends alerts, kills one replica in the middle, and waits until every page has arrived and is written down.
func (c *campaign) round(n int) {
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	var alerts []string
	for i := range burst {
		alerts = append(alerts, fmt.Sprintf("Decisions stopped %04d-%02d", n, i))
	}
	victim := c.chance.IntN(len(c.desk.replicas))
	aim := aims[n%len(aims)]
	c.desk.phones.set(aim.hold)
	answers, began := len(c.sender.took), c.sender.began.Load()
	var wg sync.WaitGroup
	for i, a := range alerts {
		wg.Go(func() { c.sender.send(ctx, a, c.servers(i)...) })
	}
	aim.wait(c, answers, began)
	time.Sleep(time.Duration(c.chance.Int64N(int64(aim.chance))))
	killed := time.Now()
	c.desk.replicas[victim].kill()
	wreck := c.look(ctx, alerts)
	c.desk.phones.set(holdNothing)

	single := len(c.desk.replicas) == 1
	if single {
		c.restart(victim)
	}
	wg.Wait()
	c.settle(ctx, alerts)
	for _, a := range alerts {
		c.note(a, wreck[a], killed)
	}
	if !single {
		c.restart(victim)
	}
	c.resolve(alerts)
}

// servers are the replicas' addresses, beginning with the i-th.
func (c *campaign) servers(i int) (urls []string) {
	for k := range c.desk.replicas {
		urls = append(urls, c.desk.replicas[(i+k)%len(c.desk.replicas)].url)
	}
	return urls
}

func (c *campaign) restart(i int) {
	c.desk.replicas[i] = c.desk.ready(c.desk.start(c.desk.replicas[i].port))
}

// aim is what the killer waits for, and the longest moment of chance after it.
type aim struct {
	hold   hold
	wait   func(c *campaign, answers int, began int64)
	chance time.Duration
}

const soon = 5 * time.Second // when what the killer waits for does not come, it strikes anyway

var aims = []aim{
	{holdNothing, func(c *campaign, _ int, began int64) { // the first POST is on its way
		for c.sender.began.Load() == began {
			time.Sleep(50 * time.Microsecond)
		}
	}, 5 * time.Millisecond},
	{holdNothing, func(c *campaign, answers int, _ int64) { // some are answered
		c.sender.reached(soon, answers+1+c.chance.IntN(burst))
	}, 4 * time.Millisecond},
	{holdMessages, func(c *campaign, _ int, _ int64) { // some messages have come, and are not taken
		some := 1 + c.chance.IntN(burst)
		c.desk.phones.reached(soon, func(asked, _ int) bool { return asked >= some })
	}, 4 * time.Millisecond},
	{holdReceipts, func(c *campaign, _ int, _ int64) { // some messages are taken, and not answered
		some := 1 + c.chance.IntN(burst)
		c.desk.phones.reached(soon, func(_, taken int) bool { return taken >= some })
	}, 4 * time.Millisecond},
	{holdNothing, func(c *campaign, _ int, _ int64) { // some messages are taken and answered
		some := 1 + c.chance.IntN(burst)
		c.desk.phones.reached(soon, func(_, taken int) bool { return taken >= some })
	}, 4 * time.Millisecond},
	{holdNothing, func(*campaign, int, int64) {}, 100 * time.Millisecond}, // whenever
}

// look finds how far each alert had come.
func (c *campaign) look(ctx context.Context, alerts []string) map[string]step {
	c.t.Helper()
	told := map[string]bool{}
	for _, a := range alerts {
		told[a] = c.sender.answered(a)
	}
	db, away := c.desk.wreck()
	defer away()
	states, err := ledger(ctx, db, prefix(alerts))
	must(c.t, err)
	steps := map[string]step{}
	for _, a := range alerts {
		state, is := states[a]
		switch {
		case !is:
			steps[a] = sent
		case state == "" && !told[a]:
			steps[a] = committed
		case state == "":
			steps[a] = answered
		case state == "waiting":
			steps[a] = decided
		case state == "sending" && len(c.desk.phones.rang(a)) == 0:
			steps[a] = sending
		case state == "sending":
			steps[a] = taken
		default:
			steps[a] = receipted
		}
	}
	return steps
}

// prefix is what the names of a round's alerts have in common.
func prefix(alerts []string) string { return strings.TrimRight(alerts[0], "0123456789") }

// settle waits until each alert's page has its receipt, or is lost.
func (c *campaign) settle(ctx context.Context, alerts []string) {
	db := c.desk.view(c.desk.file)
	defer db.Close()
	for ctx.Err() == nil {
		states, err := ledger(ctx, db, prefix(alerts))
		if err == nil && !slices.ContainsFunc(alerts, func(a string) bool { return states[a] != "sent" }) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	states, err := ledger(c.t.Context(), db, prefix(alerts))
	c.t.Errorf("after %v the ledger says %v (%v); the server's log ends with\n%s", patience, states, err, c.desk.replicas[0].Tail())
}

// note writes down what became of an alert.
func (c *campaign) note(alert string, s step, killed time.Time) {
	f := fate{alert: alert, step: s}
	rings := c.desk.phones.rang(alert)
	f.times = len(rings)
	if len(rings) > 0 && rings[0].at.After(killed) {
		f.late = rings[0].at.Sub(killed)
	}
	c.fates = append(c.fates, f)
}

// resolve ends the round's pages, so that nobody is paged again while the others are tried.
func (c *campaign) resolve(alerts []string) {
	must(c.t, post(c.t.Context(), c.sender.client, c.desk.replicas[0].url, webhook("resolved", alerts...)))
}

// judge fails the test when a page was lost or came more often than twice, when a step was never hit, when an alert has two pages, or when something
// is left undone.
func (c *campaign) judge() {
	hit := [steps]int{}
	for _, f := range c.fates {
		hit[f.step]++
		if f.times == 0 {
			c.t.Errorf("%s was lost: killed %s", f.alert, f.step)
		}
		if f.times > 2 {
			c.t.Errorf("%s rang %d times after one kill: killed %s", f.alert, f.times, f.step)
		}
	}
	for s, n := range hit {
		if n == 0 && len(c.fates) >= 100*burst {
			c.t.Errorf("no alert was killed %s", step(s))
		}
	}
	for _, line := range c.desk.complaints() {
		c.t.Errorf("logged: %s", line)
	}
	c.judgeBooks()
}

// judgeBooks looks at what is left in the database.
func (c *campaign) judgeBooks() {
	db := c.desk.view(c.desk.file)
	var pages, jobs int
	must(c.t, db.QueryRowContext(c.t.Context(), `SELECT COUNT(*) FROM page`).Scan(&pages))
	must(c.t, db.QueryRowContext(c.t.Context(), `SELECT COUNT(*) FROM job WHERE kind = 'oncall.deliver' OR state <> 'ready'`).Scan(&jobs))
	must(c.t, db.Close())
	if pages != len(c.fates) || jobs != 0 {
		c.t.Errorf("%d alerts have %d pages, and %d jobs are left", len(c.fates), pages, jobs)
	}
	books, err := store.Open(c.t.Context(), c.desk.database, store.Options{Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler)})
	must(c.t, err)
	defer books.Close()
	if broken, err := books.VerifyJournal(c.t.Context()); err != nil || broken != 0 {
		c.t.Errorf("the journal's chain is broken at entry %d (%v)", broken, err)
	}
	trouble, err := books.Trouble(c.t.Context(), time.Now(), time.Now(), 10)
	if err != nil || len(trouble.Late)+len(trouble.Stuck)+len(trouble.Exhausted) > 0 {
		c.t.Errorf("the auditor would find %+v (%v)", trouble, err)
	}
}

// table is what became of the alerts, by the step at which they were killed.
func table(fates []fate) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "killed\talerts\tonce\ttwice\tmore\tnever\tring p50\tp99\tlongest\t")
	line := func(name string, these []fate) {
		var times [4]int
		var late []time.Duration
		for _, f := range these {
			times[min(f.times, 3)]++
			if f.late > 0 {
				late = append(late, f.late)
			}
		}
		slices.Sort(late)
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t\n", name, len(these), times[1], times[2], times[3], times[0], quantile(late, 0.5), quantile(late, 0.99), quantile(late, 1))
	}
	for s := range steps {
		line(s.String(), slices.DeleteFunc(slices.Clone(fates), func(f fate) bool { return f.step != s }))
	}
	line("all", fates)
	_ = w.Flush()
	return out.String()
}

func quantile(sorted []time.Duration, q float64) string {
	if len(sorted) == 0 {
		return "-"
	}
	return sorted[int(q*float64(cmp.Compare(len(sorted), 0)*(len(sorted)-1)))].Round(time.Millisecond).String()
}
