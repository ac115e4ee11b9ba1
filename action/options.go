package action

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"frontline/fault"
	"frontline/form"
	"frontline/journal"
	"frontline/people"
	"frontline/secret"
)

// Option is one value that an input may have, and what people read.
type Option struct{ Value, Label string }

// OptionQuery asks which values an input may have.
type OptionQuery struct {
	Action string
	Input  string
	Given  map[string]any // what is filled in so far
	Search string         // words that the options have; all when empty
}

// Options are values that an input may have.
type Options struct {
	List []Option
	More bool // there are more: search
}

const (
	mostOptions    = 200              // that are returned at once
	lookFor        = 10 * time.Second // how long a source may take
	lookFresh      = 10 * time.Second // how long what it said is offered to the same person again
	looksAtOnce    = 4                // sources that are asked at the same time, in this process
	looksKept      = 500
	mostSearches   = 20 // values of one input that are looked for one by one
	longestSearch  = 200
	searchOfSource = "search" // the input of a source that takes what somebody types
)

// Options returns the values that an input may have: of the catalog, of its definition, or what the action it names returns now, run with
// the caller's own rights. That look is counted in the journal; it is no run.
func (r *Runner) Options(ctx context.Context, by people.Actor, q OptionQuery) (Options, error) {
	d, err := r.runnable(ctx, by, q.Action)
	if err != nil {
		return Options{}, err
	}
	i := slices.IndexFunc(d.Inputs, func(in form.Input) bool { return in.Name == q.Input })
	if i < 0 {
		return Options{}, fault.Wrong("input", "The action %s has no input %q. Look at its inputs.", d.ID, cut(q.Input, 80))
	}
	if err := checkWords("search", q.Search); err != nil || len(q.Search) > longestSearch {
		return Options{}, fault.Wrong("search", "Search with at most %d letters.", longestSearch)
	}
	switch in := d.Inputs[i]; {
	case in.Type == form.Customer || in.Type == form.Service:
		all, err := r.listed(ctx, in.Type)
		return some(all, q.Search), err
	case in.From != nil:
		all, searched, err := r.look(ctx, by, lookup{form: d.Inputs[:i], in: in, have: form.Sofar(d.Inputs[:i], q.Given), search: strings.TrimSpace(q.Search)})
		if searched {
			q.Search = ""
		}
		return some(all, q.Search), err
	case len(in.Choices) > 0:
		all := make([]Option, len(in.Choices))
		for i, c := range in.Choices {
			all[i] = Option{c, c}
		}
		return some(all, q.Search), nil
	}
	return Options{}, fault.Wrong("input", "%s is not chosen from a list. Write its value.", d.Inputs[i].Title())
}

// some are the first options that have every word.
func some(all []Option, search string) Options {
	words := strings.Fields(strings.ToLower(search))
	var o Options
	for _, x := range all {
		text := strings.ToLower(x.Label + " " + x.Value)
		if slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
			continue
		}
		if len(o.List) == mostOptions {
			o.More = true
			break
		}
		o.List = append(o.List, x)
	}
	return o
}

// lookup is one question to the source of an input's options.
type lookup struct {
	form   []form.Input   // the inputs before it
	in     form.Input     //
	have   map[string]any // their values, as far as they are right
	search string
	fresh  bool // not what it said some seconds ago
}

// notOffered names the values that their sources do not offer now. While a source does not answer, nothing passes.
func (r *Runner) notOffered(ctx context.Context, by people.Actor, d Definition, values map[string]any) (wrong []fault.Field, err error) {
	for i, in := range d.Inputs {
		var chosen []string
		switch v := values[in.Name].(type) {
		case string:
			chosen = []string{v}
		case []any:
			for _, one := range v {
				chosen = append(chosen, fmt.Sprint(one))
			}
		}
		if in.From == nil || len(chosen) == 0 {
			continue
		}
		absent, err := r.absent(ctx, by, lookup{form: d.Inputs[:i], in: in, have: values, fresh: true}, chosen)
		if err != nil {
			return nil, err
		}
		if len(absent) > 0 {
			wrong = append(wrong, fault.Field{Name: in.Name, Say: fmt.Sprintf("%q is not among the options now. Choose from the list.", cut(absent[0], 80))})
		}
	}
	return wrong, nil
}

