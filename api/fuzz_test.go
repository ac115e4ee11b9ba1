package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"frontline/e2e/office"
	"frontline/wire"
)

// FuzzRequest sends the API anything as somebody who may do everything. Whatever is wrong with it is the sender's: each refusal is a problem with a
// kind and a sentence, and none is a defect of ours.
func FuzzRequest(f *testing.F) {
	for _, seed := range [][3]string{
		{"GET", "/alerts?limit=1&state=open&cursor=eyJuIjoxMn0", ""},
		{"GET", "/alerts/A-1", ""},
		{"GET", "/alerts/G-99999999999999999999/message", ""},
		{"POST", "/alerts/g-1/acknowledge", ""},
		{"GET", "/journal?verb=alert.&limit=200", ""},
		{"POST", "/incidents", `{"title":"Decisions have stopped","severity":"critical","services":["decision-pipeline"]}`},
		{"POST", "/incidents/INC-1/publications", `{"state":"investigating","title":"Document checks are delayed","body":"We look into it.","components":[{"component":"checks","status":"partial_outage"}],"next_in":"30m"}`},
		{"PUT", "/incidents/INC-1/severity", `{"severity":"major"}`},
		{"POST", "/incidents/INC-1/notes", `{"body":"Restarted the worker."}`},
		{"POST", "/incidents/INC-1/follow-ups", `{"text":"Give the queue a limit","owner":"rasmus","due":"2026-12-04"}`},
		{"POST", "/oncall/overrides", `{"rotation":"first-line","person":"karl","from":"2026-11-24T06:00:00Z","to":"2026-11-24T12:00:00Z"}`},
		{"GET", "/oncall/policies/critical/what-if?at=2026-11-29T03:00:00Z", ""},
		{"GET", "/oncall/week?from=2026-11-23T00:00:00Z&to=2026-11-30T00:00:00Z", ""},
		{"POST", "/runs", `{"action":"queue/park-message","inputs":{"message_id":"m-7"}}`},
		{"POST", "/config/apply", `{"folder":"verity","dry_run":true,"files":[{"name":"people.yaml","content":"people:\n  - {id: liis}\n"}]}`},
		{"POST", "/incidents", `{"title":"\u0000","severity":[]}`},
		{"GET", "/incidents/%00%ff", ""},
		{"POST", "/incidents", `{"title":`},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	w := office.Open(f)
	w.Signal("firing", "DecisionQueueStuck")
	token := w.Token("marika", "")
	f.Fuzz(func(t *testing.T, method, path, body string) {
		r, err := http.NewRequestWithContext(t.Context(), method, w.URL+wire.Prefix, strings.NewReader(body))
		if err != nil || method == http.MethodConnect {
			return
		}
		u, err := url.Parse(wire.Prefix + "/" + strings.TrimLeft(path, "/"))
		if err != nil || u.Host != "" {
			return
		}
		r.URL.Path, r.URL.RawPath, r.URL.RawQuery = u.Path, u.RawPath, u.RawQuery
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		res, err := w.Client.Do(r)
		if err != nil {
			return // net/http would not send it
		}
		defer func() { _ = res.Body.Close() }()
		checkAnswer(t, method+" "+path, res)
	})
}

func checkAnswer(t *testing.T, asked string, res *http.Response) {
	t.Helper()
	if res.StatusCode >= http.StatusInternalServerError {
		t.Fatalf("%s: %s", asked, res.Status)
	}
	if res.StatusCode < http.StatusBadRequest || res.Request.Method == http.MethodHead || !strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json") {
		return
	}
	var p wire.Problem
	if err := json.NewDecoder(res.Body).Decode(&p); err != nil || p.Kind == "" || p.Detail == "" || p.Status != res.StatusCode {
		t.Errorf("%s is refused with %+v %v", asked, p, err)
	}
}
