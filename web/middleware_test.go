package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"frontline/people"
)

// ok answers with a small screen.
func ok(d *workplace) Handler {
	return func(w http.ResponseWriter, r *http.Request, v *visit) error {
		return d.s.show(w, r, v, http.StatusOK, "me", meScreen{head: head{Title: "Some screen"}})
	}
}

func TestEveryAnswerIsStrict(t *testing.T) {
	d := newDesk(t)
	for _, path := range []string{"/sign-in", "/me", "/nowhere", d.s.assets.CSS, "/setup/wrong"} {
		h := d.to(path, ask{as: people.Lead}).Header()
		csp := h.Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'none'", "img-src 'self' data:", "connect-src 'self'", "form-action 'self'",
			"frame-ancestors 'none'", "base-uri 'none'", "worker-src 'self'",
		} {
			if !strings.Contains(csp+";", want+";") {
				t.Errorf("%s: policy %q lacks %s", path, csp, want)
			}
		}
		if !regexp.MustCompile(`style-src 'self'( 'nonce-[A-Z2-7]+')?;`).MatchString(csp) {
			t.Errorf("%s: policy %q allows other styles", path, csp)
		}
		if strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q is not strict", path, csp)
		}
		if got := h.Get("X-Content-Type-Options"); got != "nosniff" {
			t.Errorf("%s: X-Content-Type-Options is %q", path, got)
		}
		if got := h.Get("Strict-Transport-Security"); got != "max-age=31536000" {
			t.Errorf("%s: Strict-Transport-Security is %q", path, got)
		}
		want := "same-origin"
		if strings.HasPrefix(path, "/setup/") {
			want = "no-referrer"
		}
		if got := h.Get("Referrer-Policy"); got != want {
			t.Errorf("%s: Referrer-Policy is %q, want %q", path, got, want)
		}
	}
}

func TestNonceIsNewAndTheScripts(t *testing.T) {
	d := newDesk(t)
	d.s.assets.JS = "/assets/app-0.js"
	seen := map[string]bool{}
	for range 3 {
		got := d.to("/sign-in", ask{}).is(http.StatusOK)
		nonce := got.attr("script[src]", "nonce")
		if len(nonce) < 20 || seen[nonce] {
			t.Errorf("nonce %q is short or used before", nonce)
		}
		seen[nonce] = true
		if got.attr("meta[name=csp-nonce]", "content") != nonce || !strings.Contains(got.Header().Get("Content-Security-Policy"), "script-src 'nonce-"+nonce+"';") {
			t.Errorf("nonce %q is not the one in the meta tag and in %q", nonce, got.Header().Get("Content-Security-Policy"))
		}
	}
}

