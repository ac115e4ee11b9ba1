package app

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"frontline/integration/git"
)

func TestSyncIsRead(t *testing.T) {
	none := func(string) string { return "" }
	for given, want := range map[string]git.Place{
		"ops=/srv/ops":                        {At: "/srv/ops"},
		"ops=https://git.example.com/ops.git": {At: "https://git.example.com/ops.git"},
		"ops=https://git.example.com/ops.git#main//night/actions": {At: "https://git.example.com/ops.git", Branch: "main", Under: "night/actions"},
		"ops=git@example.com:ops.git//night":                      {At: "git@example.com:ops.git", Under: "night"},
	} {
		c := checked{Settings: Settings{Sync: []string{given}, SyncEvery: time.Minute}}
		if err := c.readSync(none); err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		if d := cmp.Diff(want, c.sync[0].place, cmpopts.IgnoreFields(git.Place{}, "Token")); d != "" {
			t.Errorf("%s (-want +got):\n%s", given, d)
		}
	}
	for _, given := range [][]string{{"/srv/ops"}, {"Ops=/srv"}, {"ops="}, {"ops=/a", "ops=/b"}} {
		c := checked{Settings: Settings{Sync: given, SyncEvery: time.Minute}}
		if err := c.readSync(none); err == nil {
			t.Errorf("%v is taken", given)
		}
	}
}
