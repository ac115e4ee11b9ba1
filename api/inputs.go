package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"frontline/action"
	"frontline/fault"
	"frontline/form"
	"frontline/people"
	"frontline/wire"
)

// Inputs is how values are found that no one can write by hand: options, and files.
type Inputs interface {
	Options(ctx context.Context, by people.Actor, q action.OptionQuery) (action.Options, error)
	Upload(ctx context.Context, by people.Actor, q action.UploadRequest, body io.Reader) (action.Upload, error)
}

func (s *server) inputs() {
	add(s, route{Method: http.MethodGet, Path: "/options/{action}", ID: "listOptions", Verb: people.RunReadAction, Summary: "List what an input may be",
		Say: "Of the catalog, of the definition, or what another action returns now with the caller's own rights. What the action's risk needs is asked as well."}, s.listOptions)
	add(s, route{Method: http.MethodPost, Path: "/files", ID: "uploadFile", Verb: people.RunReadAction, Status: http.StatusCreated, Stream: true, Summary: "Upload a file for an input",
		Say: "The body is the file. Give its id as the input's value when you plan a run; nobody else can. It is forgotten after a day unless a run is planned with it."}, s.uploadFile)
}

type listOptions struct {
	Action string `path:"action" maxLength:"100" doc:"The action's id. Its slashes may be written as they are." example:"session/reset"`
	Input  string `query:"input" required:"true" maxLength:"40" doc:"The name of the input." example:"session"`
	Search string `query:"search" maxLength:"200" doc:"Words that the options have." example:"nord"`
	Given  string `query:"given" maxLength:"20000" doc:"The inputs that are filled in so far, as a JSON object; the options may depend on them." example:"{\"customer\":\"nordpank\"}"`
}

func (s *server) listOptions(ctx context.Context, by people.Actor, in *listOptions) (wire.Options, error) {
	var given map[string]any
	if in.Given != "" {
		if err := json.Unmarshal([]byte(in.Given), &given); err != nil {
			return wire.Options{}, fault.Wrong("given", `given is a JSON object of the inputs so far, such as {"customer":"nordpank"}.`)
		}
	}
	o, err := s.deps.Actions.Options(ctx, by, action.OptionQuery{Action: in.Action, Input: in.Input, Given: given, Search: in.Search})
	return wire.Options{Options: every(o.List, func(x action.Option) wire.Option { return wire.Option(x) }), More: o.More}, err
}

type uploadFile struct {
	Action string `query:"action" required:"true" maxLength:"100" doc:"The action that the file is for." example:"customer/import"`
	Input  string `query:"input" required:"true" maxLength:"40" doc:"The input that the file is for." example:"list"`
	Name   string `query:"name" required:"true" maxLength:"1000" doc:"What the file is called." example:"november.csv"`
	kind   string
	body   io.Reader
}

var _ huma.Resolver = (*uploadFile)(nil)

// Resolve implements huma.Resolver: the body is read as it comes, however long that takes.
func (u *uploadFile) Resolve(ctx huma.Context) []error {
	u.kind, u.body = ctx.Header("Content-Type"), ctx.BodyReader()
	_ = ctx.SetReadDeadline(time.Time{}) // a server that has no deadlines needs none taken away
	return nil
}

func (s *server) uploadFile(ctx context.Context, by people.Actor, in *uploadFile) (wire.Upload, error) {
	u, err := s.deps.Actions.Upload(ctx, by, action.UploadRequest{Action: in.Action, Input: in.Input, Name: in.Name, Type: in.kind}, in.body)
	return wire.Upload{ID: u.ID, Name: u.Name, Type: u.Type, Size: u.Size, Hash: u.Hash, ForgottenAt: u.Until}, err
}

func inputOf(in form.Input) wire.Input {
	out := wire.Input{Name: in.Name, Label: in.Title(), Help: in.Help, Type: string(in.Type), Required: in.Required, Default: in.Default, Choices: in.Choices,
		Pattern: in.Pattern, Example: in.Example, Min: in.Min, Max: in.Max, Whole: in.Whole, Multiline: in.Multiline, Accept: in.Accept, DefaultFrom: in.DefaultFrom}
	if in.Type == form.File {
		out.MaxBytes = in.MaxBytes()
	}
	if in.From != nil {
		out.From = &wire.From{Action: in.From.Action, Needs: append([]string{}, in.From.Needs()...)}
	}
	if in.When != nil {
		out.When = &wire.When{Input: in.When.Input, Is: append([]any{}, in.When.Is...)}
	}
	return out
}
