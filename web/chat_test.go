package web

import (
	"net/http"
	"testing"
	"time"

	"frontline/people"
)

// The messenger has a row of its own that says whether it hears and is heard.
func TestChatRow(t *testing.T) {
	state := ChatState{}
	f := newFirm(t, func(d *Deps) { d.Chat = func() ChatState { return state } })
	member := f.as(people.Member, "wanjiru")
	for name, c := range map[string]struct {
		state ChatState
		says  string
	}{
		"silent":    {ChatState{Name: "Slack"}, "Slack : Silent has not called since the start"},
		"well":      {ChatState{Name: "Slack", Heard: night}, "Slack : Well called us last"},
		"unsigned":  {ChatState{Name: "Slack", Heard: night, Refused: night.Add(-time.Hour)}, "Slack : Look a call was refused that Slack had not signed"},
		"no socket": {ChatState{Name: "Slack", Heard: night, Socket: "refused", Since: night.Add(-time.Minute)}, "Slack : Look its socket is not open"},
	} {
		state = c.state
		t.Run(name, func(t *testing.T) {
			f.desk.to("/system", ask{as: member}).is(http.StatusOK).reads(".col .list li:nth-child(3)", c.says)
		})
	}
}
