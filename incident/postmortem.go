package incident

import (
	"context"
	"time"
	"unicode/utf8"

	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
	"frontline/plain"
)

// PaperState is where a post-mortem stands. Every signed-in person may read it in either state.
type PaperState string

// The states of a post-mortem.
const (
	DraftPaper     PaperState = "draft"     // being written; marked as such wherever it is shown
	PublishedPaper PaperState = "published" // done: the company is asked to read it
)

// Postmortem is what people learn from an incident: Markdown, drafted by Frontline when the incident is resolved.
type Postmortem struct {
	Incident    string       `json:"incident"`
	Number      int64        `json:"number"` // of the incident
	Title       string       `json:"title"`  // the incident's, when it was drafted
	Severity    Severity     `json:"severity"`
	State       PaperState   `json:"state"`
	Text        journal.Text `json:"text"`
	Version     int64        `json:"version"` // 1 is the first draft; every version's text is kept
	ChangedBy   string       `json:"changed_by"`
	ChangedAt   time.Time    `json:"changed_at"`
	MadeAt      time.Time    `json:"made_at"`
	PublishedBy string       `json:"published_by,omitempty"`
	PublishedAt time.Time    `json:"published_at,omitzero"`
	ByHand      bool         `json:"by_hand"` // a person has changed it: it is never drafted again
}

// Name is the incident's name.
func (p Postmortem) Name() string { return Incident{Number: p.Number}.Name() }

// PostmortemArgs names an incident that was resolved.
type PostmortemArgs struct {
	Incident string `json:"incident"`
}

// JobPostmortem drafts the post-mortem of a resolved incident.
func JobPostmortem() job.Kind[PostmortemArgs] {
	return job.Kind[PostmortemArgs]{Name: "incident.postmortem"}
}

const longestPaper = 200_000

// Postmortem returns an incident's post-mortem. Every signed-in person may read it.
func (s *Service) Postmortem(ctx context.Context, a people.Actor, id string) (Postmortem, error) {
	if err := people.May(a, people.ReadPostmortems, topic(id)); err != nil {
		return Postmortem{}, err
	}
	inc, err := s.DB.Incident(ctx, id)
	if err != nil {
		return Postmortem{}, err
	}
	p, ok, err := s.DB.Postmortem(ctx, inc.ID)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "%s has no post-mortem yet. It is drafted when the incident is resolved.", inc.Name())
	}
	return p, err
}

// Postmortems returns the newest ones without their text, at most limit; of incidents with a number below before only, unless that is 0.
func (s *Service) Postmortems(ctx context.Context, a people.Actor, before int64, limit int) ([]Postmortem, error) {
	if err := people.May(a, people.ReadPostmortems, topic("")); err != nil {
		return nil, err
	}
	return s.DB.Postmortems(ctx, before, limit)
}

// EditPostmortem replaces the text. seen is the Postmortem.Version that was edited; when there is a newer one, the edit is
// refused with a Conflict and the newer one is returned with it, so that both texts can be shown.
func (s *Service) EditPostmortem(ctx context.Context, a people.Actor, id, markdown string, seen int64) (Postmortem, error) {
	text := journal.Salted(plain.Prose(markdown) + "\n")
	return s.changePaper(ctx, a, id, func(p Postmortem, now time.Time) (Postmortem, journal.Consequences, error) {
		return editPaper(a, p, text, seen, now)
	})
}

// PublishPostmortem says that the text is done.
func (s *Service) PublishPostmortem(ctx context.Context, a people.Actor, id string, seen int64) (Postmortem, error) {
	return s.changePaper(ctx, a, id, func(p Postmortem, now time.Time) (Postmortem, journal.Consequences, error) {
		return publishPaper(a, p, seen, now)
	})
}

func (s *Service) changePaper(ctx context.Context, a people.Actor, id string, decide func(Postmortem, time.Time) (Postmortem, journal.Consequences, error)) (Postmortem, error) {
	if err := people.May(a, people.WritePostmortem, topic(id)); err != nil {
		return Postmortem{}, err
	}
	before, err := s.Postmortem(ctx, a, id)
	if err != nil {
		return Postmortem{}, err
	}
	after, err := s.DB.ChangePostmortem(ctx, before.Incident, func(p *Postmortem, now time.Time) (Postmortem, journal.Consequences, error) {
		if p == nil { // it was there a moment ago, and nothing deletes one
			return Postmortem{}, journal.Consequences{}, fault.New(fault.NotFound, "This post-mortem is gone. Open the incident again.")
		}
		return decide(*p, now)
	})
	if fault.Is(err, fault.Conflict) {
		newer, _, readErr := s.DB.Postmortem(ctx, before.Incident)
		if readErr == nil {
			return newer, err
		}
	}
	return after, err
}

func editPaper(a people.Actor, p Postmortem, text journal.Text, seen int64, now time.Time) (Postmortem, journal.Consequences, error) {
	var out journal.Consequences
	if err := p.unmoved(seen); err != nil {
		return p, out, err
	}
	if n := utf8.RuneCountInString(text.Body); n > longestPaper {
		return p, out, fault.Wrong("text", "A post-mortem has at most %d characters; this one has %d. Move long logs into a file and link to it.", longestPaper, n)
	}
	if p.Text.Body == text.Body {
		return p, out, nil
	}
	p.Text, p.ChangedBy, p.ChangedAt, p.ByHand = text, a.ID, now, true
	p.Version++
	e := journal.Note(a, "postmortem.edited", Subject(p.Incident), map[string]any{"version": p.Version})
	e.Text = text.Hash()
	out.Add(e)
	return p, out, nil
}

func publishPaper(a people.Actor, p Postmortem, seen int64, now time.Time) (Postmortem, journal.Consequences, error) {
	var out journal.Consequences
	if err := p.unmoved(seen); err != nil || p.State == PublishedPaper {
		return p, out, err
	}
	p.State, p.PublishedBy, p.PublishedAt, p.ByHand = PublishedPaper, a.ID, now, true
	out.Add(journal.Note(a, "postmortem.published", Subject(p.Incident), map[string]any{"version": p.Version}))
	return p, out, nil
}

func (p Postmortem) unmoved(seen int64) error {
	if seen != p.Version {
		return fault.New(fault.Conflict, "Somebody saved version %d of this post-mortem while you were writing on version %d. Both texts are shown; put together what belongs together and save again.", p.Version, seen)
	}
	return nil
}

// drafted decides the text that Frontline writes. It never touches a text that a person has changed.
func drafted(p *Postmortem, inc Incident, text journal.Text, now time.Time) (Postmortem, journal.Consequences) {
	out := journal.Consequences{Finish: true}
	next := Postmortem{Incident: inc.ID, State: DraftPaper, MadeAt: now}
	if p != nil {
		if p.ByHand || p.Text.Body == text.Body {
			return *p, out
		}
		next = *p
	}
	next.Number, next.Title, next.Severity = inc.Number, inc.Title, inc.Severity
	next.Text, next.ChangedAt, next.ChangedBy = text, now, people.System("job").ID
	next.Version++
	e := journal.Note(people.System("job"), "postmortem.drafted", inc.subject(), map[string]any{"version": next.Version})
	e.Text = text.Hash()
	out.Add(e)
	return next, out
}
