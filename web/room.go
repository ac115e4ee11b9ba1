package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"frontline/alert"
	"frontline/incident"
	"frontline/journal"
	"frontline/people"
)

// roomScreen is one incident: what it is, what was said, what happened, whom it hurts, who does what.
type roomScreen struct {
	head
	Ref      string
	Name     string // of the incident, in its own words
	Severity state
	Over     []string // services, who declared it
	Version  int64
	Open     bool
	Work     bool // the person may work on it
	Steps    []step
	Promises []promise
	Unkept   bool // customers know of it and were promised nothing
	Refused  *refusal
	Notes    []note
	Deeds    deeds
	Said     spoken
	Box      writeBox
	Note     form
	Line     []entry
	LineSay  string
	Hurt     hurt
	Harm     harmView
	Crew     crew
	Actions  []link
	Runs     []runRow
	Alerts   []alertLink
	Follow   []followRow
	Paper    *link
	Thanks   thanked
}

// spoken is what was said: the newest, those before them, and whether there is even more.
type spoken struct {
	Newest, Before []said
	More           bool
	Say            string
}

// refusal is an edit that was not made, with what the person had chosen: nothing of it is lost.
type refusal struct {
	Say  string
	Kept []fact
}

// deeds are the small forms of the room's head.
type deeds struct {
	States     []choice
	Severities []choice
	Promise    []option
}

// choice is one button of a row of which one is pressed.
type choice struct {
	Value, Label string
	Here         bool
}

// newestUpdates, shownUpdates and shownLines are how much the room shows at once; the timeline's own screen has everything.
const (
	newestUpdates = 6
	shownUpdates  = 20
	shownLines    = 40
)

func (s *Server) showRoom(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.room(w, r, v, http.StatusOK, func(scr *roomScreen, room incident.Room, page incident.Published, book Book) {
		if r.URL.Query().Get("write") == "public" && scr.Work {
			scr.Box = suggestedBox(v, book, room.Incident, page)
		}
	})
}

