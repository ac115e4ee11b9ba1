package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"

	"frontline/fault"
	"frontline/form"
	"frontline/journal"
	"frontline/people"
	"frontline/plain"
)

// Incoming is a message from outside the desk: from a screen, a mail, the API or a chat.
type Incoming struct {
	Arrival
	Type     string // a Type's id; may be empty
	Team     string // which works on it, where neither type nor service says so
	Title    string
	Body     string
	Cut      string // what was taken out of the body: quoted mail, a signature
	Fields   map[string]any
	Service  string
	Customer string
	Files    []File // with their bodies
	Formless bool   // the channel has no forms: what the type asks for may be missing
	// Automatic is what a program wrote, such as a note that somebody is away: it is kept, and wakes nobody.
	Automatic bool
	// Spoken is what was said where whoever asked reads it already, such as in a thread of a chat. When it is a supporter who says it, it is a reply to
	// that asker, and goes nowhere else.
	Spoken bool
}

// Receive takes in one message, once for each of the channel's ids: as a new request, or as more about the one that it answers. Fresh is false
// when the message was known.
func (s *Service) Receive(ctx context.Context, a people.Actor, m Incoming) (r Request, fresh bool, err error) {
	if err := people.May(a, people.AskDesk, topic()); err != nil {
		return Request{}, false, err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return Request{}, false, err
	}
	in, err := m.ready(book)
	if err != nil {
		return Request{}, false, err
	}
	if in.pick, err = s.pick(ctx, book, in.kind); err != nil {
		return Request{}, false, err
	}
	m.From = known(book, m.From)
	return s.DB.Receive(ctx, m.Arrival, func(cur Current) (Change, error) {
		t := s.newTurn(a, book, cur)
		in.person = cur.Party.Person
		err := t.receive(in)
		return t.done(), err
	})
}

// Ask is Receive for somebody who is signed in: they ask for themselves.
func (s *Service) Ask(ctx context.Context, a people.Actor, m Incoming) (Request, bool, error) {
	if a.Kind != people.ByPerson {
		return Request{}, false, fault.New(fault.Forbidden, "Only a person asks. Send what a program has to say with the address of whom it is for.")
	}
	m.From = Party{Person: a.ID}
	return s.Receive(ctx, a, m)
}

// Add is more about a request from somebody who takes part in it.
func (s *Service) Add(ctx context.Context, a people.Actor, ref string, m Incoming) (Request, error) {
	r, err := s.open(ctx, a, people.SeeRequests, ref)
	if err != nil {
		return Request{}, err
	}
	m.Arrival.Request = r.ID
	m.Title = first(m.Title, r.Name())
	r, _, err = s.Ask(ctx, a, m)
	return r, err
}

// known completes a party from the directory.
func known(book Directory, p Party) Party {
	p.Address, p.Name = strings.ToLower(strings.TrimSpace(p.Address)), plain.Clip(plain.Line(p.Name), 200)
	person, ok := book.Person(p.Person)
	if !ok && p.Address != "" {
		person, ok = book.PersonByEmail(p.Address)
	}
	if ok {
		p.Person, p.Name, p.Address = person.ID, person.Name, first(p.Address, strings.ToLower(person.Email))
	}
	return p
}

// ready checks what came and salts its words.
func (m Incoming) ready(book Directory) (in incoming, err error) {
	in = incoming{service: m.Service, customer: m.Customer, team: m.Team, channel: m.Channel, ref: m.Ref, cut: plain.Prose(m.Cut), automatic: m.Automatic, spoken: m.Spoken}
	in.title, in.text = journal.Salted(plain.Line(m.Title)), journal.Salted(plain.Prose(m.Body))
	if m.Type != "" {
		at := slices.IndexFunc(book.RequestTypes(), func(t Type) bool { return t.ID == m.Type })
		if at < 0 {
			return in, fault.Wrong("type", "There is no type of request %.60s. Choose one of the list.", m.Type)
		}
		in.kind = book.RequestTypes()[at]
	}
	if _, ok := book.Service(m.Service); !ok && m.Service != "" {
		return in, fault.Wrong("service", "There is no service %.60s. Choose one of the list.", m.Service)
	}
	if _, ok := book.Customer(m.Customer); !ok && m.Customer != "" {
		return in, fault.Wrong("customer", "There is no customer %.60s. Choose one of the list.", m.Customer)
	}
	if in.files, err = readyFiles(m.Files); err != nil {
		return in, err
	}
	if m.Formless {
		return in, nil
	}
	return in, in.check(book, m.Fields)
}

// check reads what the type's form asked for. A customer or service that is asked for there is the request's.
func (in *incoming) check(book Directory, given map[string]any) error {
	if len(in.kind.Inputs) == 0 && len(given) == 0 {
		return nil
	}
	values, err := form.Check(in.kind.Inputs, given)
	if err != nil {
		return err
	}
	in.fields = values
	for _, input := range in.kind.Inputs {
		id, _ := values[input.Name].(string)
		switch {
		case id == "":
		case input.Type == form.Customer:
			if _, ok := book.Customer(id); !ok {
				return fault.Wrong(input.Name, "There is no customer %.60s. Choose one of the list.", id)
			}
			in.customer = first(in.customer, id)
		case input.Type == form.Service:
			if _, ok := book.Service(id); !ok {
				return fault.Wrong(input.Name, "There is no service %.60s. Choose one of the list.", id)
			}
			in.service = first(in.service, id)
		}
	}
	return nil
}

// readyFiles checks files and says what they really are.
func readyFiles(files []File) ([]File, error) {
	if len(files) > MostFiles {
		return nil, fault.Wrong("files", "A message has at most %d files. Put them into one archive.", MostFiles)
	}
	out := slices.Clone(files)
	for i := range out {
		f := &out[i]
		if len(f.Body) > LargestFile {
			return nil, fault.Wrong("files", "%.80s is larger than %d MB. Put it where the team can fetch it and send the address.", plain.Line(f.Name), LargestFile>>20)
		}
		f.Name = first(plain.Clip(plain.Line(strings.NewReplacer("/", "_", "\\", "_").Replace(f.Name)), 120), "file")
		sum := sha256.Sum256(f.Body)
		f.Type, f.Size, f.Hash = http.DetectContentType(f.Body), int64(len(f.Body)), hex.EncodeToString(sum[:])
	}
	return out, nil
}

// pick says who gets a new request of the type; nobody when the type leaves it to people, or when nobody is there.
func (s *Service) pick(ctx context.Context, book Directory, kind Type) (string, error) {
	switch kind.Assign.How {
	case OnCall:
		return s.OnCall(ctx, kind.Assign.Rotation)
	case RoundRobin, ByLoad:
	default:
		return "", nil
	}
	var able []string
	for _, p := range book.People() {
		if slices.Contains(p.Teams, kind.Team) && people.May(people.As(p, "screen"), people.WorkRequests, topic()) == nil {
			able = append(able, p.ID)
		}
	}
	load, err := s.DB.Load(ctx, able)
	return lightest(able, load, kind.Assign.How), err
}

// lightest chooses among the people: who got one longest ago, or who has the fewest open ones; the first of equals.
func lightest(able []string, load map[string]Load, how AssignHow) string {
	if len(able) == 0 {
		return ""
	}
	return slices.MinFunc(able, func(a, b string) int {
		if n := load[a].Open - load[b].Open; how == ByLoad && n != 0 {
			return n
		}
		return load[a].LastAt.Compare(load[b].LastAt)
	})
}
