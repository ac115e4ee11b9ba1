package api_test

import (
	"testing"

	"frontline/e2e/office"
	"frontline/wire"
)

// A question that is sent twice under one key is one request, another's key is another request, and notes are for the desk alone.
func TestRequestsByProgram(t *testing.T) {
	w := office.Open(t)
	rasmus, liis := as(t, w, "rasmus"), as(t, w, "liis")
	question := wire.Ask{Key: "nightly-1", Type: "question", Title: "Which passports have a chip?", Body: "Kenyan ones."}
	one := ok[wire.Request](rasmus, "POST", "/requests", question)
	if again := ok[wire.Request](rasmus, "POST", "/requests", question); again.ID != one.ID || again.Messages != 1 {
		t.Errorf("the same key again: %s with %d messages", again.ID, again.Messages)
	}
	if other := ok[wire.Request](liis, "POST", "/requests", question); other.ID == one.ID {
		t.Error("somebody else's key found this request")
	}
	ok[wire.Request](liis, "POST", "/requests/R-1/notes", wire.NoteOn{Body: "Ask the document team."})
	ok[wire.Request](liis, "POST", "/requests/R-1/replies", wire.ReplyTo{Body: "All since 2023.", Messages: 2, Close: &wire.CloseRequest{Outcome: "answered", Size: "s"}})
	refused(liis, 409, "POST", "/requests/R-1/replies", wire.ReplyTo{Body: "Late."})
	refused(rasmus, 403, "POST", "/requests/R-1/replies", wire.ReplyTo{Body: "Me."})
	inside, outside := ok[wire.RequestShown](liis, "GET", "/requests/R-1", nil), ok[wire.RequestShown](rasmus, "GET", "/requests/R-1", nil)
	if len(inside.Said) != 3 || len(outside.Said) != 2 || inside.State != "closed" || inside.Outcome != "answered" || inside.Asker.Name != "Rasmus Põder" {
		t.Errorf("inside %+v, outside %d messages", inside, len(outside.Said))
	}
	mine := ok[wire.List[wire.Request]](rasmus, "GET", "/requests?mine=true&state=all", nil)
	live := ok[wire.List[wire.Request]](liis, "GET", "/requests?limit=1", nil)
	if len(mine.Items) != 1 || len(live.Items) != 1 || live.Items[0].ID != "R-2" {
		t.Errorf("mine %+v, live %+v", mine.Items, live.Items)
	}
	urgent, nobody := "urgent", ""
	changed := ok[wire.Request](liis, "PATCH", "/requests/R-2", wire.ChangeRequest{Priority: &urgent, Assignee: ref("me"), Version: live.Items[0].Version})
	if changed.Priority != "urgent" || changed.Assignee.ID != "liis" || changed.State != "open" {
		t.Errorf("changed: %+v", changed)
	}
	refused(liis, 409, "PATCH", "/requests/R-2", wire.ChangeRequest{Assignee: &nobody, Version: live.Items[0].Version})
	refused(liis, 422, "POST", "/requests/R-2/duplicate", wire.Other{Request: "R-77"})
}

func ref(s string) *string { return &s }
