package web

import (
	"context"
	"fmt"
	"slices"
	"time"

	"frontline/alert"
	"frontline/desk"
	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/oncall"
	"frontline/people"
)

// Upkeep tells how Frontline itself does.
type Upkeep interface {
	// Health is the auditor's last look at the pager.
	Health() oncall.Health
	// Failures returns what could not be delivered since the time, the newest first.
	Failures(ctx context.Context, a people.Actor, since time.Time, limit int) ([]oncall.Attempt, error)
	// Activity returns what the sources sent since the time; one that sent nothing is left out.
	Activity(ctx context.Context, a people.Actor, since time.Time) ([]alert.Activity, error)
	// Sealing says how far the journal's sealer is.
	Sealing(ctx context.Context, a people.Actor) (journal.Sealing, error)
	// Backlog returns durable work that was due before the time and is not taken, and what was buried.
	Backlog(ctx context.Context, a people.Actor, late time.Time) (job.Backlog, error)
}

// upkeepRow is one part of Frontline and how it does.
type upkeepRow struct {
	Icon  string // "ok", "warning", "critical", "calm"
	State string // for those who see no icon: "Well", "Look"
	Name  string
	Small string
	At    moment // when it was looked at, or heard last; may be zero
	Path  string
}

// What is called late, and how far back is looked.
const (
	sealLate     = time.Minute
	workLate     = time.Minute
	failuresBack = 24 * time.Hour
	failuresMost = 100
	auditLate    = 30 * time.Second
)

func (s *Server) homeSelf(ctx context.Context, v *visit, now homeNow, scr *homeScreen) error {
	rows, err := s.upkeep(ctx, v)
	if err != nil {
		return err
	}
	heard, err := s.deps.Upkeep.Activity(ctx, v.Actor, v.Now.Add(-time.Hour))
	if err != nil {
		return err
	}
	scr.Self = append(scr.Self, rows[0])
	for _, src := range now.Book.Sources() {
		scr.Self = append(scr.Self, sourceRow(v, src, heard))
	}
	scr.Self = append(scr.Self, rows[1:]...)
	return nil
}

// sourceRow says what a source sent in the last hour.
func sourceRow(v *visit, src alert.Source, heard []alert.Activity) upkeepRow {
	row := upkeepRow{Icon: "calm", State: "Silent", Name: src.Name, Small: "nothing in the last hour", Path: "/sources"}
	i := slices.IndexFunc(heard, func(a alert.Activity) bool { return a.Source == src.ID })
	if i >= 0 {
		row.Icon, row.State, row.At = "ok", "Heard", v.at(heard[i].LastAt)
		row.Small = plural(int(heard[i].Messages), "message", "messages") + " in the last hour"
	}
	return row
}

// upkeep looks at the pager, at what was delivered, at the durable work and at the journal.
func (s *Server) upkeep(ctx context.Context, v *visit) ([]upkeepRow, error) {
	rows := []upkeepRow{pagingRow(v, s.deps.Upkeep.Health())}
	failed, err := s.deps.Upkeep.Failures(ctx, v.Actor, v.Now.Add(-failuresBack), failuresMost)
	if err != nil {
		return nil, err
	}
	rows = append(rows, failureRows(v, failed)...)
	if s.deps.Chat != nil {
		rows = append(rows, chatRow(v, s.deps.Chat()))
	}
	if s.deps.Inbox != nil {
		rows = append(rows, inboxRow(v, s.deps.Inbox()))
	}
	work, err := s.deps.Upkeep.Backlog(ctx, v.Actor, v.Now.Add(-workLate))
	if err != nil {
		return nil, err
	}
	if row := workRow(v, work); row.Icon != "ok" {
		rows = append(rows, row)
	}
	seal, err := s.deps.Upkeep.Sealing(ctx, v.Actor)
	if err != nil {
		return nil, err
	}
	return append(rows, sealRow(v, seal)), nil
}

func pagingRow(v *visit, h oncall.Health) upkeepRow {
	row := upkeepRow{Icon: "ok", State: "Well", Name: "Paging", Small: "no page past its deadline", At: v.at(h.At)}
	switch {
	case !h.Healthy():
		row.Icon, row.State, row.Small = "critical", "Broken", h.Say()
	case v.Now.Sub(h.At) > auditLate:
		row.Icon, row.State, row.Small = "warning", "Look", "the auditor has not looked for "+age(v.Now.Sub(h.At))
	}
	return row
}

