package demo

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"frontline/wire"
)

// The register of demands, in the order in which it was made: the nth is D-n.
const (
	whyDecided = "D-1"
	hooks      = "D-2"
	settings   = "D-3"
	stuck      = "D-4"
	exports    = "D-5"
	documents  = "D-6"
	ownAccount = "D-7"
	callbacks  = "D-8" // merged into settings later
)

func demands() []wire.WriteDemand {
	return []wire.WriteDemand{
		{Title: "Why was this decided so?", Owner: "karl", Handling: "by_hand", Description: "A customer asks why a person was declined or approved. We read the session and say it in words."},
		{Title: "Webhooks late, twice or missing", Owner: "liis", Handling: "building", Description: "A customer's server did not get a webhook, or got it twice. A screen where customers see and resend their own is being built."},
		{Title: "Change a customer's setting", Owner: "marika", Handling: "self_service", Description: "Callback addresses, limits, who may sign in. Most of it is in the portal since October."},
		{Title: "Sessions are stuck", Owner: "liis", Handling: "runbook", Description: "Somebody waits for a decision. The runbook of the decision queue says what to do."},
		{Title: "Exports and reports", Owner: "marika", Handling: "by_hand", Description: "Tables of decisions for auditors, and reports that look wrong."},
		{Title: "Is this document supported?", Owner: "karl", Handling: "self_service", Description: "Which passports and cards we read. The answers are known; askers find them."},
		{Title: "Own account or computer", Owner: "karl", Handling: "by_hand", Description: "Second factors, access, laptops."},
		{Title: "New callback address", Owner: "marika", Handling: "by_hand"},
	}
}

// knownAnswer is an answer that somebody keeps right, to be looked at again so many days from tonight: before it, when that is negative.
type knownAnswer struct {
	title, text, audience, owner, kind string
	review                             int
	helped, not                        []string
}

func knownAnswers() []knownAnswer {
	return []knownAnswer{
		{"Why does a customer get the same webhook twice?", "A webhook is sent again when no answer comes **within 10 seconds**. Each has a number (`Verity-Delivery`): whoever gets a number twice takes the second for the same.\n\n- Ask them to answer 200 at once and to work afterwards.\n- The portal shows the times under *Integration → Deliveries*.", "everyone", "liis", "webhooks", 120, []string{"wanjiru", "rasmus", "eduardo"}, nil},
		{"How does a customer change their callback address?", "They do it themselves: **Portal → Settings → Integration**. What is saved there counts within a minute; the old address gets nothing from then on.", "everyone", "marika", "setting", 150, []string{"wanjiru", "eduardo"}, nil},
		{"Which passports have a chip that we read?", "All of the EU, the United Kingdom, and Kenya since September 2018. The cover shows a small gold sign of a chip.\n\nWithout a chip the printed lines are read, which takes two seconds longer.", "everyone", "karl", "", -4, []string{"wanjiru"}, []string{"rasmus"}},
		{"What does “reflection” as a reason mean?", "A lamp or a window covers a part of the document in the picture. The document is fine. Ask the person to turn away from the light: once is enough.", "everyone", "karl", "decision", 90, []string{"wanjiru", "rasmus"}, nil},
		{"How long is a session kept?", "90 days, or what the customer has set under **Portal → Settings → Retention** (30 at least).", "everyone", "marika", "", -1, nil, []string{"wanjiru"}},
		{"How do we verify somebody who has lost the only administrator account?", "A letter with the company's seal, or a call to the number in the contract. Two of us look at it. Never by mail alone.", "desk", "marika", "setting", 60, nil, nil},
	}
}

// solved is a request that was solved weeks ago.
type solved struct {
	days, hour, minute       int
	by, kind                 string
	title, customer, session string
	body                     string
	who                      string
	after                    int // minutes until it was answered
	reply, outcome, size     string
	demand                   string
}

// weeks is what was asked before the last two days, the oldest first.
func weeks(now time.Time) []asked {
	var out []asked
	for _, p := range append(firstWeek(), secondWeek()...) {
		d := now.In(tallinn()).AddDate(0, 0, -p.days)
		at := time.Date(d.Year(), d.Month(), d.Day(), p.hour, p.minute, 0, 0, d.Location())
		out = append(out, asked{now.Sub(at), p.by, p.ask(), []done{replied(p.who, time.Duration(p.after)*minute, p.reply, "", p.outcome, p.size), coded(p.who, p.demand, minute)}})
	}
	return append(out, bugs()...)
}

