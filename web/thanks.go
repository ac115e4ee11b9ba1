package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/thanks"
)

// Thanks is where people thank each other; what the actor may not know of is left out.
type Thanks interface {
	ThanksReading
	Give(ctx context.Context, a people.Actor, d thanks.Draft) (thanks.Thanks, bool, error)
	Reword(ctx context.Context, a people.Actor, ref, words string) (thanks.Thanks, error)
	TakeBack(ctx context.Context, a people.Actor, ref string) (thanks.Thanks, error)
	SetWish(ctx context.Context, a people.Actor, w thanks.Wish) error
}

// ThanksReading is where thanks are looked up.
type ThanksReading interface {
	Thanks(ctx context.Context, a people.Actor, ref string) (thanks.Shown, error)
	Page(ctx context.Context, a people.Actor, v thanks.View) ([]thanks.Shown, bool, error)
	Digest(ctx context.Context, a people.Actor, m thanks.Month) (thanks.Digest, error)
	Helpers(ctx context.Context, a people.Actor, ref string) (thanks.Matter, thanks.Helpers, error)
	LeftToday(ctx context.Context, a people.Actor) (int, error)
	Wish(ctx context.Context, a people.Actor) (thanks.Wish, error)
}

// thanksRoutes are the routes of thanks. What one may do to a thanks is asked again by the domain, with the thanks.
func (s *Server) thanksRoutes() []Route {
	return []Route{
		{"GET /thanks", needs(people.SeeThanks), s.showWall},
		{"POST /thanks", needs(people.GiveThanks), s.giveThanks},
		{"GET /thanks/new", needs(people.GiveThanks), s.showGive},
		{"POST /thanks/mails", needs(people.GiveThanks), s.setThanksMails},
		{"GET /thanks/months/{month}", needs(people.SeeThanks), s.showMonth},
		{"GET /thanks/{ref}", needs(people.SeeThanks), s.showThanks},
		{"POST /thanks/{ref}/reword", needs(people.GiveThanks), s.rewordThanks},
		{"POST /thanks/{ref}/take-back", needs(people.SeeThanks), s.takeBackThanks},
	}
}

// thankRow is one thanks as it hangs on the wall.
type thankRow struct {
	Name, Path string
	Words      []word
	By, To     string
	About      link
	Title      string // of what it is about
	At         moment
	Reworded   bool
	Got        bool // the reader is thanked
}

func thankRowOf(v *visit, book Book, x thanks.Shown) thankRow {
	row := thankRow{Name: x.Name(), Path: "/thanks/" + x.Name(), Words: linked(x.Text.Body), By: whoOr(v, book, x.By), To: thankedBy(v, book, x.To), At: v.at(x.At), Reworded: !x.ChangedAt.Equal(x.At), Got: x.Got}
	if x.Matter != nil {
		row.About, row.Title = link{Word: x.Matter.Name, Path: matterPath(x.Matter)}, x.Matter.Title
	}
	return row
}

func whoOr(v *visit, book Book, person string) string {
	if person == v.Actor.ID {
		return "You"
	}
	return book.Name("person", person)
}

// thankedBy names those who are thanked, the reader first.
func thankedBy(v *visit, book Book, all []thanks.To) string {
	var out []string
	for _, to := range all {
		if to.Kind == thanks.Person && to.ID == v.Actor.ID {
			out = slices.Insert(out, 0, "you")
			continue
		}
		out = append(out, book.Name(string(to.Kind), to.ID))
	}
	if n := len(out); n > 1 {
		return strings.Join(out[:n-1], ", ") + " and " + out[n-1]
	}
	return strings.Join(out, "")
}

func matterPath(m *thanks.Matter) string {
	if m.Subject.Kind == "incident" {
		return "/incidents/" + m.Name
	}
	return "/requests/" + m.Name
}

func thanksHead(title string, more ...string) head {
	return head{Title: title, Wing: "/requests", Trail: trail(append([]string{"Requests", "/requests", "Thanks"}, more...)...), Topics: topics("thanks", "")}
}

type wallScreen struct {
	head
	Tabs  []tab
	Rows  []thankRow
	Pager pager
	Blank blank
	Wish  form
	Month link // what people were thankful for this month
	Last  link // and in the month before
}

