package app

import (
	"context"
	"regexp"
	"strings"
	"time"

	"frontline/config"
	"frontline/integration/git"
	"frontline/secret"
)

// synced is one folder that is kept as it is under git.
type synced struct {
	name  string
	place git.Place
}

var folderName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// readSync reads --sync: NAME=PLACE[#BRANCH][//FOLDER].
func (c *checked) readSync(getenv func(string) string) error {
	if len(c.Sync) > 0 && c.SyncEvery < time.Second {
		return wrong("sync-every", c.SyncEvery.String(), "at least 1s")
	}
	for _, given := range c.Sync {
		name, at, ok := strings.Cut(given, "=")
		if !ok || !folderName.MatchString(name) || at == "" {
			return wrong("sync", given, "NAME=PLACE, such as night-actions=https://git.example.com/ops/actions.git")
		}
		for _, other := range c.sync {
			if other.name == name {
				return wrong("sync", given, "a name of its own for each place; "+name+" is used twice")
			}
		}
		c.sync = append(c.sync, synced{name, placeOf(at, getenv)})
	}
	return nil
}

func placeOf(at string, getenv func(string) string) git.Place {
	scheme, rest, found := strings.Cut(at, "://")
	if !found {
		scheme, rest = "", at
	}
	rest, under, _ := strings.Cut(rest, "//")
	rest, branch, _ := strings.Cut(rest, "#")
	if found {
		rest = scheme + "://" + rest
	}
	return git.Place{At: rest, Branch: branch, Under: under, Token: secret.New(getenv("FRONTLINE_SYNC_TOKEN"))}
}

// syncers keep the folders that the settings name.
func (a *App) syncers() []*config.Syncer {
	var out []*config.Syncer
	for _, f := range a.settings.sync {
		reader := git.New(f.place)
		read := func(ctx context.Context) ([]config.File, string, error) {
			c, err := reader.Read(ctx)
			return c.Files, c.Commit, err
		}
		out = append(out, &config.Syncer{Name: f.name, From: f.place.String(), Read: read, Config: a.config, Store: a.db, Clock: a.clock, Log: a.log, Every: a.settings.SyncEvery})
	}
	return out
}
