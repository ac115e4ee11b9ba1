package httpcall

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/clock"
	"frontline/fault"
	"frontline/secret"
)

func kind() *Kind { return New(clock.Real{}) }

func settingsOf(t testing.TB, s map[string]any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// server answers with f, and ends with the test.
func server(t *testing.T, f http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s
}

// sessions is a server that closes a customer's sessions.
type sessions struct {
	mu   sync.Mutex
	open map[string]int
	keys []string
}

func (s *sessions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	customer := r.PathValue("customer")
	switch {
	case r.Header.Get("Authorization") != "Bearer t0ken-of-verity":
		w.WriteHeader(http.StatusUnauthorized)
		return
	case r.Method == http.MethodDelete:
		s.keys = append(s.keys, r.Header.Get("Idempotency-Key"))
		s.open[customer] = 0
	}
	_, _ = fmt.Fprintf(w, `{"message":"Looked after %s.","customer":{"name":%q,"open":%d},"closed":2}`, customer, customer, s.open[customer])
}

func (s *sessions) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprint(s.open)
}

// TestConformance runs the suite that every kind passes.
func TestConformance(t *testing.T) {
	for _, looks := range []bool{false, true} {
		t.Run(fmt.Sprintf("look=%v", looks), func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World { return world(t, looks) })
		})
	}
}

