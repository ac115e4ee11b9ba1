package web

import (
	"context"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"frontline/action"
	"frontline/desk"
	inputs "frontline/form"
	"frontline/people"
)

// nearScreen is what may make a question needless: a piece of a screen, for the form's script.
type nearScreen struct {
	head
	Say     string // "2 known answers, 1 action"; empty when there is nothing
	Answers []offered
	Actions []offeredAction
	Near    []nearRow
}

// offeredAction is an action that may solve what is being asked.
type offeredAction struct {
	Title, Purpose, Path string
	Because              string
	Risk                 state
}

// mostTyped is how much of one field of a form is taken over into the address of an action, in bytes.
const mostTyped = 200

// showNear is what is like a question that is just being typed: answers, actions that may solve it, and what was asked before.
func (s *Server) showNear(w http.ResponseWriter, r *http.Request, v *visit) error {
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	q := r.URL.Query()
	kind, _ := chosenType(book, q.Get("type"))
	x := beingAsked(kind, q)
	scr := nearScreen{head: head{Title: "What may answer it", Wing: "/requests", layout: pieceLayout}}
	if scr.Answers, err = s.offersLike(r.Context(), v, x.Title+"\n"+x.Body); err != nil {
		return err
	}
	if scr.Actions, err = s.fittingActions(r.Context(), v, book, kind, x, q); err != nil {
		return err
	}
	near, err := s.deps.Finding.SimilarTo(r.Context(), v.Actor, x, mostNear)
	if err != nil {
		return err
	}
	scr.Near, scr.Say = nearRows(v, book, near), saysOffers(len(scr.Answers), len(scr.Actions), len(near))
	return s.show(w, r, v, http.StatusOK, "near", scr)
}

// beingAsked reads a form that is not sent yet.
func beingAsked(kind desk.Type, q url.Values) desk.Asking {
	x := desk.Asking{Title: q.Get("title"), Body: q.Get("body"), Customer: q.Get("customer"), Service: q.Get("service")}
	for _, in := range kind.Inputs {
		value := q.Get(inputPrefix + in.Name)
		switch {
		case in.Type == inputs.Customer && x.Customer == "":
			x.Customer = value
		case in.Type == inputs.Service && x.Service == "":
			x.Service = value
		}
	}
	if x.Service == "" {
		x.Service = kind.Service
	}
	return x
}

// saysOffers is what there is, for whoever does not see it.
func saysOffers(answers, actions, near int) string {
	var out []string
	for _, x := range []struct {
		n         int
		one, many string
	}{{answers, "known answer", "known answers"}, {actions, "action to try", "actions to try"}, {near, "like it, asked before", "like it, asked before"}} {
		if x.n > 0 {
			out = append(out, plural(x.n, x.one, x.many))
		}
	}
	return strings.Join(out, ", ")
}

// offersLike are published answers that are like a text, with their words.
func (s *Server) offersLike(ctx context.Context, v *visit, text string) ([]offered, error) {
	found, err := s.deps.Requests.Offer(ctx, v.Actor, text, mostOffered)
	var out []offered
	for _, o := range found {
		x := offeredOf(o)
		words, err := s.markdown.HTML(o.Body)
		if err != nil {
			return nil, err
		}
		x.HTML = template.HTML(words) //nolint:gosec // sanitised by incident.Markdown
		out = append(out, x)
	}
	return out, err
}

// fittingActions are the actions that the person may run and that may solve it: those of the type, those of the service, those that say the same. Each
// is filled in from the form.
func (s *Server) fittingActions(ctx context.Context, v *visit, book Book, kind desk.Type, x desk.Asking, q url.Values) ([]offeredAction, error) {
	if s.deps.Actions == nil || people.May(v.Actor, people.SeeActions, people.Subject{Kind: "action"}) != nil {
		return nil, nil
	}
	all, err := s.deps.Actions.Actions(ctx, v.Actor, "")
	if err != nil {
		return nil, err
	}
	named := kind.Actions
	if sv, ok := book.Service(x.Service); ok {
		named = append(named[:len(named):len(named)], sv.Actions...)
	}
	var out []offeredAction
	for _, f := range action.Fitting(v.Actor, all, named, x.Title+"\n"+x.Body, mostOffered) {
		out = append(out, offeredAction{Title: f.Title, Purpose: f.Purpose, Risk: riskState(f.Risk), Because: strings.Join(f.Because, ", "), Path: tryPath(f.Definition, kind, x, q)})
	}
	return out, nil
}

// tryPath is the form of an action, filled in from what is being asked; the run will say that it came in place of a request.
func tryPath(d action.Definition, kind desk.Type, x desk.Asking, q url.Values) string {
	id := kind.ID
	if id == "" {
		id = otherType
	}
	given := url.Values{}
	for _, in := range d.Inputs {
		value := q.Get(inputPrefix + in.Name)
		switch {
		case in.Type == inputs.Customer && value == "":
			value = x.Customer
		case in.Type == inputs.Service && value == "":
			value = x.Service
		}
		if value != "" && len(value) <= mostTyped && in.Type != inputs.Secret {
			given.Set(inputPrefix+in.Name, value)
		}
	}
	path := actionPath(d.ID, action.Asking+":"+id)
	if len(given) > 0 {
		path += "&" + given.Encode()
	}
	return path
}

// askingLink leads back from a run to what was being asked.
func askingLink(id string) link {
	return link{Word: "what you were about to ask", Path: "/requests/new?" + url.Values{"type": {id}}.Encode()}
}
