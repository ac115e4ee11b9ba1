package web

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"frontline/action"
	"frontline/desk"
	inputs "frontline/form"
	"frontline/people"
)

// requestSide is what stands beside the conversation.
type requestSide struct {
	Clocks   []promisedClock
	Facts    []fact
	Edit     form   // type, priority, team, customer, service, title
	Actions  []link // that may solve it
	Answers  []offered
	Watchers []option
	Watching bool
	People   []option // who could follow it
	Linked   []linkedRow
	Problem  *linkedRow
	Original *linkedRow  // what it is a duplicate of
	Same     []linkedRow // duplicates of it
	Hanging  []linkedRow // that its solution answers
	Incident link
	Similar  []similarRow
	Asked    []escalationRow // what developers were asked about it
}

// similarRow is a request like this one, with the reasons.
type similarRow struct {
	linkedRow
	Why []string
}

// similarShown is how many requests like this one stand beside it.
const similarShown = 3

// similar are requests like this one, in whatever state: what was solved shows how.
func (s *Server) similar(ctx context.Context, v *visit, book Book, r desk.Request) ([]similarRow, error) {
	near, err := s.deps.Requests.Similar(ctx, v.Actor, r.ID, similarShown)
	if err != nil {
		return nil, err
	}
	var out []similarRow
	for _, n := range near {
		row := similarRow{linkedRow: linkedRowOf(v, n.Request, v.at(n.Request.ReceivedAt).Day())}
		if !n.Request.ClosedAt.IsZero() {
			row.Small += ", solved in " + duration(n.Request.ClosedAt.Sub(n.Request.ReceivedAt).Round(time.Minute))
		}
		if len(n.Because) > 0 {
			row.Why = append(row.Why, "same words: "+strings.Join(n.Because, ", "))
		}
		if n.SameCustomer {
			row.Why = append(row.Why, book.Name("customer", r.Customer)+" too")
		}
		if n.SameService {
			row.Why = append(row.Why, "same service")
		}
		out = append(out, row)
	}
	return out, nil
}

// linkedRow is another request that this one has to do with.
type linkedRow struct {
	State state
	Name  string
	Path  string
	Title string
	Small string
}

func (s *Server) requestSide(ctx context.Context, v *visit, book Book, c desk.Conversation) (requestSide, error) {
	r := c.Request
	side := requestSide{Clocks: clocksOf(v, r), Facts: sideFacts(v, book, c), Edit: editForm(book, r), Actions: requestActions(book, r), Watching: slices.Contains(r.Watchers, v.Actor.ID)}
	for _, id := range r.Watchers {
		side.Watchers = append(side.Watchers, option{Value: id, Label: book.Name("person", id)})
	}
	for _, p := range book.People() {
		if !slices.Contains(r.Watchers, p.ID) {
			side.People = append(side.People, option{Value: p.ID, Label: p.Name})
		}
	}
	for _, d := range c.Duplicates {
		side.Same = append(side.Same, linkedRowOf(v, d, c.Parties[d.Asker].Shown()))
	}
	for _, h := range c.Hanging {
		side.Hanging = append(side.Hanging, linkedRowOf(v, h, c.Parties[h.Asker].Shown()))
	}
	if err := s.linkedRequests(ctx, v, r, &side); err != nil {
		return side, err
	}
	var err error
	if side.Answers, err = s.sideAnswers(ctx, v, c); err != nil {
		return side, err
	}
	parts, err := s.incidentNames(ctx, v, []desk.Request{r})
	if err != nil {
		return side, err
	}
	side.Incident = parts[r.Incident]
	if side.Asked, err = s.escalationsOf(ctx, v, book, r); err != nil {
		return side, err
	}
	side.Similar, err = s.similar(ctx, v, book, r)
	return side, err
}

// linkedRequests reads what the request points at; what is not open to the person is left out.
func (s *Server) linkedRequests(ctx context.Context, v *visit, r desk.Request, side *requestSide) error {
	find := func(id string) (*linkedRow, error) {
		if id == "" {
			return nil, nil
		}
		x, err := s.deps.Requests.Request(ctx, v.Actor, id)
		if err != nil {
			return nil, unseen(err)
		}
		row := linkedRowOf(v, x, "")
		return &row, nil
	}
	var err error
	if side.Original, err = find(r.Of); err != nil {
		return err
	}
	if side.Problem, err = find(r.Problem); err != nil {
		return err
	}
	for _, id := range r.Links {
		row, err := find(id)
		if err != nil {
			return err
		}
		if row != nil {
			side.Linked = append(side.Linked, *row)
		}
	}
	return nil
}

func linkedRowOf(v *visit, r desk.Request, asker string) linkedRow {
	return linkedRow{State: requestState(v, r), Name: r.Name(), Path: "/requests/" + r.Name(), Title: r.Title, Small: asker}
}

