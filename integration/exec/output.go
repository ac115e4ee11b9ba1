package exec

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"
	"unicode"

	"frontline/secret"
)

// Limits of what a command may say.
const (
	lineAtMost   = 64 << 10 // bytes; the rest of a longer line is cut
	outputAtMost = 10 << 20 // bytes of both streams together; the rest is read and forgotten
	mask         = "***"
)

// masker hides secrets in text, as they are and as programs like to write them: in JSON, in URLs, in base64.
type masker struct {
	values  []string // longest first
	replace *strings.Replacer
}

func newMasker(secrets map[string]secret.Text) masker {
	var values []string
	for _, s := range secrets {
		for _, v := range append(strings.Split(s.Reveal(), "\n"), s.Reveal()) { // a key file is printed line by line
			values = append(values, spellings(strings.TrimRight(v, "\r"))...)
		}
	}
	slices.SortFunc(values, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	values = slices.Compact(values)
	var pairs []string
	for _, v := range values {
		pairs = append(pairs, v, mask)
	}
	return masker{values, strings.NewReplacer(pairs...)}
}

// spellings lists how a value may be written. Nothing is written as nothing.
func spellings(v string) []string {
	if v == "" {
		return nil
	}
	all := []string{v, url.QueryEscape(v), url.PathEscape(v), base64.StdEncoding.EncodeToString([]byte(v)),
		base64.RawStdEncoding.EncodeToString([]byte(v)), base64.URLEncoding.EncodeToString([]byte(v))}
	if quoted, err := json.Marshal(v); err == nil {
		all = append(all, string(quoted[1:len(quoted)-1]))
	}
	return all
}

func (m masker) hide(s string) string { return m.replace.Replace(s) }

// longest is how many bytes the longest spelling of a secret has.
func (m masker) longest() int {
	if len(m.values) == 0 {
		return 0
	}
	return len(m.values[0])
}

// cut shortens s to at most that many bytes without leaving the first half of a secret at its end.
func (m masker) cut(s string, at int) string {
	if len(s) <= at {
		return s
	}
	for moved := true; moved; {
		moved = false
		for _, v := range m.values {
			from := max(0, at-len(v)+1)
			if i := strings.Index(s[from:min(len(s), at+len(v)-1)], v); i >= 0 {
				at, moved = from+i, true
			}
		}
	}
	return s[:at]
}

// output collects what a command says on both its streams, line by line.
type output struct {
	mask masker
	line func(string) // gets each ordinary line

	mu    sync.Mutex
	bytes int
	full  bool
}

// read reads a stream to its end and hands its lines on, masked; those that take says yes to are not printed.
func (o *output) read(r io.Reader, take func(line string) bool) {
	in := bufio.NewReaderSize(r, lineAtMost+o.mask.longest()+1)
	for {
		raw, err := in.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		if len(raw) > 0 {
			o.say(strings.TrimRight(string(raw), "\r\n"), long, take)
		}
		for long && errors.Is(err, bufio.ErrBufferFull) {
			_, err = in.ReadSlice('\n')
		}
		if err != nil {
			return
		}
	}
}

func (o *output) say(raw string, long bool, take func(string) bool) {
	cut := o.mask.cut(raw, lineAtMost)
	line := o.mask.hide(cut)
	if long || len(cut) < len(raw) {
		line += " … (the line goes on)"
	} else if take(line) {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.full {
		return
	}
	if o.bytes += len(line) + 1; o.bytes > outputAtMost {
		o.full = true
		o.line("The output goes on, but more than 10 MiB are not kept.")
		return
	}
	o.line(printable(line))
}

// printable replaces what a screen cannot show.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "�"))
}
