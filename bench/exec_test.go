package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/clock"
	kind "frontline/integration/exec"
)

// BenchmarkExec runs a program that does nothing, alone and as an action in each sandbox, and reports how long one took, what an
// action adds, and how much processor time that is.
func BenchmarkExec(b *testing.B) {
	const runs = 50
	alone := timed(b, runs, func() error { return exec.Command("/bin/true").Run() })
	k := kind.New(clock.Real{}, os.Getenv, kind.Self())
	if s := k.Sandbox(); s.Level != kind.Full {
		b.Fatalf("this host gives only the sandbox %s: %v", s.Level, s.Why)
	}
	for _, sandbox := range []string{"full", "none"} {
		b.Run(sandbox, func(b *testing.B) {
			settings, err := json.Marshal(map[string]any{"command": []string{"/bin/true"}, "sandbox": sandbox})
			if err != nil {
				b.Fatal(err)
			}
			call := action.Call{Settings: settings}
			plan, err := k.Plan(b.Context(), call)
			if err != nil {
				b.Fatal(err)
			}
			before := spent(b)
			took := timed(b, runs, func() error {
				_, err := k.Do(b.Context(), call, plan, &actiontest.Ledger{})
				return err
			})
			b.ReportMetric(ms(spent(b)-before)/runs, "cpu_ms")
			b.ReportMetric(0, "ns/op")
			for name, at := range map[string]int{"p50_ms": runs / 2, "p95_ms": runs * 95 / 100} {
				b.ReportMetric(ms(took[at]), name)
			}
			b.ReportMetric(ms(took[runs/2]-alone[runs/2]), "added_ms")
		})
	}
}

// BenchmarkExecMany runs 200 scripts at once, each of which says 50 lines, and reports how long all took and how many lines came a second.
func BenchmarkExecMany(b *testing.B) {
	const runs, lines = 200, 50
	k := kind.New(clock.Real{}, os.Getenv, kind.Self())
	k.Sandbox()
	settings, err := json.Marshal(map[string]any{"command": []string{"/bin/sh", "-c", fmt.Sprintf("i=0; while [ $i -lt %d ]; do i=$((i+1)); echo line $i; [ $((i %% 10)) != 0 ] || sleep 0.1; done", lines)}})
	if err != nil {
		b.Fatal(err)
	}
	call := action.Call{Settings: settings}
	plan, err := k.Plan(b.Context(), call)
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	var all sync.WaitGroup
	for range runs {
		all.Go(func() {
			led := &actiontest.Ledger{}
			if res, err := k.Do(b.Context(), call, plan, led); err != nil || !res.Done || len(led.Lines()) != lines {
				b.Errorf("Do = %+v, %v, with %d lines", res, err, len(led.Lines()))
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(took.Seconds(), "all_s")
	b.ReportMetric(runs*lines/took.Seconds(), "lines_per_s")
}

// spent is the processor time of the processes that have ended.
func spent(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// timed calls f so many times, and returns how long each took, the shortest first.
func timed(b *testing.B, n int, f func() error) []time.Duration {
	b.Helper()
	var all []time.Duration
	for range n {
		began := time.Now()
		if err := f(); err != nil {
			b.Fatal(err)
		}
		all = append(all, time.Since(began))
	}
	slices.Sort(all)
	return all
}
