package played

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
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

// Jira is a played Jira with one project: issues, comments, searches and webhooks with X-Hub-Signature. Version 3 takes documents and turns pages by tokens
// (Cloud); version 2 takes wiki markup and turns them by numbers (Data Center).
type Jira struct {
	version string
	http    *httptest.Server
	weather trackertest.Weather
	mu      sync.Mutex
	now     time.Time
	issues  []*jiraIssue
	calls   int
}

var _ trackertest.Played = (*Jira)(nil)

type jiraIssue struct {
	key, summary, status, category, resolution string
	description                                json.RawMessage
	labels                                     []string
	versions                                   []map[string]any
	updated                                    time.Time
	comments                                   []map[string]any
}

// OpenJira starts it, until the test ends. The token is "jira-played", of support@verity.example in version 3.
func OpenJira(t testing.TB, version string) *Jira {
	s := &Jira{version: version, now: trackertest.Start}
	mux := http.NewServeMux()
	base := "/rest/api/" + version
	mux.HandleFunc("POST "+base+"/issue", s.create)
	mux.HandleFunc("GET "+base+"/issue/{key}", s.show)
	mux.HandleFunc("GET "+base+"/issue/{key}/comment", s.listComments)
	mux.HandleFunc("POST "+base+"/issue/{key}/comment", s.comment)
	if version == "3" {
		mux.HandleFunc("POST "+base+"/search/jql", s.search)
	} else {
		mux.HandleFunc("POST "+base+"/search", s.search)
	}
	s.http = httptest.NewServer(s.weather.Over(s.known(mux)))
	t.Cleanup(s.http.Close)
	return s
}

func (s *Jira) known(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, token, basic := r.BasicAuth()
		fine := r.Header.Get("Authorization") == "Bearer jira-played"
		if s.version == "3" {
			fine = basic && user == "support@verity.example" && token == "jira-played"
		}
		if !fine {
			reply(w, 401, wrongs("You are not authenticated."))
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		h.ServeHTTP(w, r)
	})
}

func wrongs(say ...string) map[string]any {
	return map[string]any{"errorMessages": say, "errors": map[string]string{}}
}

// takes refuses a text of the other version.
func (s *Jira) takes(w http.ResponseWriter, raw json.RawMessage) bool {
	var doc struct {
		Type    string
		Version int
		Content []json.RawMessage
	}
	var wiki string
	fine := json.Unmarshal(raw, &wiki) == nil
	if s.version == "3" {
		fine = json.Unmarshal(raw, &doc) == nil && doc.Type == "doc" && doc.Version == 1 && len(doc.Content) > 0 && !strings.Contains(string(raw), `"text":""`)
	}
	if !fine {
		reply(w, 400, map[string]any{"errorMessages": []string{}, "errors": map[string]string{"description": "Operation value must be an Atlassian Document (see the Atlassian Document Format)"}})
	}
	return fine
}

func (s *Jira) create(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Fields struct {
			Summary     string
			Description json.RawMessage
			Labels      []string
			Issuetype   struct{ Name string }
			Project     struct{ Key string }
		}
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	f := in.Fields
	if f.Project.Key != "PIPE" || f.Issuetype.Name != "Bug" || f.Summary == "" || slices.ContainsFunc(f.Labels, func(l string) bool { return strings.Contains(l, " ") }) {
		reply(w, 400, map[string]any{"errorMessages": []string{}, "errors": map[string]string{"issuetype": "Specify a valid issue type"}})
		return
	}
	if !s.takes(w, f.Description) {
		return
	}
	i := &jiraIssue{key: fmt.Sprintf("PIPE-%d", len(s.issues)+42), summary: f.Summary, status: "To Do", category: "new", description: f.Description, labels: f.Labels, updated: s.now}
	s.issues = append(s.issues, i)
	reply(w, 201, map[string]string{"id": strconv.Itoa(10000 + len(s.issues)), "key": i.key, "self": s.http.URL + "/rest/api/" + s.version + "/issue/10001"})
}

