package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"frontline/e2e/office"
	"frontline/people"
	"frontline/wire"
)

// caller is somebody who uses the API.
type caller struct {
	t     *testing.T
	w     *office.World
	token string
}

func as(t *testing.T, w *office.World, person string) caller {
	return caller{t, w, w.Token(person, "")}
}

// ask sends a request with a body (text as it is, anything else as JSON) and returns the answer.
func (c caller) ask(method, path string, body any, change ...func(*http.Request)) (*http.Response, []byte) {
	c.t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	default:
		raw, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		r = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, c.w.URL+wire.Prefix+path, r)
	if err != nil {
		c.t.Fatal(err)
	}
	if r != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for _, f := range change {
		f(req)
	}
	res, err := c.w.Client.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res, raw
}

// ok is ask for what must be answered; it reads the answer strictly into T.
func ok[T any](c caller, method, path string, body any, change ...func(*http.Request)) T {
	c.t.Helper()
	var out T
	res, raw := c.ask(method, path, body, change...)
	if res.StatusCode >= 300 {
		c.t.Fatalf("%s %s: %s %s", method, path, res.Status, raw)
	}
	strict(c.t, raw, &out)
	return out
}

// refused is ask for what must not be answered.
func refused(c caller, status int, method, path string, body any, change ...func(*http.Request)) wire.Problem {
	c.t.Helper()
	res, raw := c.ask(method, path, body, change...)
	if res.StatusCode != status {
		c.t.Fatalf("%s %s: %s %s, want %d", method, path, res.Status, raw, status)
	}
	if ct := res.Header.Get("Content-Type"); ct != "application/problem+json" {
		c.t.Errorf("%s %s is refused as %q", method, path, ct)
	}
	var p wire.Problem
	strict(c.t, raw, &p)
	if p.Status != status || p.Kind == "" || p.Detail == "" || p.Title == "" {
		c.t.Errorf("%s %s: the problem leaves something out: %s", method, path, raw)
	}
	return p
}

func strict(t *testing.T, raw []byte, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
}

func TestAlertIsAcknowledgedAndResolved(t *testing.T) {
	w := office.Open(t)
	w.Signal("firing", "DecisionQueueStuck")
	liis := as(t, w, "liis")
	list := ok[wire.List[wire.Group]](liis, "GET", "/alerts", nil)
	if len(list.Items) != 1 || list.Items[0].ID != "G-1" || list.Items[0].Service.Name != "Decision pipeline" || list.Items[0].State != "open" || list.Next != "" {
		t.Fatalf("the list is %+v", list)
	}
	shown := ok[wire.GroupShown](liis, "GET", "/alerts/A-1", nil)
	if len(shown.Alerts) != 1 || len(shown.Pages) != 1 || len(shown.Pages[0].Attempts) == 0 || shown.Pages[0].Attempts[0].Person.Name != "Liis Tamm" || len(shown.History) < 3 {
		t.Fatalf("A-1 shows %+v", shown)
	}
	message := ok[wire.Received](liis, "GET", "/alerts/g-1/message", nil)
	if message.Alert != "A-1" || !strings.Contains(message.Body, `"groupKey"`) {
		t.Errorf("the message is %+v", message)
	}
	taken := ok[wire.Group](liis, "POST", "/alerts/"+shown.UID+"/acknowledge", nil, func(r *http.Request) { r.Header.Set("User-Agent", wire.CLI+"/1") })
	if taken.State != "acknowledged" || taken.AcknowledgedBy.Name != "Liis Tamm" {
		t.Errorf("acknowledged: %+v", taken)
	}
	if over := ok[wire.Group](liis, "POST", "/alerts/G-1/resolve", nil); over.State != "resolved" {
		t.Errorf("resolved: %+v", over)
	}
	p := refused(liis, 409, "POST", "/alerts/G-1/acknowledge", nil)
	if p.Kind != "conflict" || !strings.Contains(p.Detail, "resolved already") {
		t.Errorf("a late acknowledgement is refused with %+v", p)
	}
	refused(liis, 404, "GET", "/alerts/G-99", nil)
	entries, err := w.DB.JournalPage(t.Context(), journalStart(), "group.acknowledged", "liis", 5)
	if err != nil || len(entries) != 1 || entries[0].Actor.Via != "cli" {
		t.Errorf("the journal says %+v %v, want one acknowledgement by liis via cli", entries, err)
	}
}

func TestListsComeInPages(t *testing.T) {
	w := office.Open(t)
	for _, name := range []string{"One", "Second", "ThirdOne"} {
		w.Signal("firing", name)
	}
	liis := as(t, w, "liis")
	var seen []string
	cursor := ""
	for range 3 {
		p := ok[wire.List[wire.Group]](liis, "GET", "/alerts?limit=1&cursor="+cursor, nil)
		if len(p.Items) != 1 {
			t.Fatalf("a page of one has %d", len(p.Items))
		}
		seen, cursor = append(seen, p.Items[0].ID), p.Next
	}
	if strings.Join(seen, " ") != "G-3 G-2 G-1" || cursor != "" {
		t.Errorf("the pages are %v, then %q", seen, cursor)
	}
	for _, bad := range []string{"nonsense", "eyJuIjotMX0"} {
		if p := refused(liis, 422, "GET", "/alerts?cursor="+bad, nil); p.Errors[0].Field != "cursor" {
			t.Errorf("cursor %s is refused with %+v", bad, p)
		}
	}
}

