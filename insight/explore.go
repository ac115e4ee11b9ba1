package insight

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"frontline/clock"
	"frontline/desk"
	"frontline/fault"
	"frontline/insight/group"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
	"frontline/plain"
)

// Explorer groups at night what nobody could name, and keeps what people make of it.
type Explorer struct {
	DB interface {
		Piles
		Proposals
		// Enqueue asks for durable work.
		Enqueue(ctx context.Context, jobs ...job.New) error
	}
	Desk  *desk.Service
	Zone  *time.Location // in which it is night
	Clock clock.Clock
	Log   *slog.Logger
}

// ExploreArgs names a night by its day; "" is at once, because somebody asked or words were erased.
type ExploreArgs struct {
	Day string `json:"day"`
}

// KindExplore is the durable work of one night.
func KindExplore() job.Kind[ExploreArgs] {
	return job.Kind[ExploreArgs]{Name: "insight.explore", Limit: 30 * time.Minute, Tries: 5}
}

// ExploreSoon asks for the grouping anew a little later, when words of a proposal had to go. Many that ask within the time are one.
func ExploreSoon(now time.Time) job.New {
	return KindExplore().At(now.Add(exploreAgain), "again", ExploreArgs{})
}

// The bounds of a night. Grouping twice as many texts took 147 s of processor time and 717 MB at most (docs/statistics.md).
const (
	nightHour    = 2  // of the clock in Explorer.Zone
	lateNight    = 20 // hours for which a night that nobody ran is made up for
	exploreAgain = 5 * time.Minute
	mostTexts    = 50_000 // of the pile: the newest
	mostGuessed  = 50_000 // uncoded requests whose demand is guessed: the newest
	longMemory   = 365 * 24 * time.Hour
	exploreSeed  = 1
	mostWaiting  = 200 // members that are listed
)

// Handlers binds the job kind.
func (e *Explorer) Handlers() []job.Handler { return []job.Handler{KindExplore().Handle(e.Explore)} }

// Run asks for each night's work when its hour comes, until ctx ends. Several replicas may: the job of a night is one, and it is done once.
func (e *Explorer) Run(ctx context.Context) {
	for woken := false; ctx.Err() == nil; woken = true {
		next, err := e.Look(ctx, woken)
		if err != nil {
			if ctx.Err() == nil {
				e.Log.Warn("the nightly grouping cannot be asked for", "err", err)
			}
			next = e.Clock.Now().Add(time.Minute)
		}
		tick, stop := e.Clock.After(next.Sub(e.Clock.Now()))
		select {
		case <-tick:
		case <-ctx.Done():
			stop()
		}
	}
}

// Look asks for the work of the last night unless it was done, and returns when the next night is. An installation that has never done it begins with
// the night that it is woken by.
func (e *Explorer) Look(ctx context.Context, woken bool) (next time.Time, err error) {
	now := e.Clock.Now().In(e.Zone)
	last := time.Date(now.Year(), now.Month(), now.Day(), nightHour, 0, 0, 0, e.Zone)
	if last.After(now) {
		last = last.AddDate(0, 0, -1)
	}
	next = last.AddDate(0, 0, 1)
	known, err := e.DB.Proposals(ctx)
	if err != nil {
		return next, err
	}
	begun := woken || !known.Night.At.IsZero()
	if day := last.Format(time.DateOnly); begun && known.Night.Day < day && now.Sub(last) < lateNight*time.Hour {
		err = e.DB.Enqueue(ctx, KindExplore().At(now, day, ExploreArgs{Day: day}))
	}
	return next, err
}

// Soon asks for the grouping now.
func (e *Explorer) Soon(ctx context.Context, a people.Actor) error {
	if err := people.May(a, people.ManageDemands, people.Subject{Kind: "request"}); err != nil {
		return err
	}
	return e.DB.Enqueue(ctx, KindExplore().At(e.Clock.Now(), "now", ExploreArgs{}))
}

// Explore does one night's work: it guesses the demand of what nobody has coded, and groups what is none of them. Doing it again finds the same.
func (e *Explorer) Explore(ctx context.Context, args ExploreArgs) error {
	known, err := e.DB.Proposals(ctx)
	if err != nil || args.Day != "" && args.Day <= known.Night.Day {
		return err
	}
	book, err := e.Desk.Book(ctx)
	if err != nil {
		return err
	}
	n := Night{At: known.Now, Day: args.Day}
	if n.Day == "" {
		n.Day = known.Night.Day
	}
	since, shut := known.Now.Add(-longMemory), book.ShutTypes()
	if err := e.guess(ctx, since, shut, &n); err != nil {
		return err
	}
	texts, err := e.texts(ctx, since, shut, &n)
	if err != nil {
		return err
	}
	groups, err := divided(texts)
	if err != nil {
		return err
	}
	all := tonight(groups, texts, known.Now)
	return e.DB.ChangeProposals(ctx, func(k Known) (Known, journal.Consequences, error) { return k.after(all, n) })
}

