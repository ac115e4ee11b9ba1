package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"frontline/client"
	"frontline/fault"
	"frontline/wire"
)

type answerCommands struct {
	List    listAnswers   `cmd:"" help:"List answers, newest first."`
	Find    findAnswers   `cmd:"" help:"Find answers to a question."`
	Show    showAnswer    `cmd:"" help:"Show an answer."`
	From    answerFrom    `cmd:"" help:"Make a draft of what a request was answered."`
	New     newAnswer     `cmd:"" help:"Write a draft."`
	Edit    editAnswer    `cmd:"" help:"Save a new version; what is left out stays."`
	Publish publishAnswer `cmd:"" help:"Offer an answer to its audience."`
	Retire  retireAnswer  `cmd:"" help:"Take an answer out of use."`
	Review  reviewAnswer  `cmd:"" help:"Say that an answer is still right."`
	Vote    voteAnswer    `cmd:"" help:"Say whether an answer helped."`
}

type listAnswers struct {
	remote
	State string `help:"Which: ${enum}." enum:"draft,published,retired,all" default:"published"`
	Owner string `help:"Kept right by this person, or me." placeholder:"ID"`
	Stale bool   `help:"Only those that somebody should look at."`
	Limit int    `help:"How many at most." default:"50"`
}

// Run implements the command.
func (c listAnswers) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	all, err := some(ctx, c.Limit, func(ctx context.Context, p client.Page) (wire.List[wire.DeskAnswer], error) {
		return server.Answers(ctx, client.AnswerFilter{State: c.State, Owner: c.Owner, Stale: c.Stale}, p)
	})
	if err != nil {
		return err
	}
	return c.show(env, all, func(p *paper) {
		if len(all) == 0 {
			p.line("There is no such answer.")
			return
		}
		var rows [][]string
		for _, x := range all {
			rows = append(rows, []string{x.ID, x.State, "for " + x.Audience, name(x.Owner), fmt.Sprintf("%d of %d", x.Helped, x.Helped+x.NotHelped), x.Title})
		}
		p.table(0, []string{"ID", "STATE", "WHO", "OWNER", "HELPED", "QUESTION"}, rows)
	})
}

type findAnswers struct {
	remote
	Question []string `arg:"" help:"The question, in any words."`
	Limit    int      `help:"How many at most." default:"5"`
}

// Run implements the command.
func (c findAnswers) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	all, err := server.FindAnswers(ctx, strings.Join(c.Question, " "), c.Limit)
	if err != nil {
		return err
	}
	return c.show(env, all.Items, func(p *paper) {
		if len(all.Items) == 0 {
			p.line("No answer is like that. Ask with: frontline request new")
		}
		for i, x := range all.Items {
			if i > 0 {
				p.line("")
			}
			p.answer(x.DeskAnswer)
			p.pair("Because of", strings.Join(x.Because, ", "))
		}
	})
}

// answer adds an answer.
func (p *paper) answer(x wire.DeskAnswer) {
	p.title(x.ID, x.Title)
	p.pair("State", x.State+", for "+x.Audience)
	p.pair("Owner", name(x.Owner))
	p.pair("Looked at", "on "+x.ReviewOn)
	p.pair("Helped", fmt.Sprintf("%d of %d people, %d requests, %d instead of asking", x.Helped, x.Helped+x.NotHelped, x.Replies, x.Instead))
	if len(x.Stale) > 0 {
		p.pair("Look at it", strings.ReplaceAll(strings.Join(x.Stale, ", "), "_", " "))
	}
	if x.Text != "" {
		p.line("")
		p.text(0, x.Text)
	}
}

// answered prints an answer after a command.
func (r remote) answered(env Env, x wire.DeskAnswer, err error) error {
	if err != nil {
		return err
	}
	return r.show(env, x, func(p *paper) { p.answer(x) })
}

type oneAnswer struct {
	remote
	ID string `arg:"" help:"K-7."`
}

type showAnswer struct{ oneAnswer }

// Run implements the command.
func (c showAnswer) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	x, err := server.Answer(ctx, c.ID)
	return c.answered(env, x, err)
}

type answerFrom struct {
	remote
	Request string `arg:"" help:"R-1042."`
}