// absent returns those of the values that are no option. A source that searches may show a part of its options only, so each value that is not
// there is searched for by itself.
func (r *Runner) absent(ctx context.Context, by people.Actor, l lookup, values []string) ([]string, error) {
	all, searches, err := r.look(ctx, by, l)
	if err != nil {
		return nil, err
	}
	missing := func(v string) bool { return !slices.ContainsFunc(all, func(o Option) bool { return o.Value == v }) }
	var absent []string
	for _, v := range values {
		if missing(v) {
			absent = append(absent, v)
		}
	}
	if !searches || len(absent) > mostSearches {
		return absent, nil
	}
	var left []string
	for _, v := range absent {
		l.search = v
		if all, _, err = r.look(ctx, by, l); err != nil {
			return nil, err
		}
		if missing(v) {
			left = append(left, v)
		}
	}
	return left, nil
}

// look asks the source for its options; searches says whether it takes words to search for.
func (r *Runner) look(ctx context.Context, by people.Actor, l lookup) (all []Option, searches bool, err error) {
	src, err := r.source(ctx, by, l.in)
	if err != nil {
		return nil, false, l.failed(err)
	}
	searches = takes(src, searchOfSource, form.Text)
	inputs, err := r.sourceInputs(ctx, src, l)
	if err != nil {
		return nil, searches, err
	}
	key, err := json.Marshal([]any{by.ID, by.Kind, src.Version(), l.in.From, inputs})
	if err != nil {
		return nil, searches, err
	}
	release, err := r.lists.enter(ctx)
	if err != nil {
		return nil, searches, l.failed(err)
	}
	defer release()
	now := r.Clock.Now()
	if all, ok := r.lists.lately(string(key), now); ok && !l.fresh {
		return all, searches, nil
	}
	if all, err = r.askSource(ctx, by, src, l.in, inputs); err != nil {
		return nil, searches, l.failed(err)
	}
	r.lists.remember(string(key), now, all)
	return all, searches, nil
}

// failed says that the options cannot be read. Nobody gets past it.
func (l lookup) failed(err error) error {
	kind := fault.Unavailable
	if k := fault.KindOf(err); k != fault.Unavailable && k != fault.Internal {
		kind = fault.Invalid
	}
	say := fmt.Sprintf("The options of %s cannot be read. %s", l.in.Title(), fault.Sentence(err))
	return &fault.Error{Kind: kind, Say: say, Cause: err, Fields: []fault.Field{{Name: l.in.Name, Say: say}}}
}

// source is the action that an input's options come from, when the actor may run it.
func (r *Runner) source(ctx context.Context, by people.Actor, in form.Input) (Definition, error) {
	src, err := r.runnable(ctx, by, in.From.Action)
	if err != nil {
		return src, err
	}
	if why := src.noSource(); why != "" {
		return src, fault.New(fault.Invalid, "They come from %s, %s", src.ID, why)
	}
	return src, nil
}

// noSource says why the action cannot offer options to others; empty when it can.
func (d Definition) noSource() string {
	switch {
	case d.Risk != RiskRead:
		return "which does more than look. Ask the action's owners to name one of risk read."
	case d.approvals() > 0 || d.Limits.Budget != nil:
		return "whose runs need somebody's yes or have a budget. Ask the action's owners to name another."
	case slices.ContainsFunc(d.Inputs, func(in form.Input) bool { return in.From != nil || in.Type == form.File }):
		return "which asks for a file or an option itself. Ask the action's owners to name another."
	}
	return ""
}

// CheckSources returns what is wrong with the actions that inputs take their options from, as find knows them; one that it does not know is not its question.
// Who applies a definition learns it then, and not the person who needs it at night.
func (d Definition) CheckSources(find func(id string) (Definition, bool)) (wrong []fault.Field) {
	for i, in := range d.Inputs {
		if in.From == nil {
			continue
		}
		src, known := find(in.From.Action)
		if !known {
			continue
		}
		at := fmt.Sprintf("inputs[%d].from.", i)
		if why := src.noSource(); why != "" {
			wrong = append(wrong, fault.Field{Name: at + "action", Say: fmt.Sprintf("The options come from %s, %s", src.ID, why)})
		}
		for _, name := range slices.Sorted(maps.Keys(in.From.Inputs)) {
			if !slices.ContainsFunc(src.Inputs, func(in form.Input) bool { return in.Name == name }) {
				wrong = append(wrong, fault.Field{Name: at + "inputs", Say: fmt.Sprintf("%s has no input %q. Leave it out, or correct the name.", src.ID, name)})
			}
		}
		for _, need := range src.Inputs {
			if need.Required && need.Default == nil && need.When == nil && !d.fills(i, need) {
				wrong = append(wrong, fault.Field{Name: at + "inputs", Say: fmt.Sprintf("%s cannot be asked without its input %q. Fill it in under inputs.", src.ID, need.Name)})
			}
		}
	}
	return wrong
}

