package statuspage

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// FuzzWords publishes any words. Every document stays well formed, whatever people type.
func FuzzWords(f *testing.F) {
	f.Add("Document checks are delayed", "We look into <delayed> checks.\nMore soon.", "What we send to your systems")
	f.Add("]]>", "<!-- &#0; \x00 \x1b \xff", "\u2028</script>")
	f.Add("Työ & \"quotes\"", "\ufffe\uffff", "\U0001F534")
	f.Fuzz(func(t *testing.T, title, body, about string) {
		p := verity()
		p.Incidents[0].Name, p.Incidents[0].Updates[0].Body, p.Components[0].Description, p.Components[1].Name = title, body, about, title
		for path := range documents() {
			text, kind, err := Render(path, p)
			switch {
			case err != nil:
				t.Fatalf("%s: %v", path, err)
			case strings.Contains(kind, "json") && !json.Valid(text):
				t.Errorf("%s is no JSON: %s", path, text)
			case strings.Contains(kind, "xml"):
				wellFormed(t, path, string(text))
			}
		}
	})
}

func wellFormed(t *testing.T, path, text string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%s is no XML: %v\n%s", path, err, text)
		}
	}
}
