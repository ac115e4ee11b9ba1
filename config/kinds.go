// Package config answers what is configured: it reads YAML under git into the wings' definitions, checks them together, and writes
// them back. Everything it takes is text; secrets appear as references only.
package config

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"frontline/action"
	"frontline/alert"
	"frontline/catalog"
	"frontline/chat"
	"frontline/define"
	"frontline/desk"
	"frontline/fault"
	"frontline/incident"
	"frontline/oncall"
	"frontline/people"
	"frontline/rule"
	"frontline/watch"
)

// definition is one configured thing. The wings' types implement it.
type definition interface {
	Check() []fault.Field // what is wrong with it by itself
	Refs() []define.Ref   // what it names
}

// kind is one sort of definition: how it is called, and how it is read.
type kind struct {
	name   string // "person": in references, the journal and the store
	key    string // "people": at the top of a YAML file
	fields []string
	yaml   func(ast.Node) (definition, error)
	json   func([]byte) (definition, error)
}

// kinds lists every sort of definition, in the order in which files and exports are written. A new one is one line here and a lookup in
// Book.
func kinds() []kind {
	return []kind{
		kindOf[people.Team]("team", "teams"),
		kindOf[people.Person]("person", "people"),
		kindOf[catalog.Component]("component", "components"),
		kindOf[action.Definition]("action", "actions"),
		kindOf[rule.Rule]("rule", "rules"),
		kindOf[oncall.Rotation]("rotation", "rotations"),
		kindOf[oncall.Override]("override", "overrides"),
		kindOf[oncall.Policy]("policy", "policies"),
		kindOf[catalog.Service]("service", "services"),
		kindOf[catalog.Customer]("customer", "customers"),
		kindOf[alert.Source]("source", "sources"),
		kindOf[incident.Page]("status_page", "status_pages"),
		kindOf[desk.Type]("request_type", "request_types"),
		kindOf[desk.Queue]("queue", "queues"),
		kindOf[desk.Macro]("macro", "macros"),
		kindOf[desk.Calendar]("calendar", "calendars"),
		kindOf[desk.Level]("service_level", "service_levels"),
		kindOf[chat.Channel]("chat", "chats"),
		kindOf[desk.TrackerDefinition]("tracker", "trackers"),
		kindOf[watch.Definition]("watch", "watches"),
	}
}

func kindOf[T definition](name, key string) kind {
	return kind{
		name:   name,
		key:    key,
		fields: fieldsOf(reflect.TypeFor[T]()),
		yaml: func(n ast.Node) (definition, error) {
			var v T
			err := yaml.NodeToValue(n, &v, yaml.Strict())
			return v, err
		},
		json: func(b []byte) (definition, error) {
			var v T
			err := json.Unmarshal(b, &v)
			return v, err
		},
	}
}

// fieldsOf lists the keys that a definition's YAML may have.
func fieldsOf(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ","); name != "" && name != "-" {
			out = append(out, name)
		}
	}
	return out
}

func kindNamed(name string) (kind, bool) {
	for _, k := range kinds() {
		if k.name == name {
			return k, true
		}
	}
	return kind{}, false
}

func kindKeyed(key string) (kind, bool) {
	for _, k := range kinds() {
		if k.key == key {
			return k, true
		}
	}
	return kind{}, false
}

// idOf reads the ID field that every definition has.
func idOf(d definition) string { return reflect.ValueOf(d).FieldByName("ID").String() }
