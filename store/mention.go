package store

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"frontline/privacy"
)

// erasedWord stands where a name or an address stood.
const erasedWord = "[erased]"

// mentions finds the names and addresses of one person in texts.
type mentions struct {
	pattern *regexp.Regexp
	pieces  []string // in lower case; whatever mentions the person holds one of them
	whole   []string // as they are usually written, for bytes
}

// shortest is how long a name or an address is at least that is looked for: shorter ones are words.
const shortest = 6

// mentionsOf is nil when there is nothing to look for. A name of one word is not looked for: it is many people's.
func mentionsOf(w privacy.Whom) *mentions {
	var x mentions
	var ways []string
	for _, needle := range append(append([]string{}, w.Addresses...), manyWords(w.Names)...) {
		needle = strings.TrimSpace(needle)
		if len(needle) < shortest {
			continue
		}
		ways = append(ways, regexp.QuoteMeta(needle))
		if quoted := quotedAsJSON(needle); quoted != needle {
			ways = append(ways, regexp.QuoteMeta(quoted))
		}
		x.pieces = append(x.pieces, plainest(needle))
		x.whole = append(x.whole, needle, strings.ToLower(needle), strings.ToUpper(needle))
	}
	if len(ways) == 0 {
		return nil
	}
	x.pattern = regexp.MustCompile(`(?i)` + strings.Join(ways, "|"))
	return &x
}

func manyWords(names []string) (out []string) {
	for _, n := range names {
		if len(strings.Fields(n)) > 1 {
			out = append(out, n)
		}
	}
	return out
}

func quotedAsJSON(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return s
	}
	return string(b[1 : len(b)-1])
}

// plainest is the longest part of s that both databases bring to lower case in the same way, and that JSON writes as it is.
func plainest(s string) string {
	parts := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return r >= utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("@.-+_ :/", r)
	})
	best := ""
	for _, p := range parts {
		if len(p) > len(best) {
			best = p
		}
	}
	return best
}

// likes are the pieces as patterns for LIKE … ESCAPE '!'. One pattern is % when a name has no letters that databases agree about: then all is read.
func (x *mentions) likes() []string {
	out := make([]string, len(x.pieces))
	for i, p := range x.pieces {
		out[i] = "%" + strings.NewReplacer(`!`, `!!`, `%`, `!%`, `_`, `!_`).Replace(p) + "%"
	}
	return out
}

// without returns the text with each mention replaced, and how many there were.
func (x *mentions) without(s string) (string, int) {
	var b strings.Builder
	from, n := 0, 0
	for _, at := range x.pattern.FindAllStringIndex(s, -1) {
		if !alone(s, at[0], at[1]) {
			continue
		}
		b.WriteString(s[from:at[0]] + erasedWord)
		from, n = at[1], n+1
	}
	if n == 0 {
		return s, 0
	}
	return b.String() + s[from:], n
}

// in says whether bytes mention the person.
func (x *mentions) in(body []byte) bool {
	if !x.pattern.Match(body) {
		return false
	}
	_, n := x.without(string(bytes.ToValidUTF8(body, []byte("?"))))
	return n > 0
}

// alone says whether s[from:to] is a name or an address of its own and no part of a longer one.
func alone(s string, from, to int) bool {
	before, size := utf8.DecodeLastRuneInString(s[:from])
	if strings.ContainsRune("._+%-", before) && strings.Contains(s[from:to], "@") { // anna@nordpank.ex is not in mari.anna@nordpank.ex
		before, _ = utf8.DecodeLastRuneInString(s[:from-size])
	}
	after, size := utf8.DecodeRuneInString(s[to:])
	if isWord(before) && !escapedEnd(s[:from]) || isWord(after) {
		return false
	}
	if after == '.' || after == '-' || after == '@' { // anna@nordpank.ex is not in anna@nordpank.ex.org
		next, _ := utf8.DecodeRuneInString(s[to+size:])
		return !isWord(next)
	}
	return true
}

func isWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// escapedEnd says whether what looks like a letter is the end of an escape, as in "to\nanna@nordpank.ex" in JSON.
func escapedEnd(s string) bool {
	if len(s) >= 2 && s[len(s)-2] == '\\' && strings.ContainsRune("nrtbf", rune(s[len(s)-1])) {
		return true
	}
	return len(s) >= 6 && s[len(s)-6:len(s)-4] == `\u`
}