// TestTemplatesObeyThePolicy: what the policy would refuse must not be written.
func TestTemplatesObeyThePolicy(t *testing.T) {
	refused := regexp.MustCompile(`(?i)\sstyle=|<style|\son[a-z]+=|javascript:`)
	scripts := 0
	err := walkTemplates(func(name, text string) {
		if found := refused.FindString(text); found != "" {
			t.Errorf("%s has %q", name, found)
		}
		scripts += strings.Count(text, "<script")
		if strings.Count(text, "<script") != strings.Count(text, `<script defer src="{{.Assets.JS}}" nonce="{{.Nonce}}"`) {
			t.Errorf("%s has a script that is not the bundle", name)
		}
	})
	if scripts != 1 {
		t.Errorf("%d scripts in all, want 1", scripts)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestCrossOriginWritesAreRefused(t *testing.T) {
	d := newDesk(t)
	reached := 0
	count := func(w http.ResponseWriter, _ *http.Request, v *visit) error {
		reached++
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	d.with(Route{"POST /do", SignedIn, count}, Route{"POST /p/{token}", ByLink, count}, Route{"GET /p/{token}", ByLink, count})
	form := url.Values{"do": {"it"}}
	for _, foreign := range []map[string]string{
		{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://elsewhere.example"},
	} {
		d.to("/do", ask{as: people.Lead, form: form, header: foreign}).is(http.StatusForbidden).has("main .soft", "another site")
	}
	if reached != 0 {
		t.Fatalf("%d foreign writes reached the handler", reached)
	}
	d.to("/do", ask{as: people.Lead, form: form, header: map[string]string{"Sec-Fetch-Site": "same-origin"}}).is(http.StatusNoContent)

	link := d.to("/p/secret", ask{form: form, header: map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://push.example"}}).is(http.StatusNoContent)
	if got := link.Header().Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("a link's POST answers Access-Control-Allow-Origin %q, want *", got)
	}
	if got := link.Header().Get("Referrer-Policy"); got != "no-referrer" {
		t.Errorf("a link's POST answers Referrer-Policy %q", got)
	}
	pre := d.to("/p/secret", ask{method: http.MethodOptions, header: map[string]string{"Origin": "https://push.example", "Access-Control-Request-Method": "POST"}}).is(http.StatusNoContent)
	if got := pre.Header().Get("Access-Control-Allow-Methods"); got != "POST" {
		t.Errorf("the preflight allows %q, want POST", got)
	}
	if !strings.Contains(d.log.String(), `route="POST /p/{token}"`) {
		t.Errorf("the log lacks the route:\n%s", d.log)
	}
	if strings.Contains(d.log.String(), "secret") {
		t.Errorf("the log has the path's token:\n%s", d.log)
	}
}

func TestBodiesAreLimited(t *testing.T) {
	d := newDesk(t)
	d.with(Route{"POST /do", SignedIn, ok(d)})
	d.to("/do", ask{as: people.Lead, form: url.Values{"text": {strings.Repeat("a", formLimit)}}}).
		is(http.StatusRequestEntityTooLarge).has("main .soft", "That is more than 256 KB. Shorten the text")
}

func TestScreensAreCompressedAndNotKept(t *testing.T) {
	d := newDesk(t)
	plain := d.to("/debug/style", ask{as: people.Lead}).is(http.StatusOK)
	zipped := d.to("/debug/style", ask{as: people.Lead, header: map[string]string{"Accept-Encoding": "br;q=1, gzip"}}).is(http.StatusOK)
	if zipped.Header().Get("Content-Encoding") != "gzip" || zipped.Body.Len()*3 > plain.Body.Len() {
		t.Errorf("compressed: encoding %q, %d bytes of %d", zipped.Header().Get("Content-Encoding"), zipped.Body.Len(), plain.Body.Len())
	}
	zipped.has("main h1", "Every part, every state, both themes")
	refused := d.to("/debug/style", ask{as: people.Lead, header: map[string]string{"Accept-Encoding": "gzip;q=0"}}).is(http.StatusOK)
	if got := refused.Header().Get("Content-Encoding"); got != "" {
		t.Errorf("a browser that refuses gzip gets %q", got)
	}
	if got := plain.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q, want no-store", got)
	}
}

func TestAssetsNeverChangeUnderTheirName(t *testing.T) {
	d := newDesk(t)
	got := d.to(d.s.assets.CSS, ask{}).is(http.StatusOK)
	if cc := got.Header().Get("Cache-Control"); cc != "public, max-age=31536000, immutable" {
		t.Errorf("Cache-Control is %q", cc)
	}
	if kind := got.Header().Get("Content-Type"); kind != "text/css; charset=utf-8" {
		t.Errorf("Content-Type is %q", kind)
	}
	again := d.to(d.s.assets.CSS, ask{header: map[string]string{"If-None-Match": got.Header().Get("ETag"), "Accept-Encoding": "gzip"}})
	if again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("asked again: %d with %d bytes", again.Code, again.Body.Len())
	}
	zipped := d.to(d.s.assets.CSS, ask{header: map[string]string{"Accept-Encoding": "gzip"}})
	if zipped.body() != got.Body.String() {
		t.Error("the compressed stylesheet is another one")
	}
	d.to("/assets/app-000000000000.css", ask{}).is(http.StatusNotFound)
}

// TestStylesheetWithoutBundle: without npm the stylesheet is put together here, whole and in order.
func TestStylesheetWithoutBundle(t *testing.T) {
	css, err := joinCSS("app.css")
	if err != nil {
		t.Fatal(err)
	}
	text := string(css)
	if strings.Contains(text, "@import") {
		t.Error("an import is left")
	}
	layers, tokens, parts := strings.Index(text, "@layer reset, tokens"), strings.Index(text, "--critical:"), strings.Index(text, ".state {")
	if layers < 0 || layers > tokens || tokens > parts {
		t.Errorf("order is wrong: layers at %d, tokens at %d, parts at %d", layers, tokens, parts)
	}
	files, err := assetFiles.ReadDir("assets")
	if err != nil {
		t.Fatal(err)
	}
	main, err := assetFiles.ReadFile("assets/app.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".css") && f.Name() != "app.css" && !strings.Contains(string(main), `@import "./`+f.Name()+`";`) {
			t.Errorf("app.css does not import %s", f.Name())
		}
	}
	if strings.Count(text, "{") != strings.Count(text, "}") {
		t.Error("a brace is missing")
	}
}
