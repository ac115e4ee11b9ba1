package neighbour

import (
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// desk serves a small page under a strict content-security policy.
func desk(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	page := func(w http.ResponseWriter, body string) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:")
		_, _ = w.Write([]byte(`<!doctype html><html lang="en"><head><title>Desk</title><meta name="viewport" content="width=device-width">
			<link rel="icon" href="data:,"><link rel="stylesheet" href="/style.css"><script src="/script.js" defer></script></head><body><main><h1>Desk</h1>` + body + `</main></body></html>`))
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		who := "nobody"
		if c, err := r.Cookie("who"); err == nil {
			who = c.Value
		}
		page(w, `<p id="who">`+who+`</p><p id="script">no script</p><form method="post" action="/sign-in"><label>Name <input name="who"></label><button>Sign in</button></form>`)
	})
	mux.HandleFunc("POST /sign-in", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "who", Value: r.FormValue("who"), Path: "/"})
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /bad", func(w http.ResponseWriter, _ *http.Request) {
		page(w, `<p id="grey">hard to read</p><input name="nameless"><script>document.title = "taken over"</script>`)
	})
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		_, _ = w.Write([]byte(`:root{color-scheme:light dark;background:light-dark(#fff,#111);color:light-dark(#111,#eee)} #grey{color:light-dark(#ddd,#333)}
			button{color:light-dark(#111,#eee);background:light-dark(#eee,#222)}`))
	})
	mux.HandleFunc("GET /script.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write([]byte(`addEventListener("load", () => { const s = document.querySelector("#script"); if (s) s.textContent = "width " + innerWidth + (matchMedia("(prefers-color-scheme: dark)").matches ? " dark" : " light") })`))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

// TestChromiumIsAPerson signs in as two people at once, on a phone and on a desktop, in the dark and in the light.
func TestChromiumIsAPerson(t *testing.T) {
	url := desk(t)
	marika, karl := Chromium(t), Chromium(t)
	marika.Phone()
	marika.Scheme("dark")
	for name, b := range map[string]*Browser{"Marika": marika, "Karl": karl} {
		b.Open(url)
		b.Fill(`input[name=who]`, name)
		b.Click(`button`)
		b.SeeText(name)
	}
	for _, c := range []struct {
		b         *Browser
		who, want string
		width     int
	}{{marika, "Marika", "width 390 dark", 390}, {karl, "Karl", "width 1280 light", 1280}} {
		c.b.Open(url)
		if got := c.b.See("#who"); got != c.who {
			t.Errorf("%s is taken for %s", c.who, got)
		}
		c.b.SeeText(c.want)
		file := filepath.Join(t.TempDir(), "screens", "desk.png")
		c.b.Screenshot(file)
		f, err := os.Open(file)
		must(t, err)
		defer f.Close()
		picture, err := png.Decode(f)
		must(t, err)
		if got := picture.Bounds().Dx(); got < c.width || got%c.width != 0 {
			t.Errorf("the picture is %d pixels wide, want a multiple of %d", got, c.width)
		}
		if got := c.b.Complaints(); len(got) != 0 {
			t.Errorf("the browser complains: %q", got)
		}
		if got := c.b.Axe(); len(got) != 0 {
			t.Errorf("axe finds %v", got)
		}
	}
}

// TestChromiumFindsFaults shows that axe and the console speak up: a contrast too low, a field without a name, a script that
// the policy forbids.
func TestChromiumFindsFaults(t *testing.T) {
	b := Chromium(t)
	b.Open(desk(t) + "/bad")
	found := map[string]bool{}
	for _, v := range b.Axe() {
		found[v.ID] = true
	}
	if !found["color-contrast"] || !found["label"] {
		t.Errorf("axe finds only %v", found)
	}
	deadline := time.Now().Add(10 * time.Second)
	for !strings.Contains(strings.Join(b.Complaints(), " "), "Content Security Policy") {
		if time.Now().After(deadline) {
			t.Fatalf("the browser says only %q about the script", b.Complaints())
		}
		b.Text() // a round trip to the browser
	}
}

// TestChromiumWithoutScripts uses the page as someone whose browser runs no JavaScript.
func TestChromiumWithoutScripts(t *testing.T) {
	b := Chromium(t)
	b.Scripts(false)
	b.Open(desk(t))
	if got := b.See("#script"); got != "no script" {
		t.Fatalf("a script ran: %s", got)
	}
	b.Fill(`input[name=who]`, "Liis")
	b.Click(`button`)
	b.SeeText("Liis")
}
