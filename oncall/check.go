package oncall

import (
	"fmt"

	"frontline/fault"
)

// Ref is a definition that another one names.
type Ref struct {
	Field string // where it is named: "steps[0].targets[1].rotation"
	Kind  string // "person", "team", "rotation", "policy"
	ID    string
}

// checks collects what is wrong with a definition.
type checks struct{ fields []fault.Field }

func (c *checks) want(ok bool, field, say string, args ...any) {
	if !ok {
		c.fields = append(c.fields, fault.Field{Name: field, Say: fmt.Sprintf(say, args...)})
	}
}

// id wants a short name of lower-case letters, digits and dashes.
func (c *checks) id(field, id string) {
	ok := id != "" && len(id) <= 64
	for _, r := range id {
		ok = ok && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-')
	}
	c.want(ok, field, "%q cannot be an id. Write at most 64 lower-case letters, digits and dashes, such as first-line.", id)
}

func indexed(field string, i int) string { return fmt.Sprintf("%s[%d]", field, i) }
