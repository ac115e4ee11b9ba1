package web

import (
	"net/http"
	"slices"
	"strings"

	"frontline/people"
)

// Access says who may use a route at all: Public, SignedIn, ByLink or a people.Verb. What the route then does is decided
// again, with its subject, by the command it calls.
type Access people.Verb

// The accesses that are no verb.
const (
	Public   Access = "public"    // anybody
	SignedIn Access = "signed in" // any person with a session
	// ByLink is a route whose path carries a signed token that is asked instead of a session: the handler turns it into an
	// actor (people.ByLink) and lets the command decide. Its POST is exempt from cross-origin protection and answers CORS,
	// because a push service's page may send it; no referrer leaves it.
	ByLink Access = "link"
)

// Handler answers a request of one visit. An error that it returns is rendered by the frame, once.
type Handler func(w http.ResponseWriter, r *http.Request, v *visit) error

// Route is one line of the table.
type Route struct {
	Pattern string // of http.ServeMux: "GET /incidents/{id}"
	Access  Access
	handle  Handler
}

// Routes lists every route of the screens, for tests and documentation.
func Routes() []Route { return new(Server).table() }

// dutyRoutes are the routes of those who are on call: the rota, actions and runs.
func (s *Server) dutyRoutes() []Route {
	return []Route{
		// On call
		{"GET /oncall", needs(people.SeeOnCall), s.showRota},
		{"POST /oncall/test", needs(people.PageMyself), s.testPage},
		{"POST /oncall/overrides", needs(people.Override), s.takeTurn},
		{"POST /oncall/overrides/{id}/give-back", needs(people.Override), s.giveBack},

		// Frontline itself
		{"GET /config", needs(people.SeeCatalog), s.showConfig},
		{"GET /config/{kind}/{id...}", needs(people.SeeCatalog), s.showDefinition},
		{"GET /system", needs(people.SeeSystem), s.showSystem},
		{"GET /sources", needs(people.SeeAlerts), s.showSources},
		{"GET /system/runners", needs(people.SeeRunners), s.showRunners},
		{"POST /system/runners", needs(people.ManageRunners), s.addRunner},
		{"POST /system/runners/{id}/revoke", needs(people.ManageRunners), s.revokeRunner},
		{"GET /system/clusters", needs(people.SeeActions), s.showClusters},
		{"GET /system/clusters/{id}", needs(people.SeeActions), s.showCluster},
		{"POST /system/clusters/{id}/look", needs(people.RunReadAction), s.lookAtCluster},
		{"GET /system/secrets", needs(people.SeeSecrets), s.showSecrets},
		{"POST /system/secrets", needs(people.ManageSecrets), s.setSecret},
		{"POST /system/secrets/{name}/remove", needs(people.ManageSecrets), s.removeSecret},

		// Actions and runs
		{"GET /actions", needs(people.SeeActions), s.showActions},
		{"GET /actions/{id...}", needs(people.SeeActions), s.showAction},
		{"POST /actions/{id...}", needs(people.SeeActions), s.planAction},
		{"POST /options/{id...}", needs(people.RunReadAction), s.listOptions},
		{"POST /uploads/{id...}", needs(people.RunReadAction), s.uploadFile},
		{"GET /runs/{ref}", needs(people.SeeActions), s.showRun},
		{"POST /runs/{ref}/start", needs(people.SeeActions), s.startRun},
		{"POST /runs/{ref}/break-glass", needs(people.SeeActions), s.breakGlass},
		{"POST /runs/{ref}/approve", needs(people.SeeActions), s.approveRun},
		{"POST /runs/{ref}/refuse", needs(people.SeeActions), s.refuseRun},
		{"POST /runs/{ref}/review", needs(people.SeeActions), s.reviewRun},
		{"POST /runs/{ref}/answer", needs(people.SeeActions), s.answerRun},
		{"POST /runs/{ref}/cancel", needs(people.SeeActions), s.cancelRun},
		{"POST /runs/{ref}/look", needs(people.SeeActions), s.lookRun},
		{"POST /runs/{ref}/settle", needs(people.SeeActions), s.settleRun},
		{"POST /runs/{ref}/undo", needs(people.SeeActions), s.undoRun},
		{"GET /runs/{ref}/output", needs(people.SeeActions), s.showOutput},
		{"GET /runs/{ref}/output.txt", needs(people.SeeActions), s.outputText},
		{"GET /runs/{ref}/files/{file}", needs(people.SeeActions), s.runFile},

		// Morning hand-overs
		{"GET /handover", needs(people.SeeActions), s.showHandovers},
		{"GET /handover/{id}", needs(people.SeeActions), s.showHandover},
		{"POST /handover/{id}/request", needs(people.AskDesk), s.takeUpHandover},

		// What actions took out
		{"GET /quarantine", needs(people.RunReadAction), s.showQuarantine},
		{"POST /quarantine/{id}/drop", needs(people.DropQuarantined), s.dropKept},

		// Rules
		{"GET /rules", needs(people.SeeRules), s.showRules},
		{"GET /rules/{id...}", needs(people.SeeRules), s.showRule},
		{"POST /rules/{id...}", needs(people.SeeRules), s.pauseRule},
		{"POST /rules/try", needs(people.TryRule), s.tryRules},
	}
}

