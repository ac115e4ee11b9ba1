// Package github is the tracker GitHub: issues of one repository, over its REST API (version 2022-11-28) and its webhooks. GitHub Enterprise Server has
// the same API under https://HOST/api/v3.
package github

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"frontline/desk"
	"frontline/fault"
	"frontline/rest"
	"frontline/secret"
)

// Tracker speaks with GitHub. It is safe for use by several goroutines.
type Tracker struct{ api rest.Client }

var _ desk.Tracker = (*Tracker)(nil)

// New returns the tracker.
func New() *Tracker { return &Tracker{rest.New("GitHub")} }

const (
	perPage  = 100
	mostPage = 10 // pages of one listing
)

var repository = regexp.MustCompile(`^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$`)

// Check returns what GitHub wants of a definition beside what every tracker wants.
func Check(d desk.TrackerDefinition) (wrong []fault.Field) {
	if !repository.MatchString(d.Project) {
		wrong = append(wrong, fault.Field{Name: "project", Say: "Name the repository as OWNER/NAME, such as verity/decision-pipeline."})
	}
	if d.User != "" {
		wrong = append(wrong, fault.Field{Name: "user", Say: "GitHub knows a token's owner by itself. Leave this out."})
	}
	if d.API != "" {
		wrong = append(wrong, fault.Field{Name: "api", Say: "We speak one version of GitHub's API. Leave this out."})
	}
	return wrong
}

// issue is an issue in GitHub's words.
type issue struct {
	Number      int64  `json:"number"`
	HTMLURL     string `json:"html_url"`
	State       string `json:"state"`
	StateReason string `json:"state_reason"`
	Body        string `json:"body"`
	Labels      []struct {
		Name string `json:"name"`
	} `json:"labels"`
	Milestone *struct {
		Title string `json:"title"`
		State string `json:"state"`
	} `json:"milestone"`
	PullRequest json.RawMessage `json:"pull_request"`
}

type comment struct {
	ID        int64     `json:"id"`
	Body      string    `json:"body"`
	CreatedAt time.Time `json:"created_at"`
	User      struct {
		Login string `json:"login"`
		Type  string `json:"type"`
	} `json:"user"`
}

func at(t desk.Target, parts ...string) string {
	return strings.TrimRight(t.Address, "/") + "/repos/" + t.Project + "/" + strings.Join(parts, "/")
}

func header(t desk.Target) http.Header {
	return http.Header{"Authorization": {"Bearer " + t.Secret.Reveal()}, "Accept": {"application/vnd.github+json"}, "X-Github-Api-Version": {"2022-11-28"}, "User-Agent": {"frontline"}}
}

// Open implements desk.Tracker. The mark is a comment of HTML, which nobody sees. GitHub's search is late, so the newest issues are listed instead.
func (k *Tracker) Open(ctx context.Context, t desk.Target, n desk.NewIssue) (desk.Issue, error) {
	if n.Again {
		found, ok, err := k.find(ctx, t, n)
		if err != nil || ok {
			return found, err
		}
	}
	body := map[string]any{"title": n.Title, "body": withMark(n.Text, n.Mark)}
	if len(t.Labels) > 0 {
		body["labels"] = t.Labels
	}
	if t.Type != "" {
		body["type"] = t.Type
	}
	var made issue
	if _, err := k.api.Do(ctx, rest.Call{Method: "POST", URL: at(t, "issues"), Header: header(t), Body: body}, &made); err != nil {
		return desk.Issue{}, err
	}
	if made.Number == 0 {
		return desk.Issue{}, fault.New(fault.Unavailable, "What answers at %s opened no issue. Look at the address in the configuration.", t.Address)
	}
	return made.shown(t), nil
}

func withMark(text, mark string) string { return text + "\n\n<!-- " + mark + " -->" }

