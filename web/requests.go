package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"frontline/action"
	"frontline/desk"
	"frontline/people"
)

// Requests is where the screens read requests, and all that is done to them.
type Requests interface {
	RequestReading
	RequestFinding
	RequestTriage
	RequestWork
	RequestWords
	Knowledge
}

// RequestReading is where requests are looked up; what the actor may not know of is left out.
type RequestReading interface {
	Request(ctx context.Context, a people.Actor, ref string) (desk.Request, error)
	Requests(ctx context.Context, a people.Actor, f desk.Filter) ([]desk.Request, error)
	Count(ctx context.Context, a people.Actor, f desk.Filter) (int, error)
	Parties(ctx context.Context, a people.Actor, ids []string) (map[string]desk.Party, error)
	Conversation(ctx context.Context, a people.Actor, ref string) (desk.Conversation, error)
	Attachment(ctx context.Context, a people.Actor, id string) (desk.File, error)
	Present(ctx context.Context, a people.Actor, ref string) ([]desk.Presence, int, error)
}

// DeskBook is what is configured for the desk.
type DeskBook interface {
	RequestType(id string) (desk.Type, bool)
	RequestTypes() []desk.Type // those that one may choose, by title
	Queues() []desk.Queue
	Macros() []desk.Macro
	Actions() []action.Definition
}

type requestsScreen struct {
	head
	Tabs    []tab
	Queues  []tab
	View    string
	Queue   string
	Query   string
	Picks   []field  // the selects beside the search
	Narrow  bool     // something narrows the list beyond its tab
	Strange []string // what was typed and not understood, a sentence each
	Rows    []requestRow
	Pager   pager
	Blank   blank
	Work    bool
	Bulk    bulkBar
	Changed *changed
	Here    string
}

// requestRow is one line of a list of requests.
type requestRow struct {
	State    state
	Name     string
	Path     string
	Title    string
	Small    string
	Asker    string
	Due      state // its word is empty when nothing is due
	DueAt    moment
	Part     link // the incident, in the place of what is due
	With     string
	At       moment
	Again    bool // the asker wrote after our words
	Ticked   bool
	Customer string
}

// requestView is one tab of the list.
type requestView struct {
	word, label string
	filter      func(me string) desk.Filter
}

func unfinished() []desk.State { return []desk.State{desk.New, desk.Open, desk.Waiting} }

// requestViews are the tabs, by their word in the address.
func requestViews() []requestView {
	awake, asleep := false, true
	return []requestView{
		{"open", "Open", func(string) desk.Filter { return desk.Filter{States: unfinished(), Asleep: &awake} }},
		{"triage", "Triage", func(string) desk.Filter { return inTriage() }},
		{"nobody", "Nobody’s", func(string) desk.Filter {
			return desk.Filter{States: unfinished(), Assignee: "nobody", Asleep: &awake}
		}},
		{"with-me", "Mine", func(me string) desk.Filter {
			return desk.Filter{States: unfinished(), Assignee: me, Asleep: &awake}
		}},
		{"waiting", "Waits for others", func(string) desk.Filter { return desk.Filter{States: []desk.State{desk.Waiting}, Asleep: &awake} }},
		{"snoozed", "Snoozed", func(string) desk.Filter { return desk.Filter{States: unfinished(), Asleep: &asleep} }},
		{"closed", "Closed", func(string) desk.Filter { return desk.Filter{States: []desk.State{desk.Closed}} }},
	}
}

// inTriage names what nobody has said yet that we take up.
func inTriage() desk.Filter {
	awake := false
	return desk.Filter{States: []desk.State{desk.New}, Asleep: &awake}
}

// mostCounted is where counting ends: "99+".
const mostCounted = 100

func mayWorkRequests(a people.Actor) bool {
	return people.May(a, people.WorkRequests, people.Subject{Kind: "request"}) == nil
}

// showRequests is the desk's list for those who work there, and what they asked for everybody else.
func (s *Server) showRequests(w http.ResponseWriter, r *http.Request, v *visit) error {
	if r.URL.Query().Has("mine") || !mayWorkRequests(v.Actor) {
		return s.showAsked(w, r, v)
	}
	if n, ok := requestNamed(r.URL.Query().Get("q")); ok {
		http.Redirect(w, r, "/requests/"+n, http.StatusSeeOther)
		return nil
	}
	scr, err := s.requestList(r.Context(), v, r.URL.Query())
	if err != nil {
		return err
	}
	scr.Here = r.URL.RequestURI()
	scr.Changed = changedOf(r.URL.Query())
	return s.show(w, r, v, http.StatusOK, "requests", scr)
}

