package played

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"frontline/desk"
	"frontline/desk/trackertest"
	"frontline/secret"
)

// GitLab is a played GitLab with one project: issues, notes, their listings with pages in the header Link, and webhooks, which are signed when Signs is set
// and else carry X-Gitlab-Token.
type GitLab struct {
	Signs bool

	http    *httptest.Server
	weather trackertest.Weather
	mu      sync.Mutex
	now     time.Time
	issues  []*labIssue
	calls   int
}

var _ trackertest.Played = (*GitLab)(nil)

type labIssue struct {
	IID         int64             `json:"iid"`
	ID          int64             `json:"id"`
	Title       string            `json:"title"`
	Description string            `json:"description"`
	State       string            `json:"state"`
	WebURL      string            `json:"web_url"`
	Labels      []string          `json:"labels"`
	Milestone   *milestone        `json:"milestone"`
	CreatedAt   time.Time         `json:"created_at"`
	UpdatedAt   time.Time         `json:"updated_at"`
	References  map[string]string `json:"references"`
	Links       map[string]any    `json:"_links"`
	notes       []labNote
}

type labNote struct {
	ID        int64          `json:"id"`
	Body      string         `json:"body"`
	System    bool           `json:"system"`
	Author    map[string]any `json:"author"`
	CreatedAt time.Time      `json:"created_at"`
}

// OpenGitLab starts it, until the test ends. The token is "glpat-played".
func OpenGitLab(t testing.TB) *GitLab {
	s := &GitLab{now: trackertest.Start}
	s.http = httptest.NewServer(s.weather.Over(http.HandlerFunc(s.serve)))
	t.Cleanup(s.http.Close)
	return s
}

// serve finds its way by the escaped path, as GitLab does: a project is named with its slash escaped.
func (s *GitLab) serve(w http.ResponseWriter, r *http.Request) {
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), "/api/v4/projects/"+url.PathEscape(project)+"/issues")
	switch {
	case r.Header.Get("PRIVATE-TOKEN") != "glpat-played":
		reply(w, 401, map[string]string{"message": "401 Unauthorized"})
		return
	case !ok:
		reply(w, 404, map[string]string{"message": "404 Project Not Found"})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key, notes, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	switch {
	case rest == "" && r.Method == "POST":
		s.create(w, r)
	case rest == "":
		s.list(w, r)
	case s.find(key) == nil:
		reply(w, 404, map[string]string{"message": "404 Not found"})
	case notes == "notes" && r.Method == "POST":
		var in struct{ Body string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		reply(w, 201, s.add(s.find(key), in.Body, "frontline-desk", false))
	case notes == "notes":
		out := slices.Clone(s.find(key).notes)
		if r.URL.Query().Get("sort") == "desc" {
			slices.Reverse(out)
		}
		paged(w, r, s.http.URL, out)
	default:
		reply(w, 200, s.find(key))
	}
}

func (s *GitLab) create(w http.ResponseWriter, r *http.Request) {
	var in struct{ Title, Description, Labels string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Title == "" {
		reply(w, 400, map[string]any{"message": map[string][]string{"title": {"can't be blank"}}})
		return
	}
	n := int64(len(s.issues) + 41)
	i := &labIssue{IID: n, ID: 70000 + n, Title: in.Title, Description: in.Description, State: "opened", WebURL: fmt.Sprintf("%s/%s/-/issues/%d", s.http.URL, project, n), Labels: strings.Split(in.Labels, ","),
		CreatedAt: s.now, UpdatedAt: s.now, References: map[string]string{"full": fmt.Sprintf("%s#%d", project, n)}, Links: map[string]any{"closed_as_duplicate_of": nil}}
	s.issues = append(s.issues, i)
	reply(w, 201, i)
}

func (s *GitLab) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	after := func(name string) time.Time { t, _ := time.Parse(time.RFC3339, q.Get(name)); return t }
	var out []*labIssue
	for _, i := range slices.Backward(s.issues) {
		if !i.CreatedAt.Before(after("created_after")) && !i.UpdatedAt.Before(after("updated_after")) {
			out = append(out, i)
		}
	}
	paged(w, r, s.http.URL, out)
}

func (s *GitLab) find(key string) *labIssue {
	for _, i := range s.issues {
		if strconv.FormatInt(i.IID, 10) == key {
			return i
		}
	}
	return nil
}

func (s *GitLab) add(i *labIssue, body, by string, system bool) labNote {
	n := labNote{ID: i.IID*1000 + int64(len(i.notes)) + 1, Body: body, System: system, Author: map[string]any{"username": by}, CreatedAt: s.now}
	i.notes, i.UpdatedAt = append(i.notes, n), s.now
	return n
}

// Target implements trackertest.Played.
func (s *GitLab) Target() desk.Target {
	return desk.Target{Secret: secret.New("glpat-played"), TrackerDefinition: desk.TrackerDefinition{ID: "gitlab", Name: "GitLab", Kind: "gitlab", Address: s.http.URL, Project: project, Token: "env:GITLAB_TOKEN", Webhook: "env:GITLAB_HOOK", Team: "pipeline", Labels: []string{"from-support", "bug"}}}
}

// Issues implements trackertest.Played.
func (s *GitLab) Issues() (keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.issues {
		keys = append(keys, strconv.FormatInt(i.IID, 10))
	}
	return keys
}

// Shown implements trackertest.Played.
func (s *GitLab) Shown(key string) (title, text string, labels []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(key)
	return i.Title, i.Description, i.Labels
}

// Comments implements trackertest.Played.
func (s *GitLab) Comments(key string) (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.find(key).notes {
		out = append(out, n.Body)
	}
	return out
}

// Says implements trackertest.Played.
func (s *GitLab) Says(key, author, text string, program bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(s.find(key), text, author, program)
}

// Settle implements trackertest.Played.
func (s *GitLab) Settle(key string, v desk.Verdict, version string, released bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(key)
	i.State, i.UpdatedAt = "closed", s.now
	switch v {
	case desk.DuplicateIssue:
		i.Links["closed_as_duplicate_of"] = s.http.URL + "/api/v4/projects/1/issues/7"
	case desk.NotABug:
		i.Labels = append(i.Labels, "Works as designed")
	}
	if version != "" {
		i.Milestone = &milestone{version, map[bool]string{true: "closed", false: "active"}[released]}
	}
}

// Reopen implements trackertest.Played.
func (s *GitLab) Reopen(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(key)
	i.State, i.UpdatedAt, i.Links["closed_as_duplicate_of"] = "opened", s.now, nil
}

// Weather implements trackertest.Played.
func (s *GitLab) Weather() *trackertest.Weather { return &s.weather }

// Call implements trackertest.Played.
func (s *GitLab) Call(key string) (http.Header, []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	i := s.find(key)
	body, _ := json.Marshal(map[string]any{"object_kind": "note", "event_type": "note", "object_attributes": map[string]any{"id": 1244, "noteable_type": "Issue", "note": "x"}, "issue": map[string]any{"iid": i.IID, "state": i.State}})
	id := fmt.Sprintf("13792a34-cac6-4fda-95a8-%012d", s.calls)
	h := http.Header{}
	h.Set("X-Gitlab-Event", "Note Hook")
	h.Set("Idempotency-Key", id)
	if !s.Signs {
		h.Set("X-Gitlab-Token", trackertest.Shared)
		return h, body
	}
	at := strconv.FormatInt(s.now.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(trackertest.Shared))
	_, _ = fmt.Fprintf(mac, "%s.%s.%s", id, at, body)
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", at)
	h.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return h, body
}
