package sql

import (
	"strconv"
	"strings"
)

// text is a statement as its database takes it: parameters are numbered, and their names listed in that order.
type text struct {
	sql   string
	names []string
	words []string // the words outside of quotes and comments, in capitals
	many  bool     // there is more than one statement
	odd   string   // something that cannot be taken
}

// parse finds the parameters :name of a statement. It skips what stands in quotes and comments, and casts such as a::text.
func parse(d dialect, s string) text {
	var out strings.Builder
	t := text{}
	ended := false
	for i := 0; i < len(s); {
		n := skip(d, s[i:])
		switch c := s[i]; {
		case n > 0 && strings.HasPrefix(s[i:], "/*!"):
			t.odd = "comments that the database executes"
		case n < 0:
			t.odd = "a quote or a comment without an end"
			n = len(s) - i
		case n > 0:
		case strings.HasPrefix(s[i:], "::") || strings.HasPrefix(s[i:], ":="):
			n = 2
		case c == ':' && i+1 < len(s) && letter(s[i+1]):
			n = 1 + word(s[i+1:])
			t.names = append(t.names, s[i+1:i+n])
			out.WriteString(d.parameter(len(t.names)))
			i += n
			continue
		case letter(c):
			n = word(s[i:])
			t.words = append(t.words, strings.ToUpper(s[i:i+n]))
		default:
			n = 1
		}
		part := s[i : i+n]
		if part == ";" {
			ended = true
		} else if strings.TrimSpace(part) != "" && !comment(part) {
			t.many = t.many || ended
		}
		out.WriteString(part)
		i += n
	}
	t.sql = strings.TrimRight(out.String(), "; \t\r\n")
	return t
}

func comment(part string) bool { return strings.HasPrefix(part, "--") || strings.HasPrefix(part, "/*") }

func letter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// word is how long the word is with which s begins.
func word(s string) int {
	n := 0
	for n < len(s) && (letter(s[n]) || s[n] >= '0' && s[n] <= '9' || s[n] == '$') {
		n++
	}
	return n
}

// skip is how long the quote or comment is with which s begins: 0 when it begins with none, negative when it has no end.
func skip(d dialect, s string) int {
	switch {
	case strings.HasPrefix(s, "--"), s[0] == '#' && d == mysqlDialect:
		if n := strings.IndexByte(s, '\n'); n >= 0 {
			return n + 1
		}
		return len(s)
	case strings.HasPrefix(s, "/*"):
		return until(s, "*/", 2)
	case s[0] == '$' && d == postgresDialect: // $tag$ … $tag$
		n := 1
		for n < len(s) && (letter(s[n]) || n > 1 && s[n] >= '0' && s[n] <= '9') {
			n++
		}
		if n < len(s) && s[n] == '$' {
			return until(s, s[:n+1], n+1)
		}
		return 0
	case s[0] == '\'' || s[0] == '"' || s[0] == '`':
		return quoted(d, s)
	}
	return 0
}

func until(s, end string, from int) int {
	if n := strings.Index(s[from:], end); n >= 0 {
		return from + n + len(end)
	}
	return -1
}

// quoted is how long a quoted text is. A doubled quote goes on; in MySQL a backslash takes the next sign with it.
func quoted(d dialect, s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] == '\\' && d == mysqlDialect && s[0] != '`' {
			i++
		} else if s[i] == s[0] {
			return i + 1 // of a doubled quote the second begins a text of its own, which comes to the same
		}
	}
	return -1
}

// dialect is a database's kind.
type dialect string

// The databases.
const (
	postgresDialect dialect = "postgres"
	mysqlDialect    dialect = "mysql"
	sqliteDialect   dialect = "sqlite"
)

// parameter is how the nth parameter is written.
func (d dialect) parameter(n int) string {
	if d == postgresDialect {
		return "$" + strconv.Itoa(n)
	}
	return "?"
}
