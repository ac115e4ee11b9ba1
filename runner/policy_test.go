package runner_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/action"
	"frontline/fault"
	"frontline/runner"
	"frontline/secret"
)

func order(change func(*action.Order)) action.Order {
	o := action.Order{Step: action.OrderDo, Definition: action.Definition{ID: "queue/park", Team: "platform", Kind: "rabbitmq.park", Risk: action.RiskChange,
		Settings: map[string]any{"password": "env:BROKER_PASSWORD"}}, Limit: time.Minute}
	if change != nil {
		change(&o)
	}
	return o
}

// TestWhatAPolicyAllows asks policies about orders.
func TestWhatAPolicyAllows(t *testing.T) {
	version := order(nil).Definition.Version()
	const secrets = `
secrets: ["env:BROKER_*"]`
	for name, c := range map[string]struct {
		policy string
		change func(*action.Order)
		wrong  string // part of the refusal; empty: it is done
	}{
		"a kind":                      {policy: "allow: [{kinds: [rabbitmq.park]}]" + secrets},
		"a pattern of kinds":          {policy: `allow: [{kinds: ["rabbitmq.*"]}]` + secrets},
		"another kind":                {policy: "allow: [{kinds: [exec]}]" + secrets, wrong: "does not allow queue/park"},
		"a pattern of actions":        {policy: `allow: [{actions: ["queue/*"]}]` + secrets},
		"one that is not deep enough": {policy: `allow: [{actions: ["*"]}]` + secrets, wrong: "does not allow"},
		"a team":                      {policy: "allow: [{teams: [platform]}]" + secrets},
		"another team":                {policy: "allow: [{teams: [support]}]" + secrets, wrong: "team platform"},
		"all of a rule":               {policy: "allow: [{kinds: [rabbitmq.park], risks: [read]}]" + secrets, wrong: "risk change"},
		"one of several rules":        {policy: "allow: [{kinds: [exec]}, {teams: [platform], risks: [change]}]" + secrets},
		"not half of two rules":       {policy: "allow: [{kinds: [rabbitmq.park], teams: [support]}, {kinds: [exec], teams: [platform]}]" + secrets, wrong: "does not allow"},
		"this version":                {policy: "allow: [{versions: [" + version + "]}]" + secrets},
		"its first letters":           {policy: "allow: [{versions: ['" + version[:12] + "']}]" + secrets},
		"a changed definition": {policy: "allow: [{versions: [" + version + "]}]" + secrets,
			change: func(o *action.Order) { o.Definition.Title = "Park it" }, wrong: "does not allow"},
		"a secret not listed": {policy: "allow: [{kinds: [rabbitmq.park]}]", wrong: "does not give env:BROKER_PASSWORD away"},
		"another secret": {policy: "allow: [{kinds: [rabbitmq.park]}]" + secrets,
			change: func(o *action.Order) { o.Definition.Secrets = map[string]secret.Ref{"key": "file:/etc/shadow"} }, wrong: "file:/etc/shadow"},
		"the check's kind counts": {policy: "allow: [{kinds: [rabbitmq.park]}]" + secrets,
			change: func(o *action.Order) { o.Looks, o.Definition.Proof = true, &action.Part{Kind: "exec"} }, wrong: "kind exec"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := runner.ParsePolicy("runner.yaml", []byte(c.policy))
			if err != nil {
				t.Fatal(err)
			}
			err = p.Refuses("berlin-1", order(c.change))
			if (err == nil) != (c.wrong == "") {
				t.Fatalf("%v, want %q", err, c.wrong)
			}
			if err != nil && (!fault.Is(err, fault.Forbidden) || !strings.Contains(fault.Sentence(err), c.wrong) || !strings.Contains(fault.Sentence(err), "berlin-1")) {
				t.Errorf("%v, want %q", err, c.wrong)
			}
		})
	}
}

func TestWrongPolicies(t *testing.T) {
	for text, wrong := range map[string]string{
		"":                                  "allows nothing",
		"allow: []":                         "allows nothing",
		"allow: [{}]":                       "allows everything",
		"allow: [{risks: [read]}]":          "allows everything",
		"allow: [{kinds: [exec], sort: x}]": "unknown field",
		`allow: [{actions: ["queue/["]}]`:   "cannot match",
		"allow: [{kinds: [exec], risks: [bold]}]":   `risk "bold"`,
		"allow: [{versions: [abc]}]":                "12 letters",
		"allow: [{kinds: [exec]}]\nsecrets: [pass]": "pattern of references",
		"allow: 3": "cannot be read",
	} {
		if _, err := runner.ParsePolicy("runner.yaml", []byte(text)); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Sentence(err), wrong) {
			t.Errorf("%q: %v, want %q", text, err, wrong)
		}
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add("allow:\n  - {kinds: [exec], actions: [\"berlin/*\"], risks: [read, change]}\nsecrets: [\"env:BROKER_*\"]\n")
	f.Add("allow: [{versions: [0123456789ab]}]")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := runner.ParsePolicy("runner.yaml", []byte(text))
		if err != nil {
			return
		}
		if p.Say() == "" || len(p.Allow) == 0 {
			t.Fatalf("%q says nothing", text)
		}
		_ = p.Refuses("berlin-1", order(nil))
	})
}

// TestEnvironmentOfAPolicy shows kinds and their scripts no more than the policy gives.
func TestEnvironmentOfAPolicy(t *testing.T) {
	p, err := runner.ParsePolicy("runner.yaml", []byte("allow: [{kinds: [exec]}]\nsecrets: [\"env:BROKER_*\"]"))
	if err != nil {
		t.Fatal(err)
	}
	getenv := p.Getenv(func(name string) string { return "the value of " + name })
	for name, given := range map[string]bool{"BROKER_PASSWORD": true, "PATH": true, "FRONTLINE_RUNNER_TOKEN": false, "AWS_SECRET": false} {
		if got := getenv(name); (got != "") != given {
			t.Errorf("%s is %q", name, got)
		}
	}
}

func TestLabels(t *testing.T) {
	for text, want := range map[string]map[string]string{
		"network=berlin,broker=yes":     {"network": "berlin", "broker": "yes"},
		" network=berlin , ":            {"network": "berlin"},
		"":                              {},
		"network":                       nil,
		"network=":                      nil,
		"Network=berlin":                nil,
		"network=berlin,network=paris":  nil,
		"network=ber lin":               nil,
		strings.Repeat("a", 64) + "=b":  nil,
		"a=" + strings.Repeat("b", 64):  nil,
		"network=a;b":                   nil,
		"zone=eu/west-1.a,network=X_9z": {"zone": "eu/west-1.a", "network": "X_9z"},
	} {
		got, err := runner.ParseLabels(text)
		if (err == nil) != (want != nil) || err == nil && !cmp.Equal(got, want) {
			t.Errorf("%q: %v %v", text, got, err)
		}
	}
	r := runner.Runner{Labels: map[string]string{"network": "berlin", "broker": "yes"}}
	for text, carries := range map[string]bool{"": true, "network=berlin": true, "network=berlin,broker=yes": true, "network=paris": false, "network=berlin,disk=ssd": false} {
		labels, err := runner.ParseLabels(text)
		if err != nil || r.Carries(labels) != carries {
			t.Errorf("%q: %v %v", text, r.Carries(labels), err)
		}
	}
}