// table is the one table of routes.
func (s *Server) table() []Route {
	return slices.Concat(s.ground(), s.dutyRoutes(), s.incidentRoutes(), s.requestRoutes(), s.typeRoutes(), s.shelfRoutes(), s.insightRoutes(), s.proposalRoutes(), s.thanksRoutes(), s.escalationRoutes(), s.privacyRoutes(), s.watchRoutes())
}

// incidentRoutes are the incidents' part of the table.
func (s *Server) incidentRoutes() []Route {
	return []Route{
		{"GET /incidents", needs(people.SeeIncidents), s.showIncidents},
		{"GET /incidents/new", needs(people.DeclareIncident), s.showDeclare},
		{"POST /incidents", needs(people.DeclareIncident), s.declare},
		{"GET /incidents/{ref}", needs(people.SeeIncidents), s.showRoom},
		{"GET /incidents/{ref}/timeline", needs(people.SeeIncidents), s.showTimeline},
		{"POST /incidents/{ref}/state", needs(people.WorkIncident), s.setState},
		{"POST /incidents/{ref}/severity", needs(people.WorkIncident), s.setSeverity},
		{"POST /incidents/{ref}/title", needs(people.WorkIncident), s.renameIncident},
		{"POST /incidents/{ref}/lead", needs(people.WorkIncident), s.setLead},
		{"POST /incidents/{ref}/join", needs(people.WorkIncident), s.joinIncident},
		{"POST /incidents/{ref}/promise", needs(people.WorkIncident), s.promiseNext},
		{"POST /incidents/{ref}/notes", needs(people.WorkIncident), s.writeNote},
		{"POST /incidents/{ref}/updates", needs(people.WorkIncident), s.writeUpdate},
		{"POST /incidents/{ref}/publish", needs(people.PublishUpdate), s.publishUpdate},
		{"GET /incidents/{ref}/impact", needs(people.WorkIncident), s.showImpact},
		{"POST /incidents/{ref}/impact", needs(people.WorkIncident), s.setImpact},
		{"GET /incidents/{ref}/hurt", needs(people.SeeIncidents), s.showHarm},
		{"POST /incidents/{ref}/hurt/customers", needs(people.WorkIncident), s.nameHurt},
		{"POST /incidents/{ref}/hurt/measures", needs(people.WorkIncident), s.setMeasures},
		{"GET /incidents/{ref}/resolve", needs(people.WorkIncident), s.showResolve},
		{"POST /incidents/{ref}/resolve", needs(people.WorkIncident), s.resolveIncident},
		{"POST /incidents/{ref}/reopen", needs(people.WorkIncident), s.reopenIncident},

		{"GET /postmortems", needs(people.ReadPostmortems), s.showPapers},
		{"GET /incidents/{ref}/postmortem", needs(people.ReadPostmortems), s.showPaper},
		{"GET /incidents/{ref}/postmortem/edit", needs(people.WritePostmortem), s.showPaperEdit},
		{"POST /incidents/{ref}/postmortem/edit", needs(people.WritePostmortem), s.editPaper},
		{"POST /incidents/{ref}/postmortem/publish", needs(people.WritePostmortem), s.publishPaper},
		{"POST /incidents/{ref}/follow-ups", needs(people.WritePostmortem), s.addFollowUp},
		{"POST /incidents/{ref}/follow-ups/{id}", needs(people.FinishFollowUp), s.finishFollowUp},
	}
}