// guess writes down which demand each uncoded request is likeliest to be of. What has no words left keeps its guess.
func (e *Explorer) guess(ctx context.Context, since time.Time, shut []string, n *Night) error {
	numbers, err := e.DB.Uncoded(ctx, since, shut, mostGuessed)
	if err != nil || len(numbers) == 0 {
		return err
	}
	guesser, err := e.Desk.Guesser(ctx)
	if err != nil {
		return err
	}
	n.Uncoded = len(numbers)
	for some := range slices.Chunk(numbers, chunk) {
		all, err := e.Desk.DB.Written(ctx, desk.KindRequest, some)
		if err != nil {
			return err
		}
		guesses := map[int64]string{}
		for _, w := range all {
			if said := asked(w); strings.TrimSpace(said) != "" {
				guesses[w.Number] = guesser.Guess(said)
				if guesses[w.Number] != "" {
					n.Guessed++
				}
			}
		}
		if err := e.DB.SetGuesses(ctx, guesses); err != nil {
			return err
		}
	}
	return nil
}

// chunk is how many requests are read at once.
const chunk = 500

func asked(w desk.Written) string { return w.Title + "\n" + w.Asked }

// texts reads the pile, the oldest first.
func (e *Explorer) texts(ctx context.Context, since time.Time, shut []string, n *Night) ([]text, error) {
	numbers, all, err := e.DB.Pile(ctx, since, shut, mostTexts)
	if err != nil {
		return nil, err
	}
	n.Pile = all
	slices.Sort(numbers)
	var out []text
	for some := range slices.Chunk(numbers, chunk) {
		written, err := e.Desk.DB.Written(ctx, desk.KindRequest, some)
		if err != nil {
			return nil, err
		}
		slices.SortFunc(written, func(a, b desk.Written) int { return int(a.Number - b.Number) })
		for _, w := range written {
			if t := group.NewText(w.Request.ID, asked(w)); t.Body() != "" {
				out = append(out, text{Text: t, print: Print(w), asker: w.Request.Asker, customer: w.Request.Customer, at: w.At})
			}
		}
	}
	n.Looked = len(out)
	return out, nil
}

// Print tells whether a request's text is still the one that was grouped.
func Print(w desk.Written) string {
	sum := sha256.Sum256([]byte(group.NewText("", asked(w)).Body()))
	return hex.EncodeToString(sum[:12])
}

// divided divides the texts by the communities of their neighbour graph. Too few texts are in no group.
func divided(texts []text) ([]group.Group, error) {
	plain := make([]group.Text, len(texts))
	for i, t := range texts {
		plain[i] = t.Text
	}
	space, err := group.Learn(plain, exploreSeed)
	if fault.Is(err, fault.Invalid) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	pile, err := space.Pile(plain, exploreSeed)
	if fault.Is(err, fault.Invalid) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	g, err := pile.Fine(granularity(len(texts)))
	return g.Groups, err
}

// List returns the proposals and the last night: those to decide about first, the larger first.
func (e *Explorer) List(ctx context.Context, a people.Actor) (Known, error) {
	if err := people.May(a, people.SeeRequests, people.Subject{Kind: "request"}); err != nil {
		return Known{}, err
	}
	return e.DB.Proposals(ctx)
}

// Show returns one proposal by its number or name ("P-17"), and its requests that nobody has coded yet, by id.
func (e *Explorer) Show(ctx context.Context, a people.Actor, ref string) (Proposal, []string, error) {
	known, err := e.List(ctx, a)
	if err != nil {
		return Proposal{}, nil, err
	}
	number := proposalNumber(ref)
	at := slices.IndexFunc(known.Proposals, func(p Proposal) bool { return p.Number == number })
	if at < 0 {
		return Proposal{}, nil, noProposal(ref)
	}
	members, err := e.DB.MembersOf(ctx, number, mostWaiting)
	return known.Proposals[at], members, err
}

func proposalNumber(ref string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(strings.ToUpper(ref), "P-"))
	if err != nil {
		return 0
	}
	return n
}

func noProposal(ref string) error {
	return fault.New(fault.NotFound, "There is no proposal %.60s. It may have become another one over night; look at the list.", ref)
}

// Draft is the demand that a proposal would be: people change it before they promote it.
func (p Proposal) Draft() desk.DemandDraft {
	d := desk.DemandDraft{Title: p.Title(), Handling: desk.ByHand, Examples: slices.Clone(p.Examples)}
	var words []string
	for _, w := range p.Words {
		words = append(words, w.Word)
	}
	if len(words) > 0 {
		d.Description = "Requests about: " + strings.Join(words, ", ") + "."
	}
	return d
}

