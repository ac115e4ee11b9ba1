package web

import (
	"context"
	"crypto/ed25519"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"frontline/action"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/runner"
	"frontline/secret"
)

// fakeRunners has what a test enrolled. Permission is people.May's, as with the real ones.
type fakeRunners struct {
	all   []runner.Sight
	added map[string]string // labels by name
}

func (f *fakeRunners) Runners(_ context.Context, by people.Actor) ([]runner.Sight, error) {
	return f.all, people.May(by, people.SeeRunners, people.Subject{Kind: "runner"})
}

func (f *fakeRunners) Add(_ context.Context, by people.Actor, name string, labels map[string]string) (secret.Text, error) {
	if name != "berlin-9" {
		return secret.Text{}, fault.Wrong("name", "A runner is called something like berlin-1.")
	}
	f.added[name] = runner.LabelText(labels)
	return secret.New("flr_half.print"), people.May(by, people.ManageRunners, people.Subject{Kind: "runner"})
}

func (f *fakeRunners) Revoke(_ context.Context, by people.Actor, ref string) (runner.Runner, error) {
	i := slices.IndexFunc(f.all, func(x runner.Sight) bool { return x.ID == ref })
	if i < 0 {
		return runner.Runner{}, fault.New(fault.NotFound, "There is no such runner.")
	}
	f.all[i].RevokedAt, f.all[i].RevokedBy = night, by.ID
	return f.all[i].Runner, people.May(by, people.ManageRunners, f.all[i].Subject())
}

func (f *fakeRunners) Fingerprint() string { return "SHA256:theServersOwn" }

// enrolled is a runner that was heard some time ago; never for a negative one.
func enrolled(name string, ago time.Duration, there bool, work ...runner.Work) runner.Sight {
	key := make(ed25519.PublicKey, ed25519.PublicKeySize)
	copy(key, name)
	x := runner.Sight{Runner: runner.Runner{ID: "id-" + name, Name: name, Labels: map[string]string{"network": "berlin", "broker": "yes"}, Key: key, AddedBy: "wanjiru", AddedAt: night.Add(-50 * time.Hour)}, There: there, Work: work}
	if ago >= 0 {
		x.SeenAt, x.Version, x.Sandbox = night.Add(-ago), "1.4.0 3f9a0c1d2e4b", "namespaces"
		x.Policy = "any action of kind rabbitmq.*, of team platform, with risk read or change; berlin/* with risk read"
	}
	return x
}

func manyRunners() []runner.Sight {
	gone := enrolled("berlin-0", 30*time.Hour, false)
	gone.RevokedAt, gone.RevokedBy = night.Add(-29*time.Hour), "wanjiru"
	full := enrolled("tallinn-2", 4*time.Second, true)
	full.Sandbox, full.Labels = "full", nil
	return []runner.Sight{enrolled("berlin-1", 3*time.Second, true, runner.Work{Ref: "RUN-884", Action: "queue/park-message"}, runner.Work{Ref: "RUN-885", Action: "queue/look"}),
		enrolled("berlin-2", 42*time.Minute, false, runner.Work{Ref: "RUN-871", Action: "queue/park-message"}), enrolled("nairobi-1", 7*time.Hour, false), enrolled("nairobi-2", -1, false), full, gone}
}

func withRunners(all ...runner.Sight) (*fakeRunners, func(*Deps)) {
	f := &fakeRunners{all: all, added: map[string]string{}}
	return f, func(d *Deps) { d.Runners = f }
}

func TestRunnersAreShown(t *testing.T) {
	_, with := withRunners(manyRunners()...)
	f := newFirm(t, with)
	support := f.as(people.Support, "liis")
	row := func(name string) string { return "[aria-labelledby=runner-id-" + name + "]" }
	f.desk.to("/system/runners", ask{as: support}).is(http.StatusOK).has("#server-key", "SHA256:theServersOwn").
		has(row("berlin-1")+" .head .state.ok", "Here").has(row("berlin-1")+` a[href="/runs/RUN-884"]`, "RUN-884 queue/park-message").
		reads(row("berlin-1")+" .facts", "any action of kind rabbitmq.*, of team platform, with risk read or change berlin/* with risk read").
		reads(row("berlin-1")+" .facts", "broker=yes network=berlin").has(row("berlin-1")+" .facts .state.warning", "Only namespaces").
		reads(row("berlin-1")+" .facts", "SHA256:").reads(row("berlin-1")+" .facts", "1.4.0 3f9a0c1d2e4b").
		has(row("berlin-2")+" .head .state.critical", "Away with work").has(row("nairobi-1")+" .head .state.warning", "Away").
		has(row("nairobi-2")+" .head .state.calm", "Not heard yet").has(row("tallinn-2")+" .facts .state.ok", "Full").
		has("[aria-labelledby=revoked] tbody th", "berlin-0").has("[aria-labelledby=revoked] .state.calm", "Revoked").
		lacks("#f-name").lacks("main details.sure")
	f.desk.to("/system", ask{as: support}).is(http.StatusOK).has(`main a[href="/system/runners"]`, "Runners").has(`main a[href="/system/secrets"]`, "Secrets")
	f.desk.to("/system", ask{as: f.as(people.Member, "aisha")}).is(http.StatusOK).lacks(`main a[href="/system/runners"]`)
}

