package e2e

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"frontline/e2e/verity"
)

// However many incidents there are, a list stays short, and its pages show each of them once, the newest first.
func TestLongListsComeInPages(t *testing.T) {
	d := verity.Open(t, verity.Options{})
	reader := newReader(t, d)
	const all, over = 130, 70
	var ended, going []string
	for n := 1; n <= all; n++ {
		reader.press("/incidents", url.Values{"title": {fmt.Sprintf("Decisions are slow %d", n)}, "severity": {"minor"}})
		name := fmt.Sprintf("INC-%d", n)
		if n > over {
			going = append(going, name)
			continue
		}
		reader.press("/incidents/"+name+"/resolve", nil)
		ended = append(ended, name)
	}
	slices.Reverse(ended)
	slices.Reverse(going)
	for path, want := range map[string][]string{"/incidents?view=open": going, "/incidents?view=resolved": ended, "/postmortems": ended} {
		if diff := cmp.Diff(want, reader.through(path)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	if first := reader.names("/incidents"); len(first) != 40 {
		t.Errorf("the first screen shows %d incidents, want 25 open ones and 15 resolved ones", len(first))
	}
}

// pageReader reads screens without a browser.
type pageReader struct {
	t      *testing.T
	url    string
	client *http.Client
}

func newReader(t *testing.T, d *verity.Desk) *pageReader {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	link, _, err := d.App.SetUpLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := &pageReader{t: t, url: d.URL, client: &http.Client{Jar: jar}}
	r.read(r.client.PostForm(link, url.Values{"name": {"Marika Oja"}, "email": {"marika@verity.example"}, "password": {"correct horse battery staple"}}))
	return r
}

func (r *pageReader) read(res *http.Response, err error) string {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil || res.StatusCode != http.StatusOK || res.Request.Method != http.MethodGet {
		r.t.Fatalf("%s %s: %s %v", res.Request.Method, res.Request.URL, res.Status, err)
	}
	return string(text)
}

// press sends a form, which has to lead to a screen.
func (r *pageReader) press(path string, form url.Values) {
	r.t.Helper()
	r.read(r.client.PostForm(r.url+path, form))
}

func (r *pageReader) get(path string) string {
	r.t.Helper()
	return r.read(r.client.Get(r.url + path))
}

var (
	rowOf   = regexp.MustCompile(`<tr class="leads">.*?(INC-\d+)`)
	nextOne = regexp.MustCompile(`rel="next" href="([^"]+)"`)
)

// names are the incidents in the rows of a list.
func (r *pageReader) names(path string) (out []string) {
	for _, m := range rowOf.FindAllStringSubmatch(r.get(path), -1) {
		out = append(out, m[1])
	}
	return out
}

// through follows a list's pages to its end.
func (r *pageReader) through(path string) (out []string) {
	for range 10 {
		out = append(out, r.names(path)...)
		next := nextOne.FindStringSubmatch(r.get(path))
		if next == nil {
			return out
		}
		path = html.UnescapeString(next[1])
	}
	r.t.Errorf("%s has no end", path)
	return out
}
