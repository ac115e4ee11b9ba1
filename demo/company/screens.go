package company

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed assets
var assetFiles embed.FS

// screens serves what the reader looks at.
type screens struct {
	c         *Company
	templates map[string]*template.Template
}

// handler is everything at the company's address. Pushes come to its root, as to an ntfy server's.
func (c *Company) handler() (http.Handler, error) {
	s := &screens{c: c, templates: map[string]*template.Template{}}
	for _, name := range []string{"company", "phones", "mails", "mail", "runbook", "issues", "issue"} {
		t, err := template.ParseFS(templateFiles, "templates/frame.html", "templates/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("parse the screen %s: %w", name, err)
		}
		s.templates[name] = t
	}
	assets, err := fs.Sub(assetFiles, "assets")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{$}", c.phones.publish)
	mux.HandleFunc("PUT /{$}", c.phones.publish)
	mux.HandleFunc("GET /{$}", s.company)
	mux.HandleFunc("GET /phones", s.phones)
	mux.HandleFunc("POST /phones/{topic}/{note}/{button}", s.press)
	mux.HandleFunc("GET /mails", s.mails)
	mux.HandleFunc("GET /mails/{id}", s.mail)
	mux.HandleFunc("GET /mails/{id}/html", s.mailBody)
	mux.HandleFunc("GET /runbook", s.runbook)
	mux.HandleFunc("GET /issues", s.issues)
	mux.HandleFunc("GET /issues/{number}", s.issue)
	c.developers.handle(mux)
	mux.HandleFunc("POST /fix", s.fix)
	office := c.office.Handler(c.URL)
	mux.Handle("/api/", office)
	mux.Handle("/customers/", office)
	mux.HandleFunc("GET /live", s.live)
	mux.Handle("GET /metrics", c.metrics())
	mux.HandleFunc("GET /worker.log", s.workerLog)
	mux.Handle("GET /assets/", http.StripPrefix("/assets/", http.FileServerFS(assets)))
	guard := http.NewCrossOriginProtection()
	return s.headers(guard.Handler(mux)), nil
}