func TestRunnerIsAddedAndRevoked(t *testing.T) {
	fake, with := withRunners()
	f := newFirm(t, with)
	admin := f.as(people.Admin, "wanjiru")
	f.desk.to("/system/runners", ask{as: admin}).is(http.StatusOK).has("main .blank .name", "No runner is enrolled").has("#f-labels", "").has("#f-confirm", "")
	add := func(name, labels, password string) reply {
		return f.desk.to("/system/runners", ask{as: admin, form: url.Values{"name": {name}, "labels": {labels}, people.ConfirmField: {password}}})
	}
	add("berlin-9", "network=berlin", "").is(http.StatusUnprocessableEntity).has("#f-confirm-wrong", "type your password once more")
	add("berlin-9", "network=berlin", "guess").is(http.StatusUnprocessableEntity).has("#f-confirm-wrong", "not your password").lacks(".fresh-token")
	if len(fake.added) > 0 {
		t.Fatal("a runner was added without a password")
	}
	typed := add("berlin-9", "network berlin", goodPassword).is(http.StatusUnprocessableEntity).has("#f-labels-wrong", "is no label")
	if typed.attr("#f-labels", "value") != "network berlin" {
		t.Error("what was typed is gone")
	}
	add("Berlin 9", "", goodPassword).is(http.StatusUnprocessableEntity).has("#f-name-wrong", "something like berlin-1")
	made := add("berlin-9", "network=berlin,broker=yes", goodPassword).is(http.StatusOK).has(".fresh-token", "for one hour").
		has(".fresh-token textarea", "FRONTLINE_RUNNER_TOKEN=flr_half.print frontline runner").has(".fresh-token textarea", "--server https://ops.verity.example --name berlin-9").
		has(".fresh-token textarea", "--labels broker=yes,network=berlin")
	if fake.added["berlin-9"] != "broker=yes, network=berlin" || made.attr("main", "data-topics") != "" {
		t.Errorf("added %v, topics %q", fake.added, made.attr("main", "data-topics"))
	}
	if again := f.desk.to("/system/runners", ask{as: admin}); strings.Contains(again.body(), "flr_half") || strings.Contains(f.desk.log.String(), "flr_half") {
		t.Error("the token is shown a second time, or logged")
	}
	fake.all = []runner.Sight{enrolled("berlin-9", time.Second, true)}
	f.desk.to("/system/runners", ask{as: admin}).has("main details.sure .button.danger", "Revoke berlin-9 for good")
	f.desk.to("/system/runners/id-berlin-9/revoke", ask{as: admin, form: url.Values{}}).leadsTo("/system/runners")
	f.desk.to("/system/runners", ask{as: admin}).has("[aria-labelledby=revoked] tbody th", "berlin-9").lacks("main details.sure")
}

// TestRunSaysWhereItRan looks at the facts of a run.
func TestRunSaysWhereItRan(t *testing.T) {
	berlin := map[string]string{"network": "berlin"}
	support := &visit{Actor: people.Actor{Kind: people.ByPerson, Role: people.Support}}
	for name, c := range map[string]struct {
		labels map[string]string
		runner string
		began  time.Time
		want   fact
	}{
		"on a runner":     {labels: berlin, runner: "berlin-1", began: night, want: fact{Name: "Done by", Value: "the runner berlin-1", Path: "/system/runners"}},
		"not yet":         {labels: berlin, want: fact{Name: "To be done by", Value: "a runner with network=berlin"}},
		"on the server":   {began: night, want: fact{Name: "Done by", Value: "the server"}},
		"only planned":    {want: fact{Name: "Done by", Value: "the server"}},
		"never began all": {labels: berlin, began: night, want: fact{Name: "To be done by", Value: "a runner with network=berlin"}},
	} {
		got, shown := whereItRan(support, c.labels, c.runner, c.began)
		if got != c.want || shown == (name == "only planned") {
			t.Errorf("%s: %+v, %v", name, got, shown)
		}
	}
	member := &visit{Actor: people.Actor{Kind: people.ByPerson, Role: people.Member}}
	if got, _ := whereItRan(member, berlin, "berlin-1", night); got.Path != "" {
		t.Errorf("a member is led to %s, which is not open to them", got.Path)
	}
}