func (s *Server) requestList(ctx context.Context, v *visit, q url.Values) (requestsScreen, error) {
	book, err := s.deps.Book(ctx)
	if err != nil {
		return requestsScreen{}, err
	}
	scr := requestsScreen{head: head{Title: "Requests", Wing: "/requests", Topics: topics("request", "")}, Work: true, View: viewOf(q), Queue: q.Get("queue"), Query: q.Get("q")}
	f, notes, err := s.listFilter(ctx, v, q)
	if err != nil {
		return scr, err
	}
	scr.Strange, scr.Narrow = notes, narrowed(q)
	if scr.Tabs, err = s.requestTabs(ctx, v, scr.View, scr.Queue != "" || scr.Query != "" && q.Get("view") == ""); err != nil {
		return scr, err
	}
	if scr.Queues, err = s.queueTabs(ctx, v, book, scr.Queue); err != nil {
		return scr, err
	}
	scr.Picks = listPicks(book, q)
	demands, err := s.demandOptions(ctx, v)
	if err != nil {
		return scr, err
	}
	scr.Bulk = bulkBarOf(book, demands)
	return scr, s.requestRows(ctx, v, book, q, f, &scr)
}

func viewOf(q url.Values) string { return cmp.Or(q.Get("view"), "open") }

func narrowed(q url.Values) bool {
	for _, name := range []string{"q", "customer", "service", "type"} {
		if q.Get(name) != "" {
			return true
		}
	}
	return false
}

// listFilter is what the address asks for: the tab, narrowed by the selects and by what was typed.
func (s *Server) listFilter(ctx context.Context, v *visit, q url.Values) (desk.Filter, []string, error) {
	f := requestViews()[0].filter(v.Actor.ID)
	for _, x := range requestViews() {
		if x.word == viewOf(q) {
			f = x.filter(v.Actor.ID)
		}
	}
	if q.Get("view") == "" && saysState(q.Get("q")) {
		f = desk.Filter{}
	}
	f.Order = desk.ByDue
	if len(f.States) == 1 && f.States[0] == desk.Closed {
		f.Order = desk.ByNewest
	}
	f.Customer, f.Service, f.Type = q.Get("customer"), q.Get("service"), q.Get("type")
	if strings.TrimSpace(q.Get("q")) == "" {
		return f, nil, nil
	}
	return s.deps.Requests.Narrow(ctx, v.Actor, q.Get("q"), f)
}

// requestRows fills the screen with one page of what the filter names.
func (s *Server) requestRows(ctx context.Context, v *visit, book Book, q url.Values, f desk.Filter, scr *requestsScreen) error {
	f.After, f.Limit = placeOf(q.Get("after")), pageSize+1
	found, err := s.deps.Requests.Requests(ctx, v.Actor, f)
	if err != nil {
		return err
	}
	more := len(found) > pageSize
	found = found[:min(len(found), pageSize)]
	if scr.Rows, err = s.rowsOf(ctx, v, book, found); err != nil {
		return err
	}
	scr.Pager = pager{Of: "requests", Say: plural(len(found), "request", "requests") + " shown, " + orderSay(f.Order), NewerSay: "From the start", OlderSay: "More"}
	if more {
		last := found[len(found)-1]
		scr.Pager.Older = listPath(q, "after", placeWord(last))
	}
	if f.After.Number != 0 {
		scr.Pager.Newer = listPath(q, "after", "")
	}
	scr.Blank = noRequests(scr.View, scr.Narrow || scr.Queue != "")
	return nil
}

func orderSay(o desk.Order) string {
	if o == desk.ByDue {
		return "due first"
	}
	return "the newest first"
}

// listPath is the list's address with one part changed; what is said once is left out.
func listPath(q url.Values, name, value string) string {
	out := url.Values{}
	for _, keep := range []string{"view", "queue", "q", "customer", "service", "type", "after", "mine"} {
		if q.Has(keep) && (q.Get(keep) != "" || keep == "mine") {
			out.Set(keep, q.Get(keep))
		}
	}
	if out.Del(name); value != "" {
		out.Set(name, value)
	}
	if len(out) == 0 {
		return "/requests"
	}
	return "/requests?" + out.Encode()
}

