package api_test

import (
	"testing"

	"frontline/e2e/office"
	"frontline/wire"
)

// A program says thanks in its owner's name: once under one key, with a reason, and takes it back.
func TestThanksByProgram(t *testing.T) {
	w := office.Open(t)
	rasmus, liis := as(t, w, "rasmus"), as(t, w, "liis")
	r := ok[wire.Request](rasmus, "POST", "/requests", wire.Ask{Type: "question", Title: "Which passports have a chip?", Body: "Kenyan ones."})
	said := wire.SayThanks{Reason: "Explained within minutes", People: []string{"liis"}, About: r.ID, Key: "nightly-7"}
	x := ok[wire.Thanks](rasmus, "POST", "/thanks", said)
	if x.ID != "T-1" || x.By.ID != "rasmus" || len(x.To) != 1 || x.To[0].Name != "Liis Tamm" || x.About == nil || x.About.ID != r.ID || x.Reworded != nil {
		t.Errorf("said: %+v", x)
	}
	if again := ok[wire.Thanks](rasmus, "POST", "/thanks", said); again.UID != x.UID {
		t.Errorf("twice under one key: %+v", again)
	}
	refused(rasmus, 422, "POST", "/thanks", wire.SayThanks{Reason: "Good", People: []string{"liis"}})
	refused(rasmus, 422, "POST", "/thanks", wire.SayThanks{Reason: "For being so good", People: []string{"rasmus"}})
	refused(rasmus, 409, "POST", "/thanks", wire.SayThanks{Reason: "Once more for it", People: []string{"liis"}, About: r.ID})
	refused(liis, 403, "PATCH", "/thanks/T-1", wire.RewordThanks{Reason: "Mine are better words"})
	if x = ok[wire.Thanks](rasmus, "PATCH", "/thanks/T-1", wire.RewordThanks{Reason: "Explained in four minutes"}); x.Reworded == nil && x.Reason != "Explained in four minutes" {
		t.Errorf("reworded: %+v", x)
	}
	if got := ok[wire.List[wire.Thanks]](liis, "GET", "/thanks?got=true", nil); len(got.Items) != 1 || got.Items[0].Reason != "Explained in four minutes" {
		t.Errorf("Liis got %+v", got)
	}
	if given := ok[wire.List[wire.Thanks]](liis, "GET", "/thanks?given=true", nil); len(given.Items) != 0 {
		t.Errorf("Liis gave %+v", given)
	}
	month := ok[wire.ThanksMonth](liis, "GET", "/thanks/months/"+w.Clock.Now().UTC().Format("2006-01"), nil)
	if month.Thanked != 1 || month.Givers != 1 || month.Matters != 1 || len(month.Groups) != 1 || month.Groups[0].Demand != nil || len(month.Groups[0].Thanks) != 1 {
		t.Errorf("the month: %+v", month)
	}
	refused(liis, 422, "GET", "/thanks/months/never", nil)
	res, raw := liis.ask("POST", "/thanks/T-1/take-back", nil)
	if res.StatusCode != 204 {
		t.Errorf("taken back by who was thanked: %s %s", res.Status, raw)
	}
	refused(rasmus, 404, "GET", "/thanks/T-1", nil)
}