// safe is where secrets lie in tests.
type safe map[string]sealedSecret

type sealedSecret struct {
	action.Stored
	sealed string
}

func (s safe) StoredSecrets(context.Context) ([]action.Stored, error) {
	var out []action.Stored
	for _, name := range slices.Sorted(maps.Keys(s)) {
		out = append(out, s[name].Stored)
	}
	return out, nil
}

func (s safe) StoredSecret(_ context.Context, name string) (action.Stored, string, error) {
	x, ok := s[name]
	if !ok {
		return x.Stored, "", fault.New(fault.NotFound, "There is no such secret.")
	}
	return x.Stored, x.sealed, nil
}

func (s safe) SetStored(_ context.Context, x action.Stored, sealed string, decide func(action.Stored) (journal.Consequences, error)) error {
	_, err := decide(s[x.Name].Stored)
	if x.SetAt = night; err == nil {
		s[x.Name] = sealedSecret{x, sealed}
	}
	return err
}

func (s safe) RemoveStored(_ context.Context, name string, _ journal.Consequences) error {
	delete(s, name)
	return nil
}

// shelf is what actions there are.
type shelf struct {
	*firmBook
	actions []action.Definition
}

func (s shelf) Action(id string) (action.Definition, bool) {
	i := slices.IndexFunc(s.actions, func(d action.Definition) bool { return d.ID == id })
	if i < 0 {
		return action.Definition{}, false
	}
	return s.actions[i], true
}

func (s shelf) Actions() []action.Definition { return s.actions }

// keeps puts a real vault behind the screens; two actions use broker-password.
func keeps(f *firm) (action.Vault, safe) {
	uses := func(id string) action.Definition {
		return action.Definition{ID: id, Team: "support", Kind: "exec", Secrets: map[string]secret.Ref{"broker": "stored:broker-password"}}
	}
	lying := safe{}
	v := action.Vault{Safe: lying, Key: secretKey(), Book: func(context.Context) (action.Directory, error) {
		return shelf{f.book, []action.Definition{uses("queue/park-message"), uses("queue/look")}}, nil
	}}
	f.desk.s.deps.Secrets = v
	return v, lying
}

func TestSecretsAreSetAndNeverShown(t *testing.T) {
	f := newFirm(t)
	vault, _ := keeps(f)
	lead := f.as(people.Lead, "marika")
	f.desk.to("/system/secrets", ask{as: lead}).is(http.StatusOK).has("main .blank .name", "Nothing is stored").lacks("#f-confirm")
	set := func(form url.Values) reply {
		return f.desk.to("/system/secrets", ask{as: lead, form: form})
	}
	value := func(name string) string {
		t.Helper()
		got, err := vault.Value(t.Context(), "support", name)
		if err != nil {
			t.Fatal(err)
		}
		return got.Reveal()
	}
	wrong := set(url.Values{"name": {"Broker Password"}, "team": {"support"}, "value": {"swordfish-1928"}}).is(http.StatusUnprocessableEntity).
		has("#f-name-wrong", "something like broker-password").has("textarea#f-value", "")
	if strings.Contains(wrong.body(), "swordfish") || wrong.attr("#f-name", "value") != "Broker Password" {
		t.Error("the value came back, or the name did not")
	}
	set(url.Values{"name": {"broker-password"}, "team": {"payments"}, "value": {"swordfish-1928"}}).is(http.StatusNotFound)
	set(url.Values{"name": {"broker-password"}, "team": {"support"}, "value": {""}}).is(http.StatusUnprocessableEntity).has("#f-value-wrong", "between 1 and")
	set(url.Values{"name": {"broker-password"}, "team": {"support"}, "value": {"swordfish\r\n1928\r\n"}}).leadsTo("/system/secrets")
	if got := value("broker-password"); got != "swordfish\n1928" {
		t.Errorf("stored is %q", got)
	}
	listed := f.desk.to("/system/secrets", ask{as: lead}).is(http.StatusOK).has("tbody th", "broker-password").has(`td[data-k="Set by"]`, "Marika Oja").
		has(`td[data-k="Used by"] a[href="/actions/queue/park-message"]`, "queue/park-message")
	if strings.Contains(listed.body(), "swordfish") || strings.Contains(f.desk.log.String(), "swordfish") {
		t.Error("the value is shown or logged")
	}
	set(url.Values{"name": {"broker-password"}, "team": {"support"}, "value": {"x"}}).is(http.StatusUnprocessableEntity).has("#f-name-wrong", "of this name already")

	f.desk.to("/system/secrets?replace=broker-password", ask{as: lead}).is(http.StatusOK).has("#set", "Replace broker-password").has("#f-name[readonly]", "").has("#f-team[readonly][value='Technical support']", "").has("#f-confirm", "")
	again := url.Values{"replace": {"broker-password"}, "value": {"pike-1929"}}
	set(again).is(http.StatusUnprocessableEntity).has("#f-confirm-wrong", "once more").has("textarea#f-value", "")
	if value("broker-password") == "pike-1929" {
		t.Fatal("it was replaced without a password")
	}
	again.Set(people.ConfirmField, goodPassword)
	set(again).leadsTo("/system/secrets")
	if got := value("broker-password"); got != "pike-1929" {
		t.Errorf("replaced is %q", got)
	}
	f.desk.to("/system/secrets", ask{as: f.as(people.Support, "liis")}).is(http.StatusOK).has("tbody th", "broker-password").lacks("main form[method=post]")
	f.desk.to("/system/secrets", ask{as: f.as(people.Member, "aisha")}).is(http.StatusForbidden)
}

