package action

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	"frontline/fault"
	"frontline/secret"
)

// masker replaces secrets in everything that leaves a kind for people: output, plan, result, errors.
type masker struct{ replace *strings.Replacer }

// newMasker masks the values and the forms in which programs print them: quoted, escaped for a URL, in base64, line by line, and the password of
// an address.
func newMasker(all ...map[string]secret.Text) masker {
	forms := map[string]bool{}
	for _, secrets := range all {
		for s := range maps.Values(secrets) {
			for _, f := range formsOf(s.Reveal()) {
				forms[f] = true
			}
		}
	}
	delete(forms, "")
	// At each place the first match wins: the longest goes first, so that no tail of it is left over.
	ordered := slices.SortedFunc(maps.Keys(forms), func(a, b string) int {
		if d := len(b) - len(a); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	pairs := make([]string, 0, 2*len(ordered))
	for _, f := range ordered {
		pairs = append(pairs, f, secret.Text{}.String())
	}
	return masker{strings.NewReplacer(pairs...)}
}

// shortestForm is the least length of a derived form: a part of two letters would mask half of every line.
const shortestForm = 4

func formsOf(value string) []string {
	forms := []string{value, strings.TrimSpace(value)}
	derived := strings.Split(value, "\n")
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
		derived = append(derived, e.EncodeToString([]byte(value)))
	}
	if u, err := url.Parse(value); err == nil && u.User != nil {
		if password, set := u.User.Password(); set {
			derived = append(derived, password, url.QueryEscape(password), url.PathEscape(password))
		}
	}
	derived = append(derived, url.QueryEscape(value), url.PathEscape(value), quoted(value, true), quoted(value, false))
	for _, d := range derived {
		if d = strings.TrimSpace(d); len(d) >= shortestForm {
			forms = append(forms, d)
		}
	}
	return forms
}

// quoted is the value as it stands inside a JSON string; some programs escape < > & as well.
func quoted(value string, html bool) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(html)
	if err := e.Encode(value); err != nil { // a string can always be written
		return value
	}
	return strings.Trim(strings.TrimSpace(b.String()), `"`)
}

func (m masker) text(s string) string { return m.replace.Replace(s) }

// err is the error with its secrets masked: its kind and fields stay, its chain of causes becomes text.
func (m masker) err(err error) error {
	if err == nil {
		return nil
	}
	masked := &fault.Error{Kind: fault.KindOf(err), Say: m.text(fault.Sentence(err)), Cause: errors.New(m.text(err.Error()))}
	var f *fault.Error
	if errors.As(err, &f) {
		masked.After = f.After
		for _, field := range f.Fields {
			masked.Fields = append(masked.Fields, fault.Field{Name: field.Name, Say: m.text(field.Say)})
		}
	}
	return masked
}

// masked returns v with every string in it masked; v is a plain struct of this package that JSON can carry.
func masked[T any](m masker, v T) (T, error) {
	var out T
	raw, err := json.Marshal(v)
	if err == nil {
		var tree any
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber() // counts need all their digits
		if err = d.Decode(&tree); err == nil {
			raw, err = json.Marshal(m.tree(tree))
		}
	}
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		return out, fault.Wrap(errors.New(m.text(err.Error())), fault.Internal, "What the action answered cannot be written down. Report this to its owner.")
	}
	return out, nil
}

func (m masker) tree(v any) any {
	switch v := v.(type) {
	case string:
		return m.text(v)
	case []any:
		for i := range v {
			v[i] = m.tree(v[i])
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[m.text(k)] = m.tree(x)
		}
		return out
	}
	return v
}