func (s *Server) showWall(w http.ResponseWriter, r *http.Request, v *visit) error {
	q := r.URL.Query()
	view := thanks.View{Limit: pageSize}
	view.Before, _ = strconv.ParseInt(q.Get("before"), 10, 64)
	scr := wallScreen{head: thanksHead("Thanks"),
		Blank: newBlank("Nobody has said thank you yet", "Somebody helped you today? Say what it was: it takes a minute, and they read it.", "Say thanks", "/thanks/new")}
	switch q.Get("view") {
	case "you":
		view.Got = true
		scr.Blank = newBlank("Nothing here yet", "What you, or a team of yours, are thanked for stands here, with the reason.", "", "")
	case "yours":
		view.Given = true
		scr.Blank = newBlank("You have not thanked anybody yet", "Somebody helped you today? Say what it was.", "Say thanks", "/thanks/new")
	}
	for _, x := range []struct{ word, path string }{{"Everybody", ""}, {"For you", "you"}, {"From you", "yours"}} {
		path := "/thanks"
		if x.path != "" {
			path += "?view=" + x.path
		}
		scr.Tabs = append(scr.Tabs, tab{link: link{Word: x.word, Path: path}, Here: q.Get("view") == x.path})
	}
	all, more, err := s.deps.Thanks.Page(r.Context(), v.Actor, view)
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	for _, x := range all {
		scr.Rows = append(scr.Rows, thankRowOf(v, book, x))
	}
	scr.Pager = pager{Of: "thanks", Say: plural(len(all), "thanks", "thanks") + " shown"}
	if more {
		scr.Pager.Older = "/thanks?" + url.Values{"view": {q.Get("view")}, "before": {strconv.FormatInt(all[len(all)-1].Number, 10)}}.Encode()
	}
	if view.Before > 0 {
		scr.Pager.Newer = "/thanks?" + url.Values{"view": {q.Get("view")}}.Encode()
	}
	if err := s.wallFoot(r.Context(), v, &scr); err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "thanks", scr)
}

// wallFoot adds what stands below the wall: months and mails.
func (s *Server) wallFoot(ctx context.Context, v *visit, scr *wallScreen) error {
	now := v.Now.In(s.deps.Zone)
	first := now.AddDate(0, 0, 1-now.Day())
	for _, m := range []struct {
		to    *link
		month thanks.Month
	}{{&scr.Month, thanks.MonthOf(first)}, {&scr.Last, thanks.MonthOf(first.AddDate(0, -1, 0))}} {
		*m.to = link{Word: m.month.Title(), Path: "/thanks/months/" + string(m.month)}
	}
	wish, err := s.deps.Thanks.Wish(ctx, v.Actor)
	on := map[bool]string{true: "on"}
	scr.Wish = form{Fields: []field{
		{Name: "told", Label: "When somebody thanks me, or a team of mine", Kind: "check", Value: on[wish.Told]},
		{Name: "digest", Label: "Once a month, what people were thankful for, by demand", Kind: "check", Value: on[wish.Digest]},
	}}
	return err
}

func (s *Server) setThanksMails(w http.ResponseWriter, r *http.Request, v *visit) error {
	err := s.deps.Thanks.SetWish(r.Context(), v.Actor, thanks.Wish{Told: r.PostForm.Get("told") != "", Digest: r.PostForm.Get("digest") != ""})
	if err != nil {
		return err
	}
	return s.done(w, r, "/thanks", "Saved: these are the mails that you get.")
}

type giveScreen struct {
	head
	Form  form
	About link
	Title string // of what it is about
	Left  int    // how many thanks the person may still give today
}

