// Package played holds trackers that tests play from their documentation: what Frontline uses of the APIs of GitHub, GitLab and Jira, with their pages,
// refusals and signed webhooks.
package played

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"frontline/desk"
	"frontline/desk/trackertest"
	"frontline/secret"
)

// GitHub is a played GitHub with one repository: issues, comments, their listings with pages in the header Link, and webhooks with
// X-Hub-Signature-256. The token is "ghp_played".
type GitHub struct {
	http    *httptest.Server
	weather trackertest.Weather

	mu     sync.Mutex
	now    time.Time
	issues []*hubIssue
	calls  int
}

var _ trackertest.Played = (*GitHub)(nil)

type hubIssue struct {
	Number      int64      `json:"number"`
	Title       string     `json:"title"`
	Body        string     `json:"body"`
	State       string     `json:"state"`
	StateReason *string    `json:"state_reason"`
	HTMLURL     string     `json:"html_url"`
	Labels      []label    `json:"labels"`
	Milestone   *milestone `json:"milestone"`
	CreatedAt   time.Time  `json:"created_at"`
	UpdatedAt   time.Time  `json:"updated_at"`
	User        hubUser    `json:"user"`
	comments    []hubComment
}

type (
	label struct {
		Name string `json:"name"`
	}
	milestone struct {
		Title string `json:"title"`
		State string `json:"state"`
	}
	hubUser struct {
		Login string `json:"login"`
		Type  string `json:"type"`
	}
	hubComment struct {
		ID        int64     `json:"id"`
		Body      string    `json:"body"`
		User      hubUser   `json:"user"`
		CreatedAt time.Time `json:"created_at"`
		UpdatedAt time.Time `json:"updated_at"`
	}
)

const project = "verity/decision-pipeline"

// OpenGitHub starts it, until the test ends.
func OpenGitHub(t testing.TB) *GitHub {
	s := &GitHub{now: trackertest.Start}
	mux := http.NewServeMux()
	base := "/repos/" + project + "/issues"
	mux.HandleFunc("POST "+base, s.create)
	mux.HandleFunc("GET "+base, s.list)
	mux.HandleFunc("GET "+base+"/{number}", s.show)
	mux.HandleFunc("GET "+base+"/{number}/comments", s.listComments)
	mux.HandleFunc("POST "+base+"/{number}/comments", s.createComment)
	s.http = httptest.NewServer(s.weather.Over(s.known(mux)))
	t.Cleanup(s.http.Close)
	return s
}

// known refuses who has no token, and what no version of the API would take.
func (s *GitHub) known(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer ghp_played" {
			fail(w, 401, "Bad credentials")
			return
		}
		if r.UserAgent() == "" || r.Header.Get("X-GitHub-Api-Version") != "2022-11-28" {
			fail(w, 400, "Request forbidden by administrative rules")
			return
		}
		h.ServeHTTP(w, r)
	})
}

