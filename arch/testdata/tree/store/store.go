// Package store answers what is written down and how it stays true.
package store

import (
	"database/sql"

	"github.com/jackc/pgx/v5/stdlib"

	"frontline/alert"
	"frontline/people"
	"frontline/web" // want "store may not import web"
)
