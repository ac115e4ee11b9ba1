package oncalltest

import (
	"testing"

	"frontline/clock"
	"frontline/job"
	"frontline/journal"
)

// The memory that stories are told on keeps the same promises as the databases.
func TestMemory(t *testing.T) {
	Run(t, func(*testing.T) Backend {
		c := clock.NewMoved(Night)
		m := NewMemory(c)
		return Backend{Store: m, Replica: m, Clock: c,
			Jobs:    func(_ testing.TB, kind string) []job.New { return m.Jobs(kind) },
			Entries: func(testing.TB) []journal.Entry { return m.Entries }}
	})
}
