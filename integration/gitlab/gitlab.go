// Package gitlab is the tracker GitLab: issues of one project, over its REST API (version 4) and its webhooks, at gitlab.com or on a server of one's own.
package gitlab

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"frontline/desk"
	"frontline/fault"
	"frontline/rest"
	"frontline/secret"
)

// Tracker speaks with GitLab. It is safe for use by several goroutines.
type Tracker struct{ api rest.Client }

var _ desk.Tracker = (*Tracker)(nil)

// New returns the tracker.
func New() *Tracker { return &Tracker{rest.New("GitLab")} }

const mostPage = 10 // pages of one listing, 100 each

// Check returns what GitLab wants of a definition beside what every tracker wants.
func Check(d desk.TrackerDefinition) (wrong []fault.Field) {
	if _, err := strconv.Atoi(d.Project); err != nil && !strings.Contains(strings.Trim(d.Project, "/"), "/") {
		wrong = append(wrong, fault.Field{Name: "project", Say: "Name the project with its group, such as verity/decision-pipeline, or give its number."})
	}
	if d.User != "" || d.API != "" {
		wrong = append(wrong, fault.Field{Name: "user", Say: "GitLab needs neither user nor api. Leave them out."})
	}
	return wrong
}

// issue is an issue in GitLab's words. People and addresses call it by iid.
type issue struct {
	IID         int64     `json:"iid"`
	WebURL      string    `json:"web_url"`
	State       string    `json:"state"`
	Description string    `json:"description"`
	Labels      []string  `json:"labels"`
	UpdatedAt   time.Time `json:"updated_at"`
	References  struct {
		Full string `json:"full"`
	} `json:"references"`
	Milestone *struct {
		Title string `json:"title"`
		State string `json:"state"`
	} `json:"milestone"`
	Links struct {
		Duplicate string `json:"closed_as_duplicate_of"`
	} `json:"_links"`
}

type note struct {
	ID        int64     `json:"id"`
	Body      string    `json:"body"`
	CreatedAt time.Time `json:"created_at"`
	System    bool      `json:"system"`
	Author    struct {
		Username string `json:"username"`
		Bot      bool   `json:"bot"`
	} `json:"author"`
}

func at(t desk.Target, parts ...string) string {
	return strings.TrimRight(t.Address, "/") + "/api/v4/projects/" + url.PathEscape(strings.Trim(t.Project, "/")) + "/" + strings.Join(parts, "/")
}

func header(t desk.Target) http.Header {
	return http.Header{"Private-Token": {t.Secret.Reveal()}, "Accept": {"application/json"}, "User-Agent": {"frontline"}}
}

func withMark(text, mark string) string { return text + "\n\n<!-- " + mark + " -->" }