// fills says whether the source's input gets a value for the options of the input at that place.
func (d Definition) fills(at int, need form.Input) bool {
	_, named := d.Inputs[at].From.Inputs[need.Name]
	return named || need.Type == form.Customer && theCustomer(d.Inputs[:at]) != "" || need.Name == searchOfSource && need.Type == form.Text
}

// takes says whether the action declares an input.
func takes(d Definition, name string, t form.Type) bool {
	return slices.ContainsFunc(d.Inputs, func(in form.Input) bool { return in.Name == name && in.Type == t })
}

// sourceInputs fills in the source's inputs: what From says, the customer that the form is about, and the words to search for.
func (r *Runner) sourceInputs(ctx context.Context, src Definition, l lookup) (map[string]any, error) {
	given := map[string]any{}
	for _, in := range src.Inputs {
		v, fixed := l.in.From.Inputs[in.Name]
		stands, slot := form.Slot(v)
		switch {
		case fixed && !slot:
			given[in.Name] = v
			continue
		case !fixed && in.Type == form.Customer:
			stands = theCustomer(l.form)
		case !fixed && in.Name == searchOfSource && in.Type == form.Text && l.search != "":
			given[in.Name] = l.search
			continue
		}
		if v, have := l.have[stands]; have && stands != "" {
			given[in.Name] = v
		} else if in.Required && stands != "" {
			return nil, fault.Wrong(l.in.Name, "Fill in %s first: the options depend on it.", titled(l.form, stands))
		}
	}
	for name := range l.in.From.Inputs {
		if !slices.ContainsFunc(src.Inputs, func(in form.Input) bool { return in.Name == name }) {
			given[name] = l.in.From.Inputs[name] // for Check to refuse in its words
		}
	}
	values, err := form.Check(src.Inputs, given)
	if err == nil {
		var wrong []fault.Field
		if wrong, err = r.known(ctx, src.Inputs, values); err == nil && len(wrong) > 0 {
			err = form.Refuse(src.Inputs, wrong)
		}
	}
	if fields := fault.FieldsOf(err); len(fields) > 0 {
		err = fault.New(fault.Invalid, "%s does not take what is filled in (%s). %s", src.ID, fields[0].Name, fields[0].Say)
	}
	if err != nil {
		return nil, l.failed(err)
	}
	return values, nil
}

// theCustomer is the one input that says which customer the form is about.
func theCustomer(inputs []form.Input) string {
	name := ""
	for _, in := range inputs {
		if in.Type != form.Customer {
			continue
		}
		if name != "" {
			return "" // between two customers nobody can choose here
		}
		name = in.Name
	}
	return name
}

func titled(inputs []form.Input, name string) string {
	if i := slices.IndexFunc(inputs, func(in form.Input) bool { return in.Name == name }); i >= 0 {
		return inputs[i].Title()
	}
	return name
}

// askSource runs the source and reads its first table.
func (r *Runner) askSource(ctx context.Context, by people.Actor, src Definition, in form.Input, inputs map[string]any) ([]Option, error) {
	if src.Flow() {
		return nil, fault.New(fault.Invalid, "%s is a flow, and a flow returns no options. Ask the owners of the action to name another source.", src.ID)
	}
	open, hidden := form.Split(src.Inputs, inputs)
	secrets, err := r.secrets(ctx, src, hidden)
	if err != nil {
		return nil, err
	}
	if r.Looked != nil {
		if err := r.Looked(ctx, journal.By(by), src.ID); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, min(lookFor, src.Limits.timeout()))
	defer cancel()
	call := r.call(src, open, secrets)
	call.Actor = by.ID
	kind, _ := r.kindFor(src, src.Kind) // mayPlan has asked for it
	mask := newMasker(secrets)
	result, err := guard(func() (Result, error) {
		plan, err := kind.Plan(ctx, call)
		if err != nil || plan.Nothing {
			return Result{Done: err == nil, Tables: []Table{{Columns: []string{in.From.Value, in.From.Label}}}}, err
		}
		return kind.Do(ctx, call, plan, onlyLooks{})
	})
	if ctx.Err() != nil {
		return nil, fault.Wrap(ctx.Err(), fault.Unavailable, "%s took longer than %s. Try again.", src.ID, min(lookFor, src.Limits.timeout()))
	}
	if err == nil {
		result, err = masked(mask, result)
	}
	switch {
	case err != nil:
		return nil, mask.err(err)
	case !result.Done:
		return nil, fault.New(fault.Unavailable, "%s failed: %s", src.ID, result.Summary)
	case len(result.Tables) == 0:
		return nil, fault.New(fault.Invalid, "%s returned no table. Ask its owners to correct it.", src.ID)
	}
	return optionsOf(src.ID, result.Tables[0], in.From)
}

