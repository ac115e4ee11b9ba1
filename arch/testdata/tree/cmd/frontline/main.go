// Command frontline answers nothing by itself: it starts app.
package main

import (
	"frontline/app"
	"frontline/store" // want "cmd/frontline may not import store"
)