func (s *Jira) stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000-0700") }

func (s *Jira) json(i *jiraIssue) map[string]any {
	f := map[string]any{"summary": i.summary, "labels": i.labels, "updated": s.stamp(i.updated), "fixVersions": i.versions, "resolution": nil, "status": map[string]any{"name": i.status, "statusCategory": map[string]string{"key": i.category}}}
	if i.resolution != "" {
		f["resolution"] = map[string]string{"name": i.resolution}
	}
	return map[string]any{"id": "10001", "key": i.key, "fields": f}
}

func (s *Jira) find(key string) *jiraIssue {
	for _, i := range s.issues {
		if i.key == key {
			return i
		}
	}
	return nil
}

func (s *Jira) missing(w http.ResponseWriter, key string) bool {
	if s.find(key) != nil {
		return false
	}
	reply(w, 404, wrongs("Issue does not exist or you do not have permission to see it."))
	return true
}

func (s *Jira) show(w http.ResponseWriter, r *http.Request) {
	if !s.missing(w, r.PathValue("key")) {
		reply(w, 200, s.json(s.find(r.PathValue("key"))))
	}
}

func (s *Jira) comment(w http.ResponseWriter, r *http.Request) {
	var in struct{ Body json.RawMessage }
	_ = json.NewDecoder(r.Body).Decode(&in)
	if s.missing(w, r.PathValue("key")) || !s.takes(w, in.Body) {
		return
	}
	reply(w, 201, s.add(s.find(r.PathValue("key")), in.Body, "Frontline", "atlassian"))
}

func (s *Jira) add(i *jiraIssue, body json.RawMessage, by, kind string) map[string]any {
	c := map[string]any{"id": fmt.Sprintf("%s%d", strings.TrimPrefix(i.key, "PIPE-"), 100+len(i.comments)), "body": body, "created": s.stamp(s.now), "author": map[string]string{"displayName": by, "accountType": kind}}
	i.comments, i.updated = append(i.comments, c), s.now
	return c
}

func (s *Jira) listComments(w http.ResponseWriter, r *http.Request) {
	if s.missing(w, r.PathValue("key")) {
		return
	}
	all := slices.Clone(s.find(r.PathValue("key")).comments)
	if r.URL.Query().Get("orderBy") == "-created" {
		slices.Reverse(all)
	}
	from, _ := strconv.Atoi(r.URL.Query().Get("startAt"))
	most, _ := strconv.Atoi(r.URL.Query().Get("maxResults"))
	from = min(from, len(all))
	reply(w, 200, map[string]any{"startAt": from, "maxResults": most, "total": len(all), "comments": all[from:min(from+most, len(all))]})
}

var (
	labelled = regexp.MustCompile(`labels = "([^"]+)"`)
	updated  = regexp.MustCompile(`updated >= "(\d{4}/\d{2}/\d{2})"`)
)

