package httpcall

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"frontline/action"
	"frontline/fault"
	"frontline/secret"
)

// The longest that a request may be.
const (
	segmentAtMost = 2 << 10
	queryAtMost   = 8 << 10
	bodyAtMost    = 16 << 20
)

// built is a request as it will be sent. With its secrets shown as stars it is what people see.
type built struct {
	method string
	url    string
	header http.Header
	body   []byte
}

// filler fills placeholders with the values of a call.
type filler struct {
	call  action.Call
	stars bool // secrets are not shown
}

// value is what a text of the settings stands for: a placeholder its input or secret, anything else itself. There is none for an input that was
// not given.
func (f filler) value(text string) (v any, given bool, err error) {
	m := placeholder.FindStringSubmatch(text)
	if m == nil {
		return text, true, nil
	}
	if s, ok := f.call.Secrets[m[1]]; ok {
		return f.reveal(s), true, nil
	}
	v, given = f.call.Inputs[m[1]]
	if s, ok := v.(string); ok && !utf8.ValidString(s) {
		return nil, false, fault.Wrong(m[1], "The input %s is not valid UTF-8, so it cannot be sent as it is. Take that out.", m[1])
	}
	return v, given && v != nil, nil
}

func (f filler) reveal(s secret.Text) string {
	if f.stars {
		return s.String()
	}
	return s.Reveal()
}

// build makes the request.
func (f filler) build(r request) (built, error) {
	b := built{method: r.Method, header: http.Header{}}
	var err error
	if b.url, err = f.url(r.URL); err != nil {
		return built{}, err
	}
	query, err := f.pairs(r.Query)
	if err != nil {
		return built{}, err
	}
	if encoded := query.Encode(); encoded != "" {
		if len(encoded) > queryAtMost {
			return built{}, tooLong(r.Query, query, queryAtMost)
		}
		b.url += "?" + encoded
	}
	if err := f.headers(r.Headers, b.header); err != nil {
		return built{}, err
	}
	return b, f.body(r, &b)
}

// tooLong blames the longest parameter.
func tooLong(settings map[string]any, values url.Values, most int) error {
	name := slices.MaxFunc(slices.Collect(maps.Keys(settings)), func(a, b string) int { return len(values.Get(a)) - len(values.Get(b)) })
	if text, _ := settings[name].(string); placeholder.MatchString(text) {
		name = placeholder.FindStringSubmatch(text)[1]
	}
	return fault.Wrong(name, "The value of %s makes the request longer than %d bytes. Shorten it.", name, most)
}

func (f filler) url(template string) (string, error) {
	base, path, err := splitURL(template)
	if err != nil {
		return "", fault.Wrap(err, fault.Invalid, "The address of the request is broken. Correct the setting url.")
	}
	for i, segment := range path {
		m := placeholder.FindStringSubmatch(segment)
		if m == nil {
			continue
		}
		v, given, err := f.value(segment)
		if err != nil {
			return "", err
		}
		text := plainText(v)
		switch {
		case !given || text == "":
			return "", fault.Wrong(m[1], "The input %s is part of an address and cannot be empty. Fill it in.", m[1])
		case text == "." || text == "..": // servers take them for other folders
			return "", fault.Wrong(m[1], "The input %s is part of an address, where . and .. mean something else. Give another value.", m[1])
		case len(text) > segmentAtMost:
			return "", fault.Wrong(m[1], "The input %s is part of an address and has at most %d bytes. Shorten it.", m[1], segmentAtMost)
		}
		path[i] = url.PathEscape(text)
	}
	return base + "/" + strings.Join(path, "/"), nil
}

// plainText is a value outside of JSON: a text as it is, everything else as JSON writes it.
func plainText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	if v == nil {
		return ""
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// pairs fills a query or a form. A parameter whose input was not given is left out.
func (f filler) pairs(settings map[string]any) (url.Values, error) {
	values := url.Values{}
	for name, v := range settings {
		if text, ok := v.(string); ok {
			filled, given, err := f.value(text)
			if err != nil {
				return nil, err
			}
			if !given {
				continue
			}
			v = filled
		}
		values.Set(name, plainText(v))
	}
	return values, nil
}

// headers fills headers with secrets. A header that is a reference as a whole is found under its own name.
func (f filler) headers(settings map[string]string, into http.Header) error {
	for name, text := range settings {
		if s, ok := f.call.Secrets["headers."+name]; ok && secret.Ref(text).Check() == nil {
			text = f.reveal(s)
		} else {
			for _, m := range anywhere.FindAllStringSubmatch(text, -1) {
				s, ok := f.call.Secrets[m[1]]
				if !ok {
					return fault.Wrong("headers", "The header %s names %s, which is no secret of the action. Inputs cannot be in headers; a secret is named under secrets.", name, m[1])
				}
				text = strings.ReplaceAll(text, m[0], f.reveal(s))
			}
		}
		if strings.ContainsAny(text, "\r\n\x00") {
			return fault.Wrong("headers", "The secret in the header %s has more than one line. Correct the secret.", name)
		}
		into.Set(name, text)
	}
	return nil
}

func (f filler) body(r request, b *built) error {
	switch {
	case r.Form != nil:
		values, err := f.pairs(r.Form)
		if err != nil {
			return err
		}
		if b.body = []byte(values.Encode()); len(b.body) > bodyAtMost {
			return tooLong(r.Form, values, bodyAtMost)
		}
		b.header.Set("Content-Type", "application/x-www-form-urlencoded")
	case r.Body != nil:
		tree, err := f.tree(r.Body)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false)
		if err := e.Encode(tree); err != nil {
			return fault.Wrap(err, fault.Internal, "The body of the request cannot be written as JSON. Correct the setting body.")
		}
		if b.body = bytes.TrimSpace(out.Bytes()); len(b.body) > bodyAtMost {
			return fault.Wrong("body", "The body has more than %d bytes. Shorten what goes into it.", bodyAtMost)
		}
		b.header.Set("Content-Type", "application/json")
	}
	return nil
}

// tree fills the texts of a body. A field whose input was not given is left out.
func (f filler) tree(v any) (any, error) {
	switch v := v.(type) {
	case string:
		filled, _, err := f.value(v)
		return filled, err
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			var err error
			if out[i], err = f.tree(x); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, x := range v {
			filled, err := f.tree(x)
			if err != nil {
				return nil, err
			}
			if text, ok := x.(string); !ok || filled != nil || !placeholder.MatchString(text) {
				out[name] = filled
			}
		}
		return out, nil
	}
	return v, nil
}

// table shows a request to people.
func (b built) table(title string) action.Table {
	rows := [][]string{{"method", b.method}, {"address", b.url}}
	for _, name := range slices.Sorted(maps.Keys(b.header)) {
		rows = append(rows, []string{name, b.header.Get(name)})
	}
	if len(b.body) > 0 {
		rows = append(rows, []string{"body", clip(string(b.body), 4000)})
	}
	return action.Table{Title: title, Columns: []string{"part", "value"}, Rows: rows}
}

func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// digest is what a plan remembers of a request: all of it, but not its secrets.
func digest(parts ...any) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%q\n", fmt.Sprintf("%s", p))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