// ask is the form as it was filled in.
func (p solved) ask() wire.Ask {
	a := wire.Ask{Type: p.kind, Title: p.title, Body: p.body, Customer: p.customer}
	switch p.kind {
	case "decision":
		a.Fields = map[string]any{"customer": p.customer, "session": p.session}
	case "webhooks", "stuck-sessions":
		a.Fields = map[string]any{"customer": p.customer}
	case "setting":
		a.Fields = map[string]any{"customer": p.customer, "approved": "yes"}
	}
	return a
}

// firstWeek is a table: it is longer than a function should be.
func firstWeek() []solved {
	const w = "wanjiru"
	return []solved{
		{15, 9, 12, w, "decision", "Declined although the passport is new", "lumo-exchange", "vs-18204", "The person renewed it last week.", "karl", 22, "The picture shows the old one, with the cut corner. Ask for the new passport.", "answered", "s", whyDecided},
		{15, 10, 40, w, "webhooks", "Tramo Rides misses webhooks of the morning", "tramo-rides", "", "From 08:10 to 08:25 they got none.", "liis", 38, "Their server refused us with 503 in that quarter of an hour. All 41 were sent again at 08:31; the portal shows them.", "answered", "m", hooks},
		{15, 13, 5, w, "setting", "New callback address for Kopp Laen", "kopp-laen", "", "https://api.kopplaen.example/hooks from Monday.", "karl", 15, "Done, from Monday 00:00.", "configured", "s", callbacks},
		{15, 15, 30, "rasmus", "laptop", "Access to the log of the reader", "", "", "Read only, for a month.", "karl", 30, "You have it until the end of next month.", "done", "s", ownAccount},
		{14, 9, 30, w, "decision", "Why does it say reflection?", "arco-movil", "vs-18377", "The shop says that the card is clean.", "karl", 18, "A lamp covers the number in all three pictures. Ask them to turn away from it.", "answered", "s", whyDecided},
		{14, 11, 15, w, "decision", "Approved with another name?", "umoja-bank", "vs-18390", "Their record says Achieng, the document says Atieno.", "liis", 55, "We compare with what they send us, and they sent Atieno. Their form swapped two fields; their developers know now.", "answered", "m", whyDecided},
		{14, 14, 20, w, "", "Table of all decisions of October", "nordpank", "", "For their auditor, with reasons.", "liis", 200, "It is in their folder. 2,114 decisions, taken from the replica by hand.", "done", "l", exports},
		{13, 9, 50, w, "webhooks", "Savanna Pay waits for webhooks", "savanna-pay", "", "They see pending for eleven sessions.", "liis", 26, "Their certificate ended at midnight. All eleven were sent again after they renewed it.", "action", "m", hooks},
		{13, 11, 0, w, "setting", "Two more people for the portal of Vesi Telecom", "vesi-telecom", "", "Names are in the CRM.", "karl", 12, "Both are invited. Their administrator can do it too: Portal, Settings, People.", "self_service", "s", settings},
		{13, 16, 45, w, "stuck-sessions", "A session of Kivi Credit waits since noon", "kivi-credit", "", "The person sits in the branch.", "liis", 9, "It was given back four times. It is out of the queue, decided by hand and approved.", "action", "m", stuck},
		{12, 14, 10, w, "", "Do we read the new card of Portugal?", "villa-novo", "", "The one with the green stripe.", "karl", 20, "Yes, since version 7.1 of the reader.", "answered", "s", documents},
		{12, 15, 20, w, "decision", "Declined for age, but she is 19", "tulip-casino", "vs-18711", "Their limit is 18.", "karl", 34, "Theirs is set to 21 since the spring. They can lower it under Settings, Rules.", "self_service", "s", whyDecided},
		{11, 9, 5, w, "webhooks", "Umoja Bank gets webhooks in the wrong order", "umoja-bank", "", "Approved comes before started.", "liis", 75, "Each has a time; the order of arrival is not promised. The portal's manual says how to sort them.", "answered", "m", hooks},
		{11, 10, 35, w, "decision", "Session says expired, the passport ends in 2030", "osprey-insurance", "vs-18804", "They sent us a picture.", "karl", 41, "The reader took the date of birth of the second line. Decided again by hand: approved. The developers have an example.", "fixed", "m", whyDecided},
		{11, 14, 0, "eduardo", "laptop", "Second factor on a new phone", "", "", "The old one is at the bottom of the sea.", "karl", 25, "I have seen your passport; it is set anew.", "done", "s", ownAccount},
		{10, 9, 40, w, "setting", "Rate limit of Ember Games", "ember-games", "", "They open a new shop on Friday.", "karl", 17, "It is at 80 a second until Sunday.", "configured", "s", settings},
		{10, 11, 25, w, "decision", "Selfie does not match, says the screen", "lark-tutors", "vs-18902", "He has grown a beard.", "karl", 28, "The beard is no matter; the picture is of the screen of another phone. He has to be there himself.", "answered", "s", whyDecided},
		{10, 15, 15, w, "", "Report of September shows a customer twice", "baltia-leasing", "", "The same name on page 2 and page 9.", "liis", 90, "They are two sessions of one person. The report counts sessions, and says so at its end.", "answered", "m", exports},
	}
}

