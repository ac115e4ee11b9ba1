package action

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"frontline/catalog"
	"frontline/fault"
	"frontline/form"
	"frontline/journal"
	"frontline/people"
	"frontline/secret"
)

// Catalog is what inputs of the types customer and service choose from, as it is now. config.Book implements it.
type Catalog interface {
	Customers() []catalog.Customer
	Services() []catalog.Service
}

// filled is what was given for a run, after every check.
type filled struct {
	values map[string]any              // as form.Check returned them
	shown  map[string]any              // for people and for the run: secrets are ***, files say what they are
	open   map[string]any              // what the kind gets in the open: a file by its name
	hidden map[string]secret.Text      // the secrets
	files  map[string]InputFile        // the files
	keep   func(context.Context) error // lets the files live as long as the run may need them
}

// fill checks what was given against everything that is known: the types and conditions, the catalog, the files that were uploaded, and the
// options that other actions return now. There is no other way from a caller's values to a kind.
func (r *Runner) fill(ctx context.Context, by people.Actor, d Definition, q PlanRequest) (filled, error) {
	given, err := r.prefilled(ctx, by, d, q)
	if err != nil {
		return filled{}, err
	}
	values, err := form.Check(d.Inputs, given)
	if err != nil {
		return filled{}, err
	}
	wrong, err := r.known(ctx, d.Inputs, values)
	if err != nil {
		return filled{}, err
	}
	uploads, bad, err := r.uploaded(ctx, by, d, values)
	if err != nil {
		return filled{}, err
	}
	if wrong = append(wrong, bad...); len(wrong) == 0 && !d.Undoes { // what a run took away is no option when it is put back
		if wrong, err = r.notOffered(ctx, by, d, values); err != nil {
			return filled{}, err
		}
	}
	if len(wrong) > 0 {
		return filled{}, form.Refuse(d.Inputs, wrong)
	}
	f := filled{values: values, shown: form.Mask(d.Inputs, values), keep: func(ctx context.Context) error { return r.keepUploads(ctx, d, uploads) }}
	for name, u := range uploads {
		f.shown[name] = map[string]any{"id": u.ID, "name": u.Name, "type": u.Type, "size": u.Size, "hash": u.Hash}
	}
	f.open, f.hidden, f.files = r.handed(d, f.shown)
	_, f.hidden = form.Split(d.Inputs, values)
	return f, nil
}

// handed parts a run's inputs as it keeps them into what its kind gets. The secrets are stars here.
func (r *Runner) handed(d Definition, shown map[string]any) (map[string]any, map[string]secret.Text, map[string]InputFile) {
	open, hidden := form.Split(d.Inputs, shown)
	files := map[string]InputFile{}
	for _, in := range d.Inputs {
		facts, ok := open[in.Name].(map[string]any)
		if in.Type != form.File || !ok {
			continue
		}
		f := r.inputFile(facts)
		files[in.Name], open[in.Name] = f, f.Name
	}
	return open, hidden, files
}

// known refuses customers and services that are not in the catalog.
func (r *Runner) known(ctx context.Context, inputs []form.Input, values map[string]any) (wrong []fault.Field, err error) {
	for _, in := range inputs {
		id, ok := values[in.Name].(string)
		if !ok || in.Type != form.Customer && in.Type != form.Service {
			continue
		}
		all, err := r.listed(ctx, in.Type)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(all, func(o Option) bool { return o.Value == id }) {
			wrong = append(wrong, fault.Field{Name: in.Name, Say: fmt.Sprintf("There is no %s %q. Choose one of the list.", in.Type, cut(id, 80))})
		}
	}
	return wrong, nil
}

// listed are all customers or services, by name.
func (r *Runner) listed(ctx context.Context, t form.Type) ([]Option, error) {
	if r.Catalog == nil {
		return nil, fault.New(fault.Internal, "This installation cannot look up a %s. Report this to your administrator.", t)
	}
	c, err := r.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	var out []Option
	if t == form.Customer {
		for _, x := range c.Customers() {
			out = append(out, Option{Value: x.ID, Label: x.Name})
		}
	} else {
		for _, x := range c.Services() {
			out = append(out, Option{Value: x.ID, Label: x.Name})
		}
	}
	slices.SortStableFunc(out, func(a, b Option) int { return strings.Compare(strings.ToLower(a.Label), strings.ToLower(b.Label)) })
	return out, nil
}

// Prefill returns the defaults that an action's inputs have from what a run of it would be for, by the inputs' names.
func (r *Runner) Prefill(ctx context.Context, by people.Actor, id string, about journal.Subject) (map[string]any, error) {
	d, err := r.Action(ctx, by, id)
	if err != nil {
		return nil, err
	}
	return r.fromSubject(ctx, by, d, about)
}

// fromSubject are the values of all inputs that have a default from the subject, if it has it.
func (r *Runner) fromSubject(ctx context.Context, by people.Actor, d Definition, about journal.Subject) (map[string]any, error) {
	values := map[string]any{}
	wants := slices.ContainsFunc(d.Inputs, func(in form.Input) bool { return in.DefaultFrom != "" })
	if !wants || about.Kind == "" || r.Facts == nil {
		return values, nil
	}
	if r.Belongs != nil {
		if err := r.Belongs(ctx, by, about); err != nil {
			return nil, err
		}
	}
	facts, err := r.Facts(ctx, by, about)
	if err != nil {
		return nil, err
	}
	for _, in := range d.Inputs {
		if v := facts[in.DefaultFrom]; in.DefaultFrom != "" && v != "" {
			values[in.Name] = v
		}
	}
	return values, nil
}

// prefilled adds to what was given the defaults from what the run is for. What is given stands, also when it is empty.
func (r *Runner) prefilled(ctx context.Context, by people.Actor, d Definition, q PlanRequest) (map[string]any, error) {
	defaults, err := r.fromSubject(ctx, by, d, q.For)
	if err != nil || len(defaults) == 0 {
		return q.Inputs, err
	}
	all := maps.Clone(q.Inputs)
	if all == nil {
		all = map[string]any{}
	}
	for _, in := range d.Inputs { // in order: what is asked may depend on what was filled in before
		if v, has := defaults[in.Name]; has && all[in.Name] == nil && form.Applies(d.Inputs, in, all) {
			all[in.Name] = v
		}
	}
	return all, nil
}