// placeWord is where a list goes on, as a word of the address: the number, and when it is due.
func placeWord(r desk.Request) string {
	if r.DueAt.IsZero() {
		return strconv.FormatInt(r.Number, 10)
	}
	return fmt.Sprintf("%d-%d", r.Number, r.DueAt.UnixMicro())
}

// placeOf reads it; nonsense is the start.
func placeOf(word string) (p desk.Place) {
	number, due, has := strings.Cut(word, "-")
	p.Number, _ = strconv.ParseInt(number, 10, 64)
	if at, err := strconv.ParseInt(due, 10, 64); err == nil && has {
		p.DueAt = time.UnixMicro(at)
	}
	return p
}

// requestTabs counts what each tab holds.
func (s *Server) requestTabs(ctx context.Context, v *visit, view string, none bool) ([]tab, error) {
	var out []tab
	for _, x := range requestViews() {
		path := "/requests?view=" + x.word
		switch x.word {
		case "open":
			path = "/requests"
		case "triage":
			path = "/requests/triage"
		}
		n := -1
		if x.word != "closed" { // nobody empties it
			var err error
			f := x.filter(v.Actor.ID)
			f.Limit = mostCounted
			if n, err = s.deps.Requests.Count(ctx, v.Actor, f); err != nil {
				return nil, err
			}
		}
		out = append(out, tab{link: link{Word: x.label, Path: path}, N: n, Here: x.word == view && !none})
	}
	return append(out, tab{link: link{Word: "You asked", Path: "/requests?mine"}, N: -1, Here: view == "mine"}), nil
}

// queueTabs are the configured queues: everybody's, and those of the person's teams.
func (s *Server) queueTabs(ctx context.Context, v *visit, book Book, here string) ([]tab, error) {
	var out []tab
	for _, x := range book.Queues() {
		if x.Team != "" && !teamOf(v.Actor, x.Team) {
			continue
		}
		q := url.Values{"queue": {x.ID}, "q": {x.Search}}
		f, _, err := s.listFilter(ctx, v, q)
		if err != nil {
			return nil, err
		}
		f.Limit = mostCounted
		n, err := s.deps.Requests.Count(ctx, v.Actor, f)
		if err != nil {
			return nil, err
		}
		out = append(out, tab{link: link{Word: x.Title, Path: "/requests?" + q.Encode()}, N: n, Here: x.ID == here})
	}
	return out, nil
}

func teamOf(a people.Actor, team string) bool {
	for _, t := range a.Teams {
		if t == team {
			return true
		}
	}
	return a.Role == people.Admin
}

// listPicks are the selects that narrow the list.
func listPicks(book Book, q url.Values) []field {
	customer := field{Name: "customer", Label: "Customer", Kind: "select", Value: q.Get("customer"), Options: append([]option{{Label: "Customer"}}, customerOptions(book)...)}
	service := field{Name: "service", Label: "Service", Kind: "select", Value: q.Get("service"), Options: append([]option{{Label: "Service"}}, serviceOptions(book)...)}
	kind := field{Name: "type", Label: "Type", Kind: "select", Value: q.Get("type"), Options: append([]option{{Label: "Type"}}, typeOptions(book)...)}
	return []field{customer, service, kind}
}

func customerOptions(book Book) (out []option) {
	for _, c := range book.Customers() {
		out = append(out, option{Value: c.ID, Label: c.Name})
	}
	return out
}

func serviceOptions(book Book) (out []option) {
	for _, x := range book.Services() {
		out = append(out, option{Value: x.ID, Label: x.Name})
	}
	return out
}

func typeOptions(book Book) (out []option) {
	for _, x := range book.RequestTypes() {
		out = append(out, option{Value: x.ID, Label: x.Title})
	}
	return out
}

// rowsOf draws requests, with the names of who asked.
func (s *Server) rowsOf(ctx context.Context, v *visit, book Book, found []desk.Request) ([]requestRow, error) {
	asked, err := s.askersOf(ctx, v, found)
	if err != nil {
		return nil, err
	}
	parts, err := s.incidentNames(ctx, v, found)
	if err != nil {
		return nil, err
	}
	var out []requestRow
	for _, r := range found {
		row := requestRowOf(v, book, r)
		row.Asker = asked[r.Asker].Shown()
		row.Part = parts[r.Incident]
		out = append(out, row)
	}
	return out, nil
}

