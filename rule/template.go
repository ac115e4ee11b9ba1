package rule

// Template is a rule to start from: its text is complete, and names of teams, rotations, types and actions are to be put in.
type Template struct {
	ID    string
	Title string
	Why   string // what it is good for, in a sentence
	Text  string // YAML that could be tried as it is where the names fit
}

// Templates lists the rules to start from. It is one long, straight piece because it is their texts.
func Templates() []Template {
	return []Template{
		{"unassigned", "Nobody took it for half an hour", "The lead hears of a request before whoever asked wonders.", `rules:
  - id: desk/unassigned
    title: Nobody took it for half an hour
    team: support
    on: [request.received]
    after: 30m
    if: assignee == "" && state in ["new", "open"]
    do:
      - tell: {to: [lead], text: "{subject} waits for half an hour and nobody has it: {title}"}
`},
		{"urgent-gold", "Urgent from a gold customer", "It is with whoever is on call at once, and they are reached.", `rules:
  - id: desk/urgent-gold
    title: Urgent from a gold customer goes to whoever is on call
    team: support
    on: [request.received, request.changed]
    if: priority == "urgent" && tier == "gold" && assignee == ""
    do:
      - assign: {on_call: first-line}
      - tell: {to: ["on_call:first-line"], text: "{subject} of {customer} is urgent: {title}", page: high}
`},
		{"silent-asker", "Whoever asked stays silent", "They are asked once after seven days, and the request is closed after ten.", `rules:
  - id: desk/ask-once
    title: Ask once after seven days of silence
    team: support
    on: [request.waits]
    after: 168h
    if: waits_for == "asker" && waited >= duration("168h")
    do:
      - answer: {text: "Hello {asker}, do you still need our help with this? Without a word of yours we close it in three days.", to: asker}
  - id: desk/close-silent
    title: Close after ten days of silence
    team: support
    on: [request.waits]
    after: 240h
    if: waits_for == "asker" && waited >= duration("240h")
    do:
      - close: answered
`},
		{"password-reset", "Offer the action for a known type", "The supporter sees the action that solves it first, filled in from the request.", `rules:
  - id: desk/password-reset
    title: Offer the reset where somebody cannot sign in
    team: support
    on: [request.received]
    if: type == "password-reset" || lower(title + " " + text) contains "password"
    do:
      - set: {tags: [password]}
      - offer: account/reset-password
`},
		{"alert-to-owner", "An alert becomes a request to the owner", "What no page is raised for is not forgotten: the team that owns the service gets it as work.", `rules:
  - id: desk/alert-to-owner
    title: Work for the owner of the service when a warning begins
    team: support
    on: [alert.opened]
    if: severity == "warning" && service != ""
    pause: 24h
    do:
      - create: {title: "{subject}: {title}", text: "An alert of {service} began. Look whether something is to be done about it.", service: "{service}"}
`},
		{"weekly-check", "A check every week", "What has to be looked at regularly is a request like any other, with somebody who has it.", `rules:
  - id: desk/weekly-check
    title: Look at what waits for developers, every Monday
    team: support
    at: ["08:00"]
    days: [mon]
    zone: Europe/Tallinn
    do:
      - create: {title: Look at what waits for developers, text: "Ask after what waits longest, and tell whoever asked.", team: support, priority: low}
`},
		{"breach-near", "A service level will soon be broken", "Whoever has it hears of it; the lead does while nobody has it.", `rules:
  - id: desk/breach-near
    title: Tell who has it before a service level is broken
    team: support
    on: [request.goal_soon]
    if: priority in ["high", "urgent"]
    do:
      - tell: {to: [assignee], text: "{subject} is due soon: {title}", page: low}
`},
		{"known-problem", "The same as a known problem", "While a problem is worked on, whoever reports it too gets the answer with everybody else.", `rules:
  - id: desk/known-problem
    title: Pending webhooks hang on the problem that we work on
    team: support
    on: [request.received]
    if: type == "webhooks" && lower(text) contains "pending"
    do:
      - hang_on: R-1042
      - answer: {text: "Hello {asker}, we know about this and work on it. You get our answer here as soon as it is solved.", to: asker}
`},
	}
}
