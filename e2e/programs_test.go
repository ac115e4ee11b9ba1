package e2e

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"frontline/client"
	"frontline/secret"
	"frontline/wire"
)

// TestStoryByAPI is the same night for somebody whose program asks the API. Nobody opens a browser.
func TestStoryByAPI(t *testing.T) {
	for name, address := range databases {
		t.Run(name, func(t *testing.T) {
			n := aNight(t, address(t))
			tokens := n.tokens("wanjiru", "tonis")
			n.theQueueStops()
			n.theFirstSleepsOnAndTheSecondIsPaged()
			her := n.api(tokens["wanjiru"])
			her.acknowledges()
			her.opensAnIncident()
			her.tellsCustomers()
			her.takesThePoisonedMessageOut()
			n.queue.goesOn(sessions...)
			n.queue.empty()
			her.waitsUntilTheAlertResolves()
			her.endsTheIncident()
			n.api(tokens["tonis"]).readsThePostmortem()
			n.noDeveloperWasWoken()
		})
	}
}

// program is somebody's program at the API.
type program struct {
	*night
	*client.Client
}

func (n *night) api(token string) program {
	c, err := client.New(n.URL, client.Options{Token: secret.New(token), Agent: "verity-night"})
	n.must(err)
	return program{n, c}
}

func (n *night) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

func (p program) acknowledges() {
	g, err := p.AcknowledgeAlert(p.t.Context(), "G-1")
	p.must(err)
	if g.State != "acknowledged" || g.AcknowledgedBy == nil || g.AcknowledgedBy.ID != "wanjiru" {
		p.t.Errorf("the alert is %s by %v", g.State, g.AcknowledgedBy)
	}
}

func (p program) opensAnIncident() {
	i, err := p.OpenIncident(p.t.Context(), "G-1")
	p.must(err)
	var customers []string
	for _, c := range i.Customers {
		customers = append(customers, c.Name)
	}
	if want := []string{"Arco Móvil", "Kivi Credit", "Lumo Exchange", "Nordpank"}; i.ID != "INC-1" || len(i.Services) != 1 || !slices.Equal(customers, want) {
		p.t.Errorf("%s is about %v and hurts %v, want %v", i.ID, i.Services, customers, want)
	}
	p.stakeholdersAreTold("opened: " + stopped)
}

func (p program) tellsCustomers() {
	_, err := p.PublishUpdate(p.t.Context(), "INC-1", wire.Publish{Title: "Verification decisions are delayed", State: "investigating",
		Body: "Decisions take longer than usual. We are looking into it.", NextIn: wire.Duration(30 * time.Minute)})
	p.must(err)
	p.programsRead("Verification decisions are delayed: investigating")
}

// takesThePoisonedMessageOut with the action of the service, after a look at its plan.
func (p program) takesThePoisonedMessageOut() {
	ctx := p.t.Context()
	l, err := p.Actions(ctx, "decision-pipeline", client.Page{})
	p.must(err)
	if !slices.ContainsFunc(l.Items, func(a wire.Action) bool { return a.ID == "queue/park-message" }) {
		p.t.Fatalf("the service has the actions %v", l.Items)
	}
	r, err := p.PlanRun(ctx, wire.PlanRun{Action: "queue/park-message", For: "INC-1"})
	p.must(err)
	if r.State != "planned" || r.Plan.Nothing || !strings.Contains(r.Plan.Summary, decisionQueue) {
		p.t.Fatalf("the plan says %+v", r.Plan)
	}
	r, err = p.StartRun(ctx, r.ID, secret.Random(26), wire.StartRun{Plan: r.Plan.Hash})
	p.must(err)
	p.until("the run ends", func() bool {
		r, err = p.Run(ctx, r.ID)
		p.must(err)
		return r.Ended()
	})
	kept, err := p.Quarantine(ctx, client.QuarantineQuery{}, client.Page{})
	p.must(err)
	if r.State != "succeeded" || len(kept.Items) != 1 || kept.Items[0].Facts["message_id"] != poisoned || kept.Items[0].State != "removed" {
		p.t.Fatalf("the run %s: %+v; kept is %+v", r.State, r.Result, kept.Items)
	}
}

