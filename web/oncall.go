package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
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
	Posts    []post
	Mine     []turnRow
	Week     weekView
	Gaps     []gapNote
	Covers   []coverRow
	Ladder   []entry
	Policies []tab
	At       string
	Form     form
	MayTake  bool
}

// turnRow is a shift of the viewer.
type turnRow struct {
	Rotation string
	From, To moment
	Now      bool
	Cover    bool
}

// gapNote is a stretch in which nobody is on call, what it costs, and where somebody can take it.
type gapNote struct {
	Title, Text, Path string
}

// coverRow is an override of the week.
type coverRow struct {
	Who, Small string
	GiveBack   string // the address that ends it; empty when it is over, or configured, or not for the viewer
}

// turnsAhead is how far the viewer's own shifts are looked for, so that one which begins within turnsListed is seen to its end; turnsShown is how
// many are listed.
const (
	turnsAhead  = 60 * 24 * time.Hour
	turnsListed = 7 * 7 * 24 * time.Hour
	turnsShown  = 5
)

func (s *Server) showRota(w http.ResponseWriter, r *http.Request, v *visit) error {
	scr, err := s.rota(r.Context(), v, r, takeForm(v).offered(v, r.URL.Query()))
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "oncall", scr)
}

func (s *Server) rota(ctx context.Context, v *visit, r *http.Request, f form) (rotaScreen, error) {
	book, err := s.deps.Book(ctx)
	if err != nil {
		return rotaScreen{}, err
	}
	st, err := s.deps.Rota.For(ctx, v.Actor, v.Actor.ID)
	if err != nil {
		return rotaScreen{}, err
	}
	scr := rotaScreen{head: head{Title: "On call", Wing: "/oncall", Topics: topics("rotation", "", "override", "", "config", "")}, Title: standing(v, st)}
	scr.MayTake = people.May(v.Actor, people.Override, people.Subject{Kind: "rotation"}) == nil
	posts, err := s.deps.Rota.Now(ctx, v.Actor)
	if err != nil {
		return rotaScreen{}, err
	}
	for _, p := range posts {
		scr.Posts = append(scr.Posts, postOf(v, book, p))
	}
	shift, _ := strconv.Atoi(r.URL.Query().Get("week")) // nonsense is this week
	if err := s.weekOf(ctx, v, book, shift, &scr); err != nil {
		return rotaScreen{}, err
	}
	ahead, err := s.deps.Rota.Week(ctx, v.Actor, v.Now, v.Now.Add(turnsAhead))
	if err != nil {
		return rotaScreen{}, err
	}
	scr.Mine = turnsOf(v, ahead, st)
	scr.Form = withChoices(f, book, ahead)
	return scr, s.ladder(ctx, v, r, book, &scr)
}

// weekOf draws a week, shift weeks from this one, and lists its gaps and overrides.
func (s *Server) weekOf(ctx context.Context, v *visit, book Book, shift int, scr *rotaScreen) error {
	week := weekFrom(mondayOf(v.Now.In(v.Zone)).AddDate(0, 0, 7*max(-500, min(shift, 500))))
	seen := span{week.From.AddDate(0, 0, -14), week.To.AddDate(0, 0, 14)} // so that a shift's ends are its own
	lanes, err := s.deps.Rota.Week(ctx, v.Actor, seen.From, seen.To)
	if err != nil {
		return err
	}
	scr.Week = drawWeek(v, book, week, seen, lanes)
	scr.Week.Earlier, scr.Week.Later = fmt.Sprintf("/oncall?week=%d", shift-1), fmt.Sprintf("/oncall?week=%d", shift+1)
	for _, l := range lanes {
		for _, o := range l.Overrides {
			if week.touches(o.From, o.To) {
				scr.Covers = append(scr.Covers, coverOf(v, book, l, o, scr.MayTake))
			}
		}
	}
	return s.gaps(ctx, v, week, scr)
}