func TestSecretThatIsUsedIsRemovedByForceOnly(t *testing.T) {
	f := newFirm(t)
	vault, lying := keeps(f)
	lead := f.as(people.Lead, "marika")
	for _, name := range []string{"broker-password", "old-key"} {
		if err := vault.SetSecret(t.Context(), wanjiruAsAdmin(f), name, "support", secret.New("swordfish-1928")); err != nil {
			t.Fatal(err)
		}
	}
	remove := func(name string, form url.Values) reply {
		return f.desk.to("/system/secrets/"+name+"/remove", ask{as: lead, form: form})
	}
	remove("old-key", url.Values{}).leadsTo("/system/secrets")
	remove("old-key", url.Values{}).is(http.StatusNotFound)
	asked := remove("broker-password", url.Values{}).is(http.StatusConflict).has("[aria-labelledby=used] h2", "broker-password is used by 2 actions").
		has("[aria-labelledby=used] input[name=force][value=yes]", "").has("[aria-labelledby=used] #f-confirm", "")
	if n := len(asked.all("[aria-labelledby=used] li a")); n != 2 {
		t.Errorf("%d actions are listed, want 2", n)
	}
	remove("broker-password", url.Values{"force": {"yes"}}).is(http.StatusUnprocessableEntity).has("[aria-labelledby=used] #f-confirm-wrong", "once more")
	remove("broker-password", url.Values{"force": {"yes"}, people.ConfirmField: {"guess"}}).is(http.StatusUnprocessableEntity).has("[aria-labelledby=used] #f-confirm-wrong", "not your password")
	if len(lying) != 1 {
		t.Fatal("it was removed without a password")
	}
	remove("broker-password", url.Values{"force": {"yes"}, people.ConfirmField: {goodPassword}}).leadsTo("/system/secrets")
	if len(lying) != 0 {
		t.Error("it is still there")
	}
}

func TestRunnersAndSecretsLook(t *testing.T) {
	fake, with := withRunners()
	st, f := walk(t, people.Admin, "wanjiru", func(f *firm) {
		with(&f.desk.s.deps)
		keeps(f)
	})
	st.lookAll("none", "/system/runners", "/system/secrets", "/system")
	fake.all = manyRunners()
	for _, name := range []string{"broker-password", "resend-webhook.signing-key", "a-name-as-long-as-a-name-can-be.and-still-fits-somewhere-here"} {
		if err := f.desk.s.deps.Secrets.SetSecret(t.Context(), wanjiruAsAdmin(f), name, "support", secret.New("swordfish-1928")); err != nil {
			t.Fatal(err)
		}
	}
	st.lookAll("many", "/system/runners", "/system/secrets", "/system/secrets?replace=broker-password")
}

func wanjiruAsAdmin(f *firm) people.Actor {
	a := f.actor("wanjiru")
	a.Role = people.Admin
	return a
}
