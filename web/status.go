package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"sync"
	"time"

	"frontline/clock"
	"frontline/incident"
)

// StatusPage is where the status page is read: what was published, and nothing else.
type StatusPage interface {
	incident.StatusReader
	// Look returns what was published and when it was read.
	Look(ctx context.Context) (incident.Published, time.Time, error)
}

var _ StatusPage = (*incident.StatusCache)(nil)

// Status is the public status page: for everybody, without a session, a cookie or a script. It knows nothing but StatusPage. Serve it at "/" of a
// listener of its own, or at "/status" of the main one.
type Status struct {
	page   StatusPage
	clock  clock.Clock
	log    *slog.Logger
	sheet  *template.Template
	assets assets

	mu   sync.Mutex
	made madePage
}

// madePage is the page as it was drawn last.
type madePage struct {
	version int64
	asOf    string // the minute that it tells
	stale   bool
	raw     []byte
	zipped  []byte
	etag    string
}

// NewStatus returns the status page.
func NewStatus(page StatusPage, c clock.Clock, log *slog.Logger) (*Status, error) {
	s := &Status{page: page, clock: c, log: log}
	var err error
	if s.assets, err = readAssets(); err != nil {
		return nil, err
	}
	frame, err := parseFrame()
	if err != nil {
		return nil, err
	}
	s.sheet, err = frame.ParseFS(templateFiles, "templates/public/*.html")
	return s, err
}

// staleAfter is how old the page may be before it says so.
const staleAfter = time.Minute

// ServeHTTP implements http.Handler.
func (s *Status) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		s.plain(w, http.StatusMethodNotAllowed, "The status page is only read.")
		return
	}
	switch {
	case r.URL.Path == "/" || r.URL.Path == "/status":
		s.servePage(w, r)
	case r.URL.Path == s.assets.CSS:
		s.assets.serve(w, r, strings.TrimPrefix(s.assets.CSS, "/assets/"))
	default:
		s.plain(w, http.StatusNotFound, "There is nothing here. The status page is at its front address.")
	}
}

func (s *Status) servePage(w http.ResponseWriter, r *http.Request) {
	p, at, err := s.page.Look(r.Context())
	switch {
	case err != nil:
		s.log.LogAttrs(r.Context(), slog.LevelError, "the status page cannot be read", slog.Any("err", err))
		w.Header().Set("Retry-After", "5")
		s.plain(w, http.StatusServiceUnavailable, "This page cannot be read right now. Try again in some seconds.")
		return
	case !p.Exists():
		s.plain(w, http.StatusNotFound, "There is no status page yet.")
		return
	}
	made, err := s.draw(p, at)
	if err != nil {
		s.log.LogAttrs(r.Context(), slog.LevelError, "the status page cannot be drawn", slog.Any("err", err))
		s.plain(w, http.StatusInternalServerError, "This page cannot be shown right now. Try again in a minute.")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=10, stale-while-revalidate=30, stale-if-error=3600")
	h.Set("ETag", made.etag)
	h.Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("If-None-Match"), made.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := made.raw
	if takesGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body = made.zipped
	}
	_, _ = w.Write(body)
}

// plain answers without the page. It is never kept by a cache.
func (s *Status) plain(w http.ResponseWriter, status int, say string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, say, status)
}

// draw returns the page; it is drawn once for each version and minute.
func (s *Status) draw(p incident.Published, at time.Time) (madePage, error) {
	now := s.clock.Now()
	stale := now.Sub(at) > staleAfter
	if !stale {
		at = now
	}
	minute := at.UTC().Format("2006-01-02T15:04")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.made.etag != "" && s.made.version == p.Page.Version && s.made.asOf == minute && s.made.stale == stale {
		return s.made, nil
	}
	view := statusViewOf(incident.NewBoard(p, at), stale)
	view.CSS = s.assets.CSS
	var raw, zipped bytes.Buffer
	if err := s.sheet.ExecuteTemplate(&raw, "status", view); err != nil {
		return madePage{}, err
	}
	zip := gzip.NewWriter(&zipped)
	_, err := zip.Write(raw.Bytes())
	if err := errors.Join(err, zip.Close()); err != nil {
		return madePage{}, err
	}
	sum := sha256.Sum256(raw.Bytes())
	s.made = madePage{version: p.Page.Version, asOf: minute, stale: stale, raw: raw.Bytes(), zipped: zipped.Bytes(), etag: `W/"` + hex.EncodeToString(sum[:12]) + `"`}
	return s.made, nil
}

