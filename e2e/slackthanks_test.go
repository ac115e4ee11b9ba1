package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"frontline/desk"
	"frontline/people"
	"frontline/thanks"
)

func users(ids ...string) map[string]any {
	return map[string]any{"value": map[string]any{"type": "multi_users_select", "selected_users": ids}}
}

// /thanks begins with whom the text mentions and why; it is given once, hangs on the wall, and is read in the channel until it is taken back.
func TestSlackThanks(t *testing.T) {
	o := openOffice(t)
	o.commands("U0TONIS", "C0HELP", "/thanks", "<@U0AISHA|aisha> for finding the stuck message")
	form := o.slack.Form(1)
	if raw := asText(t, form); !holds(raw, []string{`"initial_users":["U0AISHA"]`, "finding the stuck message", "Technical support"}) {
		t.Fatalf("the form: %s", raw)
	}
	values := map[string]map[string]any{"people": users("U0AISHA", "U0NEW"), "text": typed("text", "finding the stuck <!channel> message")}
	if answer := o.fills("U0TONIS", "V0T", form, values); !holds(answer, []string{"errors", "people", "does not know"}) {
		t.Fatalf("to somebody unknown: %s", answer)
	}
	values["people"] = users("U0AISHA")
	for range 2 {
		if answer := o.fills("U0TONIS", "V0T", form, values); !holds(answer, []string{"update", "T-1"}) {
			t.Fatalf("given: %s", answer)
		}
	}
	p := o.sees("C0HELP", "Tõnis Kask", "thanks *Aisha Odhiambo*", "finding the stuck")
	if strings.Contains(p.Raw, "<!channel>") || len(o.slack.Posts("C0HELP")) != 1 {
		t.Errorf("it is said as %+v", o.slack.Posts("C0HELP"))
	}
	tonis := people.Actor{Kind: people.ByPerson, ID: "tonis", Role: people.Member, Teams: []string{"pipeline"}, Via: "screen"}
	all, _, err := o.App.Thanks().Page(t.Context(), tonis, thanks.View{})
	if err != nil || len(all) != 1 || all[0].By != "tonis" || all[0].To[0].ID != "aisha" {
		t.Fatalf("the wall: %+v %v", all, err)
	}
	if _, err := o.App.Thanks().TakeBack(t.Context(), tonis, all[0].Name()); err != nil {
		t.Fatal(err)
	}
	if now := o.sees("C0HELP", "taken back"); now.TS != p.TS || strings.Contains(now.Raw, "stuck") {
		t.Errorf("after it was taken back: %+v", now)
	}
}

// Folded hands and the shortcut ask what for, and know the request; what is about a request of one team is not said in a channel.
func TestSlackThanksByMessage(t *testing.T) {
	o := openOffice(t)
	const root = "1795480070.000100"
	o.writes("U0TONIS", "C0HELP", root, "", "<@U0FRONTLINE> Where is the price of a check?")
	r := o.only()
	o.writes("U0LIIS", "C0HELP", "1795480071.000100", root, "On the customer's page.")
	o.event(map[string]any{"type": "reaction_added", "user": "U0TONIS", "reaction": "pray", "item": map[string]any{"type": "message", "channel": "C0HELP", "ts": "1795480071.000100"}})
	offer := o.slack.See("C0HELP", "say what for")
	if offer.To != "U0TONIS" || offer.Thread != root {
		t.Errorf("the offer: %+v", offer)
	}
	o.presses("U0TONIS", offer, "Say thanks")
	if raw := asText(t, o.slack.Form(1)); !holds(raw, []string{r.Name(), `"initial_users":["U0LIIS"]`}) {
		t.Errorf("the form: %s", raw)
	}
	o.does(map[string]any{"type": "message_action", "callback_id": "say_thanks", "trigger_id": "T0SAY", "user": map[string]any{"id": "U0TONIS"}, "channel": map[string]any{"id": "C0HELP"},
		"message_ts": "1795480071.000100", "message": map[string]any{"type": "message", "user": "U0LIIS", "ts": "1795480071.000100", "thread_ts": root, "text": "On the customer's page."}})
	form := o.slack.Form(2)
	if raw := asText(t, form); !holds(raw, []string{r.Name(), `"initial_users":["U0LIIS"]`}) {
		t.Errorf("the form by the shortcut: %s", raw)
	}
	if answer := o.fills("U0TONIS", "V0T2", form, map[string]map[string]any{"people": users("U0LIIS"), "text": typed("text", "Quick!"), "about": typed("about", r.Name())}); !holds(answer, []string{"T-1"}) {
		t.Fatalf("given: %s", answer)
	}
	if p := o.sees("C0HELP", "thanks *Liis Tamm*", "Quick!"); p.Thread != root {
		t.Errorf("it is said in %q, want in the thread", p.Thread)
	}
	if answer := o.fills("U0LIIS", "V0T3", form, map[string]map[string]any{"people": users("U0LIIS"), "text": typed("text", "for being so very quick")}); !holds(answer, []string{"errors", "Nobody thanks themselves"}) {
		t.Errorf("to oneself: %s", answer)
	}
	shut := o.shutRequest(t)
	if answer := o.fills("U0TONIS", "V0T4", form, map[string]map[string]any{"people": users("U0AISHA"), "text": typed("text", "hiding Anna so well"), "about": typed("about", shut)}); !holds(answer, []string{"T-"}) {
		t.Fatalf("about a request of one team: %s", answer)
	}
	o.event(map[string]any{"type": "message", "bot_id": "B0OTHER", "channel": "C0HELP", "ts": "1795480072.000100", "text": "a deployment"})
	for _, p := range o.slack.Posts("C0HELP") {
		if strings.Contains(p.Raw, "hiding Anna") {
			t.Error("a thanks about a request that only its team may read is said in a channel")
		}
	}
}

// shutRequest is a request of Tõnis that only its team may read.
func (o *office) shutRequest(t *testing.T) string {
	t.Helper()
	o.commands("U0TONIS", "C0HELP", "/ask", "")
	before := len(o.requests())
	late := o.slack.Form(3)
	o.fills("U0TONIS", "V0SHUT", late, map[string]map[string]any{"type": picked("form.type", "erasure"), "title": typed("form.title", "Anna wants her data gone")})
	all, err := o.App.Desk().Requests(t.Context(), people.System("test"), desk.Filter{})
	if err != nil || len(all) != before+1 {
		t.Fatalf("%d requests: %v", len(all), err)
	}
	return all[0].Name()
}

func asText(t *testing.T, form map[string]any) string {
	t.Helper()
	raw, err := json.Marshal(form)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
