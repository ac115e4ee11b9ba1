package thanks

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"frontline/clock"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// Digest says what people were thankful for in one month, as far as the reader may know of it, by demand. A thanks stands under the demand that
// its request was most about. The current month counts as far as it has come.
func (s *Service) Digest(ctx context.Context, a people.Actor, m Month) (Digest, error) {
	if err := people.May(a, people.SeeThanks, topic()); err != nil {
		return Digest{}, err
	}
	d := Digest{Month: m}
	var ok bool
	if d.From, d.Until, ok = m.span(s.zone()); !ok {
		return d, fault.Wrong("month", "%.20q is no month. Write it as 2026-11.", string(m))
	}
	demands, err := s.Matters.Demands(ctx, a)
	if err != nil {
		return d, err
	}
	r, err := s.reader(ctx, a)
	if err != nil {
		return d, err
	}
	var all []Shown
	f := Filter{From: d.From, Until: d.Until, Limit: mostPage}
	for {
		part, err := s.DB.ListThanks(ctx, f)
		if err != nil {
			return d, err
		}
		for _, x := range part {
			f.Before = x.Number
			shown, ok, err := r.show(ctx, x)
			if err != nil {
				return d, err
			}
			if ok {
				all = append(all, shown)
			}
		}
		if len(part) < f.Limit {
			break
		}
	}
	d.fill(all, demands, s.zone())
	return d, nil
}

// fill groups and counts.
func (d *Digest) fill(all []Shown, demands map[string]Demand, zone *time.Location) {
	type pair struct {
		by  string
		to  To
		day string
	}
	pairs, givers, matters := map[pair]bool{}, map[string]bool{}, map[journal.Subject]bool{}
	for _, x := range all {
		givers[x.By] = true
		for _, to := range x.To {
			pairs[pair{x.By, to, x.At.In(zone).Format(time.DateOnly)}] = true
		}
		demand := ""
		if x.Matter != nil {
			matters[x.About], demand = true, x.Matter.Demand
		}
		i := slices.IndexFunc(d.Groups, func(g Group) bool { return g.Demand == demand })
		if i < 0 {
			i = len(d.Groups)
			d.Groups = append(d.Groups, Group{Demand: demand, Name: demands[demand].Name, Title: demands[demand].Title})
		}
		d.Groups[i].Thanks = append(d.Groups[i].Thanks, x)
	}
	slices.SortStableFunc(d.Groups, func(a, b Group) int {
		if (a.Demand == "") != (b.Demand == "") {
			return cmp.Compare(b.Demand, a.Demand)
		}
		return cmp.Or(len(b.Thanks)-len(a.Thanks), cmp.Compare(a.Title, b.Title))
	})
	d.N, d.Givers, d.Matters = len(pairs), len(givers), len(matters)
}

// Wish returns which mails the actor gets. Who said nothing is told when they are thanked, and gets the digest when they lead a team.
func (s *Service) Wish(ctx context.Context, a people.Actor) (Wish, error) {
	if err := people.May(a, people.SeeThanks, topic()); err != nil {
		return Wish{}, err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return Wish{}, err
	}
	said, err := s.DB.Wishes(ctx)
	return wishOf(said, book, a.ID), err
}

func wishOf(said map[string]Wish, book Directory, person string) Wish {
	if w, ok := said[person]; ok {
		return w
	}
	leads := slices.ContainsFunc(book.Teams(), func(t people.Team) bool { return t.Lead == person })
	return Wish{Told: true, Digest: leads}
}

// SetWish changes which mails the actor gets.
func (s *Service) SetWish(ctx context.Context, a people.Actor, w Wish) error {
	if err := people.May(a, people.GiveThanks, topic()); err != nil {
		return err
	}
	return s.DB.SaveWish(ctx, a.ID, w)
}

// The morning of the digest: the first day of a month at this hour, in the installation's zone. A month that nobody ran for is made up for.
const (
	digestHour = 9
	lateDigest = 10 * 24 * time.Hour
)

// Run looks every few minutes whether the digest of last month is to be sent, until ctx ends. Several replicas may: it is sent once.
func (s *Service) Run(ctx context.Context, c clock.Clock, log *slog.Logger) {
	for {
		if err := s.Look(ctx, c.Now()); err != nil && ctx.Err() == nil {
			log.Warn("the digest of thanks cannot be looked after", "err", err)
		}
		tick, stop := c.After(10 * time.Minute)
		select {
		case <-tick:
		case <-ctx.Done():
			stop()
			return
		}
	}
}

// Look sends the digest of last month once its morning has come: a job for each who wants it.
func (s *Service) Look(ctx context.Context, now time.Time) error {
	now = now.In(s.zone())
	began := time.Date(now.Year(), now.Month(), 1, digestHour, 0, 0, 0, s.zone())
	if s.Mailer == nil || now.Before(began) || now.Sub(began) > lateDigest {
		return nil
	}
	month := MonthOf(began.AddDate(0, 0, -1))
	if sent, err := s.DB.DigestSent(ctx, month); sent || err != nil {
		return err
	}
	d, err := s.Digest(ctx, people.System("job"), month)
	if err != nil {
		return err
	}
	follows := journal.Consequences{}
	follows.Add(journal.Note(people.System("job"), "thanks.digest_sent", journal.Of("thanks", string(month)), map[string]any{"thanked": d.N, "groups": len(d.Groups)}))
	if d.N > 0 {
		book, err := s.Book(ctx)
		if err != nil {
			return err
		}
		said, err := s.DB.Wishes(ctx)
		if err != nil {
			return err
		}
		for _, p := range book.People() {
			if p.Email != "" && wishOf(said, book, p.ID).Digest {
				follows.Do(JobDigest().At(now, string(month)+" "+p.ID, DigestArgs{Month: month, Person: p.ID}))
			}
		}
	}
	_, err = s.DB.SendDigest(ctx, month, follows)
	return err
}
