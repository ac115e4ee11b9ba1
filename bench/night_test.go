package bench

import (
	"log/slog"
	"syscall"
	"testing"
	"time"

	"frontline/clock"
	"frontline/insight"
)

// BenchmarkNight does a night's work on the desk of BenchmarkFinding: it guesses the demand of what nobody has coded and groups what is none of them. It
// reports the processor time, and the most memory that this process ever had.
func BenchmarkNight(b *testing.B) {
	for name, address := range databases(b) {
		b.Run(name, func(b *testing.B) {
			s, db := followed(b, name, address)
			e := &insight.Explorer{DB: db, Desk: s, Zone: time.UTC, Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler)}
			began, before := time.Now(), processor()
			if err := e.Explore(b.Context(), insight.ExploreArgs{}); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(time.Since(began).Seconds(), "night_s")
			b.ReportMetric((processor() - before).Seconds(), "cpu_s")
			var u syscall.Rusage
			if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(u.Maxrss)/1000, "MB-resident")
			b.ReportMetric(0, "ns/op")
			known, err := db.Proposals(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			b.Logf("%d requests: %+v; %d proposals", *howMany, known.Night, len(known.Proposals))
		})
	}
}