func world(t *testing.T, looks bool) actiontest.World {
	state := &sessions{open: map[string]int{"nordpank": 2, "lumo": 1}}
	mux := http.NewServeMux()
	mux.Handle("/customers/{customer}/sessions", state)
	s := server(t, mux.ServeHTTP)
	headers := map[string]any{"Authorization": "Bearer {token}"}
	address := s.URL + "/customers/{customer}/sessions"
	settings := map[string]any{"method": "DELETE", "url": address, "headers": headers,
		"result": map[string]any{"summary": "message", "facts": map[string]any{"closed": "closed"}},
		"plan":   map[string]any{"url": address, "headers": headers, "result": map[string]any{"rows": "customer", "columns": []any{map[string]any{"title": "Open", "path": "open"}}}}}
	if looks {
		settings["look"] = map[string]any{"url": address, "headers": headers, "done": map[string]any{"path": "customer.open", "is": 0}}
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	call := action.Call{Run: "RUN-7", Risk: action.RiskChange, Inputs: map[string]any{"customer": "nordpank"}, Secrets: map[string]secret.Text{"token": secret.New("t0ken-of-verity")},
		Settings: settingsOf(t, settings)}
	unreachable := call
	unreachable.Settings = json.RawMessage(strings.ReplaceAll(string(call.Settings), s.URL, gone.URL))
	return actiontest.World{
		Kind: kind(), Call: call, Unreachable: &unreachable, Blind: !looks,
		Bad: map[string]string{
			`{}`:                           "url",
			`{"url":"ftp://api.example/"}`: "url",
			`{"url":"https://user:word@api.example/"}`:                                   "url",
			`{"url":"https://{host}/"}`:                                                  "url",
			`{"url":"https://api.example/a?b={c}"}`:                                      "url",
			`{"url":"https://api.example/a-{b}"}`:                                        "url",
			`{"url":"https://api.example/","method":"TRACE"}`:                            "method",
			`{"url":"https://api.example/","query":{"a":{"b":1}}}`:                       "query",
			`{"url":"https://api.example/","headers":{"A b":"c"}}`:                       "headers",
			`{"url":"https://api.example/","headers":{"A":"b\r\nC: d"}}`:                 "headers",
			`{"url":"https://api.example/","headers":{"host":"b"}}`:                      "headers",
			`{"url":"https://api.example/","body":{"a":1}}`:                              "body",
			`{"url":"https://api.example/","method":"POST","body":1,"form":{"a":1}}`:     "form",
			`{"url":"https://api.example/","method":"POST","form":{"a":[1]}}`:            "form",
			`{"url":"https://api.example/","timeout":"1h"}`:                              "timeout",
			`{"url":"https://api.example/","most":-1}`:                                   "most",
			`{"url":"https://api.example/","expect":[0]}`:                                "expect",
			`{"url":"https://api.example/","hosts":["https://b.example"]}`:               "hosts",
			`{"url":"https://api.example/","plan":{"url":"b"}}`:                          "plan.url",
			`{"url":"https://api.example/","look":{"url":"https://api.example/"}}`:       "look.done",
			`{"url":"https://api.example/","plan":{"url":"https://a.example/","x":"y"}}`: "x",
		},
		Observe: func(testing.TB) string { return state.String() },
		Move: func(testing.TB) {
			state.mu.Lock()
			defer state.mu.Unlock()
			state.open["nordpank"] = 1
		},
	}
}

// TestHostileInputs sends what nobody would want to type, in every place where an input may be.
func TestHostileInputs(t *testing.T) {
	var got string
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		got = "nothing"
		rest, ok := strings.CutPrefix(r.URL.EscapedPath(), "/in/")
		if first, after, _ := strings.Cut(rest, "/"); ok && after == "end" && r.Method == http.MethodPost {
			got, _ = url.PathUnescape(first)
		}
		b, _ := io.ReadAll(r.Body)
		var tree struct{ Fields []map[string]string }
		switch form, err := url.ParseQuery(string(b)); {
		case r.URL.Query().Has("value"):
			got = r.URL.Query().Get("value")
		case json.Unmarshal(b, &tree) == nil && len(tree.Fields) == 1 && len(tree.Fields[0]) == 1:
			got = tree.Fields[0]["value"]
		case err == nil && len(form) == 1 && form.Has("value"):
			got = form.Get("value")
		}
	})
	for place, settings := range map[string]map[string]any{
		"path":  {"url": s.URL + "/in/{customer}/end"},
		"query": {"url": s.URL, "query": map[string]any{"value": "{customer}"}},
		"body":  {"url": s.URL, "body": map[string]any{"fields": []any{map[string]any{"value": "{customer}"}}}},
		"form":  {"url": s.URL, "form": map[string]any{"value": "{customer}"}},
	} {
		t.Run(place, func(t *testing.T) {
			settings["method"] = "POST"
			actiontest.RunHostile(t, "customer", func(t *testing.T, value string) (string, error) {
				call := action.Call{Settings: settingsOf(t, settings), Inputs: map[string]any{"customer": value}}
				plan, err := kind().Plan(t.Context(), call)
				if err != nil {
					return "", err
				}
				res, err := kind().Do(t.Context(), call, plan, &actiontest.Ledger{})
				if err == nil && !res.Done {
					t.Errorf("Do = %+v", res)
				}
				return got, err
			})
		})
	}
}

// do plans and does.
func do(t *testing.T, call action.Call) (action.Result, *actiontest.Ledger, error) {
	t.Helper()
	plan, err := kind().Plan(t.Context(), call)
	if err != nil {
		return action.Result{}, nil, err
	}
	led := &actiontest.Ledger{}
	res, err := kind().Do(t.Context(), call, plan, led)
	return res, led, err
}

