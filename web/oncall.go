package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"frontline/fault"
	"frontline/oncall"
	"frontline/people"
)

// TakingOver is how people change the rota by hand.
type TakingOver interface {
	// TakeOver puts a person on call in place of whoever has the turn. Invalid names the fields.
	TakeOver(ctx context.Context, a people.Actor, o oncall.Override, now time.Time) (oncall.Override, error)
	// GiveBack ends an override now.
	GiveBack(ctx context.Context, a people.Actor, id string, now time.Time) (oncall.Override, error)
}

type rotaScreen struct {
	head
	Title    string
	Week     string
	Earlier  string
	Later    string
	Days     []rotaDay
	Lanes    []rotaLane
	Gaps     []note
	Ladder   []entry
	Policies []tab
	At       string
	Form     form
	MayTake  bool
	Taken    []takenRow
}

type rotaDay struct {
	Word string
	Now  bool
}

type rotaLane struct {
	Name, Small string
	Cells       []rotaCell
}

// rotaCell is a stretch of a lane: as many four-hour columns as it lasts.
type rotaCell struct {
	Span    int
	Look    string // "you", "cover", "gap" or empty
	Who     string
	Initial string
	When    string
}

// takenRow is an override that can be given back.
type takenRow struct {
	Say, Path string
}

// rotaHours is how many hours a column of the week stands for.
const rotaHours = 4

func (s *Server) showRota(w http.ResponseWriter, r *http.Request, v *visit) error {
	scr, err := s.rota(r.Context(), v, r, takeForm(v))
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "oncall", scr)
}

func (s *Server) rota(ctx context.Context, v *visit, r *http.Request, f form) (rotaScreen, error) {
	shift, _ := strconv.Atoi(r.URL.Query().Get("week")) // nonsense is this week
	monday := mondayOf(v.Now.In(v.Zone)).AddDate(0, 0, 7*shift)
	book, err := s.deps.Book(ctx)
	if err != nil {
		return rotaScreen{}, err
	}
	lanes, err := s.deps.Rota.Week(ctx, v.Actor, monday, monday.AddDate(0, 0, 7))
	if err != nil {
		return rotaScreen{}, err
	}
	st, err := s.deps.Rota.For(ctx, v.Actor, v.Actor.ID)
	if err != nil {
		return rotaScreen{}, err
	}
	scr := rotaScreen{head: head{Title: "On call", Wing: "/oncall", Topics: topics("rotation", "", "override", "", "config", "")}, Title: standing(v, st)}
	_, week := monday.ISOWeek()
	scr.Week = fmt.Sprintf("Week %d, %s", week, v.Zone)
	scr.Earlier, scr.Later = fmt.Sprintf("/oncall?week=%d", shift-1), fmt.Sprintf("/oncall?week=%d", shift+1)
	for i := range 7 {
		day := monday.AddDate(0, 0, i)
		scr.Days = append(scr.Days, rotaDay{Word: day.Format("Mon 2"), Now: day.Format(time.DateOnly) == v.Now.In(v.Zone).Format(time.DateOnly)})
	}
	for _, l := range lanes {
		scr.lane(v, book, l, monday)
	}
	scr.MayTake = people.May(v.Actor, people.Override, people.Subject{Kind: "rotation"}) == nil
	scr.Form = withChoices(f, book, lanes)
	return scr, s.ladder(ctx, v, r, book, &scr)
}

func mondayOf(t time.Time) time.Time {
	back := (int(t.Weekday()) + 6) % 7
	y, m, d := t.Date()
	return time.Date(y, m, d-back, 0, 0, 0, 0, t.Location())
}

// standing answers whether the viewer is on call, until when, and when next.
func standing(v *visit, st oncall.Standing) string {
	until := func(t time.Time) string { return v.at(t).Day() + ", " + v.at(t).Clock() }
	switch {
	case len(st.On) > 0:
		return "You are on call until " + until(st.On[0].To)
	case len(st.Next) > 0:
		return "You are next on call " + until(st.Next[0].From)
	}
	return "You have no turn in any rotation"
}

// lane draws one rotation's week, and tells what its gaps cost.
func (scr *rotaScreen) lane(v *visit, book Book, l oncall.Lane, monday time.Time) {
	row := rotaLane{Name: l.Rotation.Name, Small: "weekly, hands over " + capitalized(l.Rotation.HandoffDay) + " " + l.Rotation.HandoffTime + " " + l.Rotation.Zone}
	at := 0
	for i, sh := range l.Shifts {
		end := int(sh.To.Sub(monday).Hours()+rotaHours/2) / rotaHours
		if i == len(l.Shifts)-1 {
			end = 7 * 24 / rotaHours
		}
		if end = min(end, 7*24/rotaHours); end <= at {
			continue
		}
		row.Cells = append(row.Cells, cellOf(v, book, sh, end-at))
		at = end
		if sh.Override != "" && scr.offers(sh.Override) {
			scr.Taken = append(scr.Taken, takenRow{Say: book.Name("person", sh.Person) + " for " + l.Rotation.Name + " until " + v.at(sh.To).Abs(), Path: "/oncall/overrides/" + sh.Override + "/give-back"})
		}
	}
	scr.Lanes = append(scr.Lanes, row)
	for _, g := range l.Gaps {
		title := fmt.Sprintf("%s: nobody from %s to %s", l.Rotation.Name, v.at(g.Shift.From).Abs(), v.at(g.Shift.To).Abs())
		scr.Gaps = append(scr.Gaps, newNote("critical", "critical", title, strings.Join(g.Costs, " ")))
	}
}

