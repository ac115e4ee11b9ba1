package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"frontline/desk"
	"frontline/fault"
	"frontline/people"
	"frontline/wire"
)

// Knowledge is where answers are read, written and counted.
type Knowledge interface {
	KnowledgeReading
	KnowledgeEdits
}

var _ Knowledge = (*desk.Service)(nil)

// KnowledgeReading is where answers are looked up and counted; what the actor may not know of is left out.
type KnowledgeReading interface {
	Answer(ctx context.Context, a people.Actor, ref string) (desk.Answer, error)
	Answers(ctx context.Context, a people.Actor, f desk.AnswerFilter) ([]desk.Answer, error)
	Offer(ctx context.Context, a people.Actor, text string, n int) ([]desk.Offer, error)
	VoteAnswer(ctx context.Context, a people.Actor, ref string, helped, instead bool) (desk.Answer, error)
}

// KnowledgeEdits is what people change about answers.
type KnowledgeEdits interface {
	NewAnswer(ctx context.Context, a people.Actor, d desk.AnswerDraft) (desk.Answer, error)
	AnswerFrom(ctx context.Context, a people.Actor, ref string) (desk.Answer, error)
	EditAnswer(ctx context.Context, a people.Actor, ref string, d desk.AnswerDraft, seen int64) (desk.Answer, error)
	PublishAnswer(ctx context.Context, a people.Actor, ref string, seen int64) (desk.Answer, error)
	RetireAnswer(ctx context.Context, a people.Actor, ref string) (desk.Answer, error)
	ReviewAnswer(ctx context.Context, a people.Actor, ref string) (desk.Answer, error)
}

func (s *server) answers() {
	one := func(method, path, id string, v people.Verb, summary, say string) route {
		return route{Method: method, Path: "/answers/{id}" + path, ID: id, Verb: v, Summary: summary, Say: say}
	}
	add(s, route{Method: http.MethodGet, Path: "/answers", ID: "listAnswers", Verb: people.ReadAnswers, Summary: "List answers", Say: "The newest first. Drafts, retired ones and those for the desk are only there for whoever may write answers."}, s.listAnswers)
	add(s, route{Method: http.MethodGet, Path: "/answers/like", ID: "findAnswers", Verb: people.ReadAnswers, Summary: "Find published answers to a question", Say: "The likest first, with the words that both hold."}, s.findAnswers)
	add(s, one(http.MethodGet, "", "showAnswer", people.ReadAnswers, "Show an answer", ""), s.showAnswer)
	add(s, route{Method: http.MethodPost, Path: "/answers", ID: "writeAnswer", Verb: people.WriteAnswers, Status: http.StatusCreated, Summary: "Write an answer", Say: "It is a draft until it is published."}, s.writeAnswer)
	add(s, route{Method: http.MethodPost, Path: "/requests/{id}/answer", ID: "answerFromRequest", Verb: people.WorkRequests, Summary: "Make an answer of a request",
		Say: "A draft with its title and what was last replied; notes are never taken. One that was made of it already is returned."}, s.answerFromRequest)
	add(s, one(http.MethodPut, "", "editAnswer", people.WriteAnswers, "Save a new version of an answer", ""), s.editAnswer)
	add(s, one(http.MethodPost, "/publish", "publishAnswer", people.WriteAnswers, "Offer an answer to its audience", ""), s.publishAnswer)
	add(s, one(http.MethodPost, "/retire", "retireAnswer", people.WriteAnswers, "Take an answer out of use", "It can be published again."), s.retireAnswer)
	add(s, one(http.MethodPost, "/review", "reviewAnswer", people.WriteAnswers, "Say that an answer is still right", "It is looked at again in half a year."), s.reviewAnswer)
	add(s, one(http.MethodPost, "/vote", "voteAnswer", people.ReadAnswers, "Say whether an answer helped", "One voice a person; the last one counts."), s.voteAnswer)
}

type byAnswer struct {
	ID string `path:"id" maxLength:"100" doc:"The answer's id." example:"K-7"`
}

type forAnswer[T any] struct {
	ID   string `path:"id" maxLength:"100" doc:"The answer's id." example:"K-7"`
	Body T
}

type listAnswers struct {
	Paging
	State string `query:"state" enum:"draft,published,retired,all" default:"published" doc:"Where they stand."`
	Owner string `query:"owner" maxLength:"100" doc:"Kept right by this person; me is you."`
	Stale bool   `query:"stale" doc:"Only those that somebody should look at."`
}

func (s *server) listAnswers(ctx context.Context, by people.Actor, in *listAnswers) (wire.List[wire.DeskAnswer], error) {
	f := desk.AnswerFilter{Owner: in.Owner, Stale: in.Stale}
	if in.Owner == "me" {
		f.Owner = by.ID
	}
	if in.State != "all" {
		f.States = []desk.AnswerState{desk.AnswerState(in.State)}
	}
	all, err := s.deps.Knowledge.Answers(ctx, by, f)
	if err != nil {
		return wire.List[wire.DeskAnswer]{}, err
	}
	n, err := s.naming(ctx, by)
	if err != nil {
		return wire.List[wire.DeskAnswer]{}, err
	}
	return slice(all, in.Paging, n.answer)
}

type findAnswers struct {
	Q     string `query:"q" required:"true" minLength:"1" maxLength:"2000" doc:"The question."`
	Limit int    `query:"limit" minimum:"1" maximum:"50" default:"5" doc:"How many at most."`
}