// statusView is what the page's template is given: the board, in customers' words.
type statusView struct {
	CSS      string
	Name     string
	Title    string
	AsOf     string
	UTC      string
	Stale    bool
	Overall  state
	Sentence string
	Now      []newsView
	Sections []sectionView
	Past     []pastView
}

// newsView is one incident as customers read it. The confirming screen shows the same.
type newsView struct {
	Name    string
	State   state
	Took    string // how long it was told to last; only of one that is over
	Parts   string // what it affects
	Updates []newsUpdate
	Next    string // by when the next update comes; empty when none is promised
	Late    bool   // that time is over
}

// newsUpdate is one thing that customers are told.
type newsUpdate struct {
	Word string
	Text []string
	At   string
	ISO  string
	Ago  string
}

type sectionView struct {
	Name  string
	Parts []partView
}

// partView is a component and its last days, each drawn as one bar.
type partView struct {
	Name, About string
	State       state
	Since       string // "90 days ago" or the day on which it was first shown
	From        int    // the first bar, of 90
	Bad         []badDay
	Bars        bool   // enough is known to be drawn
	Share       string // "99.94 % undisturbed"
	Say         string // the picture in words
}

type badDay struct {
	X    int
	Look string
}

// pastView is a day with what ended on it, or some quiet days.
type pastView struct {
	Day   string
	Quiet bool
	News  []newsView
}

func statusViewOf(b incident.Board, stale bool) statusView {
	v := statusView{Name: b.Page.Name, Sentence: b.Sentence, Stale: stale, Overall: overallState(b),
		AsOf: b.AsOf.Format("15:04 MST"), UTC: b.AsOf.UTC().Format("15:04 UTC") + ", " + b.AsOf.Format("Monday 2 January 2006")}
	v.Title = v.Name + ": " + strings.TrimSuffix(b.Sentence, ".")
	names := map[string]string{}
	for _, s := range b.Sections {
		section := sectionView{Name: s.Name}
		for _, p := range s.Parts {
			names[p.ID] = p.Name
			section.Parts = append(section.Parts, partViewOf(p, b.AsOf))
		}
		v.Sections = append(v.Sections, section)
	}
	for _, i := range b.Now {
		n := newsOf(i, b.AsOf)
		n.Parts = disturbedParts(i, names)
		v.Now = append(v.Now, n)
	}
	v.Past = pastViews(b)
	return v
}

func overallState(b incident.Board) state {
	word := "One disturbance"
	if len(b.Now) > 1 {
		word = number(len(b.Now)) + " disturbances"
	}
	switch {
	case len(b.Now) == 0:
		return newState("ok", "No disturbance")
	case b.Worst == incident.MajorOutage:
		return newState("critical", word)
	case b.Worst == incident.Operational:
		return newState("calm", word+", ending", "pulse")
	}
	return newState("warning", word)
}

func disturbedParts(i incident.PublishedIncident, names map[string]string) string {
	var out []string
	for _, c := range i.Components {
		if name := names[c.ID]; name != "" && c.Status != incident.Operational {
			out = append(out, name)
		}
	}
	return strings.Join(out, ", ")
}

// newsOf is an incident as customers read it at a moment, whose zone is the page's.
func newsOf(i incident.PublishedIncident, now time.Time) newsView {
	n := newsView{Name: i.Name, State: wordState(i.State)}
	for _, u := range i.Updates {
		n.Updates = append(n.Updates, newsUpdate{Word: publicWord(u.State), Text: paragraphs(u.Body), At: publicTime(u.At, now), ISO: u.At.In(now.Location()).Format(time.RFC3339), Ago: agoInWords(now.Sub(u.At))})
	}
	if i.State == incident.WordResolved {
		n.Took = lasted(i.ResolvedAt.Sub(i.CreatedAt))
	} else if !i.NextAt.IsZero() {
		n.Next, n.Late = publicTime(i.NextAt, now), i.NextAt.Before(now)
	}
	return n
}

// publicTime is an hour with its zone, and the day when it is not today.
func publicTime(t, now time.Time) string {
	t = t.In(now.Location())
	if incident.DateOf(t) == incident.DateOf(now) {
		return t.Format("15:04 MST")
	}
	return t.Format("Mon 2 January, 15:04 MST")
}

func agoInWords(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "just now"
	case d < 2*time.Hour:
		return plural(int(d.Minutes()), "minute", "minutes") + " ago"
	case d < 48*time.Hour:
		return plural(int(d.Hours()), "hour", "hours") + " ago"
	}
	return plural(int(d.Hours()/24), "day", "days") + " ago"
}

func lasted(d time.Duration) string {
	if d < time.Minute {
		return "less than a minute"
	}
	if d < 2*time.Hour {
		return plural(int(d.Minutes()), "minute", "minutes")
	}
	return plural(int(math.Round(d.Hours())), "hour", "hours")
}

