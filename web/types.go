package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"frontline/config"
	"frontline/desk"
	"frontline/fault"
	inputs "frontline/form"
	"frontline/people"
)

// Types is where teams make their types of request.
type Types interface {
	Book(ctx context.Context) (*config.Book, error)
	SaveType(ctx context.Context, by people.Actor, t desk.Type, seen string) error
	RetireType(ctx context.Context, by people.Actor, id, seen string) error
	TypeVersions(ctx context.Context, by people.Actor, id string) ([]config.TypeVersion, error)
}

var _ Types = (*config.Config)(nil)

// typeRoutes are the part of the table about types of request. Who leads which team is asked when something is saved.
func (s *Server) typeRoutes() []Route {
	return []Route{
		{"GET /types", needs(people.SeeCatalog), s.showTypes},
		{"GET /types/new", needs(people.SeeCatalog), s.newType},
		{"GET /types/{id...}", needs(people.SeeCatalog), s.showType},
		{"POST /types", needs(people.SeeCatalog), s.saveType},
		{"POST /types/retire", needs(people.SeeCatalog), s.retireType},
	}
}

type typesScreen struct {
	head
	Rows   []typeRow
	Starts []typeStart
	May    bool // the person leads a team
}

type typeRow struct {
	Title, Help, Path, Team, Owner, Asks string
}

type typeStart struct{ Title, Why, Path string }

func (s *Server) showTypes(w http.ResponseWriter, r *http.Request, v *visit) error {
	book, err := s.deps.Types.Book(r.Context())
	if err != nil {
		return err
	}
	scr := typesScreen{head: head{Title: "Types of request", Wing: "/requests", Trail: trail("Requests", "/requests", "Types of request"), Topics: topics("config", "request_type")}}
	for _, t := range book.RequestTypes() {
		folder, _ := book.Owner("request_type", t.ID)
		scr.Rows = append(scr.Rows, typeRow{Title: t.Title, Help: t.Help, Path: typePath(t.ID), Team: teamName(book, t.Team), Owner: ownerWord(folder), Asks: plural(len(t.Inputs), "field", "fields")})
	}
	if scr.May = len(ledTeams(book, v.Actor)) > 0; scr.May {
		for _, x := range desk.TypeStarts() {
			scr.Starts = append(scr.Starts, typeStart{Title: x.Title, Why: x.Why, Path: "/types/new?" + url.Values{"from": {x.ID}}.Encode()})
		}
	}
	return s.show(w, r, v, http.StatusOK, "types", scr)
}

func typePath(id string) string { return "/types/" + (&url.URL{Path: id}).EscapedPath() }

// ledTeams are the teams for which the person may make types.
func ledTeams(book *config.Book, a people.Actor) []option {
	var out []option
	for _, t := range book.Teams() {
		if book.MayType(a, t.ID) == nil {
			out = append(out, option{Value: t.ID, Label: t.Name})
		}
	}
	return out
}

// typeScreen is one type: as it can be changed, or as it is where one may not.
type typeScreen struct {
	head
	ID       string
	New      bool
	Seen     string
	May      bool
	Why      string // why it may not be changed here
	Form     form
	Inputs   []typeInput
	Say      string // what is wrong as a whole
	Wrong    []mistake
	Preview  *askScreen
	Versions []typeVersion
	Kinds    []option
}

// typeInput is one thing that the form asks for, as a row of the editor.
type typeInput struct {
	At                                                int
	Name, Label, Help, Type, Choices, When, Is, Place string
	Required, Multiline                               bool
	Before                                            []option // what it may depend on
	Wrong                                             []string
}

type typeVersion struct {
	Say, By, Path string
	At            moment
}

// newType begins a type, empty or from one of those to start from.
func (s *Server) newType(w http.ResponseWriter, r *http.Request, v *visit) error {
	book, err := s.deps.Types.Book(r.Context())
	if err != nil {
		return err
	}
	if len(ledTeams(book, v.Actor)) == 0 {
		return fault.New(fault.Forbidden, "Types of request are made by whoever leads the team that works on them. Ask your lead.")
	}
	var t desk.Type
	for _, x := range desk.TypeStarts() {
		if x.ID == r.URL.Query().Get("from") {
			t = x.Type
			t.ID = ""
		}
	}
	return s.show(w, r, v, http.StatusOK, "type", s.typeScreen(v, book, t, ""))
}