const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// headers are those of every answer. A name that is not this machine's is refused: another site could lead its own name here.
func (s *screens) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !here(r.Host) {
			http.Error(w, "Open this by its own address, "+s.c.URL()+".", http.StatusMisdirectedRequest)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// here says whether a request was sent to an address of this machine: by number, or as localhost.
func here(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return host == "localhost" || net.ParseIP(strings.Trim(host, "[]")) != nil
}

// frame is what every screen's template gets.
type frame struct {
	Title     string
	Here      string // the screen's own address
	Frontline string
	Live      bool
	At        string
	Ways      []way
	Screen    any
}

// way is a line of the navigation.
type way struct {
	Path, Word string
	Here       bool
}

func ways(here string) []way {
	all := []way{{Path: "/", Word: "Company"}, {Path: "/phones", Word: "Phones"}, {Path: "/mails", Word: "Mail"}, {Path: "/runbook", Word: "Runbook"}, {Path: "/issues", Word: "Developers"}}
	for i, w := range all {
		all[i].Here = w.Path == here
	}
	return all
}

func (s *screens) show(w http.ResponseWriter, name string, f frame) {
	f.Frontline, f.Ways = s.c.o.Frontline, ways(f.Here)
	f.At = timeOfDay(time.Now())
	var out bytes.Buffer
	if err := s.templates[name].ExecuteTemplate(&out, "frame", f); err != nil {
		http.Error(w, "This screen cannot be drawn: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = out.WriteTo(w) // a browser that has gone asks again
}

func (s *screens) company(w http.ResponseWriter, _ *http.Request) {
	s.show(w, "company", frame{Title: "Verity", Here: "/", Live: true, Screen: s.companyView(s.c.log.observed())})
}

func (s *screens) phones(w http.ResponseWriter, _ *http.Request) {
	s.show(w, "phones", frame{Title: "Phones", Here: "/phones", Live: true, Screen: phonesView(s.c.log.observed(), "/phones")})
}

func (s *screens) mails(w http.ResponseWriter, _ *http.Request) {
	s.show(w, "mails", frame{Title: "Mail", Here: "/mails", Live: true, Screen: mailRows(s.c.log.observed(), mostMails)})
}

func (s *screens) runbook(w http.ResponseWriter, _ *http.Request) {
	s.show(w, "runbook", frame{Title: "Runbook: the decision queue has stopped", Here: "/runbook", Screen: s.c.queue.Where()})
}

func (s *screens) issues(w http.ResponseWriter, _ *http.Request) {
	s.show(w, "issues", frame{Title: "Issues of the developers", Here: "/issues", Screen: s.c.developers.views("")})
}

func (s *screens) issue(w http.ResponseWriter, r *http.Request) {
	found := s.c.developers.views(r.PathValue("number"))
	if len(found) == 0 {
		http.NotFound(w, r)
		return
	}
	s.show(w, "issue", frame{Title: found[0].Title, Here: found[0].Path, Screen: found})
}

func (s *screens) mail(w http.ResponseWriter, r *http.Request) {
	m, ok := s.find(r.PathValue("id"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	s.show(w, "mail", frame{Title: m.Subject, Here: "/mails/" + m.ID, Screen: mailView{mailRow: rowOf(m), From: m.From, Text: m.Text, HTML: m.HTML != ""}})
}

// mailBody is the mail as its sender laid it out, in a box: it runs no script, loads nothing and shares nothing with the screens.
func (s *screens) mailBody(w http.ResponseWriter, r *http.Request) {
	m, ok := s.find(r.PathValue("id"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Security-Policy", "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(strings.Replace(m.HTML, "<head>", `<head><base target="_blank">`, 1)))
}

func (s *screens) find(id string) (Mail, bool) {
	for _, m := range s.c.log.observed().Mails {
		if m.ID == id {
			return m, true
		}
	}
	return Mail{}, false
}

// press presses a button of a phone and goes back to where it was pressed.
func (s *screens) press(w http.ResponseWriter, r *http.Request) {
	button, err := strconv.Atoi(r.PathValue("button"))
	if err == nil {
		_, err = s.c.phones.press(r.Context(), r.PathValue("topic"), r.PathValue("note"), button, s.c.o.Frontline)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	back := "/"
	if r.PostFormValue("back") == "/phones" {
		back = "/phones"
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}

// fix lets the developers' fix go out.
func (s *screens) fix(w http.ResponseWriter, r *http.Request) {
	s.c.Mend()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// workerLog is the end of the worker's log, as text.
func (s *screens) workerLog(w http.ResponseWriter, _ *http.Request) {
	o := s.c.log.observed()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	for i := len(o.Recent) - 1; i >= 0; i-- {
		_, _ = fmt.Fprintf(w, "%s failed, given back to the queue: %s\n", o.Recent[i].At.UTC().Format(time.RFC3339), o.Recent[i].Why)
	}
	_, _ = fmt.Fprintf(w, "%s %d decisions made, %d tries failed\n", o.At.UTC().Format(time.RFC3339), o.Decided, o.Failed)
}

// live tells a browser that something changed, at most three times a second; it then fetches its screen again.
func (s *screens) live(w http.ResponseWriter, r *http.Request) {
	changed, stop := s.c.log.listen()
	defer stop()
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	say := func(line string) bool {
		_, err := fmt.Fprint(w, line)
		return err == nil && out.Flush() == nil
	}
	for ok := say("retry: 1000\nevent: hello\ndata: {}\n\n"); ok; {
		select {
		case <-changed:
			ok = say("event: change\ndata: {}\n\n") && pause(r.Context(), 300*time.Millisecond)
		case <-r.Context().Done():
			return
		case <-s.c.stopping:
			return
		}
	}
}