func sideFacts(v *visit, book Book, c desk.Conversation) []fact {
	r := c.Request
	out := []fact{{Name: "Priority", Value: capital(string(r.Priority))}}
	out = append(out, askedFacts(book, r)...)
	out = append(out, fact{Name: "Came in", Value: v.at(r.ReceivedAt).Abs()})
	if p := c.Parties[r.Asker]; p.Address != "" {
		out = append(out, fact{Name: "Address", Value: p.Address})
	}
	if !r.FirstReplyAt.IsZero() {
		out = append(out, fact{Name: "Answered", Value: "after " + duration(r.FirstReplyAt.Sub(r.ReceivedAt))})
	}
	if !r.ClosedAt.IsZero() {
		out = append(out, fact{Name: "Closed", Value: v.at(r.ClosedAt).Abs() + ", after " + duration(r.ClosedAt.Sub(r.ReceivedAt))})
	}
	if len(r.Tags) > 0 {
		out = append(out, fact{Name: "Tags", Value: strings.Join(r.Tags, ", ")})
	}
	if r.Size != "" {
		out = append(out, fact{Name: "Size", Value: strings.ToUpper(string(r.Size))})
	}
	if !c.WordsUntil.IsZero() {
		out = append(out, fact{Name: "Text goes", Value: "on " + v.at(c.WordsUntil).Day()})
	}
	if r.Reopened > 0 {
		out = append(out, fact{Name: "Reopened", Value: plural(r.Reopened, "time", "times")})
	}
	return out
}

// formFacts are the answers to what the type's form asked for, in its order; what it does not ask any more comes last.
func formFacts(book Book, kind desk.Type, r desk.Request) []fact {
	var out []fact
	shown := map[string]bool{}
	for _, in := range kind.Inputs {
		shown[in.Name] = true
		value, has := r.Fields[in.Name]
		if !has || in.Type == inputs.Customer && value == r.Customer || in.Type == inputs.Service && value == r.Service {
			continue
		}
		out = append(out, fact{Name: in.Title(), Value: fieldWord(book, in, value), Mono: in.Type == inputs.Text && !in.Multiline && !strings.Contains(fmt.Sprint(value), " ")})
	}
	for _, name := range sortedAny(r.Fields) {
		if !shown[name] {
			out = append(out, fact{Name: name, Value: fmt.Sprint(r.Fields[name])})
		}
	}
	return out
}

func fieldWord(book Book, in inputs.Input, value any) string {
	switch in.Type {
	case inputs.Boolean:
		if value == true {
			return "Yes"
		}
		return "No"
	case inputs.Customer:
		return book.Name("customer", fmt.Sprint(value))
	case inputs.Service:
		return book.Name("service", fmt.Sprint(value))
	}
	if many, ok := value.([]any); ok {
		var words []string
		for _, x := range many {
			words = append(words, fmt.Sprint(x))
		}
		return strings.Join(words, ", ")
	}
	return fmt.Sprint(value)
}

func sortedAny(m map[string]any) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// requestActions are the actions that may solve it: those of its type, then those of its service.
func requestActions(book Book, r desk.Request) []link {
	var ids []string
	if kind, ok := book.RequestType(r.Type); ok {
		ids = append(ids, kind.Actions...)
	}
	if sv, ok := book.Service(r.Service); ok {
		ids = append(ids, sv.Actions...)
	}
	ids = append(slices.Clone(r.Offers), ids...) // what a rule offers stands first
	var out []link
	for i, id := range ids {
		if slices.Index(ids, id) == i {
			out = append(out, link{Word: book.Name("action", id), Path: actionPath(id, r.Subject().Kind+":"+r.ID)})
		}
	}
	return out
}

func editForm(book Book, r desk.Request) form {
	none := func(say string, options []option) []option { return append([]option{{Label: say}}, options...) }
	var teams []option
	for _, t := range book.Teams() {
		teams = append(teams, option{Value: t.ID, Label: t.Name})
	}
	types := typeOptions(book)
	if r.Type == "" {
		types = none("None", types)
	}
	if r.Team == "" {
		teams = none("None", teams)
	}
	return form{Fields: []field{
		{Name: "title", Label: "Title", Value: r.Title, Autocomplete: "off"},
		{Name: "priority", Label: "Priority", Kind: "select", Value: string(r.Priority), Options: priorityOptions()},
		{Name: "type", Label: "Type", Kind: "select", Value: r.Type, Options: types},
		{Name: "team", Label: "Team", Kind: "select", Value: r.Team, Options: teams},
		{Name: "customer", Label: "Customer", Kind: "select", Value: r.Customer, Options: none("None", customerOptions(book))},
		{Name: "service", Label: "Service", Kind: "select", Value: r.Service, Options: none("None", serviceOptions(book))},
		{Name: "tags", Label: "Tags", Value: strings.Join(r.Tags, " "), Hint: "Words of lower-case letters, digits and dashes, parted by spaces.", Autocomplete: "off"},
	}}
}

