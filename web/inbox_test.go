package web

import (
	"net/http"
	"testing"
	"time"

	"frontline/people"
)

// The desk's mailbox has a row of its own that says whether it can be read.
func TestInboxRow(t *testing.T) {
	state := Inbox{}
	f := newFirm(t, func(d *Deps) { d.Inbox = func() Inbox { return state } })
	member := f.as(people.Member, "wanjiru")
	for name, c := range map[string]struct {
		state Inbox
		says  string
	}{
		"not yet": {Inbox{Name: "support on mail.verity.example"}, "Mailbox support on mail.verity.example : Waiting not looked into yet"},
		"well":    {Inbox{Name: "support on mail.verity.example", At: night, Taken: 3}, "Mailbox support on mail.verity.example : Well 3 mails taken since the start"},
		"down":    {Inbox{Name: "support on mail.verity.example", Failed: "The mail server cannot be reached. Mail waits there; it is tried again.", Since: night.Add(-time.Hour)}, "Mailbox support on mail.verity.example : Look The mail server cannot be reached. Mail waits there"},
	} {
		state = c.state
		t.Run(name, func(t *testing.T) {
			f.desk.to("/system", ask{as: member}).is(http.StatusOK).reads(".col .list li:nth-child(3)", c.says)
		})
	}
}
