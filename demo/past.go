package demo

import (
	"context"
	"time"

	"frontline/wire"
)

const (
	hour   = time.Hour
	minute = time.Minute
)

// askedBefore is what Verity's people asked in the last day and a half, the oldest first.
func askedBefore() []asked {
	return append(yesterday(), today()...)
}

// yesterday is what is over by now, or waits for somebody else.
func yesterday() []asked {
	return []asked{
		{35 * hour, "wanjiru", wire.Ask{Type: "setting", Title: "Nordpank wants another callback address", Customer: "nordpank", Fields: map[string]any{"customer": "nordpank", "approved": "yes"},
			Body: "From the first of December their webhooks go to https://hooks.nordpank.example/verity. Their written request is in the CRM."},
			[]done{given("liis", "liis", 9*minute), replied("liis", 14*minute, "Done. It counts from 1 December, 00:00 in Tallinn. They can see it under Portal, Settings, Integration.", "", "configured", "s"), coded("liis", settings, minute), thanked("wanjiru", hour, "Nordpank wrote back that they have never had an answer so fast", "liis")}},
		{34 * hour, "wanjiru", wire.Ask{Type: "decision", Title: "Why was this Spanish identity card declined?", Fields: map[string]any{"customer": "arco-movil", "session": "vs-20714"},
			Body: "The person tried three times. Arco Móvil says the card is new and clean."},
			[]done{given("karl", "karl", 12*minute), noted("karl", 20*minute, "The chip was read, the printed number is behind a reflection in all three. Same light each time: they stand at the window of the shop."),
				replied("karl", 6*minute, "The card is fine. In all three pictures the lamp of the shop covers the number. Ask them to turn away from the window, once is enough.", "asker", "", ""),
				added("wanjiru", 2*hour, "It worked at once, thank you!"), closed("karl", "answered", "s", 5*minute), coded("karl", whyDecided, minute), thanked("wanjiru", 20*minute, "He looked at three pictures instead of sending a link to the manual", "karl")}},
		{32 * hour, "rasmus", wire.Ask{Title: "Who may read the sessions of the test account?", Body: "I need five declined ones for a new test. May I take them from the test account of Lumo Exchange?", Customer: "lumo-exchange"},
			[]done{replied("liis", 25*minute, "Yes: it holds invented people only. I have given you the role for a week.", "", "answered", "s")}},
		{30 * hour, "wanjiru", wire.Ask{Type: "webhooks", Title: "Savanna Pay gets some webhooks twice", Service: "webhook-sender", Fields: map[string]any{"customer": "savanna-pay", "session": "vs-20788", "since": "yesterday evening"},
			Body: "About one in a hundred comes a second time, ten seconds later, with the same number."},
			[]done{given("liis", "liis", 11*minute), noted("liis", 40*minute, "Their server answers 200 only after 11 s; we give up after 10 and send again. @karl saw this with Tramo Rides in October."),
				replied("liis", 10*minute, "Their server answers after eleven seconds, and we wait for ten. Each webhook has a number: they should take the second one for the same. I ask the platform team whether we can wait longer.", "developers", "", ""),
				escalated("liis", "github", "Wait longer than ten seconds for a customer's answer to a webhook", "Customers whose servers take more than ten seconds get each webhook twice. Savanna Pay now, Tramo Rides in October. Could the sender wait for twenty?", 10*minute),
				developed("eduardo-salas", "Wait longer than ten seconds for a customer's answer to a webhook", "How many servers are that slow? Twenty seconds for all would double the number of connections that we hold.", "", "", 4*hour)}},
		{29 * hour, "eduardo", wire.Ask{Type: "laptop", Title: "Second factor lost with the old phone", Body: "I have the new phone here and can come by with my passport."},
			[]done{given("karl", "karl", 6*minute), replied("karl", 30*minute, "I looked at your passport and set it anew. You are asked at the next sign-in.", "", "done", "s"), coded("karl", ownAccount, minute)}},
		{27 * hour, "wanjiru", wire.Ask{Title: "Which Kenyan passports have a chip?", Customer: "jamii-sacco", Service: "document-reading", Body: "Jamii Sacco writes the sign for its branches and wants to name them."},
			[]done{replied("karl", 50*minute, "All that were given out since September 2018. The cover has the small gold sign of a chip.", "asker", "", ""), added("wanjiru", 3*hour, "That is what they need. Thank you!"), closed("karl", "answered", "s", 4*minute), coded("karl", documents, minute)}},
		{26 * hour, "wanjiru", wire.Ask{Title: "Name is cut after 32 letters in the PDF report", Customer: "baltia-leasing", Service: "customer-portal",
			Body:  "Baltia Leasing has a customer with a name of 41 letters. The report shows 32 of them, and their lawyer does not accept it.",
			Files: []wire.NewFile{{Name: "report-vs-20801.txt", Body: []byte("Verification report\nName: Alexandra Konstantinopolskaya-Vand\n")}}},
			[]done{given("liis", "liis", 15*minute), noted("liis", 30*minute, "The template cuts it, the session has the whole name. VER-5107 is open since spring."),
				replied("liis", 5*minute, "It is a fault of the report, the session itself holds the whole name. It is with the developers; until then the session's screen can be printed.", "developers", "", ""),
				escalated("liis", "github", "The PDF report cuts names after 32 letters", "The session holds the whole name, the template cuts it. Baltia Leasing's lawyer does not accept the report.", 10*minute),
				developed("rasmus-poder", "The PDF report cuts names after 32 letters", "The template breaks long names into two lines now.", "completed", "5.12", 18*hour)}},
		{25 * hour, "wanjiru", wire.Ask{Type: "setting", Title: "Raise the rate limit for a load test on Thursday", Fields: map[string]any{"customer": "tramo-rides", "approved": "yes"}, Body: "Tramo Rides tests with 60 requests a second from 10:00 to 12:00."},
			[]done{given("karl", "karl", 20*minute), replied("karl", 15*minute, "It is at 80 a second from Thursday 09:30 to 12:30 and falls back by itself.", "", "configured", "m"), coded("karl", settings, minute)}},
		{24 * hour, "wanjiru", wire.Ask{Type: "erasure", Title: "A lawyer asks for the deletion of one person", Customer: "kivi-credit", Body: "The letter is attached. The person was verified in 2024 by Kivi Credit.",
			Files: []wire.NewFile{{Name: "letter.txt", Body: []byte("We act for our client and ask for erasure under Article 17.\n")}}},
			[]done{given("liis", "liis", 18*minute), noted("liis", 45*minute, "Kivi Credit is the controller: we need their word first. Mailed them."), waits("liis", "others", 1*minute)}},
		{23 * hour, "wanjiru", wire.Ask{Type: "decision", Title: "Two sessions for the same person, which one counts?", Fields: map[string]any{"customer": "kivi-credit", "session": "vs-20822"}, Body: "vs-20822 and vs-20825, ten minutes apart. One says approved, one says declined."},
			[]done{replied("karl", 70*minute, "The later one counts, always. The first was declined because the person closed the camera.", "", "answered", "s"), coded("karl", whyDecided, minute)}},
		{22 * hour, "rasmus", wire.Ask{Title: "Please watch the reader of documents after tonight's release", Service: "document-reading", Body: "Release 7.2.1 changes how fonts are loaded. I look at it until midnight, and would be glad of a second pair of eyes in the morning."},
			[]done{given("karl", "karl", 10*minute), noted("karl", 9*hour, "Quiet all night: 95th percentile at 3.1 s."), replied("karl", 2*minute, "It was quiet all night: 3.1 s at the 95th percentile, as before.", "", "done", "m"), thanked("rasmus", hour, "I could sleep after a release, because somebody else looked at the figures", "karl")}},
		{20 * hour, "wanjiru", wire.Ask{Type: "webhooks", Title: "Webhooks of Rannik Energia come late", Service: "webhook-sender", Fields: map[string]any{"customer": "rannik-energia", "since": "this morning"}, Body: "Up to five minutes, they say."},
			[]done{same("liis", 4, 35*minute)}},
		{19 * hour, "wanjiru", wire.Ask{Title: "Villa Novo asks for a discount", Customer: "villa-novo", Body: "They ask whether the second thousand checks could be cheaper."},
			[]done{{later: 25 * minute, by: "karl", do: decline("This is nothing for technical support. Eduardo’s colleagues of sales answer it: sales@verity.example. I have told them that you come.")}}},
	}
}

