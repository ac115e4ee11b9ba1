package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"frontline/clock"
	"frontline/e2e/neighbour"
	"frontline/people"
)

func TestMain(m *testing.M) { neighbour.Main(m) }

// street is a desk that a real browser visits.
type street struct {
	serving atomic.Pointer[Server] // what the browser is answered by
	*workplace
	*neighbour.Browser
	url    string
	alive  *atomic.Bool // while false the server cuts every connection
	held   atomic.Pointer[held]
	routes []Route // of the test
}

// visited opens a browser on a desk with the bundle, signed in as the role.
func visited(t *testing.T, as people.Role, routes ...Route) *street {
	t.Helper()
	b := neighbour.Chromium(t)
	st := &street{Browser: b, alive: &atomic.Bool{}}
	st.alive.Store(true)
	front := httptest.NewUnstartedServer(nil)
	st.url = "http://" + front.Listener.Addr().String()
	base, err := url.Parse(st.url)
	if err != nil {
		t.Fatal(err)
	}
	st.workplace = newDesk(t, func(deps *Deps) { deps.Base, deps.Clock = base, clock.Real{} })
	st.plus(routes...)
	st.routes = routes
	if st.s.assets.JS == "" {
		t.Fatal("web/dist has no scripts: run `make screens`")
	}
	for role, s := range st.signIn.sessions {
		s.Until = time.Now().Add(time.Hour)
		st.signIn.sessions[role] = s
	}
	front.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !st.alive.Load() {
			panic(http.ErrAbortHandler)
		}
		st.serving.Load().ServeHTTP(w, r)
	})
	st.serving.Store(st.s)
	front.Start()
	t.Cleanup(func() { st.s.Stop(); front.CloseClientConnections(); front.Close() })
	if as != "" {
		st.enterAs(as)
	}
	return st
}

// serveAnew goes on with other things behind the screens, and other routes, while the browser stays.
func (st *street) serveAnew(change func(*Deps), routes func(*Server) []Route) {
	st.t.Helper()
	deps, s, before := st.s.deps, &Server{}, st.s
	change(&deps)
	if err := s.build(deps, routes(s)); err != nil {
		st.t.Fatal(err)
	}
	st.s = s
	st.serving.Store(s)
	before.Stop()
}

// enterAs signs in through the screen.
func (st *street) enterAs(as people.Role) {
	st.t.Helper()
	st.Open(st.url + "/sign-in?next=/me")
	st.Fill("#f-email", st.signIn.sessions[string(as)].Person.Email)
	st.Fill("#f-password", goodPassword)
	st.Click("main button.first")
	st.SeeText("Settings")
	st.until("scripts", `document.documentElement.dataset.js !== undefined`)
}

// js evaluates an expression that is true or false.
func (st *street) js(expression string) bool {
	st.t.Helper()
	ctx, cancel := context.WithTimeout(st.Context, st.Patience)
	defer cancel()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
	if err != nil {
		st.t.Fatalf("%s: %v", expression, err)
	}
	return got
}