// requestRoutes are the desk's part of the table. What only the desk may do to a request is asked again by the domain, with the request.
func (s *Server) requestRoutes() []Route {
	return []Route{
		{"GET /requests", needs(people.SeeRequests), s.showRequests},
		{"POST /requests", needs(people.AskDesk), s.askRequest},
		{"GET /requests/new", needs(people.AskDesk), s.showAsk},
		{"GET /search", needs(people.SeeRequests), s.showSearch},
		{"GET /customers/{id}", needs(people.SeeCatalog), s.showCustomer},
		{"GET /services/{id...}", needs(people.SeeCatalog), s.showService},
		{"GET /requests/similar", needs(people.SeeRequests), s.showNear},
		{"GET /requests/triage", needs(people.WorkRequests), s.showTriage},
		{"POST /requests/bulk", needs(people.WorkRequests), s.bulkRequests},
		{"POST /requests/take-back", needs(people.WorkRequests), s.takeBackBulk},
		{"GET /requests/{ref}", needs(people.SeeRequests), s.showRequest},
		{"GET /requests/{ref}/files/{file}", needs(people.SeeRequests), s.requestFile},
		{"POST /requests/{ref}/add", needs(people.AskDesk), s.addToRequest},
		{"POST /requests/{ref}/solved", needs(people.SeeRequests), s.solvedRequest},
		{"POST /requests/{ref}/watch", needs(people.SeeRequests), s.watchRequest},
		{"POST /requests/{ref}/unwatch", needs(people.SeeRequests), s.unwatchRequest},
		{"POST /requests/{ref}/say", needs(people.WorkRequests), s.sayInRequest},
		{"POST /requests/{ref}/draft", needs(people.WorkRequests), s.keepDraft},
		{"POST /requests/{ref}/here", needs(people.WorkRequests), s.touchRequest},
		{"POST /requests/{ref}/macro", needs(people.WorkRequests), s.useMacro},
		{"POST /requests/{ref}/accept", needs(people.WorkRequests), s.acceptRequest},
		{"POST /requests/{ref}/decline", needs(people.WorkRequests), s.declineRequest},
		{"POST /requests/{ref}/snooze", needs(people.WorkRequests), s.snoozeRequest},
		{"POST /requests/{ref}/duplicate", needs(people.WorkRequests), s.duplicateRequest},
		{"POST /requests/{ref}/not-duplicate", needs(people.WorkRequests), s.notDuplicateRequest},
		{"POST /requests/{ref}/assign", needs(people.WorkRequests), s.assignRequest},
		{"POST /requests/{ref}/change", needs(people.WorkRequests), s.changeRequest},
		{"POST /requests/{ref}/wait", needs(people.WorkRequests), s.waitRequest},
		{"POST /requests/{ref}/resume", needs(people.WorkRequests), s.resumeRequest},
		{"POST /requests/{ref}/close", needs(people.WorkRequests), s.closeRequest},
		{"POST /requests/{ref}/reopen", needs(people.WorkRequests), s.reopenRequest},
		{"POST /requests/{ref}/code", needs(people.WorkRequests), s.codeRequest},
		{"POST /requests/{ref}/problem", needs(people.WorkRequests), s.hangRequest},
		{"GET /requests/{ref}/solve", needs(people.WorkRequests), s.showSolve},
		{"POST /requests/{ref}/solve", needs(people.WorkRequests), s.solveRequest},
		{"POST /requests/{ref}/link", needs(people.WorkRequests), s.linkRequest},
		{"POST /requests/{ref}/unlink", needs(people.WorkRequests), s.unlinkRequest},
		{"POST /requests/{ref}/hold", needs(people.HoldWords), s.holdRequest},
		{"POST /requests/{ref}/release", needs(people.HoldWords), s.releaseRequest},
		{"POST /requests/{ref}/leave-incident", needs(people.WorkRequests), s.leaveIncident},
	}
}