// find looks for the issue with the mark among those that were opened since.
func (k *Tracker) find(ctx context.Context, t desk.Target, n desk.NewIssue) (found desk.Issue, ok bool, err error) {
	q := url.Values{"state": {"all"}, "sort": {"created"}, "direction": {"desc"}, "since": {stamp(n.Before.Add(-time.Minute))}}
	err = each(ctx, k, t, at(t, "issues"), q, func(i issue) bool {
		if strings.Contains(i.Body, n.Mark) && i.PullRequest == nil {
			found, ok = i.shown(t), true
		}
		return !ok
	})
	return found, ok, err
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// each reads a listing page by page until more says that it is enough.
func each[T any](ctx context.Context, k *Tracker, t desk.Target, from string, q url.Values, more func(T) bool) error {
	q.Set("per_page", strconv.Itoa(perPage))
	for range mostPage {
		var page []T
		h, err := k.api.Do(ctx, rest.Call{Method: "GET", URL: from, Query: q, Header: header(t)}, &page)
		if err != nil {
			return err
		}
		for _, x := range page {
			if !more(x) {
				return nil
			}
		}
		if from, q = rest.Next(h, t.Address), nil; from == "" {
			return nil
		}
	}
	return nil
}

// Comment implements desk.Tracker.
func (k *Tracker) Comment(ctx context.Context, t desk.Target, key string, n desk.NewComment) (string, error) {
	if n.Again {
		found := ""
		err := each(ctx, k, t, at(t, "issues", key, "comments"), url.Values{"since": {stamp(n.Before.Add(-time.Minute))}}, func(c comment) bool {
			if strings.Contains(c.Body, n.Mark) {
				found = strconv.FormatInt(c.ID, 10)
			}
			return found == ""
		})
		if err != nil || found != "" {
			return found, err
		}
	}
	var made comment
	_, err := k.api.Do(ctx, rest.Call{Method: "POST", URL: at(t, "issues", key, "comments"), Header: header(t), Body: map[string]any{"body": withMark(n.Text, n.Mark)}}, &made)
	return strconv.FormatInt(made.ID, 10), err
}

// Read implements desk.Tracker.
func (k *Tracker) Read(ctx context.Context, t desk.Target, key string, since time.Time) (desk.Issue, error) {
	var i issue
	if _, err := k.api.Do(ctx, rest.Call{Method: "GET", URL: at(t, "issues", key), Header: header(t)}, &i); err != nil {
		return desk.Issue{}, err
	}
	out := i.shown(t)
	err := each(ctx, k, t, at(t, "issues", key, "comments"), url.Values{"since": {stamp(since)}}, func(c comment) bool {
		out.Comments = append(out.Comments, desk.IssueComment{ID: strconv.FormatInt(c.ID, 10), Author: c.User.Login, At: c.CreatedAt, Text: c.Body, Program: c.User.Type == "Bot"})
		return true
	})
	return out, err
}

func (i issue) shown(t desk.Target) desk.Issue {
	out := desk.Issue{Key: strconv.FormatInt(i.Number, 10), Name: fmt.Sprintf("%s#%d", t.Project, i.Number), Address: i.HTMLURL, Open: i.State != "closed", Status: i.State}
	for _, l := range i.Labels {
		out.Words = append(out.Words, l.Name)
	}
	if i.StateReason != "" && !out.Open {
		out.Words = append(out.Words, i.StateReason)
		out.Status += ", " + strings.ReplaceAll(i.StateReason, "_", " ")
	}
	if i.Milestone != nil {
		out.Version, out.Released = i.Milestone.Title, i.Milestone.State == "closed"
	}
	return out
}

// Changed implements desk.Tracker.
func (k *Tracker) Changed(ctx context.Context, t desk.Target, since time.Time) (keys []string, err error) {
	q := url.Values{"state": {"all"}, "sort": {"updated"}, "direction": {"desc"}, "since": {stamp(since)}}
	err = each(ctx, k, t, at(t, "issues"), q, func(i issue) bool {
		if i.PullRequest == nil {
			keys = append(keys, strconv.FormatInt(i.Number, 10))
		}
		return true
	})
	return keys, err
}

// Hear implements desk.Tracker. GitHub signs the body with the webhook's secret; a delivery keeps its id when it is sent again.
func (k *Tracker) Hear(header func(string) string, body []byte, shared secret.Text, _ time.Time) (desk.Heard, error) {
	if err := rest.HubSigned(header("X-Hub-Signature-256"), body, shared); err != nil {
		return desk.Heard{}, err
	}
	h := desk.Heard{Delivery: header("X-GitHub-Delivery")}
	if h.Delivery == "" {
		h.Delivery = rest.Digest(body)
	}
	if !slices.Contains([]string{"issues", "issue_comment"}, header("X-GitHub-Event")) {
		return h, nil // a ping, or something that was subscribed to by mistake
	}
	var said struct {
		Issue issue `json:"issue"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return h, fault.Wrap(err, fault.Invalid, "This is no JSON. Choose the content type application/json for the webhook.")
	}
	if said.Issue.Number > 0 {
		h.Key = strconv.FormatInt(said.Issue.Number, 10)
	}
	return h, nil
}
