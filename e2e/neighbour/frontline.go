package neighbour

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

var built = sync.OnceValues(func() (string, error) {
	dir, err := ours.folder("frontline")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "frontline")
	if out, err := exec.Command("go", "build", "-o", binary, "frontline/cmd/frontline").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build frontline: %w\n%s", err, out)
	}
	return binary, nil
})

// Frontline builds the real program, once for the tests of this process, and returns the path of its binary.
func Frontline(t testing.TB) string {
	t.Helper()
	Need(t)
	binary, err := built()
	must(t, err)
	return binary
}
