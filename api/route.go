package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"frontline/people"
	"frontline/wire"
)

// route is one operation of the API.
type route struct {
	Method  string
	Path    string      // below wire.Prefix
	ID      string      // of the operation, and of the client's method
	Verb    people.Verb // what it takes to use it at all; the command asks again with its subject
	Summary string      // one line
	Say     string      // more, when there is more to know
	Status  int         // of a right answer; 200 when 0
	Limit   int64       // of the body in bytes; 256 KB when 0
	Stream  bool        // the body is a file, whose limit the command knows
}

// usualLimit is the most that a body may weigh, in bytes.
const usualLimit = 256 << 10

// result is what the library makes an answer of.
type result[T any] struct{ Body T }

// add adds an operation. The handler reads I, calls the domain and returns what is to be said.
func add[I, T any](s *server, rt route, handle func(context.Context, people.Actor, *I) (T, error)) {
	huma.Register(s.huma, s.operation(rt), func(ctx context.Context, in *I) (*result[T], error) {
		out, err := handle(ctx, actorOf(ctx), in)
		if err != nil {
			return nil, s.problem(ctx, rt.ID, err)
		}
		return &result[T]{out}, nil
	})
}

// addSilent adds an operation that answers with nothing but its status.
func addSilent[I any](s *server, rt route, handle func(context.Context, people.Actor, *I) error) {
	rt.Status = http.StatusNoContent
	huma.Register(s.huma, s.operation(rt), func(ctx context.Context, in *I) (*struct{}, error) {
		if err := handle(ctx, actorOf(ctx), in); err != nil {
			return nil, s.problem(ctx, rt.ID, err)
		}
		return nil, nil
	})
}

// operation describes a route for the library and for the OpenAPI document.
func (s *server) operation(rt route) huma.Operation {
	s.routes = append(s.routes, rt)
	role, _ := people.LeastRole(rt.Verb)
	wing, _, _ := strings.Cut(strings.TrimPrefix(rt.Path, "/"), "/")
	op := huma.Operation{
		Method: rt.Method, Path: rt.Path, OperationID: rt.ID, Summary: rt.Summary, Tags: []string{wing}, DefaultStatus: rt.Status,
		Description:  strings.TrimSpace(rt.Say + " Needs the role " + string(role) + "."),
		MaxBodyBytes: max(rt.Limit, usualLimit), RejectUnknownQueryParameters: true,
		Security:   []map[string][]string{{"token": {}}},
		Extensions: map[string]any{"x-verb": string(rt.Verb), "x-role": string(role)},
		Responses:  map[string]*huma.Response{},
	}
	if rt.Stream {
		file := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
		op.RequestBody = &huma.RequestBody{Description: "The file.", Required: true, Content: map[string]*huma.MediaType{"application/octet-stream": file}}
	}
	for _, status := range rt.fails() {
		op.Responses[strconv.Itoa(status)] = &huma.Response{Ref: "#/components/responses/" + strconv.Itoa(status)}
	}
	return op
}

// fails lists the statuses of the problems that a route can answer with.
func (rt route) fails() []int {
	out := []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusInternalServerError, http.StatusServiceUnavailable}
	if strings.Contains(rt.Path, "{") {
		out = append(out, http.StatusNotFound)
	}
	if rt.Method != http.MethodGet {
		out = append(out, http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	slices.Sort(out)
	return out
}

func verbOf(op *huma.Operation) people.Verb {
	v, _ := op.Extensions["x-verb"].(string)
	return people.Verb(v)
}

func unwrap(ctx huma.Context) (*http.Request, http.ResponseWriter) { return humago.Unwrap(ctx) }

// config is the library's configuration: JSON alone, no pages of its own, its refusals in our words.
func (s *server) config() huma.Config {
	json := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: json.Unmarshal}
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{Title: "Frontline", Version: "1", License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
				Description: about},
			Servers: []*huma.Server{{URL: s.deps.Base.JoinPath(wire.Prefix).String()}},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer",
					Description: "An API token, made on the settings screen. It begins with " + people.TokenPrefix + " and may do what its owner may, or less."}},
			},
		},
		Formats:       map[string]huma.Format{"application/json": json, "json": json},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{translate},
	}
}

const about = `The operations desk as programs see it: alerts, on call, incidents and actions.

An **id** is the short name that people see ("G-12", "INC-3", "RUN-884"); **uid** is the permanent one. Either is taken wherever an id is
asked for. Times are RFC 3339 in UTC, durations are written like "5m". Lists come in pages: give **next** of one page as **cursor** of the
next. A request that cannot be answered gets a problem (RFC 9457) whose **detail** is for people and whose **kind** is for programs;
a 429 or 503 says with Retry-After when to try again. Unknown fields and parameters are refused.`

// describe makes the OpenAPI document and serves it to everybody: it says how to ask, not what is there.
func (s *server) describe() error {
	api := s.huma.OpenAPI()
	schemas := api.Components.Schemas
	wrong := schemas.Schema(reflect.TypeFor[wire.Problem](), true, "Problem")
	api.Components.Responses = map[string]*huma.Response{}
	for _, rt := range s.routes {
		for _, status := range rt.fails() {
			api.Components.Responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status),
				Content: map[string]*huma.MediaType{"application/problem+json": {Schema: wrong}}}
		}
	}
	delete(schemas.Map(), "ErrorModel") // the library's own, which nobody ever gets
	delete(schemas.Map(), "ErrorDetail")
	for _, schema := range schemas.Map() {
		for _, p := range schema.Properties {
			for ; p != nil && p.Type == huma.TypeArray; p = p.Items {
				p.Nullable = false // a list of ours is never null
			}
		}
	}
	asJSON, err := json.MarshalIndent(api, "", "  ")
	if err != nil {
		return err
	}
	asYAML, err := api.YAML()
	if err != nil {
		return err
	}
	s.document("openapi.json", "application/openapi+json", asJSON)
	s.document("openapi.yaml", "application/openapi+yaml", asYAML)
	return nil
}

func (s *server) document(name, contentType string, text []byte) {
	s.mux.HandleFunc("GET "+wire.Prefix+"/"+name, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(text) // the connection is gone when this fails
	})
}
