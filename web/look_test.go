package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"frontline/e2e/neighbour"
	"frontline/people"
)

// walk opens a browser on the firm's desk, signed in as the person with the role.
func walk(t *testing.T, role people.Role, person string, prepare func(f *firm)) (*street, *firm) {
	t.Helper()
	b := neighbour.Chromium(t)
	st := &street{Browser: b, alive: &atomic.Bool{}}
	front := httptest.NewUnstartedServer(nil)
	st.url = "http://" + front.Listener.Addr().String()
	base, err := url.Parse(st.url)
	if err != nil {
		t.Fatal(err)
	}
	f := newFirm(t, func(d *Deps) { d.Base = base })
	st.workplace = f.desk
	prepare(f)
	f.as(role, person)
	for r, s := range st.signIn.sessions {
		s.Until = night.Add(12 * time.Hour)
		st.signIn.sessions[r] = s
	}
	front.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { st.s.ServeHTTP(w, r) })
	front.Start()
	t.Cleanup(func() { st.s.Stop(); front.CloseClientConnections(); front.Close() })
	st.enterAs(role)
	return st, f
}

// lookAll asks axe-core about the screens, in both themes and on both sizes, looks that nothing scrolls sideways, and keeps pictures under
// the label.
func (st *street) lookAll(label string, paths ...string) {
	st.t.Helper()
	for _, path := range paths {
		for _, theme := range []string{"light", "dark"} {
			st.Scheme(theme)
			for _, size := range []string{"desk", "phone"} {
				st.Desktop()
				if size == "phone" {
					st.Phone()
				}
				st.check(path, label+"-"+size+"-"+theme)
			}
		}
		st.Do(chromedp.EmulateViewport(320, 700, chromedp.EmulateMobile, chromedp.EmulateTouch))
		st.Open(st.url + path)
		if !st.js(`document.documentElement.scrollWidth <= 320`) {
			st.t.Errorf("%s scrolls sideways at 320 pixels", path)
		}
		st.Desktop()
	}
	st.quiet()
	if strings.Contains(st.log.String(), "level=ERROR") {
		st.t.Errorf("the log has errors:\n%s", st.log)
	}
}