// TestRequest looks at what a server gets: types as they are, what was not given left out, secrets in their places, one key for each run.
func TestRequest(t *testing.T) {
	var asked, body string
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		asked, body = r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Idempotency-Key")+" "+r.Header.Get("X-Key")+" "+r.Header.Get("Content-Type"), string(b)
		w.WriteHeader(http.StatusAccepted)
	})
	call := action.Call{Run: "RUN-7", Inputs: map[string]any{"customer": "Arco Móvil", "count": json.Number("12345678901234567890"), "urgent": true},
		Secrets: map[string]secret.Text{"headers.X-Key": secret.New("k3y"), "pin": secret.New("0815")},
		Settings: settingsOf(t, map[string]any{"method": "PUT", "url": s.URL + "/customers/{customer}", "query": map[string]any{"since": "{since}", "limit": 5},
			"headers": map[string]any{"X-Key": "env:API_KEY"}, "expect": []int{202},
			"body": map[string]any{"n": "{count}", "urgent": "{urgent}", "since": "{since}", "pin": "{pin}", "fixed": "a {b}", "list": []any{"{since}", 1}}})}
	plan, err := kind().Plan(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := json.Marshal(plan)
	if err != nil || strings.Contains(string(shown), "k3y") || strings.Contains(string(shown), "0815") || !strings.Contains(string(shown), "***") {
		t.Errorf("the plan is %s, %v", shown, err)
	}
	if res, _, err := do(t, call); err != nil || !res.Done {
		t.Fatalf("Do = %+v, %v", res, err)
	}
	if want := `PUT /customers/Arco%20M%C3%B3vil?limit=5 "RUN-7" k3y application/json`; asked != want {
		t.Errorf("asked %s, want %s", asked, want)
	}
	if want := `{"fixed":"a {b}","list":[null,1],"n":12345678901234567890,"pin":"0815","urgent":true}`; body != want {
		t.Errorf("the body is %s, want %s", body, want)
	}
}

// TestRead shows a list as a table, and lets a definition of risk read do no more than read.
func TestRead(t *testing.T) {
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"page":{"items":[{"customer":{"name":"Nordpank"},"open":2},{"customer":{"name":"Lumo Exchange"},"open":null,"x":[1]}]},"total":2}`)
	})
	settings := map[string]any{"url": s.URL, "result": map[string]any{"title": "Sessions", "rows": "page.items", "facts": map[string]any{"total": "total"},
		"columns": []any{map[string]any{"title": "Customer", "path": "customer.name"}, map[string]any{"path": "open"}, map[string]any{"path": "x.0"}}}}
	res, _, err := do(t, action.Call{Risk: action.RiskRead, Settings: settingsOf(t, settings)})
	if err != nil || !res.Done || fmt.Sprint(res.Tables) != "[{Sessions [Customer open x.0] [[Nordpank 2 ] [Lumo Exchange  1]]}]" || fmt.Sprint(res.Facts["total"]) != "2" {
		t.Errorf("Do = %+v, %v", res, err)
	}
	settings["method"] = "DELETE"
	call := action.Call{Risk: action.RiskRead, Settings: settingsOf(t, settings)}
	if err := kind().CheckRisk(action.RiskRead, call.Settings); len(fault.FieldsOf(err)) != 1 || fault.FieldsOf(err)[0].Name != "method" {
		t.Errorf("CheckRisk = %v", err)
	}
	if _, err := kind().Plan(t.Context(), call); !fault.Is(err, fault.Invalid) {
		t.Errorf("a DELETE of risk read is planned: %v", err)
	}
}

// TestReadThatLooks is what a check of another action is: it succeeds where its look says yes, and fails where it does not.
func TestReadThatLooks(t *testing.T) {
	s := server(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"state":"delivered"}`) })
	for is, done := range map[string]bool{"delivered": true, "failed": false} {
		settings := map[string]any{"url": s.URL, "look": map[string]any{"url": s.URL, "done": map[string]any{"path": "state", "is": is}}}
		res, _, err := do(t, action.Call{Risk: action.RiskRead, Settings: settingsOf(t, settings)})
		if err != nil || res.Done != done || strings.Contains(res.Summary, "not as it should be") == done {
			t.Errorf("%s: Do = %+v, %v", is, res, err)
		}
	}
}

