// Package define answers what makes a definition well formed: its id, its checks, and what it refers to. Every wing's definitions
// use it, and config reads them through it.
package define

import (
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"time"

	"frontline/fault"
)

// Ref is a definition that another one names.
type Ref struct {
	Field string // where it is named: "steps[0].targets[1].rotation"
	Kind  string // "person", "team", "rotation", "policy", "service", "component", "action"
	ID    string
}

// Checks collects what is wrong with a definition.
type Checks struct{ Fields []fault.Field }

// Want adds what would be right when ok is false.
func (c *Checks) Want(ok bool, field, say string, args ...any) {
	if !ok {
		c.Fields = append(c.Fields, fault.Field{Name: field, Say: fmt.Sprintf(say, args...)})
	}
}

var id = regexp.MustCompile(`^[a-z0-9]+([-/.][a-z0-9]+)*$`)

// ID wants a short name of lower-case letters, digits and dashes; a slash or dot may part it.
func (c *Checks) ID(field, value string) {
	c.Want(len(value) <= 64 && id.MatchString(value), field,
		"%q cannot be an id. Write at most 64 lower-case letters, digits and dashes, such as first-line.", value)
}

// Name wants something for people to read.
func (c *Checks) Name(field, value string) {
	c.Want(strings.TrimSpace(value) != "" && len(value) <= 200, field, "Give it a name of at most 200 letters that people know.")
}

// Zone wants an IANA time zone; empty is allowed.
func (c *Checks) Zone(field, value string) {
	_, err := time.LoadLocation(value)
	c.Want(err == nil && value != "Local", field, "%q is no time zone. Write an IANA name, such as Europe/Tallinn.", value)
}

// Email wants one mail address.
func (c *Checks) Email(field, value string) {
	a, err := mail.ParseAddress(value)
	c.Want(err == nil && a.Address == value, field, "%q is no mail address. Write it as name@example.com.", value)
}

// Link wants an http or https address.
func (c *Checks) Link(field, value string) {
	u, err := url.Parse(value)
	c.Want(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "", field, "%q is no web address. Write it with https://.", value)
}

// Refs returns one reference for each id of a list.
func Refs(field, kind string, ids []string) []Ref {
	refs := make([]Ref, len(ids))
	for i, id := range ids {
		refs[i] = Ref{Field: fmt.Sprintf("%s[%d]", field, i), Kind: kind, ID: id}
	}
	return refs
}