func (p program) waitsUntilTheAlertResolves() {
	p.alertmanagerHears(time.Now())
	p.until("the alert resolves", func() bool {
		g, err := p.Alert(p.t.Context(), "G-1")
		p.must(err)
		return g.State == "resolved"
	})
}

func (p program) endsTheIncident() {
	i, err := p.ResolveIncident(p.t.Context(), "INC-1", wire.Resolve{Publish: &wire.Publish{State: "resolved", Body: "Decisions are made at their usual pace again."}})
	p.must(err)
	if i.State != "resolved" {
		p.t.Errorf("the incident is %s", i.State)
	}
	p.programsRead("none")
	p.stakeholdersAreTold("resolved: " + stopped)
}

// readsThePostmortem as a plain member of the company. It tells the night.
func (p program) readsThePostmortem() {
	p.until("the post-mortem is drafted", func() bool {
		all, err := p.Postmortems(p.t.Context(), client.Page{})
		p.must(err)
		return len(all.Items) == 1
	})
	m, err := p.Postmortem(p.t.Context(), "INC-1")
	p.must(err)
	for _, want := range told {
		if !strings.Contains(m.Text, want) {
			p.t.Errorf("the post-mortem does not say %q:\n%s", want, m.Text)
		}
	}
}

// told is what the post-mortem of the night says.
var told = []string{stopped, "Wanjiru Kamau", "Nordpank", "Acknowledged", "Decisions take longer than usual.", "Take the poisoned message out", "Took 1 message out of decisions"}

// until asks again and again until something is so.
func (n *night) until(what string, is func() bool) {
	n.t.Helper()
	pause := time.NewTicker(50 * time.Millisecond)
	defer pause.Stop()
	over := time.After(time.Minute)
	for !is() {
		select {
		case <-pause.C:
		case <-over:
			n.t.Fatalf("%s: not within a minute", what)
		}
	}
}

// programsRead waits until customers' programs read this: the page may be a second old.
func (n *night) programsRead(want string) {
	n.t.Helper()
	got := ""
	defer func() {
		if got != want {
			n.t.Errorf("customers' programs read %q, want %q", got, want)
		}
	}()
	n.until("customers' programs read "+want, func() bool { got = n.summary(); return got == want })
}

// tokens gives people a password and an API token, through the forms that offer them.
func (n *night) tokens(people ...string) map[string]string {
	n.t.Helper()
	link, _, err := n.App.SetUpLink(n.t.Context())
	n.must(err)
	marika := n.visitor()
	marika.send(link, "name", "Marika Oja", "email", "marika@verity.example", "password", password)
	tokens := map[string]string{}
	for _, person := range people {
		v := n.visitor()
		v.send(marika.shown(marika.send(n.URL+"/people/"+person+"/invite")), "password", password)
		tokens[person] = v.shown(v.send(n.URL+"/me/tokens", "name", "terminal", "ends", "30"))
	}
	return tokens
}

// visitor fills in forms without a browser.
type visitor struct {
	*night
	http *http.Client
}

func (n *night) visitor() visitor {
	jar, err := cookiejar.New(nil)
	n.must(err)
	return visitor{n, &http.Client{Jar: jar, Timeout: 30 * time.Second}}
}

// send posts a form, names and values in turn, and returns the screen that answers.
func (v visitor) send(to string, fields ...string) string {
	v.t.Helper()
	form := url.Values{}
	for pair := range slices.Chunk(fields, 2) {
		form.Set(pair[0], pair[1])
	}
	res, err := v.http.PostForm(to, form)
	v.must(err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	v.must(err)
	if res.StatusCode != http.StatusOK {
		v.t.Fatalf("POST %s: %s\n%s", to, res.Status, body)
	}
	return string(body)
}

// shown is what a screen shows this once: a link or a token.
func (v visitor) shown(screen string) string {
	v.t.Helper()
	found := regexp.MustCompile(`readonly value="([^"]+)"`).FindStringSubmatch(screen)
	if found == nil {
		v.t.Fatalf("the screen shows no link and no token:\n%s", screen)
	}
	return found[1]
}
