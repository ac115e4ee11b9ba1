package incident

import (
	"context"
	"time"

	"frontline/people"
)

// PreviewUpdate returns the rows that Publish would write for the draft now, and writes nothing: a person looks at exactly what customers will
// read before it goes out. What Publish would refuse is refused here already. The update's ID is not the final one.
func (s *Service) PreviewUpdate(ctx context.Context, a people.Actor, id string, d Draft, now time.Time) (Publication, error) {
	if err := people.May(a, people.PublishUpdate, topic(id)); err != nil {
		return Publication{}, err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return Publication{}, err
	}
	inc, err := s.DB.Incident(ctx, id)
	if err != nil {
		return Publication{}, err
	}
	page, err := s.DB.Published(ctx, inc.OpenedAt) // it was not published before
	if err != nil {
		return Publication{}, err
	}
	d, text := public(d)
	t := newTurn(a, book, Current{Incident: inc, Now: now, NewID: func() string { return "preview" }, Page: page})
	if err := t.publish(d, text); err != nil {
		return Publication{}, err
	}
	return t.out.Publication, nil
}
