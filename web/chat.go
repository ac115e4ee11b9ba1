package web

import "time"

// ChatState is how the messenger does.
type ChatState struct {
	Name    string    // "Slack"
	Heard   time.Time // when it last called us; zero when never since the start
	Refused time.Time // when a call was last refused, for it was not signed
	Socket  string    // "connected", "connecting", "refused"; empty without a socket
	Since   time.Time // of the socket's state
}

// socketLate is how long a socket may be opened anew without anybody having to look.
const socketLate = time.Minute

// chatRow says how the messenger does.
func chatRow(v *visit, c ChatState) upkeepRow {
	row := upkeepRow{Icon: "ok", State: "Well", Name: c.Name, Small: "called us last", At: v.at(c.Heard), Path: "/system"}
	switch {
	case c.Socket == "refused", c.Socket == "connecting" && v.Now.Sub(c.Since) > socketLate:
		row.Icon, row.State, row.Small, row.At = "warning", "Look", "its socket is not open; the server's log says why", v.at(c.Since)
	case v.Now.Sub(c.Refused) < failuresBack:
		row.Icon, row.State, row.Small, row.At = "warning", "Look", "a call was refused that "+c.Name+" had not signed", v.at(c.Refused)
	case c.Heard.IsZero():
		row.Icon, row.State, row.Small = "calm", "Silent", "has not called since the start"
	}
	return row
}