func (s *server) findAnswers(ctx context.Context, by people.Actor, in *findAnswers) (wire.List[wire.AnswerFound], error) {
	all, err := s.deps.Knowledge.Offer(ctx, by, in.Q, in.Limit)
	if err != nil {
		return wire.List[wire.AnswerFound]{}, err
	}
	n, err := s.naming(ctx, by)
	return wire.List[wire.AnswerFound]{Items: every(all, func(o desk.Offer) wire.AnswerFound {
		return wire.AnswerFound{DeskAnswer: n.answer(o.Answer), Because: o.Because}
	})}, err
}

func (n naming) answer(x desk.Answer) wire.DeskAnswer {
	out := wire.DeskAnswer{ID: x.Name(), UID: x.ID, Title: x.Title, Text: x.Body, State: string(x.State), Audience: string(x.Audience), Owner: n.person(x.Owner), Team: n.ref("team", x.Team),
		Service: n.ref("service", x.Service), Type: n.ref("request_type", x.Type), ReviewOn: x.ReviewAt.UTC().Format(time.DateOnly), Version: x.Version, ChangedAt: x.ChangedAt.UTC(), ChangedBy: n.person(x.ChangedBy),
		PublishedAt: moment(x.PublishedAt), Helped: x.Helped, NotHelped: x.Not, Replies: x.Replies, Instead: x.Instead,
		Stale: every(x.Stale, func(why desk.Staleness) string { return string(why) })}
	if x.Demand != "" {
		out.Demand = strings.Join(n.short([]string{x.Demand}), "")
	}
	return out
}

// answerNow is the answer to every command about an answer.
func (s *server) answerNow(ctx context.Context, by people.Actor, x desk.Answer, err error) (wire.DeskAnswer, error) {
	if err != nil {
		return wire.DeskAnswer{}, err
	}
	n, err := s.naming(ctx, by)
	return n.answer(x), err
}

func (s *server) showAnswer(ctx context.Context, by people.Actor, in *byAnswer) (wire.DeskAnswer, error) {
	x, err := s.deps.Knowledge.Answer(ctx, by, in.ID)
	return s.answerNow(ctx, by, x, err)
}

// written reads what somebody wrote about an answer.
func (s *server) written(ctx context.Context, by people.Actor, b wire.WriteAnswer) (desk.AnswerDraft, error) {
	d := desk.AnswerDraft{Title: b.Title, Body: b.Text, Audience: desk.Audience(b.Audience), Owner: b.Owner, Team: b.Team, Service: b.Service, Type: b.Type}
	if b.ReviewOn != "" {
		day, err := time.Parse(time.DateOnly, b.ReviewOn)
		if err != nil {
			return d, fault.Wrong("review_on", "Write the day as 2027-05-24.")
		}
		d.ReviewAt = day
	}
	if b.Demand == "" {
		return d, nil
	}
	register, err := s.deps.Demands.Demands(ctx, by)
	d.Demand = demandName(b.Demand)
	for _, x := range register { // what an answer keeps is the id
		if x.Name() == d.Demand {
			d.Demand = x.ID
		}
	}
	return d, err
}

func (s *server) writeAnswer(ctx context.Context, by people.Actor, in *struct{ Body wire.WriteAnswer }) (wire.DeskAnswer, error) {
	d, err := s.written(ctx, by, in.Body)
	if err != nil {
		return wire.DeskAnswer{}, err
	}
	x, err := s.deps.Knowledge.NewAnswer(ctx, by, d)
	return s.answerNow(ctx, by, x, err)
}

func (s *server) answerFromRequest(ctx context.Context, by people.Actor, in *byRequest) (wire.DeskAnswer, error) {
	x, err := s.deps.Knowledge.AnswerFrom(ctx, by, in.ID)
	return s.answerNow(ctx, by, x, err)
}

func (s *server) editAnswer(ctx context.Context, by people.Actor, in *forAnswer[wire.EditAnswer]) (wire.DeskAnswer, error) {
	d, err := s.written(ctx, by, in.Body.WriteAnswer)
	if err != nil {
		return wire.DeskAnswer{}, err
	}
	x, err := s.deps.Knowledge.EditAnswer(ctx, by, in.ID, d, in.Body.Version)
	return s.answerNow(ctx, by, x, err)
}

func (s *server) publishAnswer(ctx context.Context, by people.Actor, in *byAnswer) (wire.DeskAnswer, error) {
	x, err := s.deps.Knowledge.PublishAnswer(ctx, by, in.ID, 0)
	return s.answerNow(ctx, by, x, err)
}

func (s *server) retireAnswer(ctx context.Context, by people.Actor, in *byAnswer) (wire.DeskAnswer, error) {
	x, err := s.deps.Knowledge.RetireAnswer(ctx, by, in.ID)
	return s.answerNow(ctx, by, x, err)
}

func (s *server) reviewAnswer(ctx context.Context, by people.Actor, in *byAnswer) (wire.DeskAnswer, error) {
	x, err := s.deps.Knowledge.ReviewAnswer(ctx, by, in.ID)
	return s.answerNow(ctx, by, x, err)
}

func (s *server) voteAnswer(ctx context.Context, by people.Actor, in *forAnswer[wire.VoteAnswer]) (wire.DeskAnswer, error) {
	x, err := s.deps.Knowledge.VoteAnswer(ctx, by, in.ID, in.Body.Helped, in.Body.Instead)
	return s.answerNow(ctx, by, x, err)
}