// gaps lists those of the week that are not over, each as long as it lasts.
func (s *Server) gaps(ctx context.Context, v *visit, week span, scr *rotaScreen) error {
	from := week.From
	if v.Now.After(from) {
		from = v.Now
	}
	if !from.Before(week.To) {
		return nil
	}
	lanes, err := s.deps.Rota.Week(ctx, v.Actor, from, week.To.AddDate(0, 0, 30))
	if err != nil {
		return err
	}
	for _, l := range lanes {
		for _, g := range l.Gaps {
			if g.Shift.From.Before(week.To) {
				scr.Gaps = append(scr.Gaps, gapOf(v, l, g, scr.MayTake))
			}
		}
	}
	return nil
}

// gapOf tells what a gap costs, and offers to take it.
func gapOf(v *visit, l oncall.Lane, g oncall.Gap, may bool) gapNote {
	n := gapNote{Title: fmt.Sprintf("%s: nobody until %s", l.Rotation.Name, v.at(g.Shift.To).Hour()), Text: strings.Join(g.Costs, " ")}
	if g.Shift.From.After(v.Now) {
		n.Title = fmt.Sprintf("%s: nobody from %s to %s", l.Rotation.Name, v.at(g.Shift.From).Hour(), v.at(g.Shift.To).Hour())
	}
	if may {
		n.Path = "/oncall?" + url.Values{"rotation": {l.Rotation.ID}, "from": {g.Shift.From.In(v.Zone).Format(wallFormat)}, "to": {g.Shift.To.In(v.Zone).Format(wallFormat)}}.Encode() + "#take"
	}
	return n
}

func coverOf(v *visit, book Book, l oncall.Lane, o oncall.Override, may bool) coverRow {
	row := coverRow{Who: book.Name("person", o.Person), Small: l.Rotation.Name + ", " + spanWords(v, o.From, o.To)}
	if o.Reason != "" {
		row.Small += ": " + o.Reason
	}
	if _, configured := book.Owner("override", o.ID); may && !configured && o.To.After(v.Now) {
		row.GiveBack = "/oncall/overrides/" + o.ID + "/give-back"
	}
	return row
}

// turnsOf are the viewer's next shifts.
func turnsOf(v *visit, ahead []oncall.Lane, st oncall.Standing) []turnRow {
	var out []turnRow
	for _, l := range ahead {
		for _, sh := range l.Shifts {
			if sh.Person != v.Actor.ID || sh.From.Sub(v.Now) > turnsListed {
				continue
			}
			row := turnRow{Rotation: l.Rotation.Name, From: v.at(sh.From), To: v.at(sh.To), Now: !sh.From.After(v.Now), Cover: sh.Why == oncall.ByOverride}
			for _, on := range st.On { // what runs now is cut to begin now
				if row.Now && on.Rotation.ID == l.Rotation.ID {
					row.From = v.at(on.From)
				}
			}
			out = append(out, row)
		}
	}
	slices.SortStableFunc(out, func(a, b turnRow) int { return a.From.T.Compare(b.From.T) })
	return out[:min(len(out), turnsShown)]
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

// ladder tells who would be reached, in which order, if a page of a policy opened at a time and nobody answered.
func (s *Server) ladder(ctx context.Context, v *visit, r *http.Request, book Book, scr *rotaScreen) error {
	chosen, at := r.URL.Query().Get("policy"), v.Now
	if t, err := time.ParseInLocation(wallFormat, r.URL.Query().Get("at"), v.Zone); err == nil {
		at = t
	}
	scr.At = at.In(v.Zone).Format(wallFormat)
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
		{Name: "from", Label: "From", Kind: "datetime-local", Value: next.Format(wallFormat), Hint: zone},
		{Name: "to", Label: "Until", Kind: "datetime-local", Value: next.Add(8 * time.Hour).Format(wallFormat), Hint: zone},
		{Name: "reason", Label: "Why", Optional: true},
	}}
}

// offered fills in the gap that somebody wants to take.
func (f form) offered(v *visit, q url.Values) form {
	for _, name := range []string{"rotation", "from", "to"} {
		if said := q.Get(name); said != "" {
			if _, err := wallTime(v, name, said); err == nil || name == "rotation" {
				f = f.with(name, said)
			}
		}
	}
	return f
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

// wallFormat is how browsers write a time without its zone.
const wallFormat = "2006-01-02T15:04"

func wallTime(v *visit, name, typed string) (time.Time, error) {
	t, err := time.ParseInLocation(wallFormat, strings.Replace(strings.TrimSpace(typed), " ", "T", 1), v.Zone)
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
