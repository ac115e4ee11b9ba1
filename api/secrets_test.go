package api_test

import (
	"strings"
	"testing"

	"frontline/e2e/office"
	"frontline/wire"
)

// TestASecretIsSetAndNeverShown goes the API's way of a stored secret.
func TestASecretIsSetAndNeverShown(t *testing.T) {
	w := office.Open(t)
	wanjiru, liis := as(t, w, "wanjiru"), as(t, w, "liis")
	refused(liis, 403, "PUT", "/secrets/broker-password", wire.SetSecret{Team: "support", Value: "swordfish-1928"})
	if res, raw := wanjiru.ask("PUT", "/secrets/broker-password", wire.SetSecret{Team: "support", Value: "swordfish-1928"}); res.StatusCode != 204 {
		t.Fatalf("%s %s", res.Status, raw)
	}
	_, raw := liis.ask("GET", "/secrets", nil)
	if list := ok[wire.List[wire.Secret]](liis, "GET", "/secrets", nil); len(list.Items) != 1 || list.Items[0].Name != "broker-password" || list.Items[0].SetBy.ID != "wanjiru" || strings.Contains(string(raw), "swordfish") {
		t.Errorf("the list is %s", raw)
	}
	if res, raw := wanjiru.ask("DELETE", "/secrets/broker-password?force=true", nil); res.StatusCode != 204 {
		t.Errorf("%s %s", res.Status, raw)
	}
	refused(wanjiru, 404, "DELETE", "/secrets/broker-password", nil)
}