// giveForm asks whom and what for. Who helped is ticked already.
func (s *Server) giveForm(ctx context.Context, v *visit, about string) (giveScreen, error) {
	scr := giveScreen{head: thanksHead("Say thanks", "/thanks", "Say thanks")}
	scr.Topics = nil
	book, err := s.deps.Book(ctx)
	if err != nil {
		return scr, err
	}
	m, h, err := s.deps.Thanks.Helpers(ctx, v.Actor, about)
	if err != nil && !fault.Is(err, fault.Invalid) {
		return scr, err
	}
	wrong := err
	if m.Name != "" {
		scr.About, scr.Title = link{Word: m.Name, Path: matterPath(&m)}, m.Title
	}
	helped := field{Name: "helped", Label: "Who helped", Kind: "checks"}
	for _, id := range h.People {
		if _, ok := book.Person(id); ok {
			helped.Options = append(helped.Options, option{Value: "person:" + id, Label: book.Name("person", id)})
		}
	}
	for _, id := range h.Actions {
		helped.Options = append(helped.Options, option{Value: "action:" + id, Label: "the action " + book.Name("action", id)})
	}
	for _, o := range helped.Options {
		helped.Values = append(helped.Values, o.Value)
	}
	all := thankable(v, book)
	who := field{Name: "who", Label: "Whom do you thank?", Kind: "select", Options: append([]option{{Label: "Choose"}}, all...)}
	also := field{Name: "also", Label: "And", Kind: "select", Optional: true, Options: append([]option{{Label: "Nobody else"}}, all...)}
	if len(helped.Options) > 0 {
		who.Label, who.Optional, who.Options = "Somebody else too", true, also.Options
		scr.Form.Fields = append(scr.Form.Fields, helped)
	}
	scr.Form.Fields = append(scr.Form.Fields, who, also,
		field{Name: "reason", Label: "What for?", Kind: "area", Hint: "What they did, and what it changed for you. Everybody reads it."},
		field{Name: "about", Label: "Request or incident", Optional: true, Hint: "Such as R-1042 or INC-31.", Value: about, Autocomplete: "off"})
	if wrong != nil {
		scr.Form, _ = scr.Form.refused(wrong)
	}
	scr.Left, err = s.deps.Thanks.LeftToday(ctx, v.Actor)
	return scr, err
}

// thankable is everybody and everything that the person may thank.
func thankable(v *visit, book Book) (out []option) {
	for _, p := range book.People() {
		if p.ID != v.Actor.ID {
			out = append(out, option{Value: "person:" + p.ID, Label: p.Name})
		}
	}
	for _, t := range book.Teams() {
		out = append(out, option{Value: "team:" + t.ID, Label: "the team " + t.Name})
	}
	for _, d := range book.Actions() {
		if people.May(v.Actor, people.SeeActions, d.Subject()) == nil {
			out = append(out, option{Value: "action:" + d.ID, Label: "the action " + d.Title})
		}
	}
	return out
}

func (s *Server) showGive(w http.ResponseWriter, r *http.Request, v *visit) error {
	scr, err := s.giveForm(r.Context(), v, r.URL.Query().Get("about"))
	if err != nil {
		return err
	}
	if to := r.URL.Query().Get("to"); to != "" {
		scr.Form = scr.Form.with("who", to)
	}
	return s.show(w, r, v, http.StatusOK, "thanks-new", scr)
}

func (s *Server) giveThanks(w http.ResponseWriter, r *http.Request, v *visit) error {
	d := thanks.Draft{Reason: r.PostForm.Get("reason"), About: r.PostForm.Get("about")}
	for _, to := range slices.Concat(r.PostForm["helped"], r.PostForm["who"], r.PostForm["also"]) {
		kind, id, _ := strings.Cut(to, ":")
		switch thanks.Kind(kind) {
		case thanks.Person:
			d.People = append(d.People, id)
		case thanks.Team:
			d.Teams = append(d.Teams, id)
		case thanks.Action:
			d.Actions = append(d.Actions, id)
		}
	}
	x, _, err := s.deps.Thanks.Give(r.Context(), v.Actor, d)
	if err == nil {
		return s.done(w, r, "/thanks/"+x.Name(), "Said. They read it in ten minutes; until then you may change the words.")
	}
	scr, failed := s.giveForm(r.Context(), v, d.About)
	if failed != nil {
		return failed
	}
	scr.Form.Wrong = nil
	return s.again(w, r, v, "thanks-new", scr.Form.typed(r.PostForm), ofForm(err), func(f form) (screen, error) {
		scr.Form = f
		return scr, nil
	})
}

// ofForm says who is wrong at the field that the form has for everybody.
func ofForm(err error) error {
	wrong := fault.FieldsOf(err)
	if len(wrong) == 1 && slices.Contains([]string{"people", "teams", "actions"}, wrong[0].Name) {
		return fault.Wrong("who", "%s", wrong[0].Say)
	}
	return err
}

type thankScreen struct {
	head
	Row        thankRow
	Form       form
	Changeable bool // the reader may still change the words
	Until      moment
	Back       bool // the reader may take it off the wall
	Mine       bool
}

func (s *Server) thankScreen(ctx context.Context, v *visit, ref string) (thankScreen, error) {
	x, err := s.deps.Thanks.Thanks(ctx, v.Actor, ref)
	if err != nil {
		return thankScreen{}, err
	}
	book, err := s.deps.Book(ctx)
	if err != nil {
		return thankScreen{}, err
	}
	scr := thankScreen{head: thanksHead("Thanks "+x.Name(), "/thanks", x.Name()), Row: thankRowOf(v, book, x), Back: x.Back, Mine: x.Mine, Changeable: x.Mine && x.Changeable(v.Now), Until: v.at(x.At.Add(thanks.BackFor()))}
	scr.Form = form{Fields: []field{{Name: "reason", Label: "Its words", Kind: "area", Value: x.Text.Body}}}
	return scr, nil
}

