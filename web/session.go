package web

import (
	"context"
	"net/http"
	"strings"

	"frontline/people"
)

// Sessions are where a person is signed in.
type Sessions interface {
	// SessionsOf returns the actor's own sessions, the one used last first.
	SessionsOf(ctx context.Context, a people.Actor) ([]people.Session, error)
	// EndSession ends one of the actor's own sessions; NotFound when it is not theirs.
	EndSession(ctx context.Context, a people.Actor, id string) error
	// NameDevice notes what a session was begun with.
	NameDevice(ctx context.Context, session people.Session, device string) error
}

var _ Sessions = (*people.SignIn)(nil)

// sessionRow is one place where a person is signed in.
type sessionRow struct {
	ID, Device, From string
	Made, Seen       moment
	This             bool // the one that looks
}

func sessionRows(v *visit, sessions []people.Session) []sessionRow {
	var out []sessionRow
	for _, x := range sessions {
		row := sessionRow{ID: x.ID, Device: x.Device, From: x.From, Made: v.at(x.Made), Seen: v.at(x.Seen), This: x.ID == v.current}
		if row.Device == "" {
			row.Device = "A browser"
		}
		out = append(out, row)
	}
	return out
}

// endSession signs the person out somewhere else.
func (s *Server) endSession(w http.ResponseWriter, r *http.Request, v *visit) error {
	if err := s.deps.Sessions.EndSession(r.Context(), v.Actor, r.PathValue("id")); err != nil {
		return err
	}
	return s.done(w, r, "/me", "You are signed out there. If it was not you who signed in, change your password now.")
}

// deviceOf says in a few words which browser calls itself so: "Firefox on Windows". Browsers carry the names of older ones, so the order
// of the tables matters; what is unknown is left out.
func deviceOf(agent string) string {
	browser := nameIn(agent, [][2]string{{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS", "Firefox"}, {"CriOS", "Chrome"},
		{"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}})
	system := nameIn(agent, [][2]string{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Macintosh", "Mac"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"}})
	switch {
	case browser == "":
		return system
	case system == "":
		return browser
	}
	return browser + " on " + system
}

func nameIn(text string, known [][2]string) string {
	for _, k := range known {
		if strings.Contains(text, k[0]) {
			return k[1]
		}
	}
	return ""
}
