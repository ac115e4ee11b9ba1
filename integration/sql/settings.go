package sql

import (
	"encoding/json"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"frontline/action"
	"frontline/fault"
	"frontline/secret"
)

// settings are what a definition says about its database and its statement.
type settings struct {
	Database  string          `json:"database"`  // postgres://user@host:5432/name, mysql://user@host:3306/name or sqlite:/path
	Password  secret.Ref      `json:"password"`  // resolved by the runner into Call.Secrets["password"]
	Statement string          `json:"statement"` // one, with parameters :name, which are inputs or secrets
	Preview   string          `json:"preview"`   // for a change: a query that shows the rows before it
	Look      string          `json:"look"`      // after a crash: a query whose one value is true when the work was done
	Title     string          `json:"title"`     // of the table
	Rows      int             `json:"rows"`      // of a table at most; 200 when zero
	Timeout   action.Duration `json:"timeout"`   // of all statements together; 30s when zero
}

const (
	usualTimeout, longestTimeout = 30 * time.Second, 10 * time.Minute
	usualRows, mostRows          = 200, 1000
)

// reads and changes are the words with which a statement may begin. What cannot be rolled back (a CALL, the definition of a table) is neither.
func reads() []string {
	return []string{"SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN", "DESCRIBE", "DESC"}
}
func changes() []string { return []string{"INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "WITH"} }

// parsed is the settings with their statements understood.
type parsed struct {
	settings
	dialect                  dialect
	address                  *url.URL
	statement, preview, look text
}

func parseSettings(raw json.RawMessage) (parsed, error) {
	var p parsed
	if err := action.ReadSettings((*Kind)(nil).Name(), raw, &p.settings); err != nil {
		return parsed{}, err
	}
	for _, check := range []func(*parsed) error{checkDatabase, checkStatements, checkBounds} {
		if err := check(&p); err != nil {
			return parsed{}, err
		}
	}
	return p, nil
}

func checkDatabase(p *parsed) error {
	u, err := url.Parse(p.Database)
	wrong := fault.Wrong("database", "The setting database is postgres://user@host:5432/name, mysql://user@host:3306/name or sqlite:/path, without a password: that is the setting password.")
	if err != nil {
		return wrong // without its cause: a password may stand in it
	}
	if u.User != nil {
		if _, told := u.User.Password(); told {
			return wrong
		}
	}
	switch u.Scheme {
	case "postgres", "postgresql", "mysql":
		if u.Hostname() == "" || strings.Trim(u.Path, "/") == "" || u.Query().Has("password") {
			return wrong
		}
		if p.dialect = postgresDialect; u.Scheme == "mysql" {
			p.dialect = mysqlDialect
		}
	case "sqlite":
		if u.Opaque != "" || u.Host != "" || !filepath.IsAbs(u.Path) || u.RawQuery != "" {
			return wrong
		}
		p.dialect = sqliteDialect
	default:
		return wrong
	}
	p.address = u
	if p.Password != "" && p.Password.Check() != nil {
		return fault.Wrong("password", "The setting password is a reference such as env:NAME or file:/path, never the password itself.")
	}
	return nil
}

func checkStatements(p *parsed) error {
	for _, s := range []struct {
		name, sql string
		into      *text
		may       []string
	}{
		{"statement", p.Statement, &p.statement, slices.Concat(reads(), changes())},
		{"preview", p.Preview, &p.preview, reads()},
		{"look", p.Look, &p.look, reads()},
	} {
		if s.sql == "" && s.name != "statement" {
			continue
		}
		t := parse(p.dialect, s.sql)
		switch {
		case t.odd != "":
			return fault.Wrong(s.name, "The setting %s has %s, which cannot be taken.", s.name, t.odd)
		case t.many:
			return fault.Wrong(s.name, "The setting %s is one statement; more than one cannot be planned. Make them actions of their own.", s.name)
		case len(t.words) == 0 || !slices.Contains(s.may, t.words[0]):
			return fault.Wrong(s.name, "The setting %s begins with one of %s. What cannot be rolled back cannot be planned.", s.name, strings.Join(s.may, ", "))
		}
		*s.into = t
	}
	return nil
}

func checkBounds(p *parsed) error {
	if p.Timeout == 0 {
		p.Timeout = action.Duration(usualTimeout)
	}
	if p.Rows == 0 {
		p.Rows = usualRows
	}
	switch {
	case p.Timeout < action.Duration(time.Millisecond) || p.Timeout > action.Duration(longestTimeout):
		return fault.Wrong("timeout", "The setting timeout is a duration between 1ms and %s, such as 30s.", longestTimeout)
	case p.Rows < 1 || p.Rows > mostRows:
		return fault.Wrong("rows", "The setting rows is a number between 1 and %d.", mostRows)
	}
	return nil
}

// only says whether a statement can only read. The database enforces it as well: the transaction of a read is read-only.
func (t text) only() bool {
	return slices.Contains(reads(), t.words[0]) && !slices.ContainsFunc(t.words, func(w string) bool {
		return slices.Contains([]string{"INSERT", "UPDATE", "DELETE", "MERGE", "INTO", "OUTFILE", "DUMPFILE"}, w)
	})
}

// checkRisk lets a definition of risk read only read, and one of another risk only change: what it does is planned with a rollback.
func (p parsed) checkRisk(risk action.Risk) error {
	if risk == action.RiskRead && !p.statement.only() {
		return fault.Wrong("statement", "An action of risk read may only look: a statement that begins with %s and changes nothing.", strings.Join(reads(), ", "))
	}
	return nil
}