func (s *Server) showThanks(w http.ResponseWriter, r *http.Request, v *visit) error {
	scr, err := s.thankScreen(r.Context(), v, r.PathValue("ref"))
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "thanks-one", scr)
}

func (s *Server) rewordThanks(w http.ResponseWriter, r *http.Request, v *visit) error {
	ref := r.PathValue("ref")
	_, err := s.deps.Thanks.Reword(r.Context(), v.Actor, ref, r.PostForm.Get("reason"))
	if err == nil {
		return s.done(w, r, "/thanks/"+ref, "Saved.")
	}
	scr, failed := s.thankScreen(r.Context(), v, ref)
	if failed != nil {
		return failed
	}
	scr.Topics = nil
	return s.again(w, r, v, "thanks-one", scr.Form.typed(r.PostForm), err, func(f form) (screen, error) {
		scr.Form = f
		return scr, nil
	})
}

func (s *Server) takeBackThanks(w http.ResponseWriter, r *http.Request, v *visit) error {
	x, err := s.deps.Thanks.TakeBack(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	say := x.Name() + " is off the wall, and its words are deleted."
	if x.Void {
		say = x.Name() + " is taken back, as if it had never been."
	}
	return s.done(w, r, "/thanks", say)
}

type monthScreen struct {
	head
	Name          string
	Groups        []monthGroup
	Figures       []figure
	Newer, Before link
	Blank         blank
}

type monthGroup struct {
	ID    string
	Name  string
	Title string
	Path  string
	N     int
	Rows  []thankRow
}

func (s *Server) showMonth(w http.ResponseWriter, r *http.Request, v *visit) error {
	month := thanks.Month(r.PathValue("month"))
	d, err := s.deps.Thanks.Digest(r.Context(), v.Actor, month)
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	scr := monthScreen{head: thanksHead("Thankful in "+month.Title(), "/thanks", month.Title()), Name: month.Title(),
		Blank: newBlank("Nobody said thank you in "+month.Title(), "Reasons stand here by what the requests were about.", "", ""),
		Figures: []figure{{Name: "Thank yous", Value: number(d.N), Unit: "the same two people once a day"}, {Name: "From", Value: number(d.Givers), Unit: map[bool]string{true: "person", false: "people"}[d.Givers == 1]},
			{Name: "About", Value: number(d.Matters), Unit: "requests and incidents"}}}
	for i, g := range d.Groups {
		out := monthGroup{ID: "group-" + strconv.Itoa(i), Name: g.Name, Title: g.Title, N: len(g.Thanks)}
		if g.Name != "" {
			out.Path = "/insight/demands/" + g.Name
		}
		for _, x := range g.Thanks {
			out.Rows = append(out.Rows, thankRowOf(v, book, x))
		}
		scr.Groups = append(scr.Groups, out)
	}
	before := thanks.MonthOf(d.From.AddDate(0, -1, 0))
	scr.Before = link{Word: before.Title(), Path: "/thanks/months/" + string(before)}
	if d.Until.Before(v.Now) {
		after := thanks.MonthOf(d.Until)
		scr.Newer = link{Word: after.Title(), Path: "/thanks/months/" + string(after)}
	}
	return s.show(w, r, v, http.StatusOK, "thanks-month", scr)
}

// thanked is what a request's or an incident's screen shows of thanks.
type thanked struct {
	Rows []thankRow
	New  string // the address at which it is thanked for
}

const thankedShown = 5

// thankedFor are the thanks about a request or an incident, the newest.
func (s *Server) thankedFor(ctx context.Context, v *visit, book Book, about journal.Subject, name string) (thanked, error) {
	if people.May(v.Actor, people.SeeThanks, people.Subject{Kind: "thanks"}) != nil {
		return thanked{}, nil
	}
	all, _, err := s.deps.Thanks.Page(ctx, v.Actor, thanks.View{About: about, Limit: thankedShown})
	out := thanked{New: "/thanks/new?" + url.Values{"about": {name}}.Encode()}
	for _, x := range all {
		row := thankRowOf(v, book, x)
		row.About = link{}
		out.Rows = append(out.Rows, row)
	}
	return out, err
}