func fail(w http.ResponseWriter, status int, say string) {
	reply(w, status, map[string]any{"message": say, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status)})
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// SetNow is the time that what happens next gets.
func (s *GitHub) SetNow(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

func (s *GitHub) create(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Title, Body string
		Labels      []string
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Title == "" {
		reply(w, 422, map[string]any{"message": "Validation Failed", "errors": []map[string]string{{"resource": "Issue", "field": "title", "code": "missing_field"}}})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := int64(len(s.issues) + 128)
	i := &hubIssue{Number: n, Title: in.Title, Body: in.Body, State: "open", HTMLURL: fmt.Sprintf("%s/%s/issues/%d", s.http.URL, project, n), CreatedAt: s.now, UpdatedAt: s.now, User: hubUser{"frontline-desk", "User"}}
	for _, l := range in.Labels {
		i.Labels = append(i.Labels, label{l})
	}
	s.issues = append(s.issues, i)
	reply(w, 201, i)
}

func (s *GitHub) find(key string) *hubIssue {
	for _, i := range s.issues {
		if strconv.FormatInt(i.Number, 10) == key {
			return i
		}
	}
	return nil
}

func (s *GitHub) show(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.find(r.PathValue("number")); i != nil {
		reply(w, 200, i)
		return
	}
	fail(w, 404, "Not Found")
}

func since(r *http.Request) time.Time {
	t, _ := time.Parse(time.RFC3339, r.URL.Query().Get("since"))
	return t
}

// list answers the newest first; without state=all, the closed ones are left out.
func (s *GitHub) list(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*hubIssue
	for _, i := range slices.Backward(s.issues) {
		if !i.UpdatedAt.Before(since(r)) && (i.State == "open" || r.URL.Query().Get("state") == "all") {
			out = append(out, i)
		}
	}
	paged(w, r, s.http.URL, out)
}

func (s *GitHub) listComments(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(r.PathValue("number"))
	if i == nil {
		fail(w, 404, "Not Found")
		return
	}
	out := []hubComment{}
	for _, c := range i.comments {
		if !c.UpdatedAt.Before(since(r)) {
			out = append(out, c)
		}
	}
	paged(w, r, s.http.URL, out)
}

// paged answers one page, and names the next in Link.
func paged[T any](w http.ResponseWriter, r *http.Request, base string, all []T) {
	q := r.URL.Query()
	per, _ := strconv.Atoi(q.Get("per_page"))
	per = min(max(per, 1), 100)
	page, _ := strconv.Atoi(q.Get("page"))
	page = max(page, 1)
	from := min((page-1)*per, len(all))
	to := min(from+per, len(all))
	if to < len(all) {
		q.Set("page", strconv.Itoa(page+1))
		w.Header().Set("Link", fmt.Sprintf(`<%s%s?%s>; rel="next", <%s%s?page=99>; rel="last"`, base, r.URL.EscapedPath(), q.Encode(), base, r.URL.EscapedPath()))
	}
	reply(w, 200, append([]T{}, all[from:to]...))
}

func (s *GitHub) createComment(w http.ResponseWriter, r *http.Request) {
	var in struct{ Body string }
	_ = json.NewDecoder(r.Body).Decode(&in)
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(r.PathValue("number"))
	if i == nil {
		fail(w, 404, "Not Found")
		return
	}
	reply(w, 201, s.add(i, in.Body, hubUser{"frontline-desk", "User"}))
}

func (s *GitHub) add(i *hubIssue, body string, by hubUser) hubComment {
	c := hubComment{ID: i.Number*1000 + int64(len(i.comments)) + 1, Body: body, User: by, CreatedAt: s.now, UpdatedAt: s.now}
	i.comments, i.UpdatedAt = append(i.comments, c), s.now
	return c
}

// Target implements trackertest.Played.
func (s *GitHub) Target() desk.Target {
	return desk.Target{TrackerDefinition: s.Definition("github"), Secret: secret.New("ghp_played")}
}

// Definition is how the tracker is configured; its secrets are env:GITHUB_TOKEN and env:GITHUB_HOOK.
func (s *GitHub) Definition(id string) desk.TrackerDefinition {
	return desk.TrackerDefinition{ID: id, Name: "GitHub", Kind: "github", Address: s.http.URL, Project: project, Token: "env:GITHUB_TOKEN", Webhook: "env:GITHUB_HOOK", Team: "pipeline", Labels: []string{"from-support"}}
}

// Issues implements trackertest.Played.
func (s *GitHub) Issues() (keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.issues {
		keys = append(keys, strconv.FormatInt(i.Number, 10))
	}
	return keys
}

// Shown implements trackertest.Played.
func (s *GitHub) Shown(key string) (title, text string, labels []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(key)
	for _, l := range i.Labels {
		labels = append(labels, l.Name)
	}
	return i.Title, i.Body, labels
}

// Comments implements trackertest.Played.
func (s *GitHub) Comments(key string) (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.find(key).comments {
		out = append(out, c.Body)
	}
	return out
}

// Says implements trackertest.Played.
func (s *GitHub) Says(key, author, text string, program bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	by := hubUser{author, "User"}
	if program {
		by.Type = "Bot"
	}
	s.add(s.find(key), text, by)
}

// Settle implements trackertest.Played.
func (s *GitHub) Settle(key string, v desk.Verdict, version string, released bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(key)
	reason := map[desk.Verdict]string{desk.FixedBug: "completed", desk.NotABug: "not_planned", desk.DuplicateIssue: "duplicate"}[v]
	i.State, i.StateReason, i.UpdatedAt = "closed", &reason, s.now
	if version != "" {
		i.Milestone = &milestone{version, map[bool]string{true: "closed", false: "open"}[released]}
	}
}

// Reopen implements trackertest.Played.
func (s *GitHub) Reopen(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(key)
	reason := "reopened"
	i.State, i.StateReason, i.UpdatedAt = "open", &reason, s.now
}

// Weather implements trackertest.Played.
func (s *GitHub) Weather() *trackertest.Weather { return &s.weather }

// Call implements trackertest.Played.
func (s *GitHub) Call(key string) (http.Header, []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	body, _ := json.Marshal(map[string]any{"action": "created", "issue": s.find(key), "repository": map[string]any{"full_name": project}, "sender": hubUser{"rasmus-p", "User"}})
	mac := hmac.New(sha256.New, []byte(trackertest.Shared))
	_, _ = mac.Write(body)
	h := http.Header{}
	h.Set("X-GitHub-Event", "issue_comment")
	h.Set("X-GitHub-Delivery", fmt.Sprintf("72d3162e-cc78-11e3-81ab-%012d", s.calls))
	h.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	return h, body
}