// today is what the desk has before it.
func today() []asked {
	return []asked{
		{17 * hour, "wanjiru", wire.Ask{Title: "Selfie is turned by 90 degrees on one tablet model", Customer: "arco-movil", Service: "decision-pipeline", Body: "Only the new tablets of their shops in Valencia. About thirty people a day are declined."},
			[]done{given("liis", "liis", 30*minute), noted("liis", 2*hour, "The pictures carry the turn in their EXIF data and we ignore it. Two more customers have these tablets: this is the problem to hang them on."),
				replied("liis", 5*minute, "It is ours: we ignore how the tablet holds the camera. The developers have it. Until then it helps to hold the tablet upright.", "developers", "", ""),
				escalated("liis", "github", "Faces are judged without the turn that the picture's EXIF data says", "New tablets store the selfie turned by 90 degrees and say so in EXIF. We ignore it; about thirty people a day are declined. Arco Móvil, Valencia.", 15*minute)}},
		{15 * hour, "wanjiru", wire.Ask{Title: "Haven Stays: faces lie on their side", Customer: "haven-stays", Service: "decision-pipeline", Body: "They have bought new tablets for their reception desks."}, []done{hung("liis", 14, 40*minute), joined("liis", 5, 30*minute)}},
		{14 * hour, "wanjiru", wire.Ask{Type: "setting", Title: "Fjordbit has lost its only administrator", Fields: map[string]any{"customer": "fjordbit", "approved": "no"}, Body: "She left the company, and nobody else can invite people."},
			[]done{given("karl", "karl", 20*minute), replied("karl", 8*minute, "We need a letter with the company's seal, or a call from the number in their contract. Which is easier for them?", "asker", "", "")}},
		{12 * hour, "eduardo", wire.Ask{Title: "Which customers still send TLS 1.2?", Service: "webhook-sender", Body: "We want to turn it off in spring and write to them now."}, []done{given("liis", "liis", 2*hour), noted("liis", 30*minute, "The gateway's log has it. Running over a week of it now.")}},
		{10 * hour, "wanjiru", wire.Ask{Type: "decision", Title: "Osprey Insurance: approved in spite of an expired passport", Fields: map[string]any{"customer": "osprey-insurance", "session": "vs-20871"}, Body: "It ended on Friday, the session is of Saturday. They are worried."},
			[]done{given("karl", "karl", 35*minute), replied("karl", 50*minute, "Their rule allows passports up to six months after their end; they set it in 2023. Shall I switch it off?", "asker", "", ""), added("wanjiru", 5*hour, "They did not know. Yes please, from tomorrow. And who set it? They ask for a name."), escalated("liis", "rules", "Show who changed a customer's rule, and when", "Osprey Insurance asks who allowed expired passports in 2023. The session names the rule and not the person.", 30*minute)}},
		{9 * hour, "wanjiru", wire.Ask{Title: "Export of 2,300 decisions for the auditor", Customer: "nordpank", Service: "customer-portal", Body: "Their auditor comes on Thursday. They need all decisions of October with the reasons, as a table."}, []done{given("liis", "liis", 25*minute), noted("liis", 3*hour, "The portal gives 1,000 at once. I take it from the replica by night."), escalated("liis", "portal", "Let the export give more than 1,000 decisions", "Auditors ask for whole months. We take them from the replica by hand, about two hours each.", 20*minute)}},
		{7 * hour, "wanjiru", wire.Ask{Type: "setting", Title: "Keep selfies for 30 days instead of 90", Fields: map[string]any{"customer": "meridian-brokers", "approved": "yes"}, Body: "Their new data officer wants it before the end of the month."}, []done{given("karl", "karl", 3*hour)}},
		{6 * hour, "rasmus", wire.Ask{Title: "Five sessions with a passport of Malta, please", Service: "document-reading", Body: "For the test of the new reader. Any result will do."}, []done{waits("liis", "others", 50*minute)}},
		{5*hour + 10*minute, "wanjiru", wire.Ask{Title: "Quartz Trading: sign-in by their own directory", Customer: "quartz-trading", Service: "customer-portal", Body: "They use Keycloak and ask what we need from them."},
			[]done{{later: 40 * minute, by: "karl", do: snooze(20 * hour)}}},
		{4*hour + 5*minute, "wanjiru", wire.Ask{Type: "webhooks", Title: "Lagoon Mobile: signature of webhooks does not fit", Service: "webhook-sender", Fields: map[string]any{"customer": "lagoon-mobile", "session": "vs-20903"}, Body: "Since they changed their key yesterday. They see 401 in their log."}, nil},
		{3*hour + 10*minute, "wanjiru", wire.Ask{Title: "Lumo Exchange asks why a person of 17 was approved", Customer: "lumo-exchange", Service: "decision-pipeline", Body: "Session vs-20911. Their rule says 18. It is urgent for them: they have to report it."},
			[]done{{later: 10 * minute, by: "liis", do: func(ctx context.Context, d *desk, id string) error {
				urgent, me := "urgent", "liis"
				_, err := d.api.ChangeRequest(ctx, id, wire.ChangeRequest{Priority: &urgent, Assignee: &me})
				return err
			}}, noted("liis", 20*minute, "The birthday is today: 18 since midnight in Manila, 17 in Tallinn. We count in UTC.")}},
		{2*hour + 20*minute, "wanjiru", wire.Ask{Title: "Portal shows yesterday's sessions in the wrong order", Customer: "saaremaa-rent", Service: "customer-portal", Body: "After 22:00 they come before those of the morning."}, nil},
		{2 * hour, "eduardo", wire.Ask{Title: "May we restart the sender of webhooks at noon?", Service: "webhook-sender", Body: "Ten minutes, nothing is lost. I would like to know whether somebody at support minds."}, nil},
		{100 * minute, "wanjiru", wire.Ask{Type: "decision", Title: "Nordpank: liveness check loops on Android 9", Fields: map[string]any{"customer": "nordpank", "session": "vs-20934"}, Body: "Three people today, all with the same phone. The check begins again after the smile."}, nil},
		{80 * minute, "wanjiru", wire.Ask{Title: "Somebody at Pampa Seguros cannot sign in", Customer: "pampa-seguros", Service: "customer-portal", Body: "He gets “your session has ended” at once, in every browser."}, nil},
		{65 * minute, "rasmus", wire.Ask{Title: "Is there a list of what support answers most often?", Body: "I would put the first three into the product."}, nil},
	}
}
