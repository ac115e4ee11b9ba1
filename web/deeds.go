package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"frontline/fault"
	"frontline/incident"
	"frontline/people"
)

// RoomEdits is what two people may change at once: seen is the version that the person looked at.
type RoomEdits interface {
	SetSeverity(ctx context.Context, a people.Actor, id string, to incident.Severity, seen int64) (incident.Incident, error)
	SetState(ctx context.Context, a people.Actor, id string, to incident.State, seen int64) (incident.Incident, error)
	SetLead(ctx context.Context, a people.Actor, id, person string, seen int64) (incident.Incident, error)
	Rename(ctx context.Context, a people.Actor, id, title string, seen int64) (incident.Incident, error)
	SetImpact(ctx context.Context, a people.Actor, id string, to incident.Impact, seen int64) (incident.Incident, error)
}

// RoomEnds is how people come in and how an incident ends.
type RoomEnds interface {
	Join(ctx context.Context, a people.Actor, id, person string, part incident.Part) (incident.Incident, error)
	Resolve(ctx context.Context, a people.Actor, id string, say *incident.Draft) (incident.Incident, error)
	Reopen(ctx context.Context, a people.Actor, id string) (incident.Incident, error)
}

// edit makes one change of the room in the address and goes back to it. A change that is refused shows the room as it is now, with what the
// person had chosen.
func (s *Server) edit(w http.ResponseWriter, r *http.Request, v *visit, say string, chose fact, do func(ref string, seen int64) (incident.Incident, error)) error {
	seen, _ := strconv.ParseInt(r.PostForm.Get("seen"), 10, 64) // without one it is not compared
	inc, err := do(r.PathValue("ref"), seen)
	if err == nil {
		return s.done(w, r, "/incidents/"+inc.Name(), inc.Name()+" "+say)
	}
	f, ok := form{}.refused(err)
	if !ok {
		return err
	}
	return s.room(w, r, v, formStatus(err), func(scr *roomScreen, _ incident.Room, _ incident.Published, _ Book) {
		scr.Refused = &refusal{Say: f.Say, Kept: []fact{chose}}
	})
}

func (s *Server) setState(w http.ResponseWriter, r *http.Request, v *visit) error {
	to := incident.State(r.PostForm.Get("state"))
	return s.edit(w, r, v, "is now: "+string(to)+".", fact{Name: "State", Value: stateWord(to)}, func(ref string, seen int64) (incident.Incident, error) {
		return s.deps.Rooms.SetState(r.Context(), v.Actor, ref, to, seen)
	})
}

func (s *Server) setSeverity(w http.ResponseWriter, r *http.Request, v *visit) error {
	to := incident.Severity(r.PostForm.Get("severity"))
	return s.edit(w, r, v, "is now "+string(to)+".", fact{Name: "Severity", Value: capital(string(to))}, func(ref string, seen int64) (incident.Incident, error) {
		return s.deps.Rooms.SetSeverity(r.Context(), v.Actor, ref, to, seen)
	})
}

func (s *Server) renameIncident(w http.ResponseWriter, r *http.Request, v *visit) error {
	title := r.PostForm.Get("title")
	return s.edit(w, r, v, "has its new title.", fact{Name: "Title", Value: title}, func(ref string, seen int64) (incident.Incident, error) {
		return s.deps.Rooms.Rename(r.Context(), v.Actor, ref, title, seen)
	})
}

// setLead hands the lead to somebody; "me" takes it, nothing leaves it.
func (s *Server) setLead(w http.ResponseWriter, r *http.Request, v *visit) error {
	person, say := r.PostForm.Get("person"), "has another lead."
	switch person {
	case "me":
		person, say = v.Person.ID, "is yours to lead."
	case "":
		say = "has no lead now."
	}
	return s.edit(w, r, v, say, fact{Name: "Lead", Value: person}, func(ref string, seen int64) (incident.Incident, error) {
		return s.deps.Rooms.SetLead(r.Context(), v.Actor, ref, person, seen)
	})
}

func (s *Server) joinIncident(w http.ResponseWriter, r *http.Request, v *visit) error {
	person, part := r.PostForm.Get("person"), incident.Part(r.PostForm.Get("part"))
	return s.edit(w, r, v, "has one more "+string(part)+".", fact{Name: "Part", Value: string(part)}, func(ref string, _ int64) (incident.Incident, error) {
		return s.deps.Rooms.Join(r.Context(), v.Actor, ref, person, part)
	})
}

func (s *Server) promiseNext(w http.ResponseWriter, r *http.Request, v *visit) error {
	at, err := nextBy(v, r.PostForm.Get("next"), r.PostForm.Get("next_at"))
	return s.edit(w, r, v, "has its next internal update promised.", fact{Name: "Next update", Value: r.PostForm.Get("next_at")}, func(ref string, _ int64) (incident.Incident, error) {
		if err != nil {
			return incident.Incident{}, err
		}
		return s.deps.Rooms.PromiseNext(r.Context(), v.Actor, ref, at)
	})
}