func TestWrongInputIsNamed(t *testing.T) {
	w := office.Open(t)
	marika := as(t, w, "marika")
	tests := []struct {
		method, path, body string
		status             int
		field, say         string
	}{
		{"GET", "/alerts?limit=0", "", 422, "limit", "less"},
		{"GET", "/alerts?limit=many", "", 422, "limit", "whole number"},
		{"GET", "/alerts?state=burning", "", 422, "state", "live, open, acknowledged"},
		{"GET", "/alerts?colour=red", "", 422, "colour", "no such parameter"},
		{"GET", "/oncall?at=yesterday", "", 422, "at", "2026-11-24T03:12:00Z"},
		{"POST", "/oncall/overrides", `{"rotation":"first-line","person":"karl","to":"2026-11-25T00:00:00Z","notes":1}`, 422, "notes", "no such field"},
		{"POST", "/oncall/overrides", `{"rotation":"first-line","person":"karl","to":"tomorrow"}`, 422, "to", "2026-11-24T03:12:00Z"},
		{"POST", "/oncall/overrides", `{"rotation":"first-line","person":7,"to":"2026-11-25T00:00:00Z"}`, 422, "person", "a text"},
		{"POST", "/oncall/overrides", `{"rotation":"first-line","to":"2026-11-25T00:00:00Z"}`, 422, "person", "required"},
		{"POST", "/oncall/overrides", `{"rotation":"third-line","person":"karl","to":"2026-11-25T00:00:00Z"}`, 422, "rotation", "no such rotation"},
		{"POST", "/config/apply", `{"folder":"x","files":[{"name":"a.yaml","content":"","mode":7}]}`, 422, "files[0].mode", "no such field"},
		{"POST", "/oncall/overrides", `{`, 400, "", "cannot be read"},
		{"POST", "/oncall/overrides", "", 400, "", "needs a body"},
	}
	for _, tt := range tests {
		t.Run(tt.path+tt.body, func(t *testing.T) {
			var body any
			if tt.body != "" {
				body = tt.body
			}
			p := refused(caller{t, w, marika.token}, tt.status, tt.method, tt.path, body)
			said := p.Detail
			if tt.field != "" {
				if len(p.Errors) != 1 || p.Errors[0].Field != tt.field {
					t.Fatalf("refused with %+v, want the field %s named", p, tt.field)
				}
				said = p.Errors[0].Say
			}
			if p.Kind != "invalid" || !strings.Contains(said, tt.say) {
				t.Errorf("refused with %+v, want %q", p, tt.say)
			}
		})
	}
}

func TestBodiesAreLimited(t *testing.T) {
	w := office.Open(t)
	marika := as(t, w, "marika")
	long := strings.Repeat("x", 300<<10)
	if p := refused(marika, 413, "POST", "/oncall/overrides", map[string]string{"rotation": long}); p.Kind != "too_large" {
		t.Errorf("refused with %+v", p)
	}
	p := refused(marika, 415, "POST", "/oncall/overrides", "rotation: first-line", func(r *http.Request) { r.Header.Set("Content-Type", "application/yaml") })
	if !strings.Contains(p.Detail, "JSON") || strings.Contains(p.Detail, "first-line") {
		t.Errorf("YAML is refused with %+v", p)
	}
	applied := ok[wire.Applied](marika, "POST", "/config/apply", wire.Apply{Folder: "big", Files: []wire.File{{Name: "README.md", Content: long}}})
	if len(applied.Changes) != 0 {
		t.Errorf("a folder of 300 KB was applied as %+v", applied)
	}
}

func TestUnknownAddressesAreProblems(t *testing.T) {
	w := office.Open(t)
	liis := as(t, w, "liis")
	refused(liis, 404, "GET", "/nothing", nil)
	res, raw := liis.ask("DELETE", "/alerts", nil)
	if res.StatusCode != 405 || !strings.Contains(res.Header.Get("Allow"), "GET") || !strings.Contains(string(raw), "GET, HEAD") {
		t.Errorf("DELETE /alerts: %s %v %s", res.Status, res.Header, raw)
	}
}

func TestStrangersAreNobody(t *testing.T) {
	w := office.Open(t)
	token := w.Token("liis", "")
	tests := map[string]func(*http.Request){
		"no token":         func(r *http.Request) { r.Header.Del("Authorization") },
		"an unknown token": func(r *http.Request) { r.Header.Set("Authorization", "Bearer fl_nobody") },
		"another scheme":   func(r *http.Request) { r.Header.Set("Authorization", "Basic "+token) },
		"a cookie": func(r *http.Request) {
			r.Header.Del("Authorization")
			r.AddCookie(&http.Cookie{Name: "session", Value: token})
		},
		"in the query": func(r *http.Request) { r.Header.Del("Authorization"); r.URL.RawQuery = "token=" + token },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			res, raw := caller{t, w, token}.ask("GET", "/alerts", nil, change)
			if res.StatusCode != 401 || !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("answered with %s %s", res.Status, raw)
			}
		})
	}
	if res, _ := (caller{t, w, token}).ask("GET", "/alerts", nil, func(r *http.Request) { r.Header.Set("Authorization", "bearer "+token) }); res.StatusCode != 200 {
		t.Errorf("a scheme in lower case is refused with %s", res.Status)
	}
}

func TestTokenMayDoNoMoreThanItsCap(t *testing.T) {
	w := office.Open(t)
	w.Signal("firing", "DecisionQueueStuck")
	capped := caller{t, w, w.Token("marika", people.Member)}
	ok[wire.List[wire.Group]](capped, "GET", "/alerts", nil)
	if p := refused(capped, 403, "POST", "/alerts/G-1/resolve", nil); !strings.Contains(p.Detail, "support") {
		t.Errorf("refused with %+v, want the role support named", p)
	}
}
