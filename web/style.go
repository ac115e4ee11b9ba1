package web

import (
	"net/http"
	"time"
)

// styleScreen shows every part in every state, in both themes. It is also what the visual and accessibility tests look at.
type styleScreen struct {
	head
	Specs []spec
	Icons []string
	Inks  []string
}

// spec is one theme's column.
type spec struct {
	Theme, Name string
	Inks        []string
	States      []state
	Receipts    []state
	Notes       []note
	Figures     []figure
	Facts       []fact
	Line        []entry
	Said        []said
	Promises    []promise
	Steps       []step
	Out         out
	Form        form
	Rows        []styleRow
	Pager       pager
	At          moment
}

// styleRow is one row of the specimen table.
type styleRow struct {
	State state
	No    string
	Title string
	Who   string
	At    moment
}

func (s *Server) showStyle(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.show(w, r, v, http.StatusOK, "style", styleScreen{
		head:  head{Title: "Style", Wing: "/me", Trail: trail("Settings", "/me", "Style")},
		Specs: []spec{v.spec("light", "Light"), v.spec("dark", "Dark")},
		Icons: icons(),
	})
}

// icons are the sprite's symbols.
func icons() []string {
	return []string{
		"action", "alert", "back", "book", "calm", "chart", "check", "clock", "critical", "file", "globe", "heart", "home", "inbox", "incident", "info", "journal",
		"key", "link", "live", "lock", "mail", "mark", "more", "next", "ok", "oncall", "out", "person", "phone", "play", "plus", "pulse",
		"search", "send", "settings", "ship", "stop", "talk", "undo", "up", "warning", "watch",
	}
}

func (v *visit) spec(theme, name string) spec {
	ago := func(d time.Duration) moment { return v.at(v.Now.Add(-d)) }
	return spec{
		Theme: theme, Name: name, At: ago(43 * time.Minute),
		Inks: []string{"ground", "sheet", "well", "hover", "here", "line", "edge", "ink", "ink-2", "ink-3", "critical", "warning", "ok", "accent"},
		States: []state{
			newState("critical", "Critical"), newState("warning", "Warning"), newState("ok", "Resolved"), newState("calm", "Closed"),
			newState("live", "Running"), newState("warning", "28 min", "clock"), newState("critical", "2 h late"),
		},
		Receipts: []state{
			newState("ok", "Received 02:52:09"), newState("live", "Handed over, no receipt yet"), newState("warning", "Bounced"), newState("calm", "Not tried yet"),
		},
		Notes: []note{
			newNote("critical", "critical", "The run could not start", "The broker did not answer within 5 s. Nothing was changed. Reference 7F3K2Q."),
			newNote("warning", "warning", "As of 03:12, live updates lost", "What you see may be old. Trying again in 5 s."),
			newNote("", "lock", "You may see this action but not run it", "This needs the role lead. Marika Oja has it."),
			newNote("", "ok", "", "INC-31 is resolved. It took 1 h 4 min."),
		},
		Figures: []figure{{"Customers hurt", "14", ""}, {"Acknowledged in", "1:48", "min"}, {"Sessions", number(1204), ""}},
		Facts: []fact{
			{Name: "Lead", Value: "Liis Tamm"}, {Name: "Service", Value: "decision-pipeline", Path: "#main", Mono: true}, {Name: "Runs", Value: "37, of which 36 succeeded"},
		},
		Line: []entry{
			{At: ago(2 * time.Minute), Icon: "live", Who: "Liis Tamm", Words: "set the state to Fixing"},
			{At: ago(14 * time.Minute), Icon: "globe", Who: "Liis Tamm", Words: "published update 2", More: "promised the next by 03:35"},
			{At: ago(30 * time.Minute), Icon: "ok", Look: "ok", Who: "Liis Tamm", Words: "acknowledged A-2291", More: "1:48 after the page"},
			{At: ago(32 * time.Minute), Icon: "critical", Look: "critical", Words: "opened: consumer of decisions.in fails again and again", Link: link{Word: "A-2291", Path: "#main"}},
		},
		Said: []said{
			{By: "Rasmus Põder", At: ago(3 * time.Minute), Text: []string{"RUN-883 is ready and needs one approval."}},
			{Public: true, By: "update 2 by Liis Tamm", At: ago(14 * time.Minute), Text: []string{"Decisions wait in a queue since 02:41 EET. We know why and are mending it. Nothing is lost."},
				States: []state{newState("ok", "1,198 received"), newState("warning", "6 bounced")}},
		},
		Promises: []promise{
			{What: "Next public update", By: v.at(v.Now.Add(46 * time.Minute)), Then: "Promised to customers.", Passed: 12},
			{What: "Next public update", By: v.at(v.Now.Add(11 * time.Minute)), Face: "soon", Then: "Then Karl Sepp is paged.", Passed: 63},
			{What: "Next public update", By: ago(4 * time.Minute), Face: "broken", Then: "Karl Sepp is paged.", Passed: 100},
		},
		Steps: []step{{"Investigating", "02:58", "done"}, {"Identified", "03:09", "done"}, {"Fixing", "since 03:22", "now"}, {Word: "Watching"}, {Word: "Resolved"}},
		Out: out{Label: "Live output", Lines: []outLine{
			{At: ago(9 * time.Second), Text: "take 4f1c-88e2 (get, no ack)"},
			{At: ago(8 * time.Second), Text: "publish to decisions.quarantine, wait for confirm"},
			{At: ago(7 * time.Second), Text: "confirmed by broker", Good: true},
		}},
		Form: v.specForm(theme),
		Rows: []styleRow{
			{newState("critical", "Critical"), "A-2291", "decisions.in: consumer fails again and again", "Liis Tamm", ago(43 * time.Minute)},
			{newState("warning", "Warning"), "A-2293", "exports: the nightly file is 40 min late", "nobody", ago(3 * time.Hour)},
			{newState("ok", "Resolved"), "A-2290", "webhooks to Savanna Pay answer slowly", "Karl Sepp", ago(26 * time.Hour)},
		},
		Pager: pager{Of: "alerts, " + theme, Newer: "#newer", Older: "#older", Say: "51 to 100 of 1,204"},
	}
}

func (v *visit) specForm(theme string) form {
	return form{
		Wrong: []mistake{{ID: "f-" + theme + "-by", Say: "Enter a time after " + v.at(v.Now).Clock()}},
		Fields: []field{
			{Name: theme + "-queue", Label: "Queue", Hint: "As the broker names it", Value: "decisions.in"},
			{Name: theme + "-by", Label: "Next update by", Value: "03:05", Wrong: "Enter a time after " + v.at(v.Now).Clock()},
			{Name: theme + "-rotation", Label: "Rotation", Hint: "Comes from the folder ops/oncall, change it there", Value: "First line", Locked: true},
			{Name: theme + "-severity", Label: "Severity", Kind: "select", Value: "major", Options: []option{{"minor", "Minor", ""}, {"major", "Major", ""}}},
			{Name: theme + "-who", Label: "Who reads it", Kind: "radio", Value: "inside", Options: []option{{"inside", "Colleagues only", "Internal, in the incident"}, {"public", "Customers", "On the status page and by mail"}}},
			{Name: theme + "-tell", Label: "Tell the stakeholders by mail", Kind: "check", Value: "on"},
			{Name: theme + "-text", Label: "What happened", Kind: "area", Optional: true},
		},
	}
}