// showType shows a type: its editor to a lead of its team, what it asks to everybody.
func (s *Server) showType(w http.ResponseWriter, r *http.Request, v *visit) error {
	ctx, id := r.Context(), r.PathValue("id")
	book, err := s.deps.Types.Book(ctx)
	if err != nil {
		return err
	}
	t, known := book.RequestType(id)
	if !known || !book.Has("request_type", id) {
		return fault.New(fault.NotFound, "There is no such type of request any more. Look in the list.")
	}
	scr := s.typeScreen(v, book, t, book.Mark("request_type", id))
	all, err := s.deps.Types.TypeVersions(ctx, v.Actor, id)
	if err != nil {
		return err
	}
	for _, old := range all {
		scr.Versions = append(scr.Versions, typeVersion{Say: "Version " + number(int(old.Number)), By: book.Name("person", old.By), At: v.at(old.At), Path: typePath(id) + "?version=" + strconv.FormatInt(old.Number, 10)})
		if strconv.FormatInt(old.Number, 10) == r.URL.Query().Get("version") {
			versions := scr.Versions
			scr = s.typeScreen(v, book, old.Type, scr.Seen)
			scr.Versions = versions
		}
	}
	preview := askScreenOf(book, t.ID, t, askForm(book, t))
	scr.Preview = &preview
	return s.show(w, r, v, http.StatusOK, "type", scr)
}

func (s *Server) typeScreen(v *visit, book *config.Book, t desk.Type, seen string) typeScreen {
	title := first(t.Title, "New type of request")
	scr := typeScreen{head: head{Title: title, Wing: "/requests", Trail: trail("Types of request", "/types", title)}, ID: t.ID, New: seen == "", Seen: seen, Kinds: inputKinds()}
	folder, _ := book.Owner("request_type", t.ID)
	teams := ledTeams(book, v.Actor)
	switch {
	case !scr.New && folder != "":
		scr.Why = "The folder " + folder + " owns it: it is changed there, with frontline apply."
	case len(teams) == 0 || !scr.New && book.MayType(v.Actor, t.Team) != nil:
		scr.Why = "It is changed by whoever leads " + teamName(book, t.Team) + "."
	default:
		scr.May = true
	}
	scr.Form = typeForm(book, t, teams)
	scr.Inputs = typeInputs(t.Inputs)
	return scr
}

func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

func typeForm(book *config.Book, t desk.Type, teams []option) form {
	visible := []option{{Value: "", Label: "Everybody"}, {Value: "team", Label: "Only the team, whoever asked and who follows"}}
	assign := []option{{Value: "", Label: "Nobody, until somebody takes it"}, {Value: "round_robin", Label: "The next one of the team, in turns"}, {Value: "load", Label: "Whoever of the team has the fewest"}}
	for _, x := range book.Rotations() {
		assign = append(assign, option{Value: "on_call:" + x.ID, Label: "Whoever is on call in " + x.Name})
	}
	given := string(t.Assign.How)
	if t.Assign.How == desk.OnCall {
		given = "on_call:" + t.Assign.Rotation
	}
	trusted := ""
	if t.Trusted {
		trusted = "true"
	}
	return form{Fields: []field{
		{Name: "title", Label: "What is it called?", Hint: "In the words of whoever asks: “A customer gets no webhooks”.", Value: t.Title, Autocomplete: "off"},
		{Name: "help", Label: "When is it the right one?", Hint: "One or two sentences beside the title.", Kind: "area", Value: t.Help, Optional: true},
		{Name: "team", Label: "Who works on it?", Kind: "select", Value: t.Team, Options: teams, Hint: "A team that you lead."},
		{Name: "service", Label: "About which service?", Kind: "select", Value: t.Service, Optional: true, Options: append([]option{{Label: "None"}}, serviceOptions(book)...)},
		{Name: "priority", Label: "Priority", Kind: "select", Value: first(string(t.Priority), string(desk.Normal)), Options: priorityOptions()},
		{Name: "assign", Label: "Who gets it?", Kind: "select", Value: given, Options: assign},
		{Name: "visibility", Label: "Who may read such requests?", Kind: "select", Value: strings.TrimPrefix(string(t.Visibility), string(people.Everyone)), Options: visible},
		{Name: "trusted", Label: "It needs no triage: it is open at once", Kind: "check", Value: trusted},
	}}
}

func inputKinds() []option {
	return []option{{Value: "text", Label: "One line"}, {Value: "area", Label: "Several lines"}, {Value: "number", Label: "A number"}, {Value: "date", Label: "A day"}, {Value: "boolean", Label: "Yes or no"},
		{Value: "choice", Label: "One of a list"}, {Value: "choices", Label: "Several of a list"}, {Value: "customer", Label: "A customer"}, {Value: "service", Label: "A service"}}
}

// typeInputs are the rows of the editor, with an empty one at the end.
func typeInputs(all []inputs.Input) []typeInput {
	var out []typeInput
	var before []option
	for i, in := range all {
		row := typeInput{At: i, Name: in.Name, Label: in.Title(), Help: in.Help, Type: string(in.Type), Choices: strings.Join(in.Choices, "\n"), Required: in.Required, Place: strconv.Itoa(i + 1), Before: slices.Clone(before)}
		if in.Type == inputs.Text && in.Multiline {
			row.Type = "area"
		}
		if in.When != nil {
			row.When = in.When.Input
			row.Is = whenWords(in.When.Is)
		}
		before = append(before, option{Value: in.Name, Label: in.Title()})
		out = append(out, row)
	}
	return append(out, typeInput{At: len(all), Type: "text", Place: strconv.Itoa(len(all) + 1), Before: before})
}
