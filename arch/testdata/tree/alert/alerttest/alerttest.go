// Package alerttest answers whether a source keeps the promises of alert.
package alerttest

import (
	"os/exec"
	"testing"
	"time"

	"example.org/compare"

	"frontline/alert"
	"frontline/people"
	"frontline/web" // want "alert/alerttest may not import web"
)

var tries int

// Run tries it.
func Run(t *testing.T) { tries++; _ = time.Now() }
