package define

import (
	"strings"
	"testing"
	"testing/fstest"

	"frontline/fault"
)

func TestReadFolder(t *testing.T) {
	f := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	got, err := ReadFolder(fstest.MapFS{"people.yaml": f("people:"), "customers.csv": f("id"), "README.md": f("#"), ".git/config.yaml": f("x"), ".hidden.yaml": f("x"),
		"sessions/action.yml": f("actions:"), "sessions/scripts/reset.py": f("print()"), "sessions/scripts/data.yaml": f("x")})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range got {
		names = append(names, f.Name)
	}
	if s := strings.Join(names, " "); s != "customers.csv people.yaml sessions/action.yml sessions/scripts/data.yaml sessions/scripts/reset.py" {
		t.Errorf("read %s", s)
	}
	for name, folder := range map[string]fstest.MapFS{
		"nothing":        {"README.md": f("#")},
		"only scripts":   {"scripts/a.py": f("x"), "scripts/b.yaml": f("x")},
		"a large file":   {"a.yaml": f("x"), "scripts/a.bin": f(strings.Repeat("x", mostFile+1))},
		"a large folder": {"a.yaml": f(strings.Repeat("x", mostFile)), "b.yaml": f(strings.Repeat("x", mostFile)), "c.yaml": f(strings.Repeat("x", mostFile)), "d.yaml": f(strings.Repeat("x", mostFile)), "e.yaml": f(strings.Repeat("x", mostFile)), "f.yaml": f(strings.Repeat("x", mostFile)), "g.yaml": f(strings.Repeat("x", mostFile)), "h.yaml": f(strings.Repeat("x", mostFile)), "i.yaml": f("x")},
	} {
		if _, err := ReadFolder(folder); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
	}
}
