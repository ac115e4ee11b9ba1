package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// ours begins every environment variable of ours.
const ours = "FRONTLINE_"

// alone are the variables that belong to no flag: secrets, and what the command line reads itself.
func alone() []string {
	return []string{ours + "KEY", ours + "KEY_OLD", ours + "MAIL_PASSWORD", ours + "SYNC_TOKEN", ours + "TOKEN", ours + "SERVER", ours + "RUNNER_TOKEN"}
}

// known are the environment variables that flags read, and those alone.
func known(n *kong.Node) []string {
	names := alone()
	var walk func(*kong.Node)
	walk = func(n *kong.Node) {
		for _, f := range n.Flags {
			names = append(names, f.Envs...)
		}
		for _, c := range n.Children {
			walk(c)
		}
	}
	walk(n)
	return names
}

// misspelt says of each variable that is nearly one of ours, and none, which one may be meant. What is far from all of them is somebody's own, such as a secret
// that an action refers to.
func misspelt(environ, names []string) (say []string) {
	const near = 2 // letters that differ
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, ours) || slices.Contains(names, name) {
			continue
		}
		best := slices.MinFunc(names, func(a, b string) int { return apart(name, a) - apart(name, b) })
		if apart(name, best) <= near {
			say = append(say, fmt.Sprintf("%s is set and means nothing here. Is %s meant?", name, best))
		}
	}
	slices.Sort(say)
	return say
}

// apart counts the letters to insert, drop, change or swap with the next to make b of a (optimal string alignment).
func apart(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
