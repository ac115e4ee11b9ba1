package config

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"frontline/action"
	"frontline/alert"
	"frontline/clock"
	"frontline/desk"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/secret"
)

// Store keeps definitions. store implements it.
type Store interface {
	// DefinitionsVersion returns a number that grows with every change of a definition.
	DefinitionsVersion(ctx context.Context) (int64, error)
	// Definitions returns every definition, retired ones included, with the version they belong to.
	Definitions(ctx context.Context) (int64, []Row, error)
	// DefinitionVersions returns what was saved of a definition on screens, the newest first.
	DefinitionVersions(ctx context.Context, kind, id string) ([]Version, error)
	// ChangeDefinitions lets decide turn the current rows into those to write, in one transaction that excludes other changes.
	ChangeDefinitions(ctx context.Context, decide func(version int64, rows []Row) ([]Row, journal.Consequences, error)) error
}

// Config reads and changes what is configured.
type Config struct {
	store  Store
	clock  clock.Clock
	getenv func(string) string
	known  Known

	mu    sync.Mutex
	book  *Book
	asked time.Time // when the version was last compared
	stale bool
}

// Known is what this installation can do, against which definitions are checked.
type Known struct {
	Channels map[string]func(address string) error // how an address of each channel looks; nil asks for none
	Actions  func(action.Definition) []fault.Field // what is wrong with an action, as its kind sees it; nil checks only the action itself
	// Trackers says for each kind of tracker what is wrong with a definition of it; nil checks only the definition itself.
	Trackers map[string]func(desk.TrackerDefinition) []fault.Field
	// Advise says what is better to know about actions that are right, such as that nobody can run them yet; nil knows nothing.
	Advise func(context.Context, []action.Definition) ([]Warning, error)
}

// New returns the configuration in store.
func New(store Store, c clock.Clock, getenv func(string) string, known Known) *Config {
	return &Config{store: store, clock: c, getenv: getenv, known: known}
}

// Stale says that definitions changed; the next Book reads them again.
func (c *Config) Stale() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stale = true
}

// Book returns what is configured now. A change by another replica is seen when its notice arrives, and after a second at most.
func (c *Config) Book(ctx context.Context) (*Book, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Now()
	if c.book != nil && !c.stale && now.Sub(c.asked) < time.Second {
		return c.book, nil
	}
	if c.book != nil {
		v, err := c.store.DefinitionsVersion(ctx)
		if err != nil {
			return nil, err
		}
		if v == c.book.Version {
			c.asked, c.stale = now, false
			return c.book, nil
		}
	}
	version, rows, err := c.store.Definitions(ctx)
	if err != nil {
		return nil, err
	}
	book, err := newBook(version, rows, c.getenv)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "What is configured cannot be read. Start the version that wrote it.")
	}
	c.book, c.asked, c.stale = book, now, false
	return book, nil
}

// Apply is a folder to be applied.
type Apply struct {
	Folder string // its name: it owns what it holds
	Files  []File
	DryRun bool   // only say what would change
	Adopt  bool   // take over what screens or other folders own
	Commit string // of the repository that the files come from; empty when unknown
}

const notApplied = "Nothing was applied: %s. Mend the places below and apply again."

// Change is one difference that applying makes.
type Change struct {
	Kind   string   `json:"kind"`
	ID     string   `json:"id"`
	What   string   `json:"what" enum:"added,changed,removed,adopted"`
	Fields []string `json:"fields,omitempty"` // which fields differ, for changed
	Token  string   `json:"token,omitempty"`  // of a new source, shown this once
}

// Warning is what is better to know about an action. It refuses nothing.
type Warning struct {
	Action string `json:"action"`
	Say    string `json:"say"`
}

// Applied says what was, or would be, changed.
type Applied struct {
	Changes   []Change  `json:"changes"`
	Unchanged int       `json:"unchanged"`
	DryRun    bool      `json:"dry_run"`
	Warnings  []Warning `json:"warnings,omitempty"`
}

// Apply makes the folder's definitions be those in the files, all or nothing: what is gone from the files is retired. A fault of kind
// Invalid lists every problem with its file, line and column.
func (c *Config) Apply(ctx context.Context, actor people.Actor, a Apply) (Applied, error) {
	if err := people.May(actor, people.Configure, people.Subject{Kind: "configuration"}); err != nil {
		return Applied{}, err
	}
	if a.Folder == "" {
		return Applied{}, fault.Wrong("folder", "Name the folder that owns these files.")
	}
	objects, problems := read(a.Files)
	if len(problems) > 0 {
		return Applied{}, invalid(notApplied, problems)
	}
	warnings, err := c.warn(ctx, objects)
	if err != nil {
		return Applied{}, err
	}
	var done Applied
	write := func(version int64, rows []Row) ([]Row, journal.Consequences, error) {
		p, err := c.plan(version, rows, a, objects)
		if err != nil {
			return nil, journal.Consequences{}, err
		}
		done = p.applied
		done.Warnings = warnings
		if a.DryRun {
			for i := range done.Changes {
				done.Changes[i].Token = "" // it will be another one
			}
			return nil, journal.Consequences{}, nil
		}
		return p.rows, p.consequences(actor, a.Commit), nil
	}
	err = c.store.ChangeDefinitions(ctx, write)
	c.Stale()
	return done, err
}

