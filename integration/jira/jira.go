// Package jira is the tracker Jira: issues of one project, over its REST API and its webhooks. Jira Cloud speaks version 3, whose texts are documents (Atlassian
// Document Format); Jira Data Center speaks version 2, whose texts are wiki markup.
package jira

import (
	"context"
	"encoding/base64"
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

// Tracker speaks with Jira. It is safe for use by several goroutines.
type Tracker struct{ api rest.Client }

var _ desk.Tracker = (*Tracker)(nil)

// New returns the tracker.
func New() *Tracker { return &Tracker{rest.New("Jira")} }

const (
	perPage  = 100
	mostPage = 10
)

var projectKey = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,30}$`)

// Check returns what Jira wants of a definition beside what every tracker wants.
func Check(d desk.TrackerDefinition) (wrong []fault.Field) {
	if !projectKey.MatchString(d.Project) {
		wrong = append(wrong, fault.Field{Name: "project", Say: "Give the project's key, such as PIPE."})
	}
	if d.API != "" && d.API != "2" && d.API != "3" {
		wrong = append(wrong, fault.Field{Name: "api", Say: "Jira's API has the version \"3\" (Cloud) or \"2\" (Data Center)."})
	}
	if cloud(d) && d.User == "" {
		wrong = append(wrong, fault.Field{Name: "user", Say: "Jira Cloud wants the mail address of the account whose token it is."})
	}
	for i, l := range d.Labels {
		if strings.Contains(l, " ") {
			wrong = append(wrong, fault.Field{Name: fmt.Sprintf("labels[%d]", i), Say: "A label of Jira has no spaces. Write it with a dash."})
		}
	}
	return wrong
}

func cloud(d desk.TrackerDefinition) bool {
	u, err := url.Parse(d.Address)
	return err == nil && strings.HasSuffix(u.Hostname(), ".atlassian.net")
}

func version(d desk.TrackerDefinition) string {
	switch {
	case d.API != "":
		return d.API
	case cloud(d):
		return "3"
	}
	return "2"
}

func at(t desk.Target, parts ...string) string {
	return strings.TrimRight(t.Address, "/") + "/rest/api/" + version(t.TrackerDefinition) + "/" + strings.Join(parts, "/")
}

func header(t desk.Target) http.Header {
	auth := "Bearer " + t.Secret.Reveal()
	if t.User != "" {
		auth = "Basic " + base64.StdEncoding.EncodeToString([]byte(t.User+":"+t.Secret.Reveal()))
	}
	return http.Header{"Authorization": {auth}, "Accept": {"application/json"}, "User-Agent": {"frontline"}, "X-Atlassian-Token": {"no-check"}}
}

// written is Markdown as the version writes it, with the mark in a last line.
func written(t desk.Target, markdown, mark string) any {
	markdown += "\n\n`" + mark + "`"
	if version(t.TrackerDefinition) == "3" {
		return document(markdown)
	}
	return wiki(markdown)
}

// issue is an issue in Jira's words.
type issue struct {
	Key    string `json:"key"`
	Fields struct {
		Updated stampTime `json:"updated"`
		Labels  []string  `json:"labels"`
		Status  struct {
			Name     string `json:"name"`
			Category struct {
				Key string `json:"key"`
			} `json:"statusCategory"`
		} `json:"status"`
		Resolution *struct {
			Name string `json:"name"`
		} `json:"resolution"`
		FixVersions []struct {
			Name     string `json:"name"`
			Released bool   `json:"released"`
		} `json:"fixVersions"`
	} `json:"fields"`
}

// stampTime is a time as Jira writes it: "2026-11-24T09:00:00.000+0000".
type stampTime struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (s *stampTime) UnmarshalJSON(raw []byte) error {
	var word string
	if err := json.Unmarshal(raw, &word); err != nil || word == "" {
		return err
	}
	for _, layout := range []string{"2006-01-02T15:04:05.000-0700", time.RFC3339} {
		if t, err := time.Parse(layout, word); err == nil {
			s.Time = t.UTC()
			return nil
		}
	}
	return fmt.Errorf("%q is no time of Jira", word)
}

const fieldsAsked = "status,resolution,labels,fixVersions,updated"

// label is the mark as a label: Jira finds an issue by it.
func label(mark string) string { return strings.ReplaceAll(mark, ":", "-") }

// Open implements desk.Tracker. Jira finds by an index that is some seconds late; a try that broke off is not repeated within two minutes.
func (k *Tracker) Open(ctx context.Context, t desk.Target, n desk.NewIssue) (desk.Issue, error) {
	if n.Again {
		var found desk.Issue
		err := k.search(ctx, t, fmt.Sprintf(`project = "%s" AND labels = "%s"`, t.Project, label(n.Mark)), func(i issue) bool {
			found = i.shown(t)
			return false
		})
		if err != nil || found.Key != "" {
			return found, err
		}
	}
	kind := t.Type
	if kind == "" {
		kind = "Bug"
	}
	fields := map[string]any{"project": map[string]string{"key": t.Project}, "issuetype": map[string]string{"name": kind}, "summary": n.Title,
		"description": written(t, n.Text, n.Mark), "labels": append(slices.Clone(t.Labels), label(n.Mark))}
	var made issue
	if _, err := k.api.Do(ctx, rest.Call{Method: "POST", URL: at(t, "issue"), Header: header(t), Body: map[string]any{"fields": fields}}, &made); err != nil {
		return desk.Issue{}, err
	}
	if made.Key == "" {
		return desk.Issue{}, fault.New(fault.Unavailable, "What answers at %s opened no issue. Look at the address in the configuration.", t.Address)
	}
	out := made.shown(t)
	out.Open, out.Status = true, "new" // the answer says only what it is called
	return out, nil
}

// search reads what a query of Jira finds until more says that it is enough. Version 3 turns pages by a token, version 2 by numbers.
func (k *Tracker) search(ctx context.Context, t desk.Target, jql string, more func(issue) bool) error {
	body := map[string]any{"jql": jql, "fields": strings.Split(fieldsAsked, ","), "maxResults": perPage}
	path, seen := "search", 0
	if version(t.TrackerDefinition) == "3" {
		path = "search/jql"
	}
	for range mostPage {
		var page struct {
			Issues []issue `json:"issues"`
			Next   string  `json:"nextPageToken"`
			Total  int     `json:"total"`
		}
		if _, err := k.api.Do(ctx, rest.Call{Method: "POST", URL: at(t, path), Header: header(t), Body: body}, &page); err != nil {
			return err
		}
		for _, i := range page.Issues {
			if !more(i) {
				return nil
			}
		}
		seen += len(page.Issues)
		switch {
		case page.Next != "":
			body["nextPageToken"] = page.Next
		case path == "search" && seen < page.Total && len(page.Issues) > 0:
			body["startAt"] = seen
		default:
			return nil
		}
	}
	return nil
}

type comment struct {
	ID     string `json:"id"`
	Author struct {
		DisplayName string `json:"displayName"`
		AccountType string `json:"accountType"`
	} `json:"author"`
	Body    json.RawMessage `json:"body"`
	Created stampTime       `json:"created"`
}

// comments reads what stands below an issue, the newest first, back to the time.
func (k *Tracker) comments(ctx context.Context, t desk.Target, key string, since time.Time, more func(comment) bool) error {
	for n := range mostPage {
		var page struct {
			Comments []comment `json:"comments"`
			Total    int       `json:"total"`
		}
		q := url.Values{"orderBy": {"-created"}, "maxResults": {strconv.Itoa(perPage)}, "startAt": {strconv.Itoa(n * perPage)}}
		if _, err := k.api.Do(ctx, rest.Call{Method: "GET", URL: at(t, "issue", url.PathEscape(key), "comment"), Query: q, Header: header(t)}, &page); err != nil {
			return err
		}
		for _, c := range page.Comments {
			if c.Created.Before(since) || !more(c) {
				return nil
			}
		}
		if len(page.Comments) == 0 || (n+1)*perPage >= page.Total {
			return nil
		}
	}
	return nil
}

// Comment implements desk.Tracker.
func (k *Tracker) Comment(ctx context.Context, t desk.Target, key string, n desk.NewComment) (string, error) {
	if n.Again {
		found := ""
		err := k.comments(ctx, t, key, n.Before.Add(-time.Minute), func(c comment) bool {
			if strings.Contains(plainText(c.Body), n.Mark) {
				found = c.ID
			}
			return found == ""
		})
		if err != nil || found != "" {
			return found, err
		}
	}
	var made comment
	_, err := k.api.Do(ctx, rest.Call{Method: "POST", URL: at(t, "issue", url.PathEscape(key), "comment"), Header: header(t), Body: map[string]any{"body": written(t, n.Text, n.Mark)}}, &made)
	return made.ID, err
}

// Read implements desk.Tracker.
func (k *Tracker) Read(ctx context.Context, t desk.Target, key string, since time.Time) (desk.Issue, error) {
	var i issue
	if _, err := k.api.Do(ctx, rest.Call{Method: "GET", URL: at(t, "issue", url.PathEscape(key)), Query: url.Values{"fields": {fieldsAsked}}, Header: header(t)}, &i); err != nil {
		return desk.Issue{}, err
	}
	out := i.shown(t)
	err := k.comments(ctx, t, key, since, func(c comment) bool {
		out.Comments = append(out.Comments, desk.IssueComment{ID: c.ID, Author: c.Author.DisplayName, At: c.Created.Time, Text: plainText(c.Body), Program: c.Author.AccountType == "app"})
		return true
	})
	return out.InOrder(), err
}

func (i issue) shown(t desk.Target) desk.Issue {
	f := i.Fields
	out := desk.Issue{Key: i.Key, Name: i.Key, Address: strings.TrimRight(t.Address, "/") + "/browse/" + i.Key, Open: f.Status.Category.Key != "done", Status: f.Status.Name, Words: append(slices.Clone(f.Labels), f.Status.Name), Released: len(f.FixVersions) > 0}
	if f.Resolution != nil {
		out.Words = append(out.Words, f.Resolution.Name)
		if f.Resolution.Name != f.Status.Name {
			out.Status += ", " + f.Resolution.Name
		}
	}
	var names []string
	for _, v := range f.FixVersions {
		names = append(names, v.Name)
		out.Released = out.Released && v.Released
	}
	out.Version = strings.Join(names, ", ")
	return out
}

// Changed implements desk.Tracker. The days of a query are those of the token's account, wherever it lives; so the query asks for a day more, and what is
// older is left out here.
func (k *Tracker) Changed(ctx context.Context, t desk.Target, since time.Time) (keys []string, err error) {
	jql := fmt.Sprintf(`project = "%s" AND updated >= "%s" ORDER BY updated DESC`, t.Project, since.AddDate(0, 0, -1).UTC().Format("2006/01/02"))
	err = k.search(ctx, t, jql, func(i issue) bool {
		if i.Fields.Updated.Before(since) {
			return false
		}
		keys = append(keys, i.Key)
		return true
	})
	return keys, err
}

// Hear implements desk.Tracker. A webhook that an administrator made with a secret signs the body in X-Hub-Signature; a delivery keeps its id when it is sent
// again.
func (k *Tracker) Hear(header func(string) string, body []byte, shared secret.Text, _ time.Time) (desk.Heard, error) {
	if err := rest.HubSigned(header("X-Hub-Signature"), body, shared); err != nil {
		return desk.Heard{}, err
	}
	h := desk.Heard{Delivery: header("X-Atlassian-Webhook-Identifier")}
	if h.Delivery == "" {
		h.Delivery = rest.Digest(body)
	}
	var said struct {
		Issue struct {
			Key string `json:"key"`
		} `json:"issue"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return h, fault.Wrap(err, fault.Invalid, "This is no JSON, as Jira sends it.")
	}
	h.Key = said.Issue.Key
	return h, nil
}
