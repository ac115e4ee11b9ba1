package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Many rows are written with few statements. Their texts come in a few lengths only, so that each is parsed once.

// chunk is how many of n rows one statement takes: a power of two, at most 32.
func chunk(n int) int {
	c := 1
	for c*2 <= n && c < 32 {
		c *= 2
	}
	return c
}

// insertRows runs insert, which ends in VALUES, for all rows.
func (t *tx) insertRows(ctx context.Context, insert string, all [][]any) error {
	for len(all) > 0 {
		n := chunk(len(all))
		if err := t.put(ctx, t.db.insertText(insert, n, len(all[0])), slices.Concat(all[:n]...)...); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// column is a column to change, and what its values are.
type column struct {
	name string
	kind string
}

// The kinds of columns. A parameter in VALUES has no type of its own, so values travel as text and are cast.
const (
	text    = "TEXT"
	integer = "BIGINT"
	boolean = "BOOLEAN"
)

// updateRows sets the columns of the rows whose id comes first in each of all.
func (t *tx) updateRows(ctx context.Context, table string, columns []column, all [][]any) error {
	for len(all) > 0 {
		n := chunk(len(all))
		args := make([]any, 0, n*len(all[0]))
		for _, r := range all[:n] {
			for _, v := range r {
				args = append(args, asText(v))
			}
		}
		if err := t.put(ctx, t.db.updateText(table, columns, n), args...); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// asText is a value as both databases cast it back.
func asText(v any) string {
	switch b := v.(type) {
	case bool:
		if b {
			return "1"
		}
		return "0"
	case string:
		return b
	}
	return fmt.Sprint(v)
}

type insertKey struct {
	insert        string
	rows, columns int
}

// insertText returns insert with n times as many parameters as there are columns: "($1,$2),($3,$4)".
func (db *DB) insertText(insert string, n, columns int) string {
	return db.text(insertKey{insert, n, columns}, func(b *strings.Builder) {
		b.WriteString(insert)
		values(b, n, columns)
	})
}

type updateKey struct {
	table string
	rows  int
}

func (db *DB) updateText(table string, columns []column, n int) string {
	return db.text(updateKey{table, n}, func(b *strings.Builder) {
		b.WriteString("WITH v (id")
		for _, c := range columns {
			b.WriteString(", " + c.name)
		}
		b.WriteString(") AS (VALUES ")
		values(b, n, len(columns)+1)
		b.WriteString(") UPDATE " + table + " SET ")
		for i, c := range columns {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(b, "%s = CAST(v.%s AS %s)", c.name, c.name, c.kind)
		}
		b.WriteString(" FROM v WHERE " + table + ".id = v.id")
	})
}

// text builds a statement once.
func (db *DB) text(key any, build func(*strings.Builder)) string {
	if text, ok := db.texts.Load(key); ok {
		return text.(string)
	}
	var b strings.Builder
	build(&b)
	db.texts.Store(key, b.String())
	return b.String()
}

func values(b *strings.Builder, n, columns int) {
	for i := range n * columns {
		switch {
		case i == 0:
			b.WriteByte('(')
		case i%columns == 0:
			b.WriteString("),(")
		default:
			b.WriteByte(',')
		}
		fmt.Fprintf(b, "$%d", i+1)
	}
	b.WriteByte(')')
}
