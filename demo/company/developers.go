package company

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Developers is where Verity's developers keep their issues: a played GitHub, with as much of its API as Frontline uses, and with its signed webhook. A
// GitLab beside it is down, and one repository takes no issues.
type Developers struct {
	url       string // of the company
	frontline string
	token     string
	hook      string // the webhook's secret

	mu     sync.Mutex
	now    func() time.Time
	issues []*issue
	calls  int
}

// Repository is the one in which issues are kept; Shut takes none.
const (
	Repository = "verity/verification"
	Shut       = "verity/rules"
)

type issue struct {
	Number      int          `json:"number"`
	Title       string       `json:"title"`
	Body        string       `json:"body"`
	State       string       `json:"state"`
	StateReason string       `json:"state_reason,omitempty"`
	HTMLURL     string       `json:"html_url"`
	Labels      []named      `json:"labels"`
	Milestone   *milestone   `json:"milestone,omitempty"`
	CreatedAt   time.Time    `json:"created_at"`
	UpdatedAt   time.Time    `json:"updated_at"`
	Comments    []devComment `json:"-"`
}

type (
	named struct {
		Name string `json:"name"`
	}
	milestone struct {
		Title string `json:"title"`
		State string `json:"state"`
	}
	author     struct{ Login, Type string }
	devComment struct {
		ID        int       `json:"id"`
		Body      string    `json:"body"`
		User      author    `json:"user"`
		CreatedAt time.Time `json:"created_at"`
		UpdatedAt time.Time `json:"updated_at"`
	}
)

// MarshalJSON writes an author as GitHub does.
func (a author) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"login": a.Login, "type": a.Type})
}

// Now lets the developers live at another time than the machine's.
func (d *Developers) Now(now func() time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = now
}

// handle adds the played API to the company's address.
func (d *Developers) handle(mux *http.ServeMux) {
	mux.HandleFunc("POST /github/repos/{owner}/{name}/issues", d.known(d.open))
	mux.HandleFunc("GET /github/repos/{owner}/{name}/issues", d.known(d.list))
	mux.HandleFunc("GET /github/repos/{owner}/{name}/issues/{number}", d.known(d.one))
	mux.HandleFunc("GET /github/repos/{owner}/{name}/issues/{number}/comments", d.known(d.comments))
	mux.HandleFunc("POST /github/repos/{owner}/{name}/issues/{number}/comments", d.known(d.comment))
	mux.HandleFunc("/gitlab/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		http.Error(w, "GitLab is being moved to another machine.", http.StatusServiceUnavailable)
	})
}

// known refuses whoever has not the token, and issues where none are taken.
func (d *Developers) known(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case d.token == "" || r.Header.Get("Authorization") != "Bearer "+d.token:
			answer(w, http.StatusUnauthorized, map[string]string{"message": "Bad credentials"})
		case r.PathValue("owner")+"/"+r.PathValue("name") != Repository:
			answer(w, http.StatusGone, map[string]string{"message": "Issues has been disabled in this repository."})
		default:
			d.mu.Lock()
			defer d.mu.Unlock()
			h(w, r)
		}
	}
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // whoever has gone asks again
}

const firstIssue = 412

func (d *Developers) open(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Title, Body string
		Labels      []string
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&in); err != nil || in.Title == "" {
		answer(w, http.StatusUnprocessableEntity, map[string]string{"message": "Validation Failed"})
		return
	}
	n := firstIssue + len(d.issues)
	i := &issue{Number: n, Title: in.Title, Body: in.Body, State: "open", HTMLURL: fmt.Sprintf("%s/issues/%d", d.url, n), Labels: []named{}, CreatedAt: d.now(), UpdatedAt: d.now()}
	for _, l := range in.Labels {
		i.Labels = append(i.Labels, named{l})
	}
	d.issues = append(d.issues, i)
	answer(w, http.StatusCreated, i)
}

func since(r *http.Request) time.Time {
	t, _ := time.Parse(time.RFC3339, r.URL.Query().Get("since")) // all of them where nothing is said
	return t
}

func (d *Developers) list(w http.ResponseWriter, r *http.Request) {
	out := []*issue{}
	for _, i := range slices.Backward(d.issues) {
		if !i.UpdatedAt.Before(since(r)) && (i.State == "open" || r.URL.Query().Get("state") == "all") {
			out = append(out, i)
		}
	}
	answer(w, http.StatusOK, out)
}

