package oncall_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"frontline/fault"
	"frontline/oncall"
	"frontline/people"
	"frontline/secret"
)

var links = oncall.NewLinks(secret.New("a key that only this test knows"), "https://frontline.verity.example")

func TestALinkSaysWhatWasSigned(t *testing.T) {
	until := night.Add(24 * time.Hour)
	token := links.Sign("01997c5e-5a3c-7d3e-9f3a-2f1f3d7a9b10", "karl", oncall.ToAnswer, until)
	if len(token) > 120 || strings.ContainsAny(token, "/+=") {
		t.Errorf("the token is %d long: %s", len(token), token)
	}
	g, err := links.Read(token, until)
	want := oncall.Grant{Page: "01997c5e-5a3c-7d3e-9f3a-2f1f3d7a9b10", Person: "karl", Purpose: oncall.ToAnswer, Until: until}
	if err != nil || g != want {
		t.Errorf("Read = %+v %v, want %+v", g, err, want)
	}
	a := g.Actor()
	if err := people.May(a, people.HandleAlerts, people.Subject{Kind: "page", ID: g.Page}); err != nil {
		t.Errorf("the link does not answer its page: %v", err)
	}
	for _, s := range []people.Subject{{Kind: "page", ID: "other"}, {Kind: "incident", ID: g.Page}, {}} {
		if people.May(a, people.HandleAlerts, s) == nil {
			t.Errorf("the link reaches %+v", s)
		}
	}
	if people.May(a, people.PagePeople, people.Subject{Kind: "page", ID: g.Page}) == nil {
		t.Error("the link pages people")
	}
}

func TestLinksThatDoNotHold(t *testing.T) {
	until := night.Add(time.Hour)
	token := links.Sign("p1", "karl", oncall.ToAnswer, until)
	_, err := links.Read(token, until.Add(time.Second))
	if fault.KindOf(err) != fault.Unauthenticated || !strings.Contains(fault.Sentence(err), "expired on 24 November 2026 at 01:41 UTC") {
		t.Errorf("an expired link: %v", err)
	}
	other := oncall.NewLinks(secret.New("another key"), "https://frontline.verity.example")
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	bad := map[string]string{"empty": "", "words": "acknowledge", "other key": other.Sign("p1", "karl", oncall.ToAnswer, until), "cut": token[:len(token)-4], "padded": token + "=", "longer": token + "AAAA"}
	for i := range raw {
		raw[i] ^= 1
		bad["flipped "+string(rune('a'+i))] = base64.RawURLEncoding.EncodeToString(raw)
		raw[i] ^= 1
	}
	for name, b := range bad {
		if g, err := links.Read(b, night); err == nil || g != (oncall.Grant{}) || !strings.Contains(fault.Sentence(err), "not whole") {
			t.Errorf("%s: Read = %+v %v", name, g, err)
		}
	}
}

func FuzzReadLink(f *testing.F) {
	good := links.Sign("p1", "karl", oncall.ToAnswer, night)
	f.Add(good)
	f.Add("AQAAAABnAAAAAP______8BAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, token string) {
		if g, err := links.Read(token, night); err == nil && token != good {
			t.Errorf("a made-up token allows %+v", g)
		}
	})
}
