package secret // want "has no package comment"

import "frontline/fault"

var _ = fault.ErrGone
