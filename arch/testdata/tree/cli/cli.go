// Package cli answers what a person can do from a terminal.
package cli

import (
	"frontline/alert" // want "cli may not import alert"
	"frontline/client"
)