func (s *Server) askersOf(ctx context.Context, v *visit, found []desk.Request) (map[string]desk.Party, error) {
	seen := map[string]bool{}
	var ids []string
	for _, r := range found {
		if !seen[r.Asker] {
			seen[r.Asker] = true
			ids = append(ids, r.Asker)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return s.deps.Requests.Parties(ctx, v.Actor, ids)
}

// incidentNames are the incidents that some of the requests are a part of.
func (s *Server) incidentNames(ctx context.Context, v *visit, found []desk.Request) (map[string]link, error) {
	out := map[string]link{}
	for _, r := range found {
		if _, known := out[r.Incident]; known || r.Incident == "" {
			continue
		}
		inc, err := s.deps.Rooms.Incident(ctx, v.Actor, r.Incident)
		if unseen(err) != nil {
			return nil, err
		}
		if err == nil {
			out[r.Incident] = link{Word: inc.Name(), Path: "/incidents/" + inc.Name()}
		}
	}
	return out, nil
}

func requestRowOf(v *visit, book Book, r desk.Request) requestRow {
	row := requestRow{State: requestState(v, r), Name: r.Name(), Path: "/requests/" + r.Name(), Title: r.Title, At: v.at(r.ReceivedAt),
		Due: dueState(v, r), DueAt: v.at(r.DueAt), Again: r.Open() && !r.AskedAt.IsZero() && !r.FirstReplyAt.IsZero()}
	if r.Assignee != "" {
		row.With, _, _ = strings.Cut(book.Name("person", r.Assignee), " ")
	}
	var small []string
	if r.Customer != "" {
		row.Customer = book.Name("customer", r.Customer)
		small = append(small, row.Customer)
	}
	if r.Priority == desk.High || r.Priority == desk.Urgent {
		small = append(small, string(r.Priority))
	}
	row.Small = strings.Join(small, ", ")
	return row
}

// requestState is where a request stands, for those who work on it.
func requestState(v *visit, r desk.Request) state {
	switch {
	case r.Asleep(v.Now):
		return newState("calm", "Snoozed until "+v.at(r.SnoozedUntil).Hour(), "clock")
	case r.State == desk.New:
		return newState("calm", "New", "info")
	case r.State == desk.Waiting && r.WaitsFor == desk.Developers:
		return newState("calm", "Waits for developers", "up")
	case r.State == desk.Waiting:
		return newState("calm", "Waits for "+string(r.WaitsFor), "clock")
	case r.State == desk.Open && r.Assignee == "":
		return newState("open", "Open", "calm")
	case r.State == desk.Open:
		return newState("open", "Working", "live")
	}
	return outcomeState(r.Outcome)
}

func outcomeState(o desk.Outcome) state {
	switch o {
	case desk.Declined:
		return newState("calm", "Declined", "stop")
	case desk.Duplicate:
		return newState("calm", "Duplicate", "link")
	}
	return newState("ok", outcomeWord(o))
}

func outcomeWord(o desk.Outcome) string {
	switch o {
	case desk.Answered:
		return "Answered"
	case desk.Done:
		return "Done by hand"
	case desk.ByAction:
		return "Done by an action"
	case desk.Configured:
		return "Setting put right"
	case desk.SelfService:
		return "They can do it now"
	case desk.Fixed:
		return "Bug fixed"
	}
	return capital(string(o))
}

func noRequests(view string, narrow bool) blank {
	if narrow {
		return newBlank("No request is like that", "Take a word out of the search, or look at all that is open.", "See what is open", "/requests")
	}
	switch view {
	case "nobody":
		return newBlank("Every request is with somebody", "What nobody has is listed here, so that nothing is forgotten.", "See what is open", "/requests")
	case "with-me":
		return newBlank("Nothing is with you", "Take a request with m, or look what nobody has.", "See what nobody has", "/requests?view=nobody")
	case "waiting":
		return newBlank("Nothing waits for others", "Requests stand here while the next move is the asker’s, the developers’ or somebody else’s.", "See what is open", "/requests")
	case "snoozed":
		return newBlank("Nothing is snoozed", "A snoozed request is out of sight until its hour, or until the asker writes.", "See what is open", "/requests")
	case "closed":
		return newBlank("No request was closed yet", "What was answered, declined or solved stays here for good.", "See what is open", "/requests")
	}
	return newBlank("Nobody waits for an answer", "Requests from every team appear here the moment they are asked, without a reload.", "Ask something", "/requests/new")
}
