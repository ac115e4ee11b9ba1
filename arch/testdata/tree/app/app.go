// Package app answers how the parts become one program.
package app

import (
	"time"

	"example.org/anything"

	"frontline/cmd/frontline" // want "app may not import cmd/frontline"
	"frontline/integration/ntfy"
	"frontline/store"
	"frontline/web"
)

// Started is when.
func Started() time.Time { return time.Now() }