// TestAnswers says what each answer means.
func TestAnswers(t *testing.T) {
	other := server(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "other") })
	var s *httptest.Server
	s = server(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/cut":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
		case "/here":
			http.Redirect(w, r, s.URL+"/plain", http.StatusTemporaryRedirect)
		case "/there":
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		case "/409":
			http.Error(w, "it was closed before", http.StatusConflict)
		case "/500":
			w.WriteHeader(http.StatusInternalServerError)
		case "/long":
			_, _ = io.WriteString(w, strings.Repeat("x", 2000))
		default:
			_, _ = io.WriteString(w, "plain text\nof two lines")
		}
	})
	for _, c := range []struct {
		method, path string
		done         bool
		kind         fault.Kind
		say          string
	}{
		{"GET", "/plain", true, "", "status 200"},
		{"GET", "/here", true, "", "status 200"},
		{"POST", "/here", false, "", "status 307"},
		{"GET", "/there", false, "", "leads to another host"},
		{"POST", "/409", false, "", "status 409"},
		{"POST", "/500", false, fault.Unavailable, ""},
		{"GET", "/500", false, "", "status 500"},
		{"POST", "/cut", false, fault.Unavailable, ""},
		{"GET", "/cut", false, "", "Nothing was changed"},
		{"GET", "/long", true, "", "more than 1000 bytes"},
	} {
		call := action.Call{Settings: settingsOf(t, map[string]any{"method": c.method, "url": s.URL + c.path, "most": 1000})}
		res, led, err := do(t, call)
		if fault.KindOf(err) != c.kind || res.Done != c.done || !strings.Contains(res.Summary, c.say) {
			t.Errorf("%s %s: %+v, %v", c.method, c.path, res, err)
		}
		if c.path == "/plain" && fmt.Sprint(led.Lines()[1:]) != "[plain text of two lines]" {
			t.Errorf("the output is %q", led.Lines())
		}
		if c.kind != "" {
			if again, err := kind().Reconcile(t.Context(), call, action.Plan{}, led.Steps(), led); err != nil || !again.Unknown {
				t.Errorf("%s %s: afterwards it is %+v, %v", c.method, c.path, again, err)
			}
		}
	}
}

// TestNear does not ask what only this machine can reach, unless it is named.
func TestNear(t *testing.T) {
	for _, address := range []string{"http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "http://[::ffff:169.254.169.254]/", "http://0.0.0.0:1/", "http://168.63.129.16/", "http://[fd00:ec2::254]/"} {
		res, _, err := do(t, action.Call{Settings: settingsOf(t, map[string]any{"method": "POST", "url": address})})
		if err != nil || res.Done || !strings.Contains(res.Summary, "near this machine") {
			t.Errorf("%s: %+v, %v", address, res, err)
		}
	}
	s := settings{Hosts: []string{"169.254.169.254", "0.0.0.0:1"}}
	if err := s.far("tcp", "169.254.169.254:80", nil); err != nil {
		t.Errorf("what is named is refused: %v", err)
	}
	if err := s.far("tcp", "0.0.0.0:1", nil); err != nil {
		t.Errorf("what is named with its port is refused: %v", err)
	}
}

// FuzzSettings gives an action's settings any form.
func FuzzSettings(f *testing.F) {
	f.Add([]byte(`{"method":"POST","url":"https://api.verity.example/customers/{customer}/sessions","query":{"a":"{b}"},"headers":{"Authorization":"Bearer {token}"},"body":{"a":["{b}"]},"expect":[201],"timeout":"5s"}`), "x")
	f.Add([]byte(`{"url":"http://[::1]:80/{a}/%2f/"}`), "../\x00")
	f.Fuzz(func(t *testing.T, raw []byte, value string) {
		s, err := parseSettings(raw)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%s is refused as %v", raw, err)
			}
			return
		}
		base, _, _ := splitURL(s.URL)
		b, err := filler{action.Call{Inputs: map[string]any{"a": value, "b": value, "customer": value}}, false}.build(s.request)
		if err == nil && !strings.HasPrefix(b.url, base+"/") {
			t.Errorf("%s with %q asks %s", raw, value, b.url)
		}
	})
}
