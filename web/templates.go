package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strings"

	"frontline/people"
	"frontline/secret"
)

//go:embed templates
var templateFiles embed.FS

// The layouts a screen can have; templates/frame/layout.html defines them.
const (
	deskLayout = "desk" // rail, top strip, content: the usual one
	bareLayout = "bare" // one narrow column under the mark: sign-in and its like
	soloLayout = "solo" // nothing but the content: the form for 3 a.m.

	pieceLayout = "piece" // a piece of a screen, which a script puts into another
)

// head is what each screen's struct embeds: what the frame around it needs to know.
type head struct {
	Title  string
	Wing   string   // the address of the wing it belongs to; marks it in the navigation
	Trail  []link   // where you are, the last one is this screen; Title alone when empty
	Topics []string // what it shows: it is fetched again when one of them moves
	layout string   // deskLayout when empty
}

func (h head) frame() head { return h }

// screen is a struct that embeds head.
type screen interface{ frame() head }

// link is an address and its words. The last one of a trail has no address.
type link struct{ Word, Path string }

// trail is where you are, as word, address, word, address, … and the word of this screen.
func trail(parts ...string) []link {
	var out []link
	for i := 0; i < len(parts); i += 2 {
		l := link{Word: parts[i]}
		if i+1 < len(parts) {
			l.Path = parts[i+1]
		}
		out = append(out, l)
	}
	return out
}

// shell is what the layouts are given.
type shell struct {
	head
	Screen  screen
	Me      people.Person // the zero one for nobody
	Wings   []wingView
	Company string
	Now     moment
	Theme   string
	Keys    bool
	Nonce   string
	Said    string // what the request before has done
	Here    string // this address, for forms that come back to it
	Live    string // names the browser's event stream; empty when there is none
	Assets  assets
}

// wingView is one line of the navigation.
type wingView struct {
	wing
	Badge Badge
	Here  bool
}

// show renders a screen. It writes nothing when the template fails, so that the caller's error can still be shown.
func (s *Server) show(w http.ResponseWriter, r *http.Request, v *visit, status int, name string, scr screen) error {
	t, ok := s.screens[name]
	if !ok {
		return fmt.Errorf("no template named %s", name)
	}
	sh := s.shell(r, v, scr)
	sh.Said = s.takeSaid(w, r)
	layout := sh.layout
	if layout == "" {
		layout = deskLayout
	}
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, layout, sh); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Add("Vary", "Cookie")
	s.send(w, r, status, out.Bytes())
	return nil
}

func (s *Server) shell(r *http.Request, v *visit, scr screen) shell {
	h := scr.frame()
	if len(h.Trail) == 0 {
		h.Trail = trail(h.Title)
	}
	sh := shell{
		head: h, Screen: scr, Me: v.Person, Company: s.deps.Company, Now: v.at(v.Now), Theme: v.Theme, Keys: v.Keys,
		Nonce: v.Nonce, Here: "/", Assets: s.assets,
	}
	if v.route.method() == http.MethodGet && !v.route.secret() {
		sh.Here = r.URL.RequestURI()
	}
	if v.Person.ID != "" {
		sh.Wings = s.wingViews(r, v, h.Wing)
		sh.Live = secret.Hash("live " + v.session.Reveal())[:12]
	}
	return sh
}

// wingViews is the navigation of this visit. A count that cannot be had is left out: the screen matters more.
func (s *Server) wingViews(r *http.Request, v *visit, here string) []wingView {
	var out []wingView
	for _, w := range s.wingsFor(v.Actor) {
		view := wingView{wing: w, Here: w.Path == here}
		if count := s.deps.Badges[w.Path]; count != nil {
			b, err := count(r.Context(), v.Actor)
			if err != nil && r.Context().Err() == nil { // a browser that went on is nobody's trouble
				s.deps.Log.LogAttrs(r.Context(), slog.LevelWarn, "badge not counted", slog.String("wing", w.Path), slog.Any("err", err))
			}
			view.Badge = b
		}
		out = append(out, view)
	}
	return out
}

// parseScreens parses every template: the frame's parts once, each screen on a copy of them.
func parseScreens() (map[string]*template.Template, error) {
	frame, err := parseFrame()
	if err != nil {
		return nil, err
	}
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	screens := make(map[string]*template.Template, len(files))
	for _, file := range files {
		t, err := template.Must(frame.Clone()).ParseFS(templateFiles, file)
		if err != nil {
			return nil, err
		}
		if t.Lookup("main") == nil {
			return nil, fmt.Errorf(`%s does not define "main"`, file)
		}
		screens[strings.TrimSuffix(path.Base(file), ".html")] = t
	}
	return screens, nil
}

// parseFrame parses the layouts and parts.
func parseFrame() (*template.Template, error) {
	return template.New("frame").Funcs(funcs()).ParseFS(templateFiles, "templates/frame/*.html")
}

// funcs are the functions of every template, all pure.
func funcs() template.FuncMap {
	return template.FuncMap{
		"state":    newState,
		"note":     newNote,
		"blank":    newBlank,
		"number":   number,
		"plural":   plural,
		"duration": duration,
		"percent":  percent,
	}
}
