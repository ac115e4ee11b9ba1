package office

import (
	"log/slog"
	"math/rand/v2"
	"time"

	"frontline/e2e/verity"
	"frontline/watch"
)

// checks is a watch whose counts are sent.
const checks = `watches:
  - id: checks
    name: Checks that fail
    service: decision-pipeline
    bucket: 5m
    learn: 24h
    labels: [customer, country]
    by: [country]
    customer: customer
    source: {push: {}}
`

// watches is what people do with watches.
func (w *World) watches() *watch.Service {
	return &watch.Service{Store: w.DB, Book: book[watch.Directory](w), Clock: w.Clock}
}

// keeper looks at watches to which counts are sent.
func (w *World) keeper(log *slog.Logger) *watch.Keeper {
	return &watch.Keeper{Store: w.DB, Book: book[watch.Directory](w), Ask: func(watch.Definition) (watch.Source, bool) { return nil, false }, Signals: w.intake, Clock: w.Clock, Log: log,
		Link: func(f watch.Finding) string {
			return "https://frontline.verity.example/watches/" + f.Watch + "/findings/" + f.Name()
		}}
}

// Observe has a watch look at the identity checks of 30 hours, of which one in a hundred fails; since 80 minutes it is eight for Lumo
// Exchange in Kenya. The watch finds that: F-1 is of everything together.
func (w *World) Observe() {
	w.t.Helper()
	w.Apply("checks", verity.File("checks.yaml", checks))
	now := w.Clock.Now().Truncate(5 * time.Minute)
	if err := w.watches().Push(w.t.Context(), verity.Marika(), "checks", "history", counted(now)); err != nil {
		w.t.Fatal(err)
	}
	if err := w.DB.Enqueue(w.t.Context(), watch.JobTick().At(w.Clock.Now(), "checks", watch.TickArgs{Watch: "checks"})); err != nil {
		w.t.Fatal(err)
	}
	w.Settle()
	if found, err := w.DB.Findings(w.t.Context(), watch.Filter{Watch: "checks"}); err != nil || len(found) == 0 {
		w.t.Fatalf("the watch found nothing: %v", err)
	}
}

// counted are the counts of 30 hours, always the same ones.
func counted(now time.Time) (out []watch.Count) {
	chance := rand.New(rand.NewPCG(11, 7))
	for at := now.Add(-30 * time.Hour); at.Before(now); at = at.Add(5 * time.Minute) {
		for _, customer := range []string{"nordpank", "lumo", "arco", "kivi", "savanna"} {
			for _, country := range []string{"EE", "KE"} {
				rate, c := 0.01, watch.Count{At: at, Labels: map[string]string{"customer": customer, "country": country}, Total: 200}
				if customer == "lumo" && country == "KE" && now.Sub(at) <= 80*time.Minute {
					rate = 0.08
				}
				for range 200 {
					if chance.Float64() < rate {
						c.Errors++
					}
				}
				out = append(out, c)
			}
		}
	}
	return out
}
