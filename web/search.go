package web

import (
	"context"
	"net/http"
	"net/url"

	"frontline/desk"
	"frontline/people"
	"frontline/search"
)

// Finding is where everything is looked for.
type Finding interface {
	Find(ctx context.Context, a people.Actor, typed string, limit int) (desk.Found, error)
	Similar(ctx context.Context, a people.Actor, ref string, limit int) ([]desk.Near, error)
	SimilarTo(ctx context.Context, a people.Actor, q desk.Asking, limit int) ([]desk.Near, error)
}

type searchScreen struct {
	head
	Query string
	Tabs  []tab
	Told  []string // what was done about what was typed
	Hits  []hitRow
	Blank blank
	More  bool
}

// hitRow is one result.
type hitRow struct {
	Icon    string
	Kind    string
	Name    string // "R-1042"
	Path    string
	Title   []marked
	Text    []marked
	Before  bool // the text goes on there
	After   bool
	State   state
	Because string
	At      moment
}

// marked is a piece of a text; what was looked for is marked.
type marked struct {
	Text string
	Mark bool
}

// mostResults is how many results one screen shows.
const mostResults = 60

// showSearch shows what was found. A request's number leads to the request itself.
func (s *Server) showSearch(w http.ResponseWriter, r *http.Request, v *visit) error {
	typed, kind := r.URL.Query().Get("q"), desk.Kind(r.URL.Query().Get("kind"))
	if name, ok := requestNamed(typed); ok {
		http.Redirect(w, r, "/requests/"+name, http.StatusSeeOther)
		return nil
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	found, err := s.deps.Finding.Find(r.Context(), v.Actor, typed, mostResults)
	if err != nil {
		return err
	}
	scr := searchScreen{head: head{Title: "Search", Wing: "/search"}, Query: typed, More: found.More}
	for _, c := range found.Corrections {
		scr.Told = append(scr.Told, c.String())
	}
	scr.Told = append(scr.Told, found.Notes...)
	counts := map[desk.Kind]int{}
	for _, h := range found.Hits {
		if counts[h.Kind]++; kind == "" || kind == h.Kind {
			scr.Hits = append(scr.Hits, hitRowOf(v, book, h))
		}
	}
	scr.Tabs = searchTabs(typed, kind, counts, len(found.Hits))
	scr.Blank = noHits(typed)
	return s.show(w, r, v, http.StatusOK, "search", scr)
}

func searchTabs(typed string, kind desk.Kind, counts map[desk.Kind]int, all int) []tab {
	if all == 0 {
		return nil
	}
	path := func(k desk.Kind) string {
		q := url.Values{"q": {typed}}
		if k != "" {
			q.Set("kind", string(k))
		}
		return "/search?" + q.Encode()
	}
	tabs := []tab{{link: link{Word: "Everything", Path: path("")}, N: all, Here: kind == ""}}
	for _, k := range desk.Kinds() {
		if counts[k] > 0 || k == kind {
			tabs = append(tabs, tab{link: link{Word: capital(string(k)) + "s", Path: path(k)}, N: counts[k], Here: k == kind})
		}
	}
	return tabs
}

func noHits(typed string) blank {
	if typed == "" {
		return newBlank("Look for anything", "Requests, incidents, answers, actions, customers and services. Words find words with other endings too, and typos are forgiven.", "", "")
	}
	return newBlank("Nothing was found", "Leave a word out, or write it in another way. What you may not see is not looked through.", "", "")
}

func hitRowOf(v *visit, book Book, h desk.FoundHit) hitRow {
	row := hitRow{Kind: capital(string(h.Kind)), Name: h.Ref, Title: markedIn(h.Name, h.Hit.Title), Because: h.Hit.String()}
	switch h.Kind {
	case desk.KindRequest:
		row.Icon, row.Path, row.At, row.State = "inbox", "/requests/"+h.Ref, v.at(h.At), requestState(v, h.Request)
		if !mayWorkRequests(v.Actor) {
			row.State = askedState(h.Request)
		}
	case desk.KindIncident:
		i := incidentRowOf(v, book, h.Incident)
		row.Icon, row.Path, row.At, row.State = "incident", i.Path, v.at(h.At), i.State
	case desk.KindAnswer:
		row.Icon, row.Path, row.At = "book", "/answers/"+h.Ref, v.at(h.At)
	case desk.KindAction:
		row.Icon, row.Path = "action", actionPath(h.Ref, "")
	case desk.KindCustomer:
		row.Icon, row.Path = "person", "/customers/"+h.Ref
	case desk.KindService:
		row.Icon, row.Path = "pulse", "/services/"+h.Ref
	}
	if h.Kind != desk.KindCustomer && h.Kind != desk.KindService { // their text is their id
		row.Text, row.Before, row.After = markedIn(h.Snippet.Text, h.Snippet.Marks), h.Snippet.Before, h.Snippet.After
	}
	return row
}

// markedIn cuts a text at its marks.
func markedIn(text string, marks []search.Range) []marked {
	var out []marked
	at := 0
	for _, m := range marks {
		if m.From > at {
			out = append(out, marked{Text: text[at:m.From]})
		}
		out, at = append(out, marked{Text: text[m.From:m.To], Mark: true}), m.To
	}
	if at < len(text) {
		out = append(out, marked{Text: text[at:]})
	}
	return out
}

// nearRow is a request that is like the one before one's eyes.
type nearRow struct {
	linkedRow
	Likeness int // percent
	Because  string
}

// mostNear is how many similar requests are shown.
const mostNear = 5

func nearRows(v *visit, book Book, near []desk.Near) []nearRow {
	var out []nearRow
	for _, n := range near {
		row := nearRow{linkedRow: linkedRowOf(v, n.Request, ""), Likeness: int(n.Likeness*100 + 0.5), Because: capital(n.Says(book.Name("customer", n.Request.Customer)))}
		if !mayWorkRequests(v.Actor) {
			row.State = askedState(n.Request)
		}
		out = append(out, row)
	}
	return out
}
