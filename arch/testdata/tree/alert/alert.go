// Package alert answers what the machines are telling us.
package alert

import (
	"frontline/fault"
	"frontline/people"
	"frontline/store" // want "alert may not import store"
)