// until waits for an expression to become true.
func (st *street) until(what, expression string) {
	st.t.Helper()
	deadline := time.Now().Add(st.Patience)
	for !st.js(expression) {
		if time.Now().After(deadline) {
			st.t.Fatalf("%s: %s stays false\n%s", what, expression, st.Text())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// shows says whether the screen is from the nth look or a later one: a busy machine may come back too late to see each.
func shows(n int64) string {
	return fmt.Sprintf(`Number(document.body.innerText.match(/Fetched (\d+)/)?.[1]) >= %d`, n)
}

func (st *street) press(keys string) {
	st.t.Helper()
	st.Do(chromedp.KeyEvent(keys))
}

// quiet fails the test when a page complained, for instance because the content-security policy refused something.
func (st *street) quiet() {
	st.t.Helper()
	if said := st.Complaints(); len(said) > 0 {
		st.t.Errorf("the console says:\n%s", strings.Join(said, "\n"))
	}
}

// TestScreensAreAccessible asks axe-core about every screen of the frame, in both themes, on a desktop and on a phone, and looks that
// nothing scrolls sideways at 320 pixels.
func TestScreensAreAccessible(t *testing.T) {
	st := visited(t, people.Lead, Route{"GET /broken", SignedIn, func(http.ResponseWriter, *http.Request, *visit) error { panic("broken") }})
	st.tokens.tokens = []people.Token{{ID: "1", Name: "laptop", Hint: "fl_9q2", Made: time.Now().Add(-40 * 24 * time.Hour), Until: time.Now().Add(50 * 24 * time.Hour)}}
	paths := []string{"/me", "/me/tokens", "/me/password", "/debug/style", "/nowhere", "/broken"}
	st.checkAll(paths)
	st.Open(st.url + "/me")
	st.Click("form[action='/sign-out'] button")
	st.SeeText("You are signed out.")
	st.checkAll([]string{"/sign-in", "/setup/first", "/setup/used"})
	st.setUp.needed = true
	st.checkAll([]string{"/sign-in?next=/"})
}

func (st *street) checkAll(paths []string) {
	st.t.Helper()
	for _, theme := range []string{"light", "dark"} {
		st.Scheme(theme)
		for _, path := range paths {
			st.Desktop()
			st.check(path, theme+"-desktop")
			st.Phone()
			st.check(path, theme+"-phone")
			st.Do(chromedp.EmulateViewport(320, 700, chromedp.EmulateMobile, chromedp.EmulateTouch))
			if !st.js(`document.documentElement.scrollWidth <= 320`) {
				st.t.Errorf("%s scrolls sideways at 320 pixels", path)
			}
		}
	}
	st.Desktop()
}

// check opens the screen and asks axe.
func (st *street) check(path, name string) {
	st.t.Helper()
	st.Open(st.url + path)
	st.until("scripts", `document.documentElement.dataset.js !== undefined`)
	for _, v := range st.Axe() {
		st.t.Errorf("%s %s: %s", path, name, v)
	}
	st.picture(strings.ReplaceAll(strings.Trim(path, "/"), "/", "-") + "-" + name)
}

// picture keeps what the browser shows, in the folder that FRONTLINE_PICTURES names, for people to look at.
func (st *street) picture(name string) {
	st.t.Helper()
	if dir := os.Getenv("FRONTLINE_PICTURES"); dir != "" {
		st.Screenshot(filepath.Join(dir, name+".png"))
	}
}

func TestScreensWorkWithoutScripts(t *testing.T) {
	st := visited(t, "")
	st.Scripts(false)
	st.Open(st.url + "/me/tokens")
	st.SeeText("Sign in")
	st.Fill("#f-email", "liis@verity.example")
	st.Fill("#f-password", goodPassword)
	st.Click("main button.first")
	st.SeeText("You have no token")
	st.Fill("#f-name", "laptop")
	st.Click("main button.first")
	st.SeeText("Copy the token laptop now")
	st.Open(st.url + "/me/tokens")
	st.Click("summary.button")
	st.Click(".sure button")
	st.SeeText("The token is revoked.")
	st.Click(".rail button[value=dark]")
	st.See("html[data-theme=dark] .rail button[value=dark][aria-pressed=true]")
	st.SeeText("As of") // not live, and it says so
	st.quiet()
}

// simplest is the least a screen needs.
type simplest struct {
	head
	N int64
}

// template gives the street a template of the test.
func (st *street) template(name, main string) {
	st.t.Helper()
	frame, err := parseFrame()
	if err == nil {
		st.s.screens[name], err = frame.Parse(`{{define "main"}}` + main + `{{end}}`)
	}
	if err != nil {
		st.t.Fatal(err)
	}
}

const counted = `<h1>Fetched {{.N}}</h1><section><form method="post"><label for="f-note">Note</label><input id="f-note" name="note"></form></section>`

// liveStreet is a browser on a screen about alerts that says how often it was fetched: twice when the stream is on, for what
// may have changed between the screen's making and the stream's beginning.
func liveStreet(t *testing.T) (*street, *atomic.Int64) {
	t.Helper()
	fetched := &atomic.Int64{}
	var st *street
	st = visited(t, people.Support, Route{"GET /example", SignedIn, func(w http.ResponseWriter, r *http.Request, v *visit) error {
		n := fetched.Add(1)
		st.wait()
		return st.s.show(w, r, v, http.StatusOK, "counted", simplest{head: head{Title: "Alerts", Topics: topics("alert", "a1")}, N: n})
	}}, Route{"POST /example", SignedIn, func(w http.ResponseWriter, r *http.Request, _ *visit) error {
		return st.s.done(w, r, "/example", "Your note is kept.")
	}})
	st.template("counted", counted)
	st.Open(st.url + "/example")
	st.until("the stream", `document.documentElement.dataset.live === "on"`)
	st.SeeText("Fetched 2")
	st.js(`window.sameDocument = true`)
	return st, fetched
}

func (st *street) change(kind, id string) {
	st.t.Helper()
	if st.changes.tell(people.Subject{Kind: kind, ID: id}) == 0 {
		st.t.Fatal("nobody listens for changes")
	}
}

func TestLiveScreens(t *testing.T) {
	st, fetched := liveStreet(t)
	st.change("incident", "i1") // not on this screen
	st.change("alert", "a2")    // another alert
	st.change("alert", "a1")
	st.SeeText("Fetched 3")
	if !st.js(`window.sameDocument === true`) {
		t.Error("the screen was loaded anew instead of morphed")
	}
	// Twenty changes at once are at most two more fetches.
	for range 20 {
		st.change("alert", "a1")
	}
	st.until("another look", shows(4))
	time.Sleep(2500 * time.Millisecond) // that nothing happens can only be waited for
	if n := fetched.Load(); n > 5 {
		t.Errorf("20 changes caused %d fetches, want at most 2", n-3)
	}
	st.quiet()
}

func TestLiveNeverDisturbsTyping(t *testing.T) {
	st, fetched := liveStreet(t)
	st.Fill("#f-note", "half a sentence")
	st.change("alert", "a1")
	st.SeeText("Something changed.")
	st.picture("moved")
	if n := fetched.Load(); n != 2 {
		t.Errorf("the screen was fetched %d times under somebody's hands", n-2)
	}
	st.Click("[data-reload]")
	st.SeeText("Fetched 3")
	if !st.js(`document.querySelector("#f-note").value === "half a sentence"`) {
		t.Error("what was typed is lost")
	}
	st.until("the note is gone", `document.getElementById("moved").hidden`)
}

// TestWhatWasDoneStaysOnTheScreen: the change that one's own deed causes must not sweep away the sentence about it.
func TestWhatWasDoneStaysOnTheScreen(t *testing.T) {
	st, _ := liveStreet(t)
	st.Fill("#f-note", "a whole sentence")
	st.press("\r")
	st.SeeText("Your note is kept.")
	st.SeeText("Fetched 3")
	st.Do(chromedp.Evaluate[chromedp.Void](`document.activeElement.blur()`))
	st.change("alert", "a1")
	st.SeeText("Fetched 4")
	st.See("#told")
	st.quiet()
}

func TestLostStreamIsSaid(t *testing.T) {
	st, fetched := liveStreet(t)
	st.alive.Store(false)
	st.s.Stop()
	st.SeeText("Live updates lost, as of")
	st.picture("lost")
	// Somebody comes back to the tab and presses reload: the old screen stays, marked as old.
	st.js(`document.querySelector("[data-reload]").click() ?? true`)
	time.Sleep(300 * time.Millisecond)
	if !st.js(`window.sameDocument === true && document.body.innerText.includes("Fetched 2")`) {
		t.Error("a failed refresh replaced the screen")
	}
	before := fetched.Load()
	st.again()
	st.until("the stream again", `document.documentElement.dataset.live === "on"`)
	st.until("a fresh look", shows(before+1))
}

// again brings the server back, as a restarted one.
func (st *street) again() {
	st.plus(st.routes...)
	st.template("counted", counted)
	st.serving.Store(st.s) // the stopped one would let each stream begin, and end it at once
	st.alive.Store(true)
}

func TestKeys(t *testing.T) {
	st := visited(t, people.Support)
	st.walk("/me/tokens")
	st.js(`window.sameDocument = true`)
	st.press("\r")
	st.SeeText("You have no token")
	if !st.js(`window.sameDocument === true`) {
		t.Error("going on loaded the whole document anew")
	}
	st.press("?")
	st.See("dialog#keys[open]")
	st.picture("keys")
	st.press("\x1b")
	st.until("the dialog is closed", `!document.querySelector("dialog[open]")`)
	st.keys("gs")
	st.See("form[action='/me/keys']")
	// In a field, letters are letters.
	st.Open(st.url + "/me/tokens")
	st.Fill("#f-name", "jg?/a")
	if !st.js(`document.querySelector("#f-name").value === "jg?/a" && !document.querySelector("dialog[open]")`) {
		t.Error("a key acted while somebody was typing")
	}
	// Turned off, they do nothing; Ctrl-K still does.
	st.Open(st.url + "/me")
	st.Click("button[name=keys]")
	st.See("html[data-keys=off]")
	st.press("?")
	st.press("j")
	if st.js(`Boolean(document.querySelector("dialog[open], [data-chosen]"))`) {
		t.Error("a single key acted though it is turned off")
	}
	st.palette()
	st.quiet()
}

// walk goes down the screen's rows with j, one step back with k, and stops at the row that leads to path, whichever rows there are.
func (st *street) walk(path string) {
	st.t.Helper()
	rows, err := chromedp.Run(st.Context, chromedp.Evaluate[[]string](`[...document.querySelectorAll("main .list a.plain")].map((a) => a.getAttribute("href"))`))
	at := slices.Index(rows, path)
	if err != nil || at < 0 || len(rows) < 2 {
		st.t.Fatalf("the rows lead to %v, want %s among others: %v", rows, path, err)
	}
	on := func(row int) {
		st.t.Helper()
		st.until("the row is chosen", fmt.Sprintf(`document.activeElement?.getAttribute("href") === %q`, rows[row]))
	}
	st.press("j")
	on(0)
	st.press("j")
	on(1)
	st.press("k")
	on(0)
	for row := range at {
		st.press("j")
		on(row + 1)
	}
}

// keys presses letters that belong together at once, so that no pause between them depends on how busy the machine is.
func (st *street) keys(letters string) {
	st.t.Helper()
	st.js(fmt.Sprintf(`[...%q].forEach((key) => document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}))) ?? true`, letters))
}

// palette opens the palette and jumps to the tokens with it.
func (st *street) palette() {
	st.t.Helper()
	st.js(`document.dispatchEvent(new KeyboardEvent("keydown", {key: "k", ctrlKey: true, bubbles: true, cancelable: true})) || true`)
	st.See("dialog.palette[open]")
	st.picture("palette")
	st.Fill("dialog.palette input", "tok")
	st.until("one place, and the search of everything", `document.querySelectorAll("dialog.palette li").length === 2 && document.querySelectorAll("dialog.palette li[data-n='-1']").length === 1`)
	for _, v := range st.Axe() {
		st.t.Errorf("palette: %s", v)
	}
	st.press("\r")
	st.SeeText("You have no token")
}

func TestAcknowledgeKey(t *testing.T) {
	var done sync.Map
	var st *street
	st = visited(t, people.Support,
		Route{"GET /example", SignedIn, func(w http.ResponseWriter, r *http.Request, v *visit) error {
			return st.s.show(w, r, v, http.StatusOK, "keyed", simplest{head: head{Title: "Alert"}})
		}},
		Route{"POST /example/acknowledge", SignedIn, func(w http.ResponseWriter, r *http.Request, _ *visit) error {
			done.Store("acknowledged", true)
			return st.s.done(w, r, "/me", "Acknowledged. Nobody else is paged.")
		}})
	st.template("keyed", `<h1>Alert</h1><form data-key="a" method="post" action="/example/acknowledge"><button class="button first">Acknowledge</button></form>`)
	st.Open(st.url + "/example")
	st.until("scripts", `document.documentElement.dataset.js !== undefined`)
	st.press("a")
	st.SeeText("Acknowledged. Nobody else is paged.")
	if _, ok := done.Load("acknowledged"); !ok {
		t.Error("nothing was acknowledged")
	}
	st.quiet()
}

// TestTimesAgree: the browser shortens lengths of time exactly as the server does.
func TestTimesAgree(t *testing.T) {
	var st *street
	st = visited(t, people.Support, Route{"GET /example", SignedIn, func(w http.ResponseWriter, r *http.Request, v *visit) error {
		scr := timed{head: head{Title: "Times"}}
		for _, before := range []time.Duration{
			90 * time.Second, 59*time.Minute + 30*time.Second, 60*time.Minute + 30*time.Second, 130*time.Minute + 30*time.Second,
			599*time.Minute + 30*time.Second, 630 * time.Minute, 47*time.Hour + 30*time.Minute, 48*time.Hour + 30*time.Minute,
			400 * 24 * time.Hour, -270 * time.Second, -210*time.Minute - 30*time.Second,
		} {
			scr.At = append(scr.At, v.at(v.Now.Add(-before)))
		}
		return st.s.show(w, r, v, http.StatusOK, "timed", scr)
	}})
	st.template("timed", `<h1>Times</h1><p id="server">{{range .At}}{{.Ago}}, {{end}}</p>{{range .At}}<p>{{template "time" .}}</p>{{end}}`)
	st.Open(st.url + "/example")
	st.until("scripts", `document.documentElement.dataset.js !== undefined`)
	st.js(`document.querySelectorAll("time[data-ago] > span:first-child").forEach((s) => { s.textContent = "" }) ?? true`)
	st.until("the browser's times", `[...document.querySelectorAll("time[data-ago] > span:first-child")].map((s) => s.textContent + ", ").join("").trim()
		=== document.getElementById("server").textContent.trim()`)
}

// timed is a screen of moments.
type timed struct {
	head
	At []moment
}

// TestReducedMotion: nothing turns for a person who asked for that.
func TestReducedMotion(t *testing.T) {
	st := visited(t, people.Support)
	st.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}})
		return err
	}))
	st.Open(st.url + "/debug/style")
	if !st.js(`document.getAnimations().length === 0`) {
		t.Error("something moves")
	}
}
