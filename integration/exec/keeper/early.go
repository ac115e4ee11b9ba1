package keeper

import (
	"os"
	"syscall"
)

// A process that was started as a keeper never comes to main: it does its work while the program is initialised. What this package imports is ready then, and most
// of the rest of a large program, which takes longer to get ready than a command may take to start, is not (Go initialises packages in the order of
// their names, each after those that it imports). When that order changes, a keeper starts more slowly and does the same.
var _ = early(os.Args)

func early(args []string) bool {
	if len(args) < 2 || args[1] != Arg {
		return false
	}
	syscall.Exit(Keep()) // os.Exit waits a second under the race detector
	return true
}
