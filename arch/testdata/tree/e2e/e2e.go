package e2e // want "has no package comment"

import (
	"os/exec"
	"time"

	"frontline/store"
)

var started = time.Now()
