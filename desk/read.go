package desk

import (
	"context"
	"slices"
	"time"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// presentFor is how long after the last touch a person counts as being there.
const presentFor = 40 * time.Second

// longestHistory is how many entries of the journal a conversation reads at most, the newest.
const longestHistory = 1000

// mostBeside is how many duplicates, and how many that hang on it, a conversation shows.
const mostBeside = 200

// Request returns one request by its id or its name ("R-1042").
func (s *Service) Request(ctx context.Context, a people.Actor, ref string) (Request, error) {
	return s.open(ctx, a, people.SeeRequests, ref)
}

// Requests returns those that the filter names and the actor may know of.
func (s *Service) Requests(ctx context.Context, a people.Actor, f Filter) ([]Request, error) {
	f, err := s.seen(ctx, a, f)
	if err != nil {
		return nil, err
	}
	return s.DB.Requests(ctx, f)
}

// Count counts those that the filter names and the actor may know of, at most up to the filter's limit.
func (s *Service) Count(ctx context.Context, a people.Actor, f Filter) (int, error) {
	f, err := s.seen(ctx, a, f)
	if err != nil {
		return 0, err
	}
	return s.DB.CountRequests(ctx, f)
}

// seen narrows a filter to what the actor may know of.
func (s *Service) seen(ctx context.Context, a people.Actor, f Filter) (Filter, error) {
	if err := people.May(a, people.SeeRequests, topic()); err != nil {
		return f, err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return f, err
	}
	f.Seer, f.Now = seerOf(a, book), s.Now()
	return f, nil
}

// Conversation returns a request with all that was said about it. Who is not of the desk does not see what the desk keeps to itself.
func (s *Service) Conversation(ctx context.Context, a people.Actor, ref string) (c Conversation, err error) {
	if c.Request, err = s.open(ctx, a, people.SeeRequests, ref); err != nil {
		return c, err
	}
	if c.Duplicates, err = s.Requests(ctx, a, Filter{Of: c.Request.ID, Limit: mostBeside}); err != nil {
		return c, err
	}
	if c.Hanging, err = s.Requests(ctx, a, Filter{Problem: c.Request.ID, Limit: mostBeside}); err != nil {
		return c, err
	}
	if err = s.said(ctx, &c); err != nil {
		return c, err
	}
	if c.WordsUntil, err = s.wordsUntil(ctx, c.Request); err != nil {
		return c, err
	}
	if c.Draft, err = s.DB.DraftOf(ctx, c.Request.ID, a.ID); err != nil {
		return c, err
	}
	if people.May(a, people.WorkRequests, topic()) != nil {
		return c.Outside(), nil
	}
	if c.Present, err = s.DB.PresentIn(ctx, c.Request.ID, s.Now().Add(-presentFor)); err != nil {
		return c, err
	}
	c.Present = slices.DeleteFunc(c.Present, func(p Presence) bool { return p.Person == a.ID })
	c.Entries, err = s.DB.JournalOf(ctx, []journal.Subject{c.Request.Subject()}, longestHistory)
	return c, err
}

// Present returns who else has the request before them, and how many messages there are by now.
func (s *Service) Present(ctx context.Context, a people.Actor, ref string) ([]Presence, int, error) {
	r, err := s.open(ctx, a, people.WorkRequests, ref)
	if err != nil {
		return nil, 0, err
	}
	all, err := s.DB.PresentIn(ctx, r.ID, s.Now().Add(-presentFor))
	return slices.DeleteFunc(all, func(p Presence) bool { return p.Person == a.ID }), r.Said, err
}

// said reads messages, receipts and the parties behind them.
func (s *Service) said(ctx context.Context, c *Conversation) (err error) {
	ids := []string{c.Request.ID}
	parties := []string{c.Request.Asker}
	for _, d := range c.Duplicates {
		ids, parties = append(ids, d.ID), append(parties, d.Asker)
	}
	for _, h := range c.Hanging {
		parties = append(parties, h.Asker)
	}
	if c.Messages, err = s.DB.Messages(ctx, ids); err != nil {
		return err
	}
	for _, m := range c.Messages {
		if m.Party != "" && !slices.Contains(parties, m.Party) {
			parties = append(parties, m.Party)
		}
	}
	if c.Sends, err = s.DB.Sends(ctx, ids); err != nil {
		return err
	}
	c.Parties, err = s.DB.Parties(ctx, parties)
	return err
}

// Parties returns who asked, by the parties' ids.
func (s *Service) Parties(ctx context.Context, a people.Actor, ids []string) (map[string]Party, error) {
	if err := people.May(a, people.SeeRequests, topic()); err != nil {
		return nil, err
	}
	return s.DB.Parties(ctx, ids)
}

// Attachment returns a file with its body, to whoever may see the request and the message that it belongs to.
func (s *Service) Attachment(ctx context.Context, a people.Actor, id string) (File, error) {
	f, err := s.DB.Attachment(ctx, id)
	if err != nil {
		return File{}, err
	}
	c, err := s.Conversation(ctx, a, f.Request)
	if err != nil {
		return File{}, err
	}
	for _, m := range c.Messages {
		if slices.ContainsFunc(m.Files, func(x File) bool { return x.ID == id }) {
			return f, nil
		}
	}
	return File{}, noFile()
}

func noFile() error {
	return fault.New(fault.NotFound, "There is no such file, or it is not open to you. Look at the request again.")
}