// Run implements the command.
func (c answerFrom) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	x, err := server.AnswerFromRequest(ctx, c.Request)
	return c.answered(env, x, err)
}

// aboutAnswer is what is set about an answer.
type aboutAnswer struct {
	Audience string `help:"Who may read it: desk or everyone." placeholder:"WHO"`
	Owner    string `help:"Who keeps it right." placeholder:"ID"`
	Team     string `help:"Which team knows about it." placeholder:"ID"`
	Service  string `help:"Which service it is about." placeholder:"ID"`
	Type     string `help:"Which type of request it answers." placeholder:"ID"`
	Demand   string `help:"Which demand it serves." placeholder:"D-12"`
	ReviewOn string `help:"On which day its owner looks whether it is still right." placeholder:"2027-05-24"`
}

type newAnswer struct {
	remote
	Title string   `arg:"" help:"The question, as askers ask it."`
	Text  []string `arg:"" optional:"" help:"What is said to them, in Markdown; read from the input when it is left out."`
	aboutAnswer
}

// Run implements the command.
func (c newAnswer) Run(ctx context.Context, env Env) error {
	server, text, _, err := c.writing(env, c.Text, nil)
	if err != nil {
		return err
	}
	x, err := server.WriteAnswer(ctx, wire.WriteAnswer{Title: c.Title, Text: text, Audience: c.Audience, Owner: c.Owner, Team: c.Team, Service: c.Service, Type: c.Type, Demand: c.Demand, ReviewOn: c.ReviewOn})
	return c.answered(env, x, err)
}

type editAnswer struct {
	oneAnswer
	Text  []string `arg:"" optional:"" help:"What is said to askers now; - reads it from the input."`
	Title string   `help:"The question, as askers ask it." placeholder:"TEXT"`
	aboutAnswer
}

// Run implements the command.
func (c editAnswer) Run(ctx context.Context, env Env) error {
	if len(c.Text) == 0 && c.Title == "" && c.aboutAnswer == (aboutAnswer{}) {
		return fault.New(fault.Invalid, "Say what to change: a text, --title, --audience, --owner, --team, --service, --type, --demand or --review-on.")
	}
	server, err := c.open(env)
	if err != nil {
		return err
	}
	was, err := server.Answer(ctx, c.ID)
	if err != nil {
		return err
	}
	text := was.Text
	if len(c.Text) > 0 {
		if text, err = words(env, c.Text); err != nil {
			return err
		}
	}
	x, err := server.EditAnswer(ctx, c.ID, wire.EditAnswer{Version: was.Version, WriteAnswer: wire.WriteAnswer{Title: cmp.Or(c.Title, was.Title), Text: text, Audience: cmp.Or(c.Audience, was.Audience),
		Owner: cmp.Or(c.Owner, idOf(was.Owner)), Team: cmp.Or(c.Team, idOf(was.Team)), Service: cmp.Or(c.Service, idOf(was.Service)), Type: cmp.Or(c.Type, idOf(was.Type)),
		Demand: cmp.Or(c.Demand, was.Demand), ReviewOn: cmp.Or(c.ReviewOn, was.ReviewOn)}})
	return c.answered(env, x, err)
}

func idOf(r *wire.Ref) string {
	if r == nil {
		return ""
	}
	return r.ID
}

type publishAnswer struct{ oneAnswer }

// Run implements the command.
func (c publishAnswer) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	x, err := server.PublishAnswer(ctx, c.ID)
	return c.answered(env, x, err)
}

type retireAnswer struct{ oneAnswer }

// Run implements the command.
func (c retireAnswer) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	x, err := server.RetireAnswer(ctx, c.ID)
	return c.answered(env, x, err)
}

type reviewAnswer struct{ oneAnswer }

// Run implements the command.
func (c reviewAnswer) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	x, err := server.ReviewAnswer(ctx, c.ID)
	return c.answered(env, x, err)
}

type voteAnswer struct {
	oneAnswer
	Voice string `arg:"" help:"Whether it helped: ${enum}." enum:"helped,not"`
}

// Run implements the command.
func (c voteAnswer) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	x, err := server.VoteAnswer(ctx, c.ID, wire.VoteAnswer{Helped: c.Voice == "helped"})
	return c.answered(env, x, err)
}