// secondWeek is a table too.
func secondWeek() []solved {
	const w = "wanjiru"
	return []solved{
		{9, 9, 20, w, "webhooks", "Meridian Brokers asks which addresses we send from", "meridian-brokers", "", "For their firewall.", "karl", 14, "The list is on the page Integration of the portal, and it is kept up to date there.", "self_service", "s", hooks},
		{9, 10, 55, w, "decision", "Three people of one family declined", "cielo-homes", "vs-19120", "All on the same evening.", "liis", 62, "They held the cards in front of a window at night. The answer about reflections says what to do.", "answered", "m", whyDecided},
		{9, 13, 30, w, "setting", "Callback address of Yara Wallet ends with a slash", "yara-wallet", "", "They want it without.", "karl", 10, "Changed. They can do it themselves: Portal, Settings, Integration.", "self_service", "s", callbacks},
		{8, 9, 45, w, "decision", "Why was a Maltese passport declined?", "quartz-trading", "vs-19233", "They open ownAccount for people of Malta now.", "karl", 50, "Its lower line was outside of the picture. The frame on the screen shows what has to be in it.", "answered", "s", whyDecided},
		{8, 14, 35, w, "stuck-sessions", "Sessions of Lumo Exchange hang for two minutes", "lumo-exchange", "", "About twenty of them.", "liis", 12, "One message stopped the queue. It is in quarantine, the others went on in order.", "action", "m", stuck},
		{8, 16, 20, w, "", "Passports of Ghana with the green cover", "umoja-bank", "", "Can they be shown?", "karl", 16, "Yes, the green and the blue ones.", "answered", "s", documents},
		{7, 9, 10, w, "webhooks", "Arco Móvil asks for a webhook again", "arco-movil", "", "Their server lost the answer of vs-19301.", "liis", 8, "Sent again, and they took it.", "action", "s", hooks},
		{7, 11, 50, w, "", "Numbers for the yearly report of Kivi Credit", "kivi-credit", "", "Sessions, approved, declined, by month.", "liis", 320, "The table is in their folder. The portal has the same since this morning, under Reports, Year.", "done", "l", exports},
		{6, 9, 35, w, "decision", "Declined: the document is a copy", "fjordbit", "vs-19477", "He says that it is no copy.", "karl", 33, "It is a photograph of a printed photograph; one sees the dots. He needs the card itself.", "answered", "s", whyDecided},
		{6, 10, 25, w, "setting", "Retention of 60 days for Alder Notaries", "alder-notaries", "", "Their new rule.", "karl", 19, "They have set it themselves meanwhile; the portal asks for two people to agree.", "self_service", "s", settings},
		{6, 14, 5, w, "webhooks", "Haven Stays misses one webhook", "haven-stays", "", "vs-19502, a guest waits.", "liis", 7, "Sent again; their server answered 200.", "action", "s", hooks},
		{6, 15, 40, "rasmus", "laptop", "Test phone is locked", "", "", "The one with Android 9.", "karl", 45, "It lies on your desk with a new code.", "done", "s", ownAccount},
		{4, 8, 5, w, "decision", "Approved twice, once with a warning", "meridian-brokers", "vs-19688", "Which one counts?", "karl", 24, "The later one, always.", "answered", "s", whyDecided},
		{4, 8, 40, w, "", "Do we take residence permits of Finland?", "juniper-cars", "", "For car hire.", "karl", 21, "Yes, both sides have to be shown.", "answered", "s", documents},
		{4, 9, 25, w, "webhooks", "Webhooks of Bora Air come late", "bora-air", "", "Two to three minutes since yesterday.", "liis", 48, "They answer after nine seconds, and each of theirs waits for the one before. They work on it; nothing is lost.", "answered", "m", hooks},
		{4, 10, 50, w, "decision", "Age of 17 shown for a person of 18", "tulip-casino", "vs-19811", "Her birthday was yesterday.", "liis", 36, "The session is from before midnight. A new one shows 18.", "answered", "s", whyDecided},
		{4, 13, 45, w, "stuck-sessions", "One session of Folk Energy does not end", "folk-energy", "", "The spinner turns since ten.", "karl", 11, "The person closed the window at the last step. A new link does it.", "answered", "s", stuck},
		{4, 16, 10, w, "setting", "Remove a colleague from the portal of Delta Freight", "delta-freight", "", "He left the company today.", "karl", 6, "Removed, and his sessions are ended.", "done", "s", settings},
		{3, 9, 55, w, "decision", "Why was a nurse's passport declined?", "jamii-sacco", "vs-19902", "She needs the loan this week.", "karl", 27, "A page lies over the photograph. Once more, with the page folded back.", "answered", "s", whyDecided},
		{3, 11, 20, w, "webhooks", "Kivi Credit gets some webhooks twice", "kivi-credit", "", "Since their new server.", "liis", 29, "It answers after twelve seconds, and we send again after ten. The answer about that is linked for them.", "self_service", "s", hooks},
		{3, 14, 40, w, "", "Decisions of one day as a table", "grove-pharmacy", "", "The third of the month, with reasons.", "liis", 110, "In their folder: 87 decisions.", "done", "m", exports},
		{3, 16, 5, w, "decision", "Person asks what we keep of him", "hiiu-sadam", "vs-19950", "He was approved.", "karl", 52, "What was sent to him is all: document, picture and the decision, for 90 days.", "answered", "m", whyDecided},
	}
}