// search understands the two queries that Frontline asks, page by page of two.
func (s *Jira) search(w http.ResponseWriter, r *http.Request) {
	var in struct {
		JQL           string
		NextPageToken string
		StartAt       int
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	if !strings.HasPrefix(in.JQL, `project = "PIPE"`) {
		reply(w, 400, wrongs("The value does not exist for the field 'project'."))
		return
	}
	var found []map[string]any
	for _, i := range slices.Backward(s.issues) {
		if m := labelled.FindStringSubmatch(in.JQL); m != nil && !slices.Contains(i.labels, m[1]) {
			continue
		}
		if m := updated.FindStringSubmatch(in.JQL); m != nil {
			if day, err := time.Parse("2006/01/02", m[1]); err != nil || i.updated.Before(day) {
				continue
			}
		}
		found = append(found, s.json(i))
	}
	from := in.StartAt
	if in.NextPageToken != "" {
		from, _ = strconv.Atoi(in.NextPageToken)
	}
	from = min(from, len(found))
	to := min(from+2, len(found))
	out := map[string]any{"issues": append([]map[string]any{}, found[from:to]...)}
	if s.version == "3" {
		out["isLast"] = to == len(found)
		if to < len(found) {
			out["nextPageToken"] = strconv.Itoa(to)
		}
	} else {
		out["total"], out["startAt"] = len(found), from
	}
	reply(w, 200, out)
}

// Target implements trackertest.Played.
func (s *Jira) Target() desk.Target {
	d := desk.TrackerDefinition{ID: "jira", Name: "Jira", Kind: "jira", Address: s.http.URL, Project: "PIPE", API: s.version, Token: "env:JIRA_TOKEN", Webhook: "env:JIRA_HOOK", Team: "pipeline", Labels: []string{"from-support"}}
	if s.version == "3" {
		d.User = "support@verity.example"
	}
	return desk.Target{Secret: secret.New("jira-played"), TrackerDefinition: d}
}

// Issues implements trackertest.Played.
func (s *Jira) Issues() (keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.issues {
		keys = append(keys, i.key)
	}
	return keys
}

// said is the words of a text, as far as a test looks for them.
func said(raw json.RawMessage) string {
	var out strings.Builder
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			out.WriteString(v)
		case []any:
			for _, x := range v {
				walk(x)
			}
		case map[string]any:
			walk(v["text"])
			walk(v["content"])
			if v["type"] == "paragraph" || v["type"] == "heading" {
				out.WriteString("\n")
			}
		}
	}
	var v any
	_ = json.Unmarshal(raw, &v)
	walk(v)
	return out.String()
}

// Shown implements trackertest.Played.
func (s *Jira) Shown(key string) (title, text string, labels []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(key)
	return i.summary, said(i.description), i.labels
}

// Comments implements trackertest.Played.
func (s *Jira) Comments(key string) (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.find(key).comments {
		out = append(out, said(c["body"].(json.RawMessage)))
	}
	return out
}

// Says implements trackertest.Played.
func (s *Jira) Says(key, author, text string, program bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := json.Marshal(text)
	if s.version == "3" {
		var content []map[string]any
		for part := range strings.SplitSeq(text, "\n\n") {
			content = append(content, map[string]any{"type": "paragraph", "content": []map[string]string{{"type": "text", "text": part}}})
		}
		body, _ = json.Marshal(map[string]any{"type": "doc", "version": 1, "content": content})
	}
	s.add(s.find(key), body, author, map[bool]string{true: "app", false: "atlassian"}[program])
}

// Settle implements trackertest.Played.
func (s *Jira) Settle(key string, v desk.Verdict, version string, released bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(key)
	i.status, i.category, i.updated = "Done", "done", s.now
	i.resolution = map[desk.Verdict]string{desk.FixedBug: "Fixed", desk.NotABug: "Won't Do", desk.DuplicateIssue: "Duplicate"}[v]
	if version != "" {
		i.versions = []map[string]any{{"name": version, "released": released}}
	}
}

// Reopen implements trackertest.Played.
func (s *Jira) Reopen(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(key)
	i.status, i.category, i.resolution, i.updated = "In Progress", "indeterminate", "", s.now
}

// Weather implements trackertest.Played.
func (s *Jira) Weather() *trackertest.Weather { return &s.weather }

// Call implements trackertest.Played.
func (s *Jira) Call(key string) (http.Header, []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	body, _ := json.Marshal(map[string]any{"timestamp": s.now.UnixMilli(), "webhookEvent": "comment_created", "comment": map[string]any{"id": "10100"}, "issue": s.json(s.find(key))})
	mac := hmac.New(sha256.New, []byte(trackertest.Shared))
	_, _ = mac.Write(body)
	h := http.Header{}
	h.Set("X-Atlassian-Webhook-Identifier", fmt.Sprintf("%032d", s.calls))
	h.Set("X-Hub-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	return h, body
}
