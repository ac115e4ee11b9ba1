package web

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"frontline/desk"
	"frontline/fault"
	"frontline/people"
	"frontline/privacy"
)

// Privacy says what is held about people, and takes it away.
type Privacy interface {
	// Preview says whom a name or an address means, and what an erasure would take away. Invalid names the field "whom".
	Preview(ctx context.Context, a people.Actor, ref string) (privacy.Whom, privacy.Counts, error)
	// Erase begins to erase a person. Invalid names the field "whom", "again" or people.ConfirmField.
	Erase(ctx context.Context, a people.Actor, o privacy.Order) (privacy.Erasure, error)
	// Erasures returns the latest receipts, the newest first.
	Erasures(ctx context.Context, a people.Actor, limit int) ([]privacy.Erasure, error)
	// Export writes an archive of all that is held about a person; of the actor when ref is empty.
	Export(ctx context.Context, a people.Actor, ref string, ready func(), to io.Writer) error
}

var _ Privacy = (*privacy.Service)(nil)

const privacyPath = "/system/privacy"

// privacyRoutes are what is held about people.
func (s *Server) privacyRoutes() []Route {
	return []Route{
		{"GET /me/data", needs(people.OwnData), s.ownData},
		{"GET /system/privacy", needs(people.ErasePeople), s.showPrivacy},
		{"GET /system/privacy/data", needs(people.ErasePeople), s.anyData},
		{"POST /system/privacy/erase", needs(people.ErasePeople), s.erasePerson},
	}
}

type privacyScreen struct {
	head
	Find  form
	Found *foundPerson
	Rows  []erasureRow
}

// foundPerson is somebody of whom something is held, before anything is done.
type foundPerson struct {
	Ref     string
	Names   string
	Known   string // how they are known
	Here    bool
	Goes    []fact
	Stays   []string
	Nothing bool
	Data    string // where their archive is
	Form    form
}

// erasureRow is one receipt.
type erasureRow struct {
	Name  string
	State state
	Who   string
	At    moment
	What  string
	Stays string
}

// erasuresShown is how many receipts are listed.
const erasuresShown = 100

func (s *Server) showPrivacy(w http.ResponseWriter, r *http.Request, v *visit) error {
	ref := strings.TrimSpace(r.URL.Query().Get("whom"))
	scr, err := s.privacy(r.Context(), v, ref)
	status := http.StatusOK
	if fault.Is(err, fault.Invalid) { // nobody is known by it
		f, _ := scr.Find.refused(err)
		scr.Find, status, err = f, http.StatusUnprocessableEntity, nil
	}
	if err != nil {
		return err
	}
	return s.show(w, r, v, status, "privacy", scr)
}

// privacy is the screen about the person who is named; an Invalid fault says that there is none, and the screen is whole all the same.
func (s *Server) privacy(ctx context.Context, v *visit, ref string) (privacyScreen, error) {
	scr := privacyScreen{head: head{Title: "Privacy", Wing: "/me", Trail: trail("Settings", "/me", "System", "/system", "Privacy"), Topics: topics("erasure", "")}}
	scr.Find = form{Fields: []field{{Name: "whom", Label: "Whom do you mean?", Value: ref, Hint: "A mail address that wrote to us, or the id of a person, such as liis.", Autocomplete: "off"}}}
	all, err := s.deps.Privacy.Erasures(ctx, v.Actor, erasuresShown)
	if err != nil {
		return scr, err
	}
	book, err := s.deps.Book(ctx)
	if err != nil {
		return scr, err
	}
	for _, e := range all {
		scr.Rows = append(scr.Rows, erasureRowOf(v, book, e))
	}
	if ref == "" {
		return scr, nil
	}
	whom, counts, err := s.deps.Privacy.Preview(ctx, v.Actor, ref)
	if err != nil {
		return scr, err
	}
	scr.Topics = nil // somebody types here
	scr.Found = personFound(v, whom, counts)
	return scr, nil
}

func personFound(v *visit, w privacy.Whom, n privacy.Counts) *foundPerson {
	f := &foundPerson{Ref: w.Ref, Names: strings.Join(w.Names, ", "), Here: w.Here, Nothing: !n.Held() && w.Here, Data: privacyPath + "/data?" + url.Values{"whom": {w.Ref}}.Encode()}
	switch {
	case w.Here:
		f.Known = "works here"
	case w.Person != "":
		f.Known = "has left"
	default:
		f.Known = "is somebody outside"
	}
	f.Goes, f.Stays = goesOf(n), staysOf(n)
	again := field{Name: "again", Label: "Type " + w.Ref + " once more", Hint: "This cannot be taken back.", Autocomplete: "off"}
	f.Form = form{Fields: append([]field{again}, confirmFields(v, true)...)}
	return f
}

// goesOf lists what an erasure takes away.
func goesOf(n privacy.Counts) []fact {
	var out []fact
	for _, c := range []struct {
		n         int
		name, one string
		more      string
	}{
		{n.Requests, "Requests", "request", "requests"}, {n.Messages, "Messages", "message", "messages"}, {n.Files, "Files", "file", "files"}, {n.Drafts, "Drafts", "draft", "drafts"},
		{n.Sends, "Receipts", "receipt of a reply", "receipts of replies"}, {n.Runs, "Runs", "run’s inputs and output", "runs’ inputs and output"},
		{n.Answers, "Answers", "draft made of their requests", "drafts made of their requests"}, {n.Thanks, "Thanks", "reason that they gave", "reasons that they gave"},
		{n.Sessions, "Access", "session or token", "sessions and tokens"}, {n.Mentions, "Mentions", "other place", "other places"},
	} {
		if c.n > 0 {
			value := plural(c.n, c.one, c.more)
			if c.name == "Requests" && n.Open > 0 {
				value += fmt.Sprintf(", %d of them open", n.Open)
			}
			out = append(out, fact{Name: c.name, Value: value})
		}
	}
	return out
}