// offers says whether an override is not listed yet.
func (scr *rotaScreen) offers(id string) bool {
	for _, t := range scr.Taken {
		if strings.Contains(t.Path, id) {
			return false
		}
	}
	return true
}

func cellOf(v *visit, book Book, sh oncall.Shift, span int) rotaCell {
	c := rotaCell{Span: span, Who: book.Name("person", sh.Person), When: v.at(sh.From).Abs() + " to " + v.at(sh.To).Abs()}
	switch {
	case sh.Gap():
		c.Look, c.Who = "gap", "Gap"
	case sh.Person == v.Actor.ID:
		c.Look, c.Who = "you", "You"
	case sh.Override != "":
		c.Look = "cover"
	}
	for _, word := range strings.Fields(book.Name("person", sh.Person)) {
		c.Initial += string([]rune(word)[:1])
	}
	if span < 6 && c.Look != "gap" {
		c.Look = strings.TrimSpace(c.Look + " slim")
	}
	return c
}

func capitalized(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// ladder tells who would be reached, in which order, if a page of a policy opened at a time and nobody answered.
func (s *Server) ladder(ctx context.Context, v *visit, r *http.Request, book Book, scr *rotaScreen) error {
	chosen, at := r.URL.Query().Get("policy"), v.Now
	if t, err := time.ParseInLocation("2006-01-02T15:04", r.URL.Query().Get("at"), v.Zone); err == nil {
		at = t
	}
	scr.At = at.In(v.Zone).Format("2006-01-02T15:04")
	for _, p := range book.Policies() {
		chosen = cmp.Or(chosen, p.ID)
		scr.Policies = append(scr.Policies, tab{link: link{Word: p.Name, Path: p.ID}, Here: p.ID == chosen})
	}
	if chosen == "" {
		return nil
	}
	reached, err := s.deps.Rota.WhatIf(ctx, v.Actor, chosen, at)
	if err != nil {
		return err
	}
	for _, x := range reached {
		e := entry{At: v.at(x.At), Icon: "oncall", Who: book.Name("person", x.Duty.Person), Words: "by " + channelWord(x.Channel), More: "at once"}
		if wait := x.At.Sub(at); wait >= time.Second {
			e.More = "after " + duration(wait)
		}
		if x.Duty.Reason == oncall.LastResort {
			e.More += ", as the last resort"
		}
		scr.Ladder = append(scr.Ladder, e)
	}
	return nil
}

// takeForm is how somebody takes a turn; it begins in the future, at the next full hour.
func takeForm(v *visit) form {
	next := v.Now.In(v.Zone).Truncate(time.Hour).Add(time.Hour)
	zone := "In your zone, " + v.Zone.String() + "."
	return form{Fields: []field{
		{Name: "rotation", Label: "Rotation", Kind: "select"},
		{Name: "person", Label: "Who takes it", Kind: "select", Value: v.Actor.ID},
		{Name: "from", Label: "From", Value: next.Format("2006-01-02 15:04"), Hint: zone},
		{Name: "to", Label: "Until", Value: next.Add(8 * time.Hour).Format("2006-01-02 15:04"), Hint: zone},
		{Name: "reason", Label: "Why", Optional: true},
	}}
}

func withChoices(f form, book Book, lanes []oncall.Lane) form {
	for i := range f.Fields {
		switch f.Fields[i].Name {
		case "rotation":
			for _, l := range lanes {
				f.Fields[i].Options = append(f.Fields[i].Options, option{Value: l.Rotation.ID, Label: l.Rotation.Name})
			}
		case "person":
			for _, p := range book.People() {
				if len(p.Contacts) > 0 {
					f.Fields[i].Options = append(f.Fields[i].Options, option{Value: p.ID, Label: p.Name})
				}
			}
		}
	}
	return f
}

// takeTurn writes an override.
func (s *Server) takeTurn(w http.ResponseWriter, r *http.Request, v *visit) error {
	o := oncall.Override{Rotation: r.PostForm.Get("rotation"), Person: r.PostForm.Get("person"), Reason: r.PostForm.Get("reason")}
	var err error
	if o.From, err = wallTime(v, "from", r.PostForm.Get("from")); err == nil {
		o.To, err = wallTime(v, "to", r.PostForm.Get("to"))
	}
	if err == nil {
		o, err = s.deps.TakingOver.TakeOver(r.Context(), v.Actor, o, v.Now)
	}
	if err != nil {
		return s.again(w, r, v, "oncall", takeForm(v).typed(r.PostForm), err, func(f form) (screen, error) { return s.rota(r.Context(), v, r, f) })
	}
	return s.done(w, r, "/oncall", "Taken over until "+v.at(o.To).Day()+", "+v.at(o.To).Clock()+".")
}

func wallTime(v *visit, name, typed string) (time.Time, error) {
	t, err := time.ParseInLocation("2006-01-02 15:04", strings.Replace(strings.TrimSpace(typed), "T", " ", 1), v.Zone)
	if err != nil {
		return t, fault.Wrong(name, "Write the time as 2026-11-24 08:00.")
	}
	return t, nil
}

func (s *Server) giveBack(w http.ResponseWriter, r *http.Request, v *visit) error {
	if _, err := s.deps.TakingOver.GiveBack(r.Context(), v.Actor, r.PathValue("id"), v.Now); err != nil {
		return err
	}
	return s.done(w, r, "/oncall", "Given back.")
}

// testPage pages the viewer over all their contacts at once.
func (s *Server) testPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	p, err := s.deps.MyPages.TestPage(r.Context(), v.Actor)
	if err != nil {
		return err
	}
	return s.done(w, r, "/oncall", p.Short()+" is on its way to all your contacts. It has arrived once you acknowledge it there.")
}