// Open implements desk.Tracker. Issues are listed from the database and not from an index, so what was opened is there at once.
func (k *Tracker) Open(ctx context.Context, t desk.Target, n desk.NewIssue) (desk.Issue, error) {
	if n.Again {
		found, ok := desk.Issue{}, false
		q := url.Values{"scope": {"all"}, "created_after": {stamp(n.Before.Add(-time.Minute))}, "order_by": {"created_at"}, "sort": {"desc"}}
		err := each(ctx, k, t, at(t, "issues"), q, func(i issue) bool {
			if strings.Contains(i.Description, n.Mark) {
				found, ok = i.shown(), true
			}
			return !ok
		})
		if err != nil || ok {
			return found, err
		}
	}
	body := map[string]any{"title": n.Title, "description": withMark(n.Text, n.Mark)}
	if len(t.Labels) > 0 {
		body["labels"] = strings.Join(t.Labels, ",")
	}
	if t.Type != "" {
		body["issue_type"] = t.Type
	}
	var made issue
	if _, err := k.api.Do(ctx, rest.Call{Method: "POST", URL: at(t, "issues"), Header: header(t), Body: body}, &made); err != nil {
		return desk.Issue{}, err
	}
	if made.IID == 0 {
		return desk.Issue{}, fault.New(fault.Unavailable, "What answers at %s opened no issue. Look at the address in the configuration.", t.Address)
	}
	return made.shown(), nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// each reads a listing page by page until more says that it is enough.
func each[T any](ctx context.Context, k *Tracker, t desk.Target, from string, q url.Values, more func(T) bool) error {
	q.Set("per_page", "100")
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

// notes reads what stands below an issue, the newest first, back to the time.
func (k *Tracker) notes(ctx context.Context, t desk.Target, key string, since time.Time, more func(note) bool) error {
	q := url.Values{"order_by": {"created_at"}, "sort": {"desc"}}
	return each(ctx, k, t, at(t, "issues", url.PathEscape(key), "notes"), q, func(n note) bool {
		return !n.CreatedAt.Before(since) && more(n)
	})
}

// Comment implements desk.Tracker.
func (k *Tracker) Comment(ctx context.Context, t desk.Target, key string, n desk.NewComment) (string, error) {
	if n.Again {
		found := ""
		err := k.notes(ctx, t, key, n.Before.Add(-time.Minute), func(c note) bool {
			if strings.Contains(c.Body, n.Mark) {
				found = strconv.FormatInt(c.ID, 10)
			}
			return found == ""
		})
		if err != nil || found != "" {
			return found, err
		}
	}
	var made note
	_, err := k.api.Do(ctx, rest.Call{Method: "POST", URL: at(t, "issues", url.PathEscape(key), "notes"), Header: header(t), Body: map[string]any{"body": withMark(n.Text, n.Mark)}}, &made)
	return strconv.FormatInt(made.ID, 10), err
}

// Read implements desk.Tracker. What GitLab itself notes ("changed the milestone") is a program's.
func (k *Tracker) Read(ctx context.Context, t desk.Target, key string, since time.Time) (desk.Issue, error) {
	var i issue
	if _, err := k.api.Do(ctx, rest.Call{Method: "GET", URL: at(t, "issues", url.PathEscape(key)), Header: header(t)}, &i); err != nil {
		return desk.Issue{}, err
	}
	out := i.shown()
	err := k.notes(ctx, t, key, since, func(n note) bool {
		out.Comments = append(out.Comments, desk.IssueComment{ID: strconv.FormatInt(n.ID, 10), Author: n.Author.Username, At: n.CreatedAt, Text: n.Body, Program: n.System || n.Author.Bot})
		return true
	})
	return out.InOrder(), err
}

func (i issue) shown() desk.Issue {
	out := desk.Issue{Key: strconv.FormatInt(i.IID, 10), Name: i.References.Full, Address: i.WebURL, Open: i.State != "closed", Status: i.State, Words: i.Labels}
	if out.Name == "" {
		out.Name = "#" + out.Key
	}
	if i.Links.Duplicate != "" {
		out.Words = append(out.Words, "duplicate")
		out.Status += ", duplicate"
	}
	if i.Milestone != nil {
		out.Version, out.Released = i.Milestone.Title, i.Milestone.State == "closed"
	}
	return out
}

// Changed implements desk.Tracker.
func (k *Tracker) Changed(ctx context.Context, t desk.Target, since time.Time) (keys []string, err error) {
	q := url.Values{"scope": {"all"}, "updated_after": {stamp(since)}, "order_by": {"updated_at"}, "sort": {"desc"}}
	err = each(ctx, k, t, at(t, "issues"), q, func(i issue) bool {
		keys = append(keys, strconv.FormatInt(i.IID, 10))
		return true
	})
	return keys, err
}

// Hear implements desk.Tracker. A webhook with a signing token signs as Standard Webhooks does; one with a secret token sends it in X-Gitlab-Token.
func (k *Tracker) Hear(header func(string) string, body []byte, shared secret.Text, now time.Time) (desk.Heard, error) {
	if signed := header("webhook-signature"); signed != "" {
		if err := rest.StandardSigned(header("webhook-id"), header("webhook-timestamp"), signed, body, shared, now); err != nil {
			return desk.Heard{}, err
		}
	} else if shared.Empty() || !shared.Equal(header("X-Gitlab-Token")) {
		return desk.Heard{}, rest.Strange()
	}
	h := desk.Heard{Delivery: rest.Digest(body)}
	for _, name := range []string{"X-Gitlab-Event-UUID", "Idempotency-Key", "webhook-id"} {
		if id := header(name); id != "" {
			h.Delivery = id
		}
	}
	var said struct {
		Kind   string `json:"object_kind"`
		Object struct {
			IID int64 `json:"iid"`
		} `json:"object_attributes"`
		Issue struct {
			IID int64 `json:"iid"`
		} `json:"issue"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return h, fault.Wrap(err, fault.Invalid, "This is no JSON, as GitLab sends it.")
	}
	iid := said.Issue.IID
	if said.Kind == "issue" {
		iid = said.Object.IID
	}
	if iid > 0 {
		h.Key = strconv.FormatInt(iid, 10)
	}
	return h, nil
}
