// Package oncalltest answers whether a store keeps the pages as oncall needs it. It has a store in memory, devices whose every message must be
// expected, and a small company's configuration, for tests of everything that pages.
package oncalltest

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"frontline/clock"
	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/oncall"
)

var (
	_ oncall.Pages     = (*Memory)(nil)
	_ oncall.Ledger    = (*Memory)(nil)
	_ oncall.Overrides = (*Memory)(nil)
)

// Memory keeps pages, overrides and jobs in memory, under one lock, with the promises that Run checks. It is for tests.
type Memory struct {
	Clock   *clock.Moved
	Entries []journal.Entry // the journal
	Break   func() error    // when set, is asked before each commit; an error is a commit that did not happen

	mu        sync.Mutex
	pages     []oncall.Page
	tries     map[string][]oncall.Attempt
	overrides map[string]oncall.Override
	jobs      []job.New
}

// NewMemory returns an empty memory.
func NewMemory(c *clock.Moved) *Memory {
	return &Memory{Clock: c, tries: map[string][]oncall.Attempt{}, overrides: map[string]oncall.Override{}}
}

var errNoPage = fault.New(fault.NotFound, "There is no such page.")

// ChangePage implements oncall.Pages.
func (m *Memory) ChangePage(ctx context.Context, id string, decide func(oncall.Page, []oncall.Attempt, time.Time) oncall.Outcome) (oncall.Page, error) {
	if err := ctx.Err(); err != nil {
		return oncall.Page{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.page(id)
	if !ok {
		return oncall.Page{}, errNoPage
	}
	return m.commit(p.Version, decide(p, m.live(p), m.Clock.Now()))
}

func (m *Memory) page(ref string) (oncall.Page, bool) {
	i := slices.IndexFunc(m.pages, func(p oncall.Page) bool { return p.ID == ref || p.Short() == ref })
	if i < 0 {
		return oncall.Page{}, false
	}
	return m.pages[i], true
}

func (m *Memory) live(p oncall.Page) []oncall.Attempt {
	var out []oncall.Attempt
	for _, a := range m.tries[p.ID] {
		if a.Firing == p.Firing || a.State == oncall.Waiting || a.State == oncall.Sending {
			out = append(out, a)
		}
	}
	return out
}

// commit writes an outcome.
func (m *Memory) commit(version int64, o oncall.Outcome) (oncall.Page, error) {
	if m.Break != nil {
		if err := m.Break(); err != nil {
			return oncall.Page{}, err
		}
	}
	if o.Nothing(version) {
		return o.Page, nil
	}
	if i := slices.IndexFunc(m.pages, func(p oncall.Page) bool { return p.ID == o.Page.ID }); i >= 0 {
		m.pages[i] = o.Page
	} else {
		m.pages = append(m.pages, o.Page)
	}
	tries := m.tries[o.Page.ID]
	for _, a := range o.Attempts {
		if i := slices.IndexFunc(tries, func(x oncall.Attempt) bool { return x.ID == a.ID }); i >= 0 {
			tries[i] = a
		} else {
			tries = append(tries, a)
		}
	}
	m.tries[o.Page.ID] = tries
	m.Entries = append(m.Entries, o.Entries...)
	m.enqueue(o.Jobs)
	return o.Page, nil
}

func (m *Memory) enqueue(jobs []job.New) {
	for _, j := range jobs {
		i := slices.IndexFunc(m.jobs, func(x job.New) bool { return x.Kind == j.Kind && x.Key == j.Key && j.Key != "" })
		switch {
		case i < 0:
			m.jobs = append(m.jobs, j)
		case j.Due.Before(m.jobs[i].Due):
			m.jobs[i] = j
		}
	}
}

// CarryOut implements oncall.Pages.
func (m *Memory) CarryOut(_ context.Context, o oncall.Order) ([]oncall.Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.Clock.Now()
	var out []oncall.Page
	for _, p := range m.pages {
		if p.Subject != o.About || !p.Live() || o.Do == oncall.DoRaise && !o.Raise.Fits(p) {
			continue
		}
		p, err := m.commit(p.Version, o.On(p, m.live(p), now))
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	if len(out) > 0 || o.Do != oncall.DoRaise {
		return out, nil
	}
	n := len(m.pages) + 1
	opened := oncall.OpenPage(o.Raise, "page-"+strconv.Itoa(n), o.By, now)
	opened.Page.Number = int64(n)
	p, err := m.commit(0, opened)
	return []oncall.Page{p}, err
}

// Page implements oncall.Pages.
func (m *Memory) Page(_ context.Context, ref string) (oncall.Page, []oncall.Attempt, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.page(ref)
	if !ok {
		return oncall.Page{}, nil, errNoPage
	}
	return p, slices.Clone(m.tries[p.ID]), nil
}

// PagesAbout implements oncall.Pages.
func (m *Memory) PagesAbout(_ context.Context, about journal.Subject) ([]oncall.Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []oncall.Page
	for _, p := range slices.Backward(m.pages) {
		if p.Subject == about && len(out) < 20 {
			out = append(out, p)
		}
	}
	return out, nil
}

// PagesTo implements oncall.Pages.
func (m *Memory) PagesTo(_ context.Context, person string, since time.Time, limit int) ([]oncall.Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []oncall.Page
	for _, p := range slices.Backward(m.pages) {
		tried := slices.ContainsFunc(m.tries[p.ID], func(a oncall.Attempt) bool { return a.Duty.Person == person })
		if tried && (p.Live() || !p.OpenedAt.Before(since)) && len(out) < limit {
			out = append(out, p)
		}
	}
	return out, nil
}

// Trouble implements oncall.Ledger.
func (m *Memory) Trouble(_ context.Context, late, stuck time.Time, limit int) (oncall.Trouble, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var t oncall.Trouble
	for _, p := range m.pages {
		if p.Live() && p.DueAt.Before(late) && len(t.Late) < limit {
			t.Late = append(t.Late, p)
		}
		if p.Live() && p.Exhausted && len(t.Exhausted) < limit {
			t.Exhausted = append(t.Exhausted, p)
		}
		for _, a := range m.tries[p.ID] {
			if (a.State == oncall.Waiting || a.State == oncall.Sending) && a.DueAt.Before(stuck) && len(t.Stuck) < limit {
				t.Stuck = append(t.Stuck, a)
			}
		}
	}
	return t, nil
}

// Failures implements oncall.Ledger.
func (m *Memory) Failures(_ context.Context, since time.Time, limit int) ([]oncall.Attempt, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []oncall.Attempt
	for _, tries := range m.tries {
		for _, a := range tries {
			if a.State == oncall.Failed && !a.DueAt.Before(since) {
				out = append(out, a)
			}
		}
	}
	slices.SortFunc(out, func(a, b oncall.Attempt) int { return b.DueAt.Compare(a.DueAt) })
	return out[:min(len(out), limit)], nil
}

// Enqueue implements oncall.Ledger.
func (m *Memory) Enqueue(_ context.Context, jobs ...job.New) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.enqueue(jobs)
	return nil
}

// Overrides implements oncall.Overrides.
func (m *Memory) Overrides(_ context.Context, from, to time.Time) ([]oncall.Override, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []oncall.Override
	for _, o := range m.overrides {
		if !o.From.After(to) && !o.To.Before(from) {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b oncall.Override) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// Override implements oncall.Overrides.
func (m *Memory) Override(_ context.Context, id string) (oncall.Override, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.overrides[id]
	if !ok {
		return o, fault.New(fault.NotFound, "There is no such override.")
	}
	return o, nil
}

// PutOverride implements oncall.Overrides.
func (m *Memory) PutOverride(_ context.Context, o oncall.Override, then journal.Consequences) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.overrides[o.ID] = o
	m.Entries = append(m.Entries, then.Entries...)
	m.enqueue(then.Jobs)
	return nil
}

// Jobs returns the waiting jobs of a kind.
func (m *Memory) Jobs(kind string) []job.New {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []job.New
	for _, j := range m.jobs {
		if j.Kind == kind {
			out = append(out, j)
		}
	}
	return out
}

// Lose removes the waiting jobs of a kind, as a defect would.
func (m *Memory) Lose(kind string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.jobs = slices.DeleteFunc(m.jobs, func(j job.New) bool { return j.Kind == kind })
}

// Settle carries out what is due, one job after the other, until nothing is. A job that fails comes back after its pause.
func (m *Memory) Settle(t testing.TB, handlers []job.Handler) {
	t.Helper()
	for range 10_000 {
		j, h, ok := m.take(handlers)
		if !ok {
			return
		}
		if err := h.Do(t.Context(), job.Claim{Kind: j.Kind, Key: j.Key, Args: j.Args, Due: j.Due, Try: 1}); err != nil {
			j.Due = m.Clock.Now().Add(h.Back(1))
			_ = m.Enqueue(t.Context(), j) // never fails
		}
	}
	t.Fatal("the jobs never settle")
}

// Next returns when the next job that one of the handlers carries out is due.
func (m *Memory) Next(handlers []job.Handler) (time.Time, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, _, ok := m.first(handlers)
	return j.Due, ok
}

// take leases the first due job.
func (m *Memory) take(handlers []job.Handler) (job.New, job.Handler, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, h, ok := m.first(handlers)
	if !ok || j.Due.After(m.Clock.Now()) {
		return j, h, false
	}
	m.jobs = slices.DeleteFunc(m.jobs, func(x job.New) bool { return x.Kind == j.Kind && x.Key == j.Key })
	return j, h, true
}

func (m *Memory) first(handlers []job.Handler) (job.New, job.Handler, bool) {
	var next job.New
	var with job.Handler
	found := false
	for _, j := range m.jobs {
		i := slices.IndexFunc(handlers, func(h job.Handler) bool { return h.Name == j.Kind })
		if i >= 0 && (!found || j.Due.Before(next.Due)) {
			next, with, found = j, handlers[i], true
		}
	}
	return next, with, found
}
