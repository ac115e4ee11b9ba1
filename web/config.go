package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"frontline/config"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// Configured is what is configured, one by one.
type Configured interface {
	// Listed returns everything that is in force, kind by kind.
	Listed() []config.Listed
	// Detail finds one definition; false when there is none in force.
	Detail(kind, id string) (config.Detail, bool)
}

// SyncedFolders are the folders that are kept as they are under git.
type SyncedFolders interface {
	Folders(ctx context.Context) ([]config.Folder, error)
}

var _ Configured = (*config.Book)(nil)

type configScreen struct {
	head
	Say     string // how much there is
	Folders []folderRow
	Lately  []entry // what was changed last
	Kinds   []configKind
}

// folderRow is who owns definitions: a folder, or the screens.
type folderRow struct {
	Name, Small string
	Problem     string
	Places      []namedRow // what is wrong where: file with line and column, and what
	At          moment
}

// configKind is the definitions of one kind.
type configKind struct {
	ID, Title string
	Rows      []configRow
	Long      bool // folded away at first
}

type configRow struct {
	Name, ID, Owner, Path string
}

// kindFolds is how many of one kind are shown at once.
const kindFolds = 12

// showConfig lists everything that is configured. Nothing is changed here: it is text in a folder.
func (s *Server) showConfig(w http.ResponseWriter, r *http.Request, v *visit) error {
	all, err := s.deps.Configured(r.Context())
	if err != nil {
		return err
	}
	synced, err := s.deps.Folders.Folders(r.Context())
	if err != nil {
		return err
	}
	scr := configScreen{head: head{Title: "Configuration", Wing: "/me", Trail: trail("Settings", "/me", "Configuration"), Topics: topics("config", "")}}
	listed := all.Listed()
	scr.Say = plural(len(listed), "definition", "definitions")
	scr.Kinds, scr.Folders = kindsOf(listed), foldersOf(v, listed, synced)
	if scr.Lately, err = s.configLately(r.Context(), v); err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "config", scr)
}

func kindsOf(listed []config.Listed) []configKind {
	var out []configKind
	for _, l := range listed {
		if len(out) == 0 || out[len(out)-1].ID != l.Kind {
			out = append(out, configKind{ID: l.Kind, Title: capital(strings.ReplaceAll(l.Key, "_", " "))})
		}
		k := &out[len(out)-1]
		k.Rows = append(k.Rows, configRow{Name: l.Name, ID: l.ID, Owner: ownerWord(l.Folder), Path: configPath(l)})
		k.Long = len(k.Rows) > kindFolds
	}
	return out
}

func configPath(l config.Listed) string {
	return "/config/" + url.PathEscape(l.Kind) + "/" + (&url.URL{Path: l.ID}).EscapedPath()
}

func ownerWord(folder string) string {
	if folder == "" {
		return "the screens"
	}
	return folder
}

// foldersOf tells who owns how much, and for a folder under git from where and when.
func foldersOf(v *visit, listed []config.Listed, synced []config.Folder) []folderRow {
	var order []string
	count := map[string]int{}
	for _, l := range listed {
		if count[l.Folder] == 0 {
			order = append(order, l.Folder)
		}
		count[l.Folder]++
	}
	var out []folderRow
	for _, name := range order {
		row := folderRow{Name: capital(ownerWord(name)), Small: plural(count[name], "definition", "definitions")}
		if name != "" {
			row.Name = name
			row.Small += ", sent with frontline apply"
		}
		for _, f := range synced {
			if f.Name == name {
				row.Small = fmt.Sprintf("%s, kept as in %s", plural(count[name], "definition", "definitions"), f.From)
				if f.Commit != "" {
					row.Small += " at " + f.Commit[:min(len(f.Commit), 10)]
				}
				row.At, row.Problem = v.at(f.At), f.Problem
				for _, p := range f.Problems {
					row.Places = append(row.Places, namedRow{Name: p.Place(), Kind: p.Say})
				}
			}
		}
		out = append(out, row)
	}
	return out
}

