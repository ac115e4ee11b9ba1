package api_test

import (
	"strings"
	"testing"

	"frontline/e2e/office"
	"frontline/people"
	"frontline/wire"
)

func TestOneselfAndOnesTokens(t *testing.T) {
	w := office.Open(t)
	liis := as(t, w, "liis")
	me := ok[wire.Me](liis, "GET", "/me", nil)
	if me.ID != "liis" || me.Role != "support" || len(me.Teams) != 1 || me.Teams[0].Name != "Technical support" {
		t.Errorf("liis is %+v", me)
	}
	other := caller{t, w, w.Token("liis", people.Member)}
	list := ok[wire.List[wire.Token]](liis, "GET", "/me/tokens?limit=1", nil)
	if len(list.Items) != 1 || list.Next == "" {
		t.Fatalf("the first page of tokens is %+v", list)
	}
	list = ok[wire.List[wire.Token]](liis, "GET", "/me/tokens", nil)
	for _, k := range list.Items {
		if k.Role == string(people.Member) {
			if res, _ := liis.ask("DELETE", "/me/tokens/"+k.ID, nil); res.StatusCode != 204 {
				t.Errorf("revoking is answered with %s", res.Status)
			}
			refused(liis, 404, "DELETE", "/me/tokens/"+k.ID, nil)
		}
	}
	refused(other, 401, "GET", "/me", nil)
}

func TestWhatIsConfiguredIsListed(t *testing.T) {
	w := office.Open(t)
	rasmus := as(t, w, "rasmus")
	services := ok[wire.List[wire.Service]](rasmus, "GET", "/services", nil)
	if len(services.Items) != 1 || services.Items[0].Team.Name != "Decision pipeline" || len(services.Items[0].Stakeholders) != 2 || services.Items[0].Components[0].Name != "Verification decisions" {
		t.Errorf("services: %+v", services)
	}
	if c := ok[wire.List[wire.Component]](rasmus, "GET", "/components", nil); len(c.Items) != 2 || c.Items[0].Group != "Verification" {
		t.Errorf("components: %+v", c)
	}
	var names []string
	for cursor, more := "", true; more; more = cursor != "" {
		p := ok[wire.List[wire.Customer]](rasmus, "GET", "/customers?limit=3&cursor="+cursor, nil)
		for _, c := range p.Items {
			names = append(names, c.Name)
		}
		cursor = p.Next
	}
	if strings.Join(names, ", ") != "Arco Móvil, Kivi Credit, Lumo Exchange, Nordpank" {
		t.Errorf("customers: %v", names)
	}
	_, raw := rasmus.ask("GET", "/people", nil)
	if !strings.Contains(string(raw), "Wanjiru Kamau") || strings.Contains(string(raw), "push.verity") || strings.Contains(string(raw), "@") {
		t.Errorf("people: %s, want names without addresses", raw)
	}
}

func TestJournalIsRead(t *testing.T) {
	w := office.Open(t)
	w.Signal("firing", "DecisionQueueStuck")
	liis := as(t, w, "liis")
	ok[wire.Group](liis, "POST", "/alerts/G-1/acknowledge", nil)
	page := ok[wire.List[wire.Entry]](liis, "GET", "/journal?verb=group.&actor=liis", nil)
	if len(page.Items) != 1 || page.Items[0].Verb != "group.acknowledged" || page.Items[0].Actor.Name != "Liis Tamm" || page.Items[0].Subject.Kind != "group" {
		t.Errorf("the journal says %+v", page)
	}
	seen := map[string]bool{}
	all := ok[wire.List[wire.Entry]](liis, "GET", "/journal?limit=200", nil)
	for cursor, more := "", true; more; more = cursor != "" {
		p := ok[wire.List[wire.Entry]](liis, "GET", "/journal?limit=7&cursor="+cursor, nil)
		for _, e := range p.Items {
			seen[e.UID] = true
		}
		cursor = p.Next
	}
	if len(seen) != len(all.Items) || len(seen) < 10 {
		t.Errorf("in pages of 7 there are %d entries, in one %d", len(seen), len(all.Items))
	}
}

func TestSystemSaysHowItDoes(t *testing.T) {
	w := office.Open(t)
	rasmus := as(t, w, "rasmus")
	if before := ok[wire.System](rasmus, "GET", "/system", nil); before.Healthy || before.Say == "" {
		t.Errorf("before the auditor has looked: %+v", before)
	}
	if _, err := w.Auditor.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := ok[wire.System](rasmus, "GET", "/system", nil); !s.Healthy || s.Say != "" || !s.Pager.LookedAt.Equal(w.Clock.Now()) {
		t.Errorf("after: %+v", s)
	}
}
