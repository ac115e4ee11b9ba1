package email

import (
	"net/mail"
	"strings"
	"testing"
)

// FuzzCheck gives a contact any address. What is taken is one address alone: it cannot add a line or a second receiver to a mail.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"liis.tamm@verity.example", "Liis Tamm <liis.tamm@verity.example>", "a@b,c@d", "a@b\r\nBcc: c@d", `"a b"@verity.example`,
		`"a\r\nb"@verity.example`, "põder@verity.example", "a@[192.0.2.10]", "<a@b>", "=?utf-8?q?a=0A?=@b", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if new(Channel).Check(address) != nil {
			return
		}
		if all, err := mail.ParseAddressList(address); err != nil || len(all) != 1 || strings.ContainsAny(address, "\r\n\x00") {
			t.Errorf("%q is taken as one address: %v %v", address, all, err)
		}
	})
}
