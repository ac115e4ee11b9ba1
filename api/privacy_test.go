package api_test

import (
	"archive/zip"
	"bytes"
	"testing"

	"frontline/e2e/office"
	"frontline/wire"
)

// What is held is told to administrators alone; everybody fetches their own; an erasure takes the name twice and a password.
func TestPrivacyIsAskedOverTheAPI(t *testing.T) {
	w := office.Open(t)
	wanjiru, liis := as(t, w, "marika"), as(t, w, "liis")
	refused(liis, 403, "GET", "/privacy/held?whom=liis", nil)
	refused(liis, 403, "GET", "/privacy/archive?whom=wanjiru", nil)
	refused(liis, 403, "POST", "/privacy/erasures", wire.Erase{Whom: "liis", Again: "liis", Password: "x"})
	if h := ok[wire.Held](wanjiru, "GET", "/privacy/held?whom=liis", nil); h.Whom != "liis" || h.Person != "liis" || !h.Here || h.Counts.Requests != 0 {
		t.Errorf("held: %+v", h)
	}
	refused(wanjiru, 422, "GET", "/privacy/held?whom=nobody@nowhere.example", nil)
	own := ok[wire.Archive](liis, "GET", "/privacy/archive", nil)
	z, err := zip.NewReader(bytes.NewReader(own.ZIP), int64(len(own.ZIP)))
	if err != nil || len(z.File) != 1 || z.File[0].Name != "data.json" {
		t.Errorf("the archive: %v, %+v", err, z)
	}
	refused(wanjiru, 422, "POST", "/privacy/erasures", wire.Erase{Whom: "liis", Again: "liis", Password: "not my password"})
	if list := ok[wire.List[wire.Erasure]](wanjiru, "GET", "/privacy/erasures", nil); len(list.Items) != 0 {
		t.Errorf("an erasure began without a password: %+v", list)
	}
}
