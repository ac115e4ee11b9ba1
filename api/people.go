package api

import (
	"context"
	"net/http"
	"slices"

	"frontline/catalog"
	"frontline/people"
	"frontline/wire"
)

func (s *server) people() {
	add(s, route{Method: http.MethodGet, Path: "/me", ID: "showMe", Verb: people.OwnTokens, Summary: "Say who you are to Frontline"}, s.showMe)
	add(s, route{Method: http.MethodGet, Path: "/me/tokens", ID: "listTokens", Verb: people.OwnTokens, Summary: "List your API tokens",
		Say: "New ones are made on the settings screen alone, so that a stolen one cannot make itself at home."}, s.listTokens)
	addSilent(s, route{Method: http.MethodDelete, Path: "/me/tokens/{id}", ID: "revokeToken", Verb: people.OwnTokens, Summary: "Revoke one of your API tokens",
		Say: "For good, and at once."}, s.revokeToken)
	add(s, route{Method: http.MethodGet, Path: "/people", ID: "listPeople", Verb: people.SeeCatalog, Summary: "List people"}, s.listPeople)
	add(s, route{Method: http.MethodGet, Path: "/services", ID: "listServices", Verb: people.SeeCatalog, Summary: "List services"}, s.listServices)
	add(s, route{Method: http.MethodGet, Path: "/components", ID: "listComponents", Verb: people.SeeCatalog, Summary: "List components",
		Say: "The parts of the product in customers' words, as the status page shows them."}, s.listComponents)
	add(s, route{Method: http.MethodGet, Path: "/customers", ID: "listCustomers", Verb: people.SeeCatalog, Summary: "List customers"}, s.listCustomers)
}

func (s *server) showMe(ctx context.Context, by people.Actor, _ *struct{}) (wire.Me, error) {
	n, err := s.names(ctx)
	if err != nil {
		return wire.Me{}, err
	}
	return wire.Me{ID: by.ID, Name: by.Name, Role: string(by.Role), Teams: n.refs("team", by.Teams), Until: by.Until}, nil
}

func (s *server) listTokens(ctx context.Context, by people.Actor, in *Paging) (wire.List[wire.Token], error) {
	all, err := s.deps.Tokens.TokensOf(ctx, by)
	if err != nil {
		return wire.List[wire.Token]{}, err
	}
	return slice(all, *in, func(t people.Token) wire.Token {
		return wire.Token{ID: t.ID, Name: t.Name, Hint: t.Hint, Role: string(t.Role), Made: t.Made, Used: t.Used, Until: t.Until}
	})
}

type byToken struct {
	ID string `path:"id" maxLength:"100" doc:"The token's id, as the list gives it."`
}

func (s *server) revokeToken(ctx context.Context, by people.Actor, in *byToken) error {
	return s.deps.Tokens.RevokeToken(ctx, by, in.ID)
}

func (s *server) listPeople(ctx context.Context, _ people.Actor, in *Paging) (wire.List[wire.Person], error) {
	return listed(ctx, s, *in, Directory.People, func(n names, p people.Person) wire.Person {
		return wire.Person{ID: p.ID, Name: p.Name, Role: string(p.Role), Teams: n.refs("team", p.Teams), Zone: p.Zone}
	})
}

func (s *server) listServices(ctx context.Context, _ people.Actor, in *Paging) (wire.List[wire.Service], error) {
	return listed(ctx, s, *in, Directory.Services, func(n names, x catalog.Service) wire.Service {
		return wire.Service{ID: x.ID, Name: x.Name, Team: n.ref("team", x.Team), Policy: x.Policy, Components: n.refs("component", x.Components),
			Stakeholders: n.refs("person", x.Stakeholders), Runbook: x.Runbook, Actions: append([]string{}, x.Actions...)}
	})
}

func (s *server) listComponents(ctx context.Context, _ people.Actor, in *Paging) (wire.List[wire.Component], error) {
	return listed(ctx, s, *in, Directory.Components, func(_ names, c catalog.Component) wire.Component { return wire.Component(c) })
}

func (s *server) listCustomers(ctx context.Context, _ people.Actor, in *Paging) (wire.List[wire.Customer], error) {
	return listed(ctx, s, *in, Directory.Customers, func(n names, c catalog.Customer) wire.Customer {
		return wire.Customer{ID: c.ID, Name: c.Name, Tier: c.Tier, Components: n.refs("component", c.Components), Owner: n.person(c.Owner)}
	})
}

// listed is a page of a list of what is configured, which everybody may see whom enter lets in.
func listed[T, W any](ctx context.Context, s *server, p Paging, all func(Directory) []T, each func(names, T) W) (wire.List[W], error) {
	n, err := s.names(ctx)
	if err != nil {
		return wire.List[W]{}, err
	}
	return slice(slices.Clone(all(n.Directory)), p, func(x T) W { return each(n, x) })
}
