// Package exec answers what a program of the desk's did, in its sandbox.
package exec

import "os/exec"