// publicWord is what customers read for a state.
func publicWord(w incident.Word) string {
	switch w {
	case incident.WordInvestigating:
		return "We are looking into it"
	case incident.WordIdentified:
		return "We have found the cause"
	case incident.WordMonitoring:
		return "It works again, we are watching"
	case incident.WordResolved:
		return "It is over"
	}
	return ""
}

func wordState(w incident.Word) state {
	switch w {
	case incident.WordResolved:
		return newState("ok", publicWord(w))
	case incident.WordMonitoring:
		return newState("calm", publicWord(w), "pulse")
	}
	return newState("warning", publicWord(w))
}

// statusWord is what customers read for a component's status.
func statusWord(s incident.Status) string {
	switch s {
	case incident.Operational:
		return "Works"
	case incident.UnderMaintenance:
		return "Under maintenance"
	case incident.Degraded:
		return "Disturbed"
	case incident.PartialOutage:
		return "Partly down"
	case incident.MajorOutage:
		return "Down"
	}
	return string(s)
}

func statusState(s incident.Status) state {
	switch s {
	case incident.Operational:
		return newState("ok", statusWord(s))
	case incident.UnderMaintenance:
		return newState("calm", statusWord(s), "settings")
	case incident.MajorOutage:
		return newState("critical", statusWord(s))
	}
	return newState("warning", statusWord(s))
}

// shownDays is how many bars a component has room for, and fewDays from how many on they mean something.
const (
	shownDays = 90
	fewDays   = 7
)

func partViewOf(p incident.Part90, now time.Time) partView {
	v := partView{Name: p.Name, About: p.Description, State: statusState(p.Status), Since: "90 days ago", From: max(0, shownDays-len(p.Days))}
	if v.From > 0 && len(p.Days) > 0 {
		v.Since = "since " + longDay(p.Days[0].Day, now)
	}
	v.Bars = len(p.Days) >= fewDays
	v.Share = share(p.Undisturbed) + " % undisturbed"
	var days []string
	for i, d := range p.Days {
		look := ""
		switch d.Worst {
		case incident.Operational:
			continue
		case incident.MajorOutage:
			look = "critical"
		case incident.UnderMaintenance:
			look = "calm"
		default:
			look = "warning"
		}
		v.Bad = append(v.Bad, badDay{X: v.From + i, Look: look})
		days = append(days, longDay(d.Day, now)+" "+strings.ToLower(statusWord(d.Worst)))
	}
	v.Say = "Last " + plural(len(p.Days), "day", "days") + ": "
	switch {
	case len(days) == 0:
		v.Say += "no disturbance"
	case len(days) > 5:
		v.Say += "disturbed on " + plural(len(days), "day", "days") + ", the last was " + days[len(days)-1]
	default:
		v.Say += strings.Join(days, ", ")
	}
	return v
}

// share is a part of 1 in per cent with two decimals, never more than it is.
func share(x float64) string {
	hundredths := int(math.Floor(x*10000 + 1e-9))
	if hundredths >= 10000 {
		return "100"
	}
	return fmt.Sprintf("%d.%02d", hundredths/100, hundredths%100)
}

func longDay(d incident.Date, now time.Time) string {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return string(d)
	}
	if t.Year() != now.Year() {
		return t.Format("2 January 2006")
	}
	return t.Format("2 January")
}

// pastViews are the last days, today first; days on which nothing was, are told together.
func pastViews(b incident.Board) []pastView {
	began := incident.Date("9999") // of what goes on now: no day since then was quiet
	for _, i := range b.Now {
		began = min(began, incident.DateOf(i.CreatedAt.In(b.AsOf.Location())))
	}
	var out []pastView
	var quiet []incident.Date
	flush := func() {
		switch len(quiet) {
		case 0:
			return
		case 1:
			out = append(out, pastView{Day: longDay(quiet[0], b.AsOf), Quiet: true})
		default:
			out = append(out, pastView{Day: longDay(quiet[len(quiet)-1], b.AsOf) + " to " + longDay(quiet[0], b.AsOf), Quiet: true})
		}
		quiet = nil
	}
	for _, d := range b.Past {
		if len(d.Incidents) == 0 {
			if d.Day < began {
				quiet = append(quiet, d.Day)
			}
			continue
		}
		flush()
		day := pastView{Day: longDay(d.Day, b.AsOf)}
		for _, i := range d.Incidents {
			day.News = append(day.News, newsOf(i, b.AsOf))
		}
		out = append(out, day)
	}
	flush()
	return out
}
