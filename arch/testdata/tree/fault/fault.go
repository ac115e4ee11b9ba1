// Package fault answers what went wrong, for machines and for people.
package fault

import "errors"

// ErrGone is a sentence that nothing changes.
var ErrGone = errors.New("gone")