// bugs are two that developers got and that are closed: one fixed, and whoever asked was told; one no bug.
func bugs() []asked {
	const wrongDate, slow = "The reader takes the birthday for the end of a passport", "Sessions list takes eight seconds to open"
	day := 24 * hour
	return []asked{
		{10*day + 7*hour, "wanjiru", wire.Ask{Type: "decision", Title: "Approved passports shown as expired", Fields: map[string]any{"customer": "cielo-homes", "session": "vs-18990"}, Body: "Two this morning, both of Chile."},
			[]done{given("liis", "liis", 20*minute), escalated("liis", "github", wrongDate, "Passports of Chile and of Malta are taken for expired: the date of birth of the second line is read as the end of validity. Sessions vs-18804 and vs-18990.", 15*minute),
				developed("rasmus-poder", wrongDate, "The second line is one letter shorter in these. Fixed and released.", "completed", "7.1.4", 26*hour), toldAll("liis", 1, hour), coded("liis", whyDecided, minute)}},
		{9*day + 12*hour, "wanjiru", wire.Ask{Title: "Screen of sessions is slow for Nordpank", Customer: "nordpank", Service: "decision-pipeline", Body: "Eight seconds until the list comes."},
			[]done{given("liis", "liis", 15*minute), escalated("liis", "github", slow, "Nordpank's list of sessions takes eight seconds. 40,000 sessions in a month; others have at most 3,000.", 20*minute),
				developed("rasmus-poder", slow, "The list is asked for without a range of dates. With one it takes 300 ms; their bookmark leaves it out.", "not_planned", "", 20*hour), toldAll("liis", 2, hour), coded("liis", exports, minute)}},
	}
}

// register is made on the first day by whoever leads support: demands, and known answers.
func (h *history) register(ctx context.Context) error {
	at, err := h.people(ctx)
	if err != nil {
		return err
	}
	marika := at["marika"]
	for _, d := range demands() {
		if _, err := marika.api.NewDemand(ctx, d); err != nil {
			return fmt.Errorf("the demand %q: %w", d.Title, err)
		}
	}
	return h.writeAnswers(ctx, marika)
}

