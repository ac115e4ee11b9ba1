package store

import (
	"fmt"
	"strconv"
)

// conditions gathers the WHERE of a list: "TRUE" and what follows it. The texts of its parts are constant; only values are bound.
type conditions struct {
	text string
	args []any
}

// and appends a condition without values, or one whose values were bound by arg.
func (c *conditions) and(text string) { c.text += " AND " + text }

// arg binds a value and returns its place: "$3".
func (c *conditions) arg(v any) string {
	c.args = append(c.args, v)
	return "$" + strconv.Itoa(len(c.args))
}

// add appends a condition; its %s is the place of v.
func (c *conditions) add(text string, v any) { c.and(fmt.Sprintf(text, c.arg(v))) }

// eq wants the column to have the value, if there is one.
func (c *conditions) eq(column, value string) {
	if value != "" {
		c.add(column+` = %s`, value)
	}
}

// isIn binds the values and returns the condition that the column has one of them.
func isIn[T any](c *conditions, column string, values []T) string {
	list, args := in(len(c.args)+1, values)
	c.args = append(c.args, args...)
	return column + " IN (" + list + ")"
}

// addIn wants the column to have one of the values, if there are any.
func addIn[T any](c *conditions, column string, values []T) {
	if len(values) > 0 {
		c.and(isIn(c, column, values))
	}
}

func orUsual(limit, usual int) int {
	if limit <= 0 {
		return usual
	}
	return limit
}

// texts are the words as drivers take them.
func texts[T ~string](words []T) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = string(w)
	}
	return out
}
