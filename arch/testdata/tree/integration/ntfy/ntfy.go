// Package ntfy answers whether a phone rang, over an ntfy server.
package ntfy

import (
	"frontline/alert"
	"frontline/integration/email" // want "integration/ntfy may not import integration/email"
)
