// Package email answers whether a mail server has taken a page.
package email

import (
	"html/template"

	"github.com/wneessen/go-mail"
)