func (s *Server) reopenIncident(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.edit(w, r, v, "is open again.", fact{}, func(ref string, _ int64) (incident.Incident, error) {
		return s.deps.Rooms.Reopen(r.Context(), v.Actor, ref)
	})
}

// nextBy reads by when the next update is promised: in 30 or 60 minutes, on a full five minutes, or at a time of the viewer's zone.
func nextBy(v *visit, choice, at string) (time.Time, error) {
	switch choice {
	case "", "none":
		return time.Time{}, nil
	case "30", "60":
		d, err := time.ParseDuration(choice + "m")
		return fullFive(v.Now.Add(d)), err
	}
	if t, err := time.Parse(time.RFC3339, at); err == nil {
		return t, nil
	}
	t, err := time.ParseInLocation(timeInput, at, v.Zone)
	if err != nil {
		return time.Time{}, fault.Wrong("next_at", "Write the day and the hour of the next update, such as %s.", v.Now.In(v.Zone).Add(time.Hour).Format(timeInput))
	}
	return t, nil
}

// timeInput is how a browser writes a day and an hour.
const timeInput = "2006-01-02T15:04"

// fullFive is t, or the next full five minutes: a promise is easier to keep in mind by the clock on the wall.
func fullFive(t time.Time) time.Time {
	if rounded := t.Truncate(5 * time.Minute); rounded.Before(t) {
		return rounded.Add(5 * time.Minute)
	}
	return t
}

func nextOptions() []option {
	return []option{{"none", "None", ""}, {"30", "30 min", ""}, {"60", "1 h", ""}, {"at", "At…", ""}}
}

type impactScreen struct {
	head
	Ref        string
	Version    int64
	Services   []pick
	Components []pick
	Form       form
}

func (s *Server) showImpact(w http.ResponseWriter, r *http.Request, v *visit) error {
	inc, err := s.deps.Rooms.Incident(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	scr, err := s.impactScreen(r.Context(), inc, incident.Impact{Services: inc.Services, Components: inc.Components}, form{})
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "impact", scr)
}

func (s *Server) impactScreen(ctx context.Context, inc incident.Incident, to incident.Impact, f form) (impactScreen, error) {
	book, err := s.deps.Book(ctx)
	if err != nil {
		return impactScreen{}, err
	}
	name := inc.Name()
	scr := impactScreen{Ref: name, Version: inc.Version, Form: f, head: head{Title: "What " + name + " affects", Wing: "/incidents", Trail: trail("Incidents", "/incidents", name, "/incidents/"+name, "What it affects")}}
	for _, x := range book.Services() {
		scr.Services = append(scr.Services, servicePick(book, x.ID, to.Services))
	}
	for _, c := range book.Components() {
		p := pick{Value: c.ID, Label: c.Name, Hint: c.Group}
		for _, id := range to.Components {
			p.Ticked = p.Ticked || id == c.ID
		}
		scr.Components = append(scr.Components, p)
	}
	return scr, nil
}

func (s *Server) setImpact(w http.ResponseWriter, r *http.Request, v *visit) error {
	to, err := s.impactOf(r, v)
	if err != nil {
		return err
	}
	seen, _ := strconv.ParseInt(r.PostForm.Get("seen"), 10, 64)
	inc, err := s.deps.Rooms.SetImpact(r.Context(), v.Actor, r.PathValue("ref"), to, seen)
	if err == nil {
		return s.done(w, r, "/incidents/"+inc.Name(), inc.Name()+" affects "+plural(len(inc.Customers), "customer", "customers")+" now.")
	}
	return s.again(w, r, v, "impact", form{}, err, func(f form) (screen, error) {
		inc, err := s.deps.Rooms.Incident(r.Context(), v.Actor, r.PathValue("ref"))
		if err != nil {
			return nil, err
		}
		return s.impactScreen(r.Context(), inc, to, f)
	})
}

// impactOf reads what was ticked. A service that is ticked for the first time brings its components along.
func (s *Server) impactOf(r *http.Request, v *visit) (incident.Impact, error) {
	to := incident.Impact{Services: r.PostForm["service"], Components: r.PostForm["component"]}
	before, err := s.deps.Rooms.Incident(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return to, err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return to, err
	}
	for _, id := range to.Services {
		sv, ok := book.Service(id)
		if !ok || slices.Contains(before.Services, id) {
			continue
		}
		for _, c := range sv.Components {
			if !slices.Contains(to.Components, c) {
				to.Components = append(to.Components, c)
			}
		}
	}
	return to, nil
}
