package insight

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"frontline/insight/group"
	"frontline/journal"
	"frontline/people"
)

// Proposal is a group of requests that nobody could name and that ask for much the same. It is found at night, keeps its number while at least half
// of it stays, and is never counted: people make a demand of it, or dismiss it.
type Proposal struct {
	Number    int           `json:"number"`
	State     ProposalState `json:"state"`
	Words     []group.Term  `json:"-"`        // what sets it apart, the most telling first; none while they are found anew after an erasure
	Reason    string        `json:"-"`        // why it was dismissed
	Members   int           `json:"members"`  // requests in it
	Examples  []string      `json:"examples"` // up to three typical ones, by id
	Tightness float64       `json:"tightness"`
	Askers    int           `json:"askers"`
	Customers int           `json:"customers"`
	Lately    int           `json:"lately"` // members that arrived in the 28 days before the night
	Before    int           `json:"before"` // and in the 28 days before those
	FoundAt   time.Time     `json:"found_at"`
	SeenAt    time.Time     `json:"seen_at"`             // the last night that found it
	Demand    string        `json:"demand,omitempty"`    // that it became, by id
	By        string        `json:"by,omitempty"`        // the person who decided
	DecidedAt time.Time     `json:"decided_at,omitzero"` // when
	Then      int           `json:"then,omitempty"`      // how many members it had then
}

// ProposalState says what people did with a proposal.
type ProposalState string

// The states.
const (
	Proposed  ProposalState = "proposed"
	Promoted  ProposalState = "promoted"  // it is a demand now
	Dismissed ProposalState = "dismissed" // it comes back when it has doubled
)

// Name is what people call it: "P-17".
func (p Proposal) Name() string { return fmt.Sprintf("P-%d", p.Number) }

// Subject is the proposal in the journal.
func (p Proposal) Subject() journal.Subject { return journal.Of("proposal", p.Name()) }

// Title is the words that set it apart: "Refund, pending, iban".
func (p Proposal) Title() string {
	var words []string
	for _, w := range p.Words[:min(len(p.Words), 3)] {
		words = append(words, w.Word)
	}
	title := strings.Join(words, ", ")
	if r, n := utf8.DecodeRuneInString(title); n > 0 {
		title = string(unicode.ToUpper(r)) + title[n:]
	}
	return cmp.Or(title, p.Name())
}

// Member is one request of a proposal.
type Member struct {
	Request string // its id
	Print   string // of its text as it was grouped: when it changes, as by erasing, the proposal's words are found anew
}

// Night is what one night's grouping looked at.
type Night struct {
	At      time.Time `json:"at"`
	Day     string    `json:"day"`     // the night's day, "2026-11-24"
	Uncoded int       `json:"uncoded"` // requests without a code whose likeliest demand was looked for
	Guessed int       `json:"guessed"` // and was found
	Pile    int       `json:"pile"`    // requests that nobody could name
	Looked  int       `json:"looked"`  // of them that were grouped: the newest, those with words
	Grouped int       `json:"grouped"` // of them that are in a proposal
	Next    int       `json:"next"`    // the number of the next new proposal
}

// Known is all proposals as they are.
type Known struct {
	Proposals []Proposal
	Members   map[int][]Member // by proposal, the most typical first
	Night     Night            // the last one; its At is zero when there was none
	Now       time.Time
}

// Piles is where the requests lie that nobody has named. store implements it. Types in shut are left out.
type Piles interface {
	// Uncoded returns the numbers of the newest requests that nobody has coded, open ones too.
	Uncoded(ctx context.Context, since time.Time, shut []string, limit int) ([]int64, error)
	// SetGuesses writes which demand requests are likeliest to be of, by number; empty for none.
	SetGuesses(ctx context.Context, guesses map[int64]string) error
	// Pile returns the numbers of the newest requests that are closed and are none of the demands: somebody said so, or nobody said anything and no
	// demand is likely. all is how many there are without the limit.
	Pile(ctx context.Context, since time.Time, shut []string, limit int) (numbers []int64, all int, err error)
}

// Proposals is where proposals are kept. store implements it.
type Proposals interface {
	// Proposals returns all of them, with their words, and the last night.
	Proposals(ctx context.Context) (Known, error)
	// MembersOf returns the requests of a proposal that nobody has coded yet, the most typical first.
	MembersOf(ctx context.Context, number, limit int) ([]string, error)
	// ChangeProposals decides about all of them in one transaction, under their lock. What the answer lacks is deleted.
	ChangeProposals(ctx context.Context, decide func(Known) (Known, journal.Consequences, error)) error
	// ChangeProposal decides about one, or returns a NotFound fault. Only its state, and who decided what, is written.
	ChangeProposal(ctx context.Context, number int, decide func(Proposal, time.Time) (Proposal, journal.Consequences, error)) (Proposal, error)
}