// failureRows says which channels failed lately; one row when none did.
func failureRows(v *visit, failed []oncall.Attempt) []upkeepRow {
	if len(failed) == 0 {
		return []upkeepRow{{Icon: "ok", State: "Well", Name: "Delivery", Small: "no message failed in 24 hours"}}
	}
	var rows []upkeepRow
	count := map[string]int{}
	for _, a := range failed {
		count[a.Contact.Channel]++
	}
	for _, a := range failed { // the newest of each channel
		n := count[a.Contact.Channel]
		if n == 0 {
			continue
		}
		count[a.Contact.Channel] = 0
		rows = append(rows, upkeepRow{Icon: "warning", State: "Look", Name: capital(channelWord(a.Contact.Channel)), At: v.at(a.DueAt), Path: "/system",
			Small: plural(n, "message", "messages") + " failed in 24 hours: " + a.Error})
	}
	return rows
}

// Inbox is how the mailbox does that mail for the desk is fetched from.
type Inbox struct {
	Name   string    // who@host
	At     time.Time // when all was last well; zero when it never was
	Taken  int       // mails since the start
	Failed string    // what is wrong now, for people; empty when all is well
	Since  time.Time // when that began
}

func inboxRow(v *visit, x Inbox) upkeepRow {
	row := upkeepRow{Icon: "ok", State: "Well", Name: "Mailbox " + x.Name, Small: plural(x.Taken, "mail", "mails") + " taken since the start", At: v.at(x.At), Path: "/system"}
	switch {
	case x.Failed != "":
		row.Icon, row.State, row.Small, row.At = "warning", "Look", x.Failed, v.at(x.Since)
	case x.At.IsZero():
		row.Icon, row.State, row.Small = "calm", "Waiting", "not looked into yet"
	}
	return row
}

func workRow(v *visit, b job.Backlog) upkeepRow {
	row := upkeepRow{Icon: "ok", State: "Well", Name: "Durable work", Small: "nothing is late, nothing was given up", Path: "/system"}
	buried := 0
	for _, x := range b.Buried {
		buried += x.N
	}
	switch {
	case b.Late > 0:
		row.Icon, row.State, row.At = "warning", "Look", v.at(b.Since)
		row.Small = plural(b.Late, "job is", "jobs are") + " late, the oldest since"
	case buried > 0:
		row.Icon, row.State = "warning", "Look"
		row.Small = fmt.Sprintf("%s for good, look why", plural(buried, "job failed", "jobs failed"))
	}
	return row
}

func sealRow(v *visit, seal journal.Sealing) upkeepRow {
	row := upkeepRow{Icon: "ok", State: "Well", Name: "Journal", Small: "sealed up to entry " + number(int(seal.Sealed)), Path: "/journal"}
	switch {
	case seal.Waiting > 0 && v.Now.Sub(seal.Since) > sealLate:
		row.Icon, row.State, row.At = "warning", "Look", v.at(seal.Since)
		row.Small = plural(seal.Waiting, "entry waits", "entries wait") + " to be sealed, the oldest since"
	case seal.Sealed == 0:
		row.Small = "nothing has happened yet"
	}
	return row
}

// AlertCounts counts live groups.
type AlertCounts interface {
	Count(ctx context.Context, a people.Actor) (alert.Counts, error)
}

// NewBadges returns what the navigation counts: alerts that nobody has taken, and open incidents.
func NewBadges(alerts AlertCounts, trouble Trouble, requests RequestCounts) Badges {
	return Badges{
		"/alerts": func(ctx context.Context, a people.Actor) (Badge, error) {
			c, err := alerts.Count(ctx, a)
			return Badge{N: c.Open, Fire: c.Critical > 0, Say: "that nobody has taken"}, unseen(err)
		},
		"/incidents": func(ctx context.Context, a people.Actor) (Badge, error) {
			open, err := trouble.Incidents(ctx, a, openIncidents())
			b := Badge{N: len(open), Say: "open"}
			b.Fire = slices.ContainsFunc(open, worst)
			return b, unseen(err)
		},
		"/requests": func(ctx context.Context, a people.Actor) (Badge, error) {
			if !mayWorkRequests(a) {
				return Badge{}, nil
			}
			f := requestViews()[0].filter(a.ID)
			f.Limit = mostCounted
			n, err := requests.Count(ctx, a, f)
			return Badge{N: n, Say: "open"}, unseen(err)
		},
	}
}

// RequestCounts counts requests.
type RequestCounts interface {
	Count(ctx context.Context, a people.Actor, f desk.Filter) (int, error)
}

// unseen makes nothing of what a person may not count.
func unseen(err error) error {
	if fault.Is(err, fault.Forbidden) || fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
