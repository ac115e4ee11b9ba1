package search

import (
	"regexp"
	"strings"
)

// What stands for a value that differs from request to request while the request is the same. Order matters: what is longer and surer first.
var (
	address  = regexp.MustCompile(`(?i)\b[\p{L}0-9._%+-]{1,64}@[\p{L}0-9-]{1,63}(?:\.[\p{L}0-9-]{1,63})+\b`)
	uuid     = regexp.MustCompile(`(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	instant  = regexp.MustCompile(`\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?\b|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b|\b\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\b`)
	network  = regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b`)
	query    = regexp.MustCompile(`(https?://[^\s?#<>"]+)[?#][^\s<>"]*`)
	windows  = regexp.MustCompile(`\b[A-Za-z]:\\[^\s:*?"<>|]+|\\\\[\w.-]+\\[^\s:*?"<>|]+`)
	unix     = regexp.MustCompile(`(^|[\s"'(=:])(?:~|/(?:home|var|usr|etc|opt|tmp|srv|root|mnt|proc|dev|data|app|lib|bin|Users|Library))(?:/[\w.@+~-]+)+/?`)
	file     = regexp.MustCompile(`(^|[\s"'(=:])(?:/|\./|\.\./|~/)?(?:[\w.@+-]+/)+[\w@+-]+\.(?:go|java|kt|py|rb|php|js|ts|tsx|cs|rs|c|cpp|h|log|txt|json|ya?ml|xml|csv|pdf|png|jpe?g|zip|gz|conf|sql|sh)\b(?::\d+)*`)
	hexadec  = regexp.MustCompile(`(?i)\b(?:0x)?[0-9a-f]{8,}\b`)
	prefixed = regexp.MustCompile(`\b([A-Za-z]{2,12})[_-]([A-Za-z0-9]{8,})\b`)
	mixed    = regexp.MustCompile(`\b[A-Za-z0-9]{12,}\b`)
	digits   = regexp.MustCompile(`(^|[^\w<])[+#]?\d(?:[\d -]{3,}\d|\d{4,})\b`)
)

// Normal is a request's text as it is compared with others: without quotations and signatures (Mail), without the frames of stack traces
// (Traces), and with placeholders for what differs between requests of one kind: <email>, <uuid>, <time>, <ip>, <path>, <id>. Classes of errors
// and endpoints stay, for they are what such requests share; ids inside of an endpoint are replaced. A text of which nothing would
// be left (only a quotation, only a trace) is taken whole. Of a very long one only the beginning is returned, for no more is compared.
func Normal(text string) string {
	if kept := Mail(text).Kept(); kept != "" {
		text = kept
	}
	if kept := Traces(text).Kept(); kept != "" {
		text = kept
	}
	return Placeholders(head(text, 2*LongestText))
}

// Placeholders is text with its addresses, ids, times and paths replaced, as Normal does it.
func Placeholders(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	h := hintsOf(text)
	if h.at {
		text = address.ReplaceAllString(text, "<email>")
	}
	if h.hyphens >= 4 {
		text = uuid.ReplaceAllString(text, "<uuid>")
	}
	if h.slash {
		text = query.ReplaceAllString(text, "$1")
	}
	if h.digits >= 4 && h.dots >= 3 {
		text = network.ReplaceAllString(text, "<ip>")
	}
	if h.digits >= 3 {
		text = instant.ReplaceAllString(text, "<time>")
	}
	if h.backslash {
		text = windows.ReplaceAllString(text, "<path>")
	}
	if h.slash {
		text = unix.ReplaceAllString(text, "$1<path>")
		text = file.ReplaceAllString(text, "$1<path>")
	}
	if h.longest >= 8 {
		text = prefixed.ReplaceAllStringFunc(text, prefixedID)
		text = hexadec.ReplaceAllStringFunc(text, idWithDigits(1))
	}
	if h.longest >= 12 {
		text = mixed.ReplaceAllStringFunc(text, idWithDigits(2))
	}
	if h.digits >= 2 {
		text = digits.ReplaceAllString(text, "$1<id>")
	}
	return text
}

// hints are what a text must have for an expression to find anything in it. Looking for them all costs less than one expression does, and most
// texts have few. No placeholder adds any of them.
type hints struct {
	at, slash, backslash  bool
	hyphens, dots, digits int
	longest               int // run of letters and digits with a digit in it
}

func hintsOf(text string) (h hints) {
	run, counted := 0, false
	for i := range len(text) {
		c := text[i]
		switch {
		case '0' <= c && c <= '9':
			h.digits++
			run, counted = run+1, true
		case 'a' <= c|0x20 && c|0x20 <= 'z':
			run++
		default:
			run, counted = 0, false
			switch c {
			case '@':
				h.at = true
			case '/':
				h.slash = true
			case '\\':
				h.backslash = true
			case '-':
				h.hyphens++
			case '.':
				h.dots++
			}
		}
		if counted {
			h.longest = max(h.longest, run)
		}
	}
	return h
}

// idWithDigits replaces what has at least n digits; "deadbeef" and "authentication" are words.
func idWithDigits(n int) func(string) string {
	return func(s string) string {
		if countDigits(s) < n {
			return s
		}
		return "<id>"
	}
}

// prefixedID keeps the prefix, which says what the id is of: "sess_9f3k2m1q" is "sess <id>".
func prefixedID(s string) string {
	at := strings.IndexAny(s, "_-")
	if countDigits(s[at:]) < 2 {
		return s
	}
	return s[:at] + " <id>"
}

func countDigits(s string) int {
	n := 0
	for _, c := range []byte(s) {
		if '0' <= c && c <= '9' {
			n++
		}
	}
	return n
}