// room shows the room of the address; finish may change the screen before it is drawn.
func (s *Server) room(w http.ResponseWriter, r *http.Request, v *visit, status int, finish func(*roomScreen, incident.Room, incident.Published, Book)) error {
	room, err := s.deps.Rooms.Room(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	page, err := s.deps.Status.Published(r.Context(), time.Time{})
	if err != nil {
		return err
	}
	scr, err := s.roomScreen(r.Context(), v, book, room, page)
	if err != nil {
		return err
	}
	if finish != nil {
		finish(&scr, room, page, book)
	}
	if r.Method == http.MethodPost {
		scr.Topics = nil // this address cannot be fetched again, and what was typed must stay
	}
	return s.show(w, r, v, status, "room", scr)
}

func (s *Server) roomScreen(ctx context.Context, v *visit, book Book, room incident.Room, page incident.Published) (roomScreen, error) {
	inc := room.Incident
	scr := roomScreen{
		head: head{Title: inc.Name() + " " + inc.Title, Wing: "/incidents", Trail: trail("Incidents", "/incidents", inc.Name()), Topics: topics("incident", inc.ID)},
		Ref:  inc.Name(), Name: inc.Title, Severity: severityOf(inc.Severity), Version: inc.Version, Open: inc.Open(),
		Work: people.May(v.Actor, people.WorkIncident, people.Subject{Kind: "incident", ID: inc.ID}) == nil,
	}
	scr.Over = over(book, inc)
	scr.Steps = steps(v, inc, room.Timeline)
	scr.promises(v, book, inc)
	scr.notes(v, room)
	scr.Deeds = deedsOf(inc)
	scr.Said = saidOf(v, book, room, page)
	scr.Box = emptyBox(book, inc, page)
	scr.Note = noteForm()
	groups, err := s.groupsOf(ctx, v, inc)
	if err != nil {
		return scr, err
	}
	scr.Line = linesOf(v, room, groups, major(room.Timeline), shownLines)
	scr.LineSay = plural(len(room.Timeline), "entry", "entries") + " in all"
	scr.side(v, book, room, groups)
	scr.Thanks, err = s.thankedFor(ctx, v, book, journal.Of("incident", inc.ID), inc.Name())
	return scr, err
}

func over(book Book, inc incident.Incident) []string {
	var out []string
	for _, id := range inc.Services {
		out = append(out, book.Name("service", id))
	}
	if len(inc.Services) == 0 {
		out = append(out, "no service named yet")
	}
	return append(out, "declared by "+book.Name("person", inc.OpenedBy))
}

// steps are the states with the hour at which each was last entered. One that was jumped over is not done.
func steps(v *visit, inc incident.Incident, lines []incident.Line) []step {
	entered := map[incident.State]time.Time{}
	for _, l := range lines {
		if l.State != "" {
			entered[l.State] = l.At
		}
	}
	here := slices.Index(incident.States(), inc.State)
	var out []step
	for i, st := range incident.States() {
		x := step{Word: stateWord(st)}
		at, known := entered[st]
		switch {
		case i == here && st == incident.Resolved:
			x.Is = "done"
		case i == here:
			x.Is = "now"
		case i < here && known:
			x.Is = "done"
		}
		if x.Is != "" && known {
			x.Note = v.at(at).Abs()
		}
		if x.Is == "now" && known {
			x.Note = "since " + x.Note
		}
		out = append(out, x)
	}
	return out
}

// promises adds the clocks: one for each audience that was promised something.
func (scr *roomScreen) promises(v *visit, book Book, inc incident.Incident) {
	for _, p := range inc.Promises {
		x := promise{What: "Next internal update", By: v.at(p.At), Passed: percent(int(v.Now.Sub(p.MadeAt)/time.Second), int(p.At.Sub(p.MadeAt)/time.Second))}
		to := "Promised to the stakeholders."
		if p.Audience == incident.ForCustomers {
			x.What, to = "Next public update", "Promised to customers."
		}
		whom := "the policy of the service"
		if id := incident.RemindedPerson(book, inc, p); id != "" {
			whom = book.Name("person", id)
		}
		switch p.Face(v.Now) {
		case incident.Soon:
			x.Face, x.Then = "soon", to+" Then "+whom+" is paged."
		case incident.Broken:
			x.Face, x.Then = "broken", to+" "+capital(whom)+" was paged."
		default:
			x.Then = to + " Then " + whom + " is paged."
		}
		scr.Promises = append(scr.Promises, x)
	}
	slices.SortStableFunc(scr.Promises, func(a, b promise) int { return a.By.T.Compare(b.By.T) })
	scr.Unkept = inc.Open() && len(inc.Promises) == 0 && inc.Public.State != "" && inc.Public.State != incident.WordResolved
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// notes are what somebody should know or do before anything else.
func (scr *roomScreen) notes(v *visit, room incident.Room) {
	inc := room.Incident
	if inc.StillPublic() {
		scr.Notes = append(scr.Notes, newNote("warning", "globe", "Customers still read that it goes on", "It was resolved "+v.at(inc.ResolvedAt).Abs()+", but the status page says \""+publicWord(inc.Public.State)+"\". Tell customers that it is over."))
	}
	if !scr.Work {
		scr.Notes = append(scr.Notes, newNote("", "lock", "", "You can read everything here. Working on it needs the role support."))
	}
}

func deedsOf(inc incident.Incident) deeds {
	var d deeds
	for _, st := range incident.States() {
		if st != incident.Resolved {
			d.States = append(d.States, choice{string(st), stateWord(st), st == inc.State})
		}
	}
	for _, sev := range incident.Severities() {
		d.Severities = append(d.Severities, choice{string(sev), severityOf(sev).Word, sev == inc.Severity})
	}
	d.Promise = nextOptions()[1:]
	return d
}

// saidOf is what was said, newest first, with receipts.
func saidOf(v *visit, book Book, room incident.Room, page incident.Published) spoken {
	shown := map[string]bool{}
	for _, i := range page.Incidents {
		for _, u := range i.Updates {
			shown[u.ID] = true
		}
	}
	var out []said
	public := 0
	for _, u := range slices.Backward(room.Updates) {
		x := saidUpdate(v, book, u)
		if u.Audience == incident.ForCustomers {
			public++
			x.States = publicReceipts(v, u, page.Exists(), shown[incident.PublicID("update", u.ID)])
		} else {
			x.States = internalReceipts(book, room, u)
		}
		if u.Late() != 0 {
			x.States = append(x.States, keptState(u))
		}
		out = append(out, x)
	}
	s := spoken{Newest: out, Say: number(public) + " public, " + number(len(out)-public) + " internal"}
	if s.More = len(out) > shownUpdates; s.More {
		out = out[:shownUpdates]
	}
	if len(out) > newestUpdates {
		s.Newest, s.Before = out[:newestUpdates], out[newestUpdates:]
	}
	return s
}

func saidUpdate(v *visit, book Book, u incident.Update) said {
	x := said{ID: "u-" + u.ID, By: "update " + number(u.N) + " by " + book.Name("person", u.By), At: v.at(u.At), Text: paragraphs(u.Text.Body), Public: u.Audience == incident.ForCustomers}
	if x.Public {
		x.By = capital(string(u.State)) + ", " + x.By
	}
	return x
}

func publicReceipts(v *visit, u incident.Update, exists, shown bool) []state {
	switch {
	case shown:
		return []state{newState("ok", "On the status page")}
	case !exists:
		return []state{newState("warning", "There is no status page")}
	case u.At.After(incident.BoardSince(v.Now)): // the page was read just before
		return []state{newState("ok", "Published, on the status page within seconds")}
	}
	return []state{newState("calm", "Earlier than the status page shows", "clock")}
}

// internalReceipts say who got an internal update by mail, and who did not.
func internalReceipts(book Book, room incident.Room, u incident.Update) []state {
	for _, t := range room.Told {
		if t.About != incident.AboutUpdate || t.N != u.N {
			continue
		}
		got := newState("ok", t.String(), "mail")
		if t.Waiting > 0 {
			got = newState("live", t.String())
		}
		out := []state{got}
		if t.Failed > 0 {
			out[0].Look, out[0].Icon = "calm", "mail"
		}
		for _, n := range room.Notices {
			if n.About == t.About && n.N == t.N && n.State == incident.Failed {
				out = append(out, newState("warning", book.Name("person", n.Person)+" was not reached"))
			}
		}
		return out
	}
	return []state{newState("calm", "Nobody gets mail about it", "mail")}
}

func keptState(u incident.Update) state {
	if late := u.Late(); late > 0 {
		return newState("warning", "Promise broken, "+duration(late.Truncate(time.Second))+" late", "clock")
	}
	return newState("ok", "Promise kept, "+duration((-u.Late()).Truncate(time.Second))+" early")
}

// paragraphs are a text's lines, without empty ones.
func paragraphs(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// groupsOf are the incident's alert groups that the person may know of.
func (s *Server) groupsOf(ctx context.Context, v *visit, inc incident.Incident) ([]alert.Group, error) {
	var out []alert.Group
	for _, id := range inc.Groups {
		g, err := s.deps.Alerts.Group(ctx, id)
		if err != nil {
			return nil, err
		}
		if people.May(v.Actor, people.SeeAlerts, g.Topic()) == nil {
			out = append(out, g)
		}
	}
	return out, nil
}

// major leaves out the details; the timeline's own screen has them.
func major(lines []incident.Line) []incident.Line {
	return slices.DeleteFunc(slices.Clone(lines), func(l incident.Line) bool { return l.Minor })
}

// linesOf tells the timeline, newest first, at most limit lines, with a line of its own where another day begins.
func linesOf(v *visit, room incident.Room, groups []alert.Group, lines []incident.Line, limit int) []entry {
	lines = lines[max(0, len(lines)-limit):]
	var out []entry
	day := v.at(v.Now).Day()
	for _, l := range slices.Backward(lines) {
		e := lineEntry(v, l)
		if e.At.Day() != day {
			day = e.At.Day()
			out = append(out, entry{Day: day})
		}
		e.lead(lineLink(l.About, room, groups))
		e.Quote = paragraphs(l.Text)
		if !l.By.IsZero() {
			e.More = "by " + v.at(l.By).Abs()
		}
		if l.Icon == incident.IconInternal || l.Icon == incident.IconPublic {
			e.Quote = nil // it is said above
		}
		out = append(out, e)
	}
	return out
}

// lead makes a link of the words in the line that name what it is about.
func (e *entry) lead(to link) {
	before, after, named := strings.Cut(e.Words, to.Word)
	if to.Path != "" && named {
		e.Lead, e.Link, e.Words = strings.TrimSpace(before), to, strings.TrimSpace(after)
	}
}

// lineLink leads to what a line is about.
func lineLink(about journal.Subject, room incident.Room, groups []alert.Group) link {
	switch about.Kind {
	case "run":
		for _, r := range room.Runs {
			if r.ID == about.ID {
				return link{Word: r.Ref(), Path: runPath(r)}
			}
		}
	case "group":
		for _, g := range groups {
			if g.ID == about.ID {
				return link{Word: g.Short(), Path: "/alerts/" + g.Short()}
			}
		}
	}
	return link{}
}

// skipOf is how many of the newest lines the address wants to be left out.
func skipOf(r *http.Request, all int) int {
	n, _ := strconv.Atoi(r.URL.Query().Get("skip")) // nonsense shows the newest
	return min(max(n, 0), all)
}

func skipped(n int) string {
	if n <= 0 {
		return ""
	}
	return "?skip=" + strconv.Itoa(n)
}

type timelineScreen struct {
	head
	Ref   string
	Line  []entry
	Pager pager
}

// linesPerPage is how many lines the timeline's own screen shows.
const linesPerPage = 150

// showTimeline shows everything that happened, with every word that was said, newest first.
func (s *Server) showTimeline(w http.ResponseWriter, r *http.Request, v *visit) error {
	room, err := s.deps.Rooms.Room(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	groups, err := s.groupsOf(r.Context(), v, room.Incident)
	if err != nil {
		return err
	}
	name := room.Incident.Name()
	scr := timelineScreen{Ref: name, head: head{Title: "Timeline of " + name, Wing: "/incidents", Topics: topics("incident", room.Incident.ID), Trail: trail("Incidents", "/incidents", name, "/incidents/"+name, "Timeline")}}
	all := len(room.Timeline)
	skip := skipOf(r, all)
	room.Timeline = room.Timeline[:all-skip]
	shown := min(len(room.Timeline), linesPerPage)
	scr.Line = linesOf(v, room, groups, room.Timeline, linesPerPage)
	scr.Pager = pager{Of: "the timeline", Say: number(shown) + " of " + plural(all, "entry", "entries")}
	path := "/incidents/" + name + "/timeline"
	if skip > 0 {
		scr.Pager.Newer = path + skipped(skip-linesPerPage)
	}
	if shown < len(room.Timeline) {
		scr.Pager.Older = path + skipped(skip+linesPerPage)
	}
	return s.show(w, r, v, http.StatusOK, "timeline", scr)
}