func (d *Developers) numbered(number string) *issue {
	n, _ := strconv.Atoi(number)
	if n -= firstIssue; n >= 0 && n < len(d.issues) {
		return d.issues[n]
	}
	return nil
}

func (d *Developers) one(w http.ResponseWriter, r *http.Request) {
	if i := d.numbered(r.PathValue("number")); i != nil {
		answer(w, http.StatusOK, i)
		return
	}
	answer(w, http.StatusNotFound, map[string]string{"message": "Not Found"})
}

func (d *Developers) comments(w http.ResponseWriter, r *http.Request) {
	out := []devComment{}
	if i := d.numbered(r.PathValue("number")); i != nil {
		for _, c := range i.Comments {
			if !c.UpdatedAt.Before(since(r)) {
				out = append(out, c)
			}
		}
	}
	answer(w, http.StatusOK, out)
}

func (d *Developers) comment(w http.ResponseWriter, r *http.Request) {
	var in struct{ Body string }
	i := d.numbered(r.PathValue("number"))
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&in); err != nil || i == nil {
		answer(w, http.StatusNotFound, map[string]string{"message": "Not Found"})
		return
	}
	answer(w, http.StatusCreated, d.add(i, "frontline-desk", in.Body))
}

func (d *Developers) add(i *issue, who, text string) devComment {
	c := devComment{ID: i.Number*100 + len(i.Comments) + 1, Body: text, User: author{who, "User"}, CreatedAt: d.now(), UpdatedAt: d.now()}
	i.Comments, i.UpdatedAt = append(i.Comments, c), d.now()
	return c
}

// Has says whether there is an issue with the title.
func (d *Developers) Has(title string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.ContainsFunc(d.issues, func(i *issue) bool { return i.Title == title })
}

// Say lets a developer write below the issue with the title; with a reason (completed, not_planned) they close it, fixed in a version that is out when one
// is named. Frontline is called about it.
func (d *Developers) Say(ctx context.Context, title, who, text, reason, version string) error {
	d.mu.Lock()
	at := slices.IndexFunc(d.issues, func(i *issue) bool { return i.Title == title })
	if at < 0 {
		d.mu.Unlock()
		return fmt.Errorf("the developers have no issue %q", title)
	}
	i := d.issues[at]
	d.add(i, who, text)
	if reason != "" {
		i.State, i.StateReason = "closed", reason
	}
	if version != "" {
		i.Milestone = &milestone{version, "closed"}
	}
	d.calls++
	delivery := fmt.Sprintf("verity-%d", d.calls)
	body, err := json.Marshal(map[string]any{"action": "created", "issue": i})
	d.mu.Unlock()
	if err != nil {
		return err
	}
	return d.call(ctx, delivery, body)
}

// call is the webhook.
func (d *Developers) call(ctx context.Context, delivery string, body []byte) error {
	mac := hmac.New(sha256.New, []byte(d.hook))
	_, _ = mac.Write(body) // a hash takes everything
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.frontline+"/in/tracker/github", bytes.NewReader(body))
	if err != nil {
		return err
	}
	for name, value := range map[string]string{"Content-Type": "application/json", "X-GitHub-Event": "issue_comment", "X-GitHub-Delivery": delivery, "X-Hub-Signature-256": "sha256=" + hex.EncodeToString(mac.Sum(nil))} {
		req.Header.Set(name, value)
	}
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	if res.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("frontline answers the developers' webhook with %s", res.Status)
	}
	return nil
}

// issueView is an issue as a reader of the company's screens sees it.
type issueView struct {
	Number             int
	Path, Title, State string
	At, Body           string
	Comments           []issueComment
}

type issueComment struct{ Who, At, Text string }

func viewOf(i *issue) issueView {
	v := issueView{Number: i.Number, Path: "/issues/" + strconv.Itoa(i.Number), Title: i.Title, State: i.State, At: i.CreatedAt.Local().Format("2 January 15:04"), Body: i.Body}
	if i.Milestone != nil {
		v.State += ", " + i.Milestone.Title
	}
	for _, c := range i.Comments {
		v.Comments = append(v.Comments, issueComment{c.User.Login, c.CreatedAt.Local().Format("2 January 15:04"), c.Body})
	}
	return v
}

// views are all issues, the newest first; of one number when it is not empty.
func (d *Developers) views(number string) (out []issueView) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, i := range slices.Backward(d.issues) {
		if number == "" || number == strconv.Itoa(i.Number) {
			out = append(out, viewOf(i))
		}
	}
	return out
}