// found is one group of tonight with what is told of it.
type found struct {
	Proposal
	members []Member
}

// The bounds of proposals.
const (
	leastMembers  = 3
	leastTight    = 0.3 // below, a group has no middle
	mostProposals = 300 // the largest
	lately        = 28 * 24 * time.Hour
	doubled       = 2
)

// after is what is known when tonight's groups were found: groups keep their numbers, what people decided stays decided, what is dismissed comes back
// once it has doubled, and proposals that nobody decided about and that are gone are forgotten.
func (k Known) after(tonight []found, n Night) (Known, journal.Consequences, error) {
	var yesterday []group.Numbered
	before := map[int]Proposal{}
	for _, p := range k.Proposals {
		before[p.Number] = p
		var ids []string
		for _, m := range k.Members[p.Number] {
			ids = append(ids, m.Request)
		}
		yesterday = append(yesterday, group.Numbered{Number: p.Number, Members: ids})
	}
	today := make([][]string, len(tonight))
	for i, f := range tonight {
		for _, m := range f.members {
			today[i] = append(today[i], m.Request)
		}
	}
	numbers, next, err := group.Keep(yesterday, today, max(k.Night.Next, 1))
	if err != nil {
		return Known{}, journal.Consequences{}, err
	}
	n.Next = next
	out := Known{Members: map[int][]Member{}, Night: n, Now: k.Now}
	taken, fresh := map[string]bool{}, 0
	for i, f := range tonight {
		p, known := before[numbers[i]]
		if !known {
			fresh++
		}
		p = f.continues(p, numbers[i], k.Now)
		out.Proposals, out.Members[p.Number] = append(out.Proposals, p), f.members
		n.Grouped += len(f.members)
		for _, m := range f.members {
			taken[m.Request] = true
		}
		delete(before, p.Number)
	}
	for _, p := range k.Proposals { // what was not found tonight
		left := slices.DeleteFunc(slices.Clone(k.Members[p.Number]), func(m Member) bool { return taken[m.Request] })
		if _, gone := before[p.Number]; gone && (p.State == Promoted || p.State == Dismissed && len(left) > 0) {
			out.Proposals, out.Members[p.Number] = append(out.Proposals, p), left
		}
	}
	out.Night.Grouped = n.Grouped
	slices.SortFunc(out.Proposals, func(a, b Proposal) int { return cmp.Compare(a.Number, b.Number) })
	var then journal.Consequences
	if fresh > 0 {
		then.Add(journal.Note(people.System("job"), "proposal.found", journal.Of("proposal", "night "+n.Day), map[string]any{"new": fresh, "all": len(tonight), "looked": n.Looked}))
	}
	return out, then, nil
}

// continues is tonight's group with what was decided about the one that it was.
func (f found) continues(was Proposal, number int, now time.Time) Proposal {
	p := f.Proposal
	p.Number, p.State, p.FoundAt, p.SeenAt = number, Proposed, now, now
	if was.Number == 0 {
		return p
	}
	p.State, p.FoundAt, p.Demand, p.Reason, p.By, p.DecidedAt, p.Then = was.State, was.FoundAt, was.Demand, was.Reason, was.By, was.DecidedAt, was.Then
	if p.State == Dismissed && p.Members >= doubled*max(1, p.Then) {
		p.State = Proposed
	}
	return p
}

// granularity is how finely so many texts are divided: 4 is usual, and shatters a small pile.
func granularity(texts int) float64 { return min(max(float64(texts)/500, 1), 4) }

// text is one request as it is grouped.
type text struct {
	group.Text
	print           string
	asker, customer string
	at              time.Time
}

// tonight tells of groups what people decide by. Groups of two, and those without a word or a middle of their own, are no proposal.
func tonight(all []group.Group, texts []text, now time.Time) []found {
	var out []found
	for _, g := range all {
		if len(g.Members) < leastMembers || len(g.Terms) == 0 || g.Tightness < leastTight || len(out) == mostProposals {
			continue
		}
		f := found{Proposal: Proposal{Words: g.Terms, Members: len(g.Members), Tightness: math.Round(1000*g.Tightness) / 1000}}
		askers, customers := map[string]bool{}, map[string]bool{}
		for _, at := range g.Members {
			t := texts[at]
			f.members = append(f.members, Member{Request: t.ID, Print: t.print})
			askers[t.asker], customers[t.customer] = true, true
			switch age := now.Sub(t.at); {
			case age < lately:
				f.Lately++
			case age < 2*lately:
				f.Before++
			}
		}
		delete(customers, "")
		f.Askers, f.Customers = len(askers), len(customers)
		for _, at := range g.Exemplars {
			f.Examples = append(f.Examples, texts[at].ID)
		}
		out = append(out, f)
	}
	return out
}
