//go:build !linux

package exec

import (
	"context"

	"frontline/fault"
)

func (*Kind) selfTest() Sandbox {
	return Sandbox{Level: Tree, Why: []string{"only Linux has what a sandbox takes"}}
}

func (*Kind) run(context.Context, task) (outcome, error) {
	return outcome{}, fault.New(fault.Invalid, "Actions of the kind exec run on Linux only. Run the Frontline server there.")
}