// requestDeeds are the small forms of the request's head.
type requestDeeds struct {
	Form     form   // what was refused
	Opened   string // the form that it stands in
	Give     []option
	Waits    []choice
	Offers   []offer // demands, where it is closed
	Outcomes []keyed
	Sizes    []keyed
	Snooze   []option
	Alike    []option
	Macros   []macroRow
	Hangs    int // how many requests hang on it
	Declare  string
	MayHold  bool // say that the text must stay, while there is some
	Held     bool
}

// keyed is an option with a key of its own.
type keyed struct {
	option
	Key string
}

// macroRow is a macro in the menu.
type macroRow struct {
	Title, Path, Small string
}

// macroView shows what a macro would do, before it does.
type macroView struct {
	Ref   string // of the request
	ID    string
	Title string
	Reply []word
	Note  []word
	To    string
	Does  []string
	Edit  string

	Offers []offer // what it was about, where the macro closes it
}

func (s *Server) requestDeeds(ctx context.Context, v *visit, book Book, c desk.Conversation) (requestDeeds, error) {
	r := c.Request
	d := requestDeeds{Give: supporterOptions(book), Snooze: snoozeOptions(v), Hangs: len(stillOpen(c.Hanging)), Macros: macroRows(book, v, r)}
	for _, x := range waitOptions() {
		d.Waits = append(d.Waits, choice{Value: x.Value, Label: x.Label, Here: r.State == desk.Waiting && x.Value == string(r.WaitsFor)})
	}
	var err error
	if d.Offers, err = s.offers(ctx, v, book, r); err != nil {
		return d, err
	}
	first := 1
	if len(d.Offers) > 0 {
		first = 4 // 1 to 3 and 0 say what it was about
	}
	for i, o := range outcomeOptions() {
		d.Outcomes = append(d.Outcomes, keyed{o, fmt.Sprint(first + i)})
	}
	for i, size := range desk.Sizes() {
		say := []string{"about 5 minutes", "about 20 minutes", "about an hour", "half a day or more"}[i]
		d.Sizes = append(d.Sizes, keyed{option{Value: string(size), Label: strings.ToUpper(string(size)), Hint: say}, string(size)[:1]})
	}
	d.Held, d.MayHold = r.Hold != nil, !r.Wordless() && people.May(v.Actor, people.HoldWords, people.Subject{Kind: "request", ID: r.ID}) == nil
	if people.May(v.Actor, people.DeclareIncident, people.Subject{}) == nil && r.Incident == "" {
		q := url.Values{"request": {r.Name()}}
		if r.Service != "" {
			q.Set("service", r.Service)
		}
		d.Declare = "/incidents/new?" + q.Encode()
	}
	d.Alike, err = s.alike(ctx, v, r)
	return d, err
}

func stillOpen(all []desk.Request) []desk.Request {
	return slices.DeleteFunc(slices.Clone(all), func(r desk.Request) bool { return !r.Open() })
}

// macroRows are the macros of everybody and of the request's team.
func macroRows(book Book, v *visit, r desk.Request) []macroRow {
	var out []macroRow
	for _, m := range book.Macros() {
		if m.Team != "" && m.Team != r.Team && !teamOf(v.Actor, m.Team) {
			continue
		}
		var small []string
		if m.Reply != "" {
			small = append(small, "answers")
		}
		if m.Note != "" {
			small = append(small, "notes")
		}
		if m.WaitFor != "" {
			small = append(small, "waits for "+waitWord(m.WaitFor))
		}
		if m.Close != "" {
			small = append(small, "closes")
		}
		out = append(out, macroRow{m.Title, "/requests/" + r.Name() + "?" + url.Values{"macro": {m.ID}}.Encode() + "#macro", cmp.Or(strings.Join(small, ", "), "changes it")})
	}
	return out
}

// forRequest fills in the customer and the service of the request that a run would be for, where the form asks for one.
func (s *Server) forRequest(ctx context.Context, v *visit, d action.Definition, id string, values map[string]any) error {
	r, err := s.deps.Requests.Request(ctx, v.Actor, id)
	if err != nil {
		return err
	}
	for _, in := range d.Inputs {
		switch {
		case values[in.Name] != nil:
		case in.Type == inputs.Customer && r.Customer != "":
			values[in.Name] = r.Customer
		case in.Type == inputs.Service && r.Service != "":
			values[in.Name] = r.Service
		}
	}
	return nil
}
