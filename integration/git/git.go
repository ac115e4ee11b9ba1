// Package git answers what a folder of definitions holds now: a folder on this machine, or a branch of a git repository.
package git

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/go-git/go-billy/v5/helper/iofs"
	"github.com/go-git/go-billy/v5/memfs"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/go-git/go-git/v5/storage/memory"

	"frontline/define"
	"frontline/fault"
	"frontline/secret"
)

// Place is where a folder comes from.
type Place struct {
	At     string      // a path on this machine, or an address: https://…, ssh://git@…, git@host:…, file://…
	Branch string      // of a repository; its main one when empty
	Under  string      // the folder inside the repository; all of it when empty
	Token  secret.Text // for https; empty when none is asked for
}

// Contents is what a place holds now.
type Contents struct {
	Files  []define.File
	Commit string // hex; empty when a path is in no repository
}

// Reader reads one place. It is safe for use by several goroutines; a read waits for the one before.
type Reader struct {
	place Place

	mu   sync.Mutex
	last Contents
	seen plumbing.Hash // the commit that last was read from
}

// New returns a reader of the place.
func New(p Place) *Reader { return &Reader{place: p} }

// Read returns the files and the commit they come from. An address that does not answer is Unavailable.
func (r *Reader) Read(ctx context.Context) (Contents, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if info, err := os.Stat(r.place.At); err == nil && info.IsDir() {
		return r.readPath()
	}
	if !remote(r.place.At) {
		return Contents{}, fault.New(fault.Invalid, "%s is neither a folder on this machine nor the address of a git repository. Correct --sync.", r.place.At)
	}
	return r.readRemote(ctx)
}

// remote says whether a place is an address: with a scheme, or as ssh is written in short (git@host:path).
func remote(at string) bool {
	host, _, short := strings.Cut(at, ":")
	return strings.Contains(at, "://") || short && strings.Contains(host, "@")
}

func (r *Reader) readPath() (Contents, error) {
	files, err := define.ReadFolder(os.DirFS(filepath.Join(r.place.At, filepath.FromSlash(r.place.Under))))
	if err != nil {
		return Contents{}, err
	}
	repository, err := git.PlainOpenWithOptions(r.place.At, &git.PlainOpenOptions{DetectDotGit: true, EnableDotGitCommonDir: true})
	if err != nil { // a plain folder
		return Contents{Files: files}, nil
	}
	head, err := repository.Head()
	if err != nil { // nothing committed yet
		return Contents{Files: files}, nil
	}
	return Contents{Files: files, Commit: head.Hash().String()}, nil
}

// readRemote asks which commit the branch is at, and fetches it when it is another one than before.
func (r *Reader) readRemote(ctx context.Context) (Contents, error) {
	name, hash, err := r.head(ctx)
	if err != nil {
		return Contents{}, err
	}
	if hash == r.seen {
		return r.last, nil
	}
	work := memfs.New()
	repository, err := git.CloneContext(ctx, memory.NewStorage(), work, &git.CloneOptions{URL: r.place.At, Auth: r.auth(), Depth: 1, SingleBranch: true,
		ReferenceName: name, Tags: git.NoTags})
	if err != nil {
		return Contents{}, r.explain(err)
	}
	head, err := repository.Head()
	if err != nil {
		return Contents{}, r.explain(err)
	}
	folder, err := fs.Sub(iofs.New(work), path.Clean(path.Join(".", r.place.Under)))
	if err != nil {
		return Contents{}, fault.Wrong("sync", "%q is no folder of the repository. Write it as actions/night.", r.place.Under)
	}
	files, err := define.ReadFolder(folder)
	if err != nil {
		return Contents{}, err
	}
	r.last, r.seen = Contents{Files: files, Commit: head.Hash().String()}, head.Hash()
	return r.last, nil
}

// head is the branch that is followed, and its newest commit.
func (r *Reader) head(ctx context.Context) (plumbing.ReferenceName, plumbing.Hash, error) {
	list, err := git.NewRemote(memory.NewStorage(), &config.RemoteConfig{Name: "origin", URLs: []string{r.place.At}}).ListContext(ctx, &git.ListOptions{Auth: r.auth()})
	if err != nil {
		return "", plumbing.ZeroHash, r.explain(err)
	}
	refs := map[plumbing.ReferenceName]*plumbing.Reference{}
	for _, ref := range list {
		refs[ref.Name()] = ref
	}
	name := plumbing.NewBranchReferenceName(r.place.Branch)
	if r.place.Branch == "" {
		name = plumbing.HEAD
	}
	ref := refs[name]
	for ref != nil && ref.Type() == plumbing.SymbolicReference {
		ref = refs[ref.Target()]
	}
	if ref == nil {
		return "", plumbing.ZeroHash, fault.New(fault.Invalid, "The repository %s has no branch %s. Name one that it has.", r.place, cmp.Or(r.place.Branch, "of its own"))
	}
	return ref.Name(), ref.Hash(), nil
}

func (r *Reader) auth() transport.AuthMethod {
	if r.place.Token.Empty() {
		return nil // ssh asks the machine's agent
	}
	return &http.BasicAuth{Username: "token", Password: r.place.Token.Reveal()}
}

// String is the place for people, without what could be a password.
func (p Place) String() string {
	at := p.At
	if u, err := url.Parse(p.At); err == nil && u.User != nil {
		at = u.Redacted()
	}
	if p.Branch != "" {
		at += "#" + p.Branch
	}
	if p.Under != "" {
		at += "//" + p.Under
	}
	return at
}

func (r *Reader) explain(err error) error {
	switch {
	case errors.Is(err, transport.ErrAuthenticationRequired), errors.Is(err, transport.ErrAuthorizationFailed):
		return fault.Wrap(err, fault.Forbidden, "The repository %s does not let us in. Give a token that may read it in FRONTLINE_SYNC_TOKEN.", r.place)
	case errors.Is(err, transport.ErrRepositoryNotFound):
		return fault.Wrap(err, fault.NotFound, "There is no repository at %s, or it is not open to us. Check the address.", r.place)
	case errors.Is(err, transport.ErrEmptyRemoteRepository):
		return fault.Wrap(err, fault.Invalid, "The repository %s is empty. Commit definitions first.", r.place)
	}
	return fault.Wrap(err, fault.Unavailable, "The repository %s cannot be read now. It is tried again.", r.place)
}
