package web

import (
	"time"

	"frontline/incident"
)

// dayWord is a day as people say it: "4 Dec", with the year when it is another one.
func dayWord(d incident.Date) string {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return string(d)
	}
	return t.Format("Mon 2 Jan 2006")
}
