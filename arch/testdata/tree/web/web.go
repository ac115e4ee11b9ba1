// The screens. // want "the package comment begins with"
package web

import (
	"html/template"

	"frontline/alert"
	"frontline/integration/ntfy" // want "web may not import integration/ntfy"
	"frontline/store"            // want "web may not import store"
)