// configLately tells who changed what last, to those who may read the journal.
func (s *Server) configLately(ctx context.Context, v *visit) ([]entry, error) {
	if people.May(v.Actor, people.SeeJournal, people.Subject{Kind: "journal"}) != nil {
		return nil, nil
	}
	book, err := s.deps.Book(ctx)
	if err != nil {
		return nil, err
	}
	entries, err := s.deps.Journal.JournalPage(ctx, journal.Entry{}, "config.", "", 5)
	return configEntries(v, book, entries), err
}

func configEntries(v *visit, book Book, entries []journal.Entry) []entry {
	var out []entry
	for _, e := range entries {
		if say := own(book, e); say != "" {
			out = append(out, entry{At: v.at(e.At), Icon: "settings", Who: book.Name("person", e.Actor.ID), Words: say, More: v.at(e.At).Ago() + ", via " + e.Actor.Via})
		}
	}
	return out
}

type definitionScreen struct {
	head
	Kind, ID string
	Owner    string
	Folder   bool   // a folder owns it: it is changed there
	Text     string // empty for those who may not read it
	Leads    []link
	Names    []namedRow
	NamedBy  []namedRow
	History  []entry
	MayRead  bool // the journal
}

type namedRow struct{ Name, Kind, Path string }

// showDefinition shows one definition as its text, what it names and what names it.
func (s *Server) showDefinition(w http.ResponseWriter, r *http.Request, v *visit) error {
	all, err := s.deps.Configured(r.Context())
	if err != nil {
		return err
	}
	d, ok := all.Detail(r.PathValue("kind"), r.PathValue("id"))
	if !ok {
		return fault.New(fault.NotFound, "Nothing is configured under this name; it may have been taken out of its folder. Look in the list of what is.")
	}
	scr := definitionScreen{head: head{Title: d.Name, Wing: "/me", Trail: trail("Configuration", "/config", d.Name), Topics: topics("config", "")},
		Kind: strings.ReplaceAll(d.Kind, "_", " "), ID: d.ID, Owner: ownerWord(d.Folder), Folder: d.Folder != "", Leads: s.leadsTo(v, d), Names: namedRows(d.Names), NamedBy: namedRows(d.NamedBy)}
	if people.May(v.Actor, people.ExportConfig, people.Subject{Kind: "configuration"}) == nil {
		scr.Text = d.Text
	}
	if people.May(v.Actor, people.SeeJournal, people.Subject{Kind: "journal"}) == nil {
		if scr.History, err = s.history(r.Context(), v, d); err != nil {
			return err
		}
		scr.MayRead = true
	}
	return s.show(w, r, v, http.StatusOK, "definition", scr)
}

// history tells who configured it when, the newest first.
func (s *Server) history(ctx context.Context, v *visit, d config.Detail) ([]entry, error) {
	book, err := s.deps.Book(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.deps.Journal.JournalOf(ctx, []journal.Subject{journal.Of(d.Kind, d.ID)}, 200)
	if err != nil {
		return nil, err
	}
	var newest []journal.Entry
	for i := len(all) - 1; i >= 0 && len(newest) < 10; i-- {
		if strings.HasPrefix(all[i].Verb, "config.") {
			newest = append(newest, all[i])
		}
	}
	return configEntries(v, book, newest), nil
}

// leadsTo are the screens on which a definition is at work.
func (s *Server) leadsTo(v *visit, d config.Detail) []link {
	switch d.Kind {
	case "rotation", "policy", "override":
		return []link{{"Who is on call", "/oncall"}}
	case "source":
		return []link{{"Sources", "/sources"}}
	case "service":
		return []link{{"Its alerts", alertsPath("live", d.ID, 0)}}
	case "action":
		return []link{{"Run it", "/actions/" + (&url.URL{Path: d.ID}).EscapedPath()}}
	case "request_type":
		return []link{{"Its form", typePath(d.ID)}}
	case "rule":
		return []link{{"What it did, and would have done", rulePath(d.ID)}}
	case "status_page":
		return []link{{"The status page", "/status"}}
	case "person":
		if people.May(v.Actor, people.ManagePeople, people.Subject{Kind: "person"}) == nil {
			return []link{{"Invite them to sign in", "/people"}}
		}
	}
	return nil
}

func namedRows(all []config.Listed) []namedRow {
	var out []namedRow
	for _, l := range all {
		out = append(out, namedRow{Name: l.Name, Kind: strings.ReplaceAll(l.Kind, "_", " "), Path: configPath(l)})
	}
	return out
}
