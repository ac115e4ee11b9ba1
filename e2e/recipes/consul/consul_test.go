package consul

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/clock"
	"frontline/secret"
)

const token, key = "b1gs8113-cf92", "decision-pipeline/degraded"

// store plays Consul's key-value store with one key in it.
type store struct {
	mu    sync.Mutex
	value string
	index int
}

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.Header.Get("X-Consul-Token") != token:
		http.Error(w, "ACL not found: "+r.Header.Get("X-Consul-Token"), http.StatusForbidden)
	case r.URL.Path != "/v1/kv/"+key:
		http.NotFound(w, r)
	case r.Method == http.MethodGet:
		_ = json.NewEncoder(w).Encode([]map[string]any{{"Key": key, "Value": []byte(s.value), "ModifyIndex": s.index}})
	case r.URL.Query().Get("cas") != fmt.Sprint(s.index):
		_, _ = io.WriteString(w, "false")
	default:
		s.value, s.index = string(body), s.index+1
		_, _ = io.WriteString(w, "true\n")
	}
}

func (s *store) set(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.value, s.index = value, s.index+1
}

func (s *store) now() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.value
}

func TestSet(t *testing.T) {
	actiontest.Run(t, func(t *testing.T) actiontest.World {
		s := &store{value: "off", index: 41}
		server := httptest.NewServer(s)
		t.Cleanup(server.Close)
		call := func(address, reference string) action.Call {
			return action.Call{
				Settings: json.RawMessage(fmt.Sprintf(`{"address":%q,"key":%q,"token":"env:CONSUL_TOKEN"}`, address, key)),
				Inputs:   map[string]any{"value": "on"}, Secrets: map[string]secret.Text{"token": secret.New(reference)},
			}
		}
		lockedOut := call(server.URL, "not-"+token)
		return actiontest.World{
			Kind: NewSet(clock.Real{}), Call: call(server.URL, token), Unreachable: &lockedOut,
			Bad: map[string]string{
				`{"key":"a","token":"env:A"}`:                                   "address",
				`{"address":"http://liis:pw@consul","key":"a","token":"env:A"}`: "address",
				`{"address":"http://consul:8500","key":"/","token":"env:A"}`:    "key",
				`{"address":"http://consul:8500","key":"a","token":"hunter2"}`:  "token",
			},
			Observe: func(testing.TB) string { return s.now() },
			Move:    func(testing.TB) { s.set("draining") },
		}
	})
}
