package web

import (
	"net/http"
	"strings"

	"frontline/action"
)

// quarantineScreen is what actions took out and nobody has put back yet, and what became of the rest.
type quarantineScreen struct {
	head
	Soon  []quarantineRow // dropped within two days
	Here  []quarantineRow
	Ended []quarantineRow
}

type quarantineRow struct {
	keptRow
	ID, Name  string
	Owner     string
	Run       string // its address
	Taken     moment
	Small     string // who let go of it and why
	MayDrop   bool
	HereStill bool
}

const keptShown = 200

// showQuarantine lists what is kept, what goes soon first.
func (s *Server) showQuarantine(w http.ResponseWriter, r *http.Request, v *visit) error {
	all, err := s.deps.Runs.Quarantine(r.Context(), v.Actor, action.KeptFilter{Limit: keptShown})
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	scr := quarantineScreen{head: head{Title: "Quarantine", Wing: "/actions", Trail: trail("Actions", "/actions", "Quarantine")}}
	for _, k := range all {
		row := quarantineRowOf(v, book, k)
		switch {
		case k.Soon(v.Now):
			scr.Soon = append(scr.Soon, row)
		case k.Here():
			scr.Here = append(scr.Here, row)
		default:
			scr.Ended = append(scr.Ended, row)
		}
	}
	return s.show(w, r, v, http.StatusOK, "quarantine", scr)
}

func quarantineRowOf(v *visit, book Book, k action.Kept) quarantineRow {
	row := quarantineRow{keptRow: keptRowOf(v, k), ID: k.ID, Name: nameOf(k), Owner: book.Name("team", k.Owner), Run: "/runs/" + k.Run, Taken: v.at(k.CapturedAt),
		HereStill: k.Here(), MayDrop: k.Here() && k.MayDrop(v.Actor) == nil}
	switch {
	case k.DroppedBy != "":
		row.Small = book.Name("person", k.DroppedBy) + ": " + k.DropReason
	case k.State == action.Dropped:
		row.Small = "its time was over"
	}
	return row
}

// nameOf is what people recognise it by.
func nameOf(k action.Kept) string {
	if id := k.Facts["message_id"]; id != "" {
		return id
	}
	return short(k.Fingerprint)
}

func (s *Server) dropKept(w http.ResponseWriter, r *http.Request, v *visit) error {
	k, err := s.deps.Runs.Drop(r.Context(), v.Actor, r.PathValue("id"), strings.TrimSpace(r.PostForm.Get("reason")))
	if err != nil {
		return err
	}
	return s.done(w, r, "/quarantine", nameOf(k)+" is dropped for good.")
}
