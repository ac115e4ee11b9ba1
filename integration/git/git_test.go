package git

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/object"

	"frontline/fault"
)

// repository is one with a commit of its own for each call of commit.
type repository struct {
	t    *testing.T
	dir  string
	repo *git.Repository
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	r := &repository{t: t, dir: t.TempDir()}
	var err error
	if r.repo, err = git.PlainInit(r.dir, false); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *repository) commit(name, text string) string {
	r.t.Helper()
	path := filepath.Join(r.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
	work, err := r.repo.Worktree()
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := work.Add(name); err != nil {
		r.t.Fatal(err)
	}
	hash, err := work.Commit("actions: change "+name, &git.CommitOptions{Author: &object.Signature{Name: "Rasmus Põder", Email: "rasmus@verity.example", When: time.Unix(1_800_000_000, 0)}})
	if err != nil {
		r.t.Fatal(err)
	}
	return hash.String()
}

func (c Contents) named(name string) string {
	for _, f := range c.Files {
		if f.Name == name {
			return f.Content
		}
	}
	return ""
}

// A repository is followed commit by commit, whether it lies on this machine or is asked over git's own protocol.
func TestARepositoryIsFollowed(t *testing.T) {
	for _, scheme := range []string{"", "file://"} {
		t.Run("at "+scheme, func(t *testing.T) {
			r := newRepository(t)
			first := r.commit("night/actions.yaml", "actions: []")
			r.commit("README.md", "# Actions")
			reader := New(Place{At: scheme + r.dir, Under: "night"})
			got, err := reader.Read(t.Context())
			if err != nil || got.named("actions.yaml") != "actions: []" || len(got.Files) != 1 || got.Commit == first {
				t.Fatalf("Read = %+v, %v", got, err)
			}
			newest := r.commit("night/scripts/reset.py", "print()")
			if got, err = reader.Read(t.Context()); err != nil || got.Commit != newest || got.named("scripts/reset.py") != "print()" {
				t.Errorf("after a commit: %+v, %v", got, err)
			}
			if again, err := reader.Read(t.Context()); err != nil || again.Commit != newest || len(again.Files) != 2 {
				t.Errorf("without a commit: %+v, %v", again, err)
			}
		})
	}
}

func TestPlacesThatAreNone(t *testing.T) {
	r := newRepository(t)
	r.commit("actions.yaml", "actions: []")
	empty := newRepository(t)
	for name, c := range map[string]struct {
		place Place
		kind  fault.Kind
		say   string
	}{
		"no such path":      {Place{At: "/nowhere/at/all"}, fault.Invalid, "neither a folder"},
		"no such branch":    {Place{At: "file://" + r.dir, Branch: "night"}, fault.Invalid, "no branch night"},
		"no such folder":    {Place{At: "file://" + r.dir, Under: "elsewhere"}, fault.Invalid, "Nothing was applied"},
		"out of the folder": {Place{At: "file://" + r.dir, Under: "../.."}, fault.Invalid, "no folder of the repository"},
		"empty":             {Place{At: "file://" + empty.dir}, fault.Invalid, "is empty"},
		"nobody answers":    {Place{At: "http://ops:hunter2@127.0.0.1:1/actions.git"}, fault.Unavailable, "cannot be read now"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(c.place).Read(t.Context())
			if !fault.Is(err, c.kind) || !strings.Contains(fault.Sentence(err), c.say) {
				t.Errorf("Read = %v, want %s with %q", err, c.kind, c.say)
			}
			if strings.Contains(fault.Sentence(err), "hunter2") {
				t.Errorf("the sentence shows a password: %v", err)
			}
		})
	}
}

func TestAFolderWithoutARepository(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "people.yaml"), []byte("people: []"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := New(Place{At: dir}).Read(t.Context())
	if err != nil || got.Commit != "" || len(got.Files) != 1 {
		t.Errorf("Read = %+v, %v", got, err)
	}
}