// warn says what is better to know about the actions among the objects, also about those that do not change.
func (c *Config) warn(ctx context.Context, objects []object) ([]Warning, error) {
	if c.known.Advise == nil {
		return nil, nil
	}
	var actions []action.Definition
	for _, o := range objects {
		if d, ok := o.value.(action.Definition); ok {
			actions = append(actions, d)
		}
	}
	if len(actions) == 0 {
		return nil, nil
	}
	return c.known.Advise(ctx, actions)
}

// planned is what applying a folder would write.
type planned struct {
	applied Applied
	rows    []Row
}

// plan compares the folder's objects with the current rows, and checks the book that would result.
func (c *Config) plan(version int64, current []Row, a Apply, objects []object) (planned, error) {
	before := map[key]Row{}
	for _, r := range current {
		before[key{r.Kind, r.ID}] = r
	}
	p := planned{applied: Applied{DryRun: a.DryRun, Changes: []Change{}}}
	var problems []Problem
	kept := map[key]object{}
	for _, o := range objects {
		k := key{o.kind, o.id}
		kept[k] = o
		r, exists := before[k]
		if exists && !r.Retired && r.Folder != a.Folder && !a.Adopt {
			problems = append(problems, o.problem("id", "The %s %q belongs to %s. Remove it there, or apply with --adopt to take it over.", o.kind, o.id, owner(r.Folder)))
			continue
		}
		row, change, err := next(o, r, exists, a.Folder)
		if err != nil {
			return planned{}, err
		}
		if change.What == "" {
			p.applied.Unchanged++
			continue
		}
		p.rows, p.applied.Changes = append(p.rows, row), append(p.applied.Changes, change)
	}
	p.retire(current, a.Folder, kept)
	after, err := newBook(version, merged(before, p.rows), c.getenv)
	if err != nil {
		return planned{}, err
	}
	if problems = append(problems, c.check(after, kept)...); len(problems) > 0 {
		return planned{}, invalid(notApplied, problems)
	}
	return p, nil
}

func owner(folder string) string {
	if folder == "" {
		return "the screens"
	}
	return fmt.Sprintf("the folder %q", folder)
}

// next returns the row that an object becomes, and how that differs from the row before.
func next(o object, before Row, exists bool, folder string) (Row, Change, error) {
	change := Change{Kind: o.kind, ID: o.id}
	value := o.value
	if s, ok := value.(alert.Source); ok && s.Token == "" {
		s.TokenHash, change.Token = tokenFor(before, exists)
		value = s
	}
	body, err := json.Marshal(value)
	if err != nil {
		return Row{}, Change{}, fault.Wrap(err, fault.Internal, "The %s %q cannot be stored. Report this.", o.kind, o.id)
	}
	row := Row{Kind: o.kind, ID: o.id, Folder: folder, Body: string(body)}
	switch {
	case !exists || before.Retired:
		change.What = "added"
	case before.Body != row.Body:
		change.What, change.Fields = "changed", differing(before.Body, row.Body)
	case before.Folder != folder:
		change.What = "adopted"
	}
	return row, change, nil
}

// tokenFor keeps a source's token, or makes one that is shown this once.
func tokenFor(before Row, exists bool) (hash, token string) {
	var s alert.Source
	if exists && json.Unmarshal([]byte(before.Body), &s) == nil && s.TokenHash != "" {
		return s.TokenHash, ""
	}
	token = secret.Random(32)
	return secret.Hash(token), token
}

func differing(before, after string) []string {
	var a, b map[string]any
	if json.Unmarshal([]byte(before), &a) != nil || json.Unmarshal([]byte(after), &b) != nil {
		return nil
	}
	var out []string
	for k := range a {
		if !reflect.DeepEqual(a[k], b[k]) {
			out = append(out, k)
		}
	}
	for k := range b {
		if _, ok := a[k]; !ok {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

// retire adds the folder's definitions that its files no longer hold.
func (p *planned) retire(current []Row, folder string, kept map[key]object) {
	for _, r := range current {
		if _, ok := kept[key{r.Kind, r.ID}]; ok || r.Folder != folder || r.Retired {
			continue
		}
		r.Retired = true
		p.rows = append(p.rows, r)
		p.applied.Changes = append(p.applied.Changes, Change{Kind: r.Kind, ID: r.ID, What: "removed"})
	}
}

func merged(before map[key]Row, rows []Row) []Row {
	for _, r := range rows {
		before[key{r.Kind, r.ID}] = r
	}
	out := make([]Row, 0, len(before))
	for _, r := range before {
		out = append(out, r)
	}
	return out
}

// consequences is one journal entry for each change: which definition, and which of its fields.
func (p planned) consequences(actor people.Actor, commit string) journal.Consequences {
	var out journal.Consequences
	for _, ch := range p.applied.Changes {
		facts := map[string]any{"fields": ch.Fields}
		if commit != "" {
			facts["commit"] = commit
		}
		out.Add(journal.Note(actor, "config."+ch.What, journal.Of(ch.Kind, ch.ID), facts).With(journal.Of("config", ch.Kind)))
	}
	return out
}