// call is one use of the definition's kind.
func (r *Runner) call(d Definition, inputs map[string]any, secrets map[string]secret.Text) Call {
	return Call{Settings: d.settings(), Inputs: inputs, Secrets: secrets, Scripts: d.Texts, Risk: d.Risk, Kept: r.kept(d)}
}

// optionsOf reads a table. Rows without a value are none, and the first of two with the same value counts.
func optionsOf(src string, t Table, f *form.From) ([]Option, error) {
	column := func(name string) (int, error) {
		i := slices.Index(t.Columns, name)
		if i < 0 {
			return 0, fault.New(fault.Invalid, "%s returned no column %q but %s. Ask the action's owners to correct one of them.", src, name, strings.Join(t.Columns, ", "))
		}
		return i, nil
	}
	value, err := 0, error(nil)
	if f.Value != "" {
		value, err = column(f.Value)
	}
	label := value
	if f.Label != "" && err == nil {
		label, err = column(f.Label)
	}
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var out []Option
	for _, row := range t.Rows {
		if len(row) <= max(value, label) || row[value] == "" || seen[row[value]] {
			continue
		}
		seen[row[value]] = true
		o := Option{Value: row[value], Label: row[label]}
		if strings.TrimSpace(o.Label) == "" {
			o.Label = o.Value
		}
		out = append(out, o)
	}
	return out, nil
}

// lists remembers for some seconds what sources said to whom, and lets only a few be asked at once. The zero value is ready.
type lists struct {
	once  sync.Once
	slots chan struct{}
	mu    sync.Mutex
	said  map[string]listed
}

type listed struct {
	at  time.Time
	all []Option
}

func (l *lists) enter(ctx context.Context) (func(), error) {
	l.once.Do(func() { l.slots = make(chan struct{}, looksAtOnce) })
	select {
	case l.slots <- struct{}{}:
		return func() { <-l.slots }, nil
	case <-ctx.Done():
		return nil, fault.Wrap(ctx.Err(), fault.Unavailable, "Too many lists are being read. Try again in a moment.")
	}
}

func (l *lists) lately(key string, now time.Time) ([]Option, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	x, ok := l.said[key]
	return x.all, ok && now.Sub(x.at) < lookFresh
}

func (l *lists) remember(key string, now time.Time, all []Option) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.said == nil {
		l.said = map[string]listed{}
	}
	for k, x := range l.said {
		if now.Sub(x.at) >= lookFresh || len(l.said) >= looksKept {
			delete(l.said, k)
		}
	}
	l.said[key] = listed{now, all}
}

var _ Ledger = onlyLooks{}

// onlyLooks is the ledger of a look: nothing is kept, and nothing may be taken out or put back.
type onlyLooks struct{}

var errNotOptions = fault.New(fault.Invalid, "It is asked for options and may only look. Ask the action's owners to name another action.")

func (onlyLooks) Commit(context.Context, string, []byte) error { return nil }
func (onlyLooks) Quarantine(context.Context, string, Quarantined) (string, error) {
	return "", errNotOptions
}
func (onlyLooks) Removed(context.Context, string, string) error  { return errNotOptions }
func (onlyLooks) Replayed(context.Context, string, string) error { return errNotOptions }
func (onlyLooks) File(context.Context, string, string, io.Reader) (File, error) {
	return File{}, errNotOptions
}
func (onlyLooks) Progress(int, int, string) {}
func (onlyLooks) Printf(string, ...any)     {}