// staysOf says what stays and names them, and what to do about it.
func staysOf(n privacy.Counts) []string {
	var out []string
	add := func(n int, one, more, then string) {
		if n > 0 {
			out = append(out, plural(n, one, more)+then)
		}
	}
	add(n.Unfinished, "run", "runs", " for their requests, not ended yet. Erase again afterwards.")
	add(n.Published, "published answer", "published answers", " made of their requests. Read whether the wording is still theirs.")
	add(n.Quarantine, "thing", "things", " in quarantine that name them, until they expire.")
	add(n.Configured, "definition", "definitions", " that name them. Change them where they are written.")
	return out
}

func erasureRowOf(v *visit, book Book, e privacy.Erasure) erasureRow {
	row := erasureRow{Name: e.Name(), State: newState("ok", "Done"), Who: book.Name("person", e.By), At: v.at(e.At), Stays: strings.Join(staysOf(e.Counts), " ")}
	if e.State == privacy.Running {
		row.State = newState("calm", "At work", "clock")
	}
	var said []string
	for _, f := range goesOf(e.Counts) {
		said = append(said, f.Value)
	}
	row.What = strings.Join(said, ", ")
	if !e.Leaves && row.What != "" {
		row.What += "; the name stayed, for they work here"
	}
	return row
}

// erasePerson begins an erasure. What is missing or wrong is asked for with the preview still in sight.
func (s *Server) erasePerson(w http.ResponseWriter, r *http.Request, v *visit) error {
	ref := strings.TrimSpace(r.PostForm.Get("whom"))
	err := s.heard(r, v)
	var e privacy.Erasure
	if err == nil {
		e, err = s.deps.Privacy.Erase(r.Context(), v.Actor, privacy.Order{Whom: ref, Confirm: r.PostForm.Get("again")})
	}
	if err == nil {
		return s.done(w, r, privacyPath, "It has begun. The receipt "+e.Name()+" says what was removed; it names nobody.")
	}
	scr, failed := s.privacy(r.Context(), v, ref)
	if failed != nil {
		return failed
	}
	return s.again(w, r, v, "privacy", scr.Found.Form.typed(r.PostForm), err, func(f form) (screen, error) {
		scr.Found.Form = f
		return scr, nil
	})
}

// ownData sends the person all that is held about them.
func (s *Server) ownData(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.sendData(w, r, v, "")
}

// anyData sends an administrator what is held about somebody.
func (s *Server) anyData(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.sendData(w, r, v, r.URL.Query().Get("whom"))
}

func (s *Server) sendData(w http.ResponseWriter, r *http.Request, v *visit, ref string) error {
	sent := false
	err := s.deps.Privacy.Export(r.Context(), v.Actor, ref, func() {
		sent = true
		h := w.Header()
		h.Set("Content-Type", "application/zip")
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": "frontline-data-" + v.Now.UTC().Format(time.DateOnly) + ".zip"}))
		h.Set("Cache-Control", "no-store")
	}, w)
	if err != nil && sent {
		s.deps.Log.Warn("an archive of somebody's data was cut off", "err", err)
		return nil
	}
	return err
}

// wordsNotes say of a request that its words are gone, go, or must stay.
func wordsNotes(v *visit, book Book, c desk.Conversation) []note {
	r := c.Request
	switch {
	case r.Hold != nil:
		return []note{newNote("", "lock", "The text must stay", "So said "+book.Name("person", r.Hold.By)+" on "+v.at(r.Hold.At).Day()+".")}
	case r.Erased != nil && r.Erased.Kept > 0:
		return []note{newNote("", "lock", "The text was removed on "+v.at(r.Erased.At).Day(), "Requests of this type keep their text for "+keptFor(r.Erased.Kept)+" after they were closed. What is counted stays.")}
	case r.Erased != nil:
		return []note{newNote("", "lock", "The text was removed on "+v.at(r.Erased.At).Day(), "Whoever asked was erased. What is counted stays.")}
	}
	return nil
}

// keptFor is how long text is kept, as people say it.
func keptFor(d time.Duration) string {
	if days := int(d / (24 * time.Hour)); d%(24*time.Hour) == 0 {
		return plural(days, "day", "days")
	}
	return duration(d)
}

func (s *Server) holdRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	reason := r.PostForm.Get("hold")
	req, err := s.deps.Requests.HoldWords(r.Context(), v.Actor, r.PathValue("ref"), reason)
	if err != nil {
		return s.refusedDeed(w, r, v, "hold", form{Fields: []field{{Name: "hold", Label: "Why must the text stay?", Value: reason}}}, renamed(err, "reason", "hold"))
	}
	return s.requestDone(w, r, req, "keeps its text until somebody says otherwise.")
}

func (s *Server) releaseRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	req, err := s.deps.Requests.ReleaseWords(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	return s.requestDone(w, r, req, "may lose its text again, as its type says.")
}

// renamed puts a fault that is about one field at another.
func renamed(err error, from, to string) error {
	for _, f := range fault.FieldsOf(err) {
		if f.Name == from {
			return fault.Wrong(to, "%s", f.Say)
		}
	}
	return err
}