// ground is the rest of the table.
func (s *Server) ground() []Route {
	return []Route{
		// Sign-in
		{"GET /sign-in", Public, s.showSignIn},
		{"POST /sign-in", Public, s.signIn},
		{"POST /sign-out", SignedIn, s.signOut},
		{"GET /setup/{token}", Public, s.showSetUp},
		{"POST /setup/{token}", Public, s.setUp},
		{"GET /invite/{token}", Public, s.showInvite},
		{"POST /invite/{token}", Public, s.acceptInvite},

		// The link in a page
		{"GET /p/{token}", ByLink, s.showAnswer},
		{"POST /p/{token}", ByLink, s.sendAnswer},

		// Home
		{"GET /{$}", SignedIn, s.showHome},

		// Alerts
		{"GET /alerts", needs(people.SeeAlerts), s.showAlerts},
		{"GET /alerts/{ref}", needs(people.SeeAlerts), s.showAlert},
		{"GET /alerts/{ref}/raw", needs(people.SeeAlerts), s.showRaw},
		{"POST /alerts/{ref}/acknowledge", needs(people.HandleAlerts), s.takeAlert},
		{"POST /alerts/{ref}/resolve", needs(people.HandleAlerts), s.resolveAlert},
		{"POST /alerts/{ref}/escalate", needs(people.HandleAlerts), s.escalateAlert},
		{"POST /alerts/{ref}/incident", needs(people.DeclareIncident), s.openIncident},

		// The journal
		{"GET /journal", needs(people.SeeJournal), s.showJournal},

		// The person
		{"GET /me", SignedIn, s.showMe},
		{"POST /me/keys", SignedIn, s.setKeys},
		{"POST /me/sessions/{id}/end", SignedIn, s.endSession},
		{"GET /me/password", SignedIn, s.showPassword},
		{"POST /me/password", SignedIn, s.changePassword},
		{"GET /me/tokens", needs(people.OwnTokens), s.showTokens},
		{"POST /me/tokens", needs(people.OwnTokens), s.makeToken},
		{"POST /me/tokens/{id}/revoke", needs(people.OwnTokens), s.revokeToken},
		{"POST /theme", Public, s.setTheme},
		{"GET /people", needs(people.ManagePeople), s.showPeople},
		{"POST /people/{id}/invite", needs(people.ManagePeople), s.invite},

		// The frame itself
		{"GET /live", SignedIn, s.live},
		{"GET /debug/style", SignedIn, s.showStyle},
	}
}

func needs(v people.Verb) Access { return Access(v) }

// verb returns the verb that the access needs; false when it is none.
func (a Access) verb() (people.Verb, bool) {
	return people.Verb(a), a != Public && a != SignedIn && a != ByLink
}

// method and path of the pattern.
func (rt Route) method() string { m, _, _ := strings.Cut(rt.Pattern, " "); return m }
func (rt Route) path() string   { _, p, _ := strings.Cut(rt.Pattern, " "); return p }

// secret says whether the path carries a token, so that it must not reach a log or a referrer.
func (rt Route) secret() bool { return strings.Contains(rt.path(), "{token}") }

// mount adds the route to the mux; a ByLink POST also gets its CORS preflight and its exemption.
func (s *Server) mount(rt Route) {
	s.mux.Handle(rt.Pattern, s.serve(rt))
	if rt.Access == ByLink && rt.method() == http.MethodPost {
		s.guard.AddInsecureBypassPattern(rt.Pattern)
		s.mux.HandleFunc("OPTIONS "+rt.path(), answerPreflight)
	}
}

// wing is one of the nouns of the navigation.
type wing struct{ Path, Icon, Word string }

// wings are the navigation in its order. One is shown once its screen is in the table and the person may open it.
func wings() []wing {
	return []wing{
		{"/", "home", "Home"},
		{"/requests", "inbox", "Requests"},
		{"/alerts", "alert", "Alerts"},
		{"/oncall", "oncall", "On call"},
		{"/incidents", "incident", "Incidents"},
		{"/watches", "watch", "Watches"},
		{"/actions", "action", "Actions"},
		{"/insight", "chart", "Insight"},
		{"/journal", "journal", "Journal"},
		{"/me", "settings", "Settings"},
	}
}

// wingsFor returns the wings that exist and that the actor may open.
func (s *Server) wingsFor(a people.Actor) []wing {
	var out []wing
	for _, w := range wings() {
		for _, rt := range s.routes {
			if rt.method() == http.MethodGet && strings.TrimSuffix(rt.path(), "{$}") == w.Path && s.gate(a, rt.Access) == nil {
				out = append(out, w)
			}
		}
	}
	return out
}