// writeAnswers writes what is known and publishes it.
func (h *history) writeAnswers(ctx context.Context, by *desk) error {
	for i, k := range knownAnswers() {
		name := fmt.Sprintf("K-%d", i+1)
		form := url.Values{"title": {k.title}, "text": {k.text}, "audience": {k.audience}, "owner": {k.owner}, "type": {k.kind}, "review": {time.Now().AddDate(0, 0, k.review).Format(time.DateOnly)}}
		if _, err := by.post(ctx, by.base+"/answers", form); err != nil {
			return fmt.Errorf("the answer %q: %w", k.title, err)
		}
		if _, err := by.post(ctx, by.base+"/answers/"+name+"/publish", url.Values{"seen": {"1"}}); err != nil {
			return fmt.Errorf("the answer %q: %w", k.title, err)
		}
	}
	return nil
}

// weeksUntil lets what was asked earlier than so many days ago happen.
func (h *history) weeksUntil(days int) func(context.Context) error {
	return func(ctx context.Context) error {
		d := time.Now().In(tallinn()).AddDate(0, 0, -days)
		until := time.Since(time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, d.Location()))
		n := 0
		for n < len(h.weeks) && h.weeks[n].ago > until {
			n++
		}
		now := h.weeks[:n]
		h.weeks = h.weeks[n:]
		return h.happen(ctx, now)
	}
}

// people are those who ask and answer, signed in since the first day.
func (h *history) people(ctx context.Context) (map[string]*desk, error) {
	if h.at != nil {
		return h.at, nil
	}
	at := map[string]*desk{"karl": h.karl, "liis": h.liis}
	ids := []string{"wanjiru", "rasmus", "eduardo"}
	if !h.o.Brief {
		ids = append(ids, "marika")
	}
	for _, id := range ids {
		var err error
		if at[id], err = h.signIn(ctx, id); err != nil {
			return nil, err
		}
	}
	h.at = at
	return at, nil
}

// happen lets what people did happen, in the order and at the time in which they did it.
func (h *history) happen(ctx context.Context, steps []step) error {
	if len(steps) == 0 {
		return nil
	}
	now := time.Now()
	h.clock.Move(now.Add(-steps[0].ago).Sub(h.clock.Now()))
	at, err := h.people(ctx)
	if err != nil {
		return err
	}
	for _, x := range steps {
		h.clock.Move(now.Add(-x.ago).Sub(h.clock.Now()))
		if err := x.do(ctx, at[x.by]); err != nil {
			return fmt.Errorf("the request %q: %w", x.title, err)
		}
	}
	return nil
}

// heard waits until Frontline knows what became of the last escalations: one is refused, one is to be told to whoever asked.
func (h *history) heard(ctx context.Context) error {
	return until(ctx, func(ctx context.Context) (bool, error) {
		live, err := h.liis.screen(ctx, "/escalations")
		if err != nil {
			return false, err
		}
		loop, err := h.liis.screen(ctx, "/escalations?view=loop")
		return strings.Contains(live, "Refused") && strings.Contains(loop, "/escalations/E-4"), err
	})
}

// votes say whether answers helped. Whoever says so signs in anew: they were away for long.
func (h *history) votes(ctx context.Context) error {
	at := map[string]*desk{}
	for _, id := range []string{"wanjiru", "rasmus", "eduardo"} {
		var err error
		if at[id], err = h.enter(ctx, id); err != nil {
			return err
		}
	}
	for i, k := range knownAnswers() {
		for _, v := range []struct {
			by     []string
			helped string
		}{{k.helped, "yes"}, {k.not, "no"}} {
			for _, id := range v.by {
				d := at[id]
				form := url.Values{"helped": {v.helped}}
				if v.helped == "yes" && id == "wanjiru" {
					form.Set("instead", "yes")
				}
				if _, err := d.post(ctx, fmt.Sprintf("%s/answers/K-%d/vote", d.base, i+1), form); err != nil {
					return err
				}
			}
		}
	}
	_, err := h.at["marika"].api.MergeDemand(ctx, callbacks, settings)
	return err
}