// Promote makes a demand of a proposal, or says that it is one that there is (into, when it is not empty). Its requests are not coded by it: they
// are offered for that.
func (e *Explorer) Promote(ctx context.Context, a people.Actor, ref string, draft desk.DemandDraft, into string) (desk.Demand, error) {
	p, _, err := e.Show(ctx, a, ref)
	if err != nil {
		return desk.Demand{}, err
	}
	if err := people.May(a, people.ManageDemands, people.Subject{Kind: "request"}); err != nil {
		return desk.Demand{}, err
	}
	if p.State == Promoted {
		return desk.Demand{}, fault.New(fault.Conflict, "%s is a demand already. Look at the list again.", p.Name())
	}
	d, err := e.demandFor(ctx, a, draft, into)
	if err != nil {
		return desk.Demand{}, err
	}
	_, err = e.DB.ChangeProposal(ctx, p.Number, func(p Proposal, now time.Time) (Proposal, journal.Consequences, error) {
		p.State, p.Demand, p.By, p.DecidedAt, p.Then, p.Reason = Promoted, d.ID, a.ID, now, p.Members, ""
		return p, journal.Consequences{Entries: []journal.Entry{journal.Note(a, "proposal.promoted", p.Subject(), map[string]any{"members": p.Members}).With(d.Subject())}}, nil
	})
	return d, err
}

func (e *Explorer) demandFor(ctx context.Context, a people.Actor, draft desk.DemandDraft, into string) (desk.Demand, error) {
	if into == "" {
		return e.Desk.NewDemand(ctx, a, draft)
	}
	register, err := e.Desk.Demands(ctx, a)
	if err != nil {
		return desk.Demand{}, err
	}
	at := slices.IndexFunc(register, func(d desk.Demand) bool { return (d.ID == into || d.Name() == into) && d.Live() })
	if at < 0 {
		return desk.Demand{}, fault.Wrong("into", "There is no demand %.60s that is in use. Choose one of the register.", into)
	}
	return register[at], nil
}

// Dismiss says that a proposal is no demand, and why. It comes back when it has twice as many requests.
func (e *Explorer) Dismiss(ctx context.Context, a people.Actor, ref, reason string) (Proposal, error) {
	if err := people.May(a, people.ManageDemands, people.Subject{Kind: "request"}); err != nil {
		return Proposal{}, err
	}
	reason, err := readyReason(reason)
	if err != nil {
		return Proposal{}, err
	}
	return e.DB.ChangeProposal(ctx, proposalNumber(ref), func(p Proposal, now time.Time) (Proposal, journal.Consequences, error) {
		if p.State == Promoted {
			return p, journal.Consequences{}, fault.New(fault.Conflict, "%s is a demand already. Retire the demand instead.", p.Name())
		}
		p.State, p.Reason, p.By, p.DecidedAt, p.Then = Dismissed, reason, a.ID, now, p.Members
		return p, journal.Consequences{Entries: []journal.Entry{journal.Note(a, "proposal.dismissed", p.Subject(), map[string]any{"members": p.Members})}}, nil
	})
}

// readyReason checks a reason.
func readyReason(reason string) (string, error) {
	reason = plain.Line(reason)
	if plain.Blank(reason) || utf8.RuneCountInString(reason) > 300 {
		return "", fault.Wrong("reason", "Say in at most 300 characters why it is no demand: Spam of one mailing list.")
	}
	return reason, nil
}

// CodeMembers confirms that requests of a promoted proposal are of its demand. Each is the actor's own confirmation, as at its end; it returns how many
// were coded before the first that could not be.
func (e *Explorer) CodeMembers(ctx context.Context, a people.Actor, ref string, requests []string) (int, error) {
	p, members, err := e.Show(ctx, a, ref)
	if err != nil {
		return 0, err
	}
	if p.State != Promoted {
		return 0, fault.New(fault.Conflict, "%s is no demand yet. Make a demand of it first.", p.Name())
	}
	for i, name := range requests {
		r, err := e.Desk.Request(ctx, a, name)
		if err != nil {
			return i, err
		}
		if !slices.Contains(members, r.ID) {
			return i, fault.Wrong("requests", "%s is not in %s, or somebody has coded it. Look at the list again.", r.Name(), p.Name())
		}
		if _, err := e.Desk.Code(ctx, a, r.ID, desk.Coding{Codes: []desk.Code{{Demand: p.Demand}}}); err != nil {
			return i, err
		}
	}
	return len(requests), nil
}
