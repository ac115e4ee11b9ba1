package ntfy

import (
	"errors"
	"net/http"
	"net/url"
	"testing"

	"frontline/fault"
	"frontline/plain"
)

// FuzzReceipt gives ntfy's answers any form. Either there is a receipt with an id on one line, or a fault that says what to do and, if it may be
// tried again, when.
func FuzzReceipt(f *testing.F) {
	f.Add(200, `{"id":"sPs71M8A2T","time":1763863447,"expires":1763906647,"event":"message","topic":"liis-q7v3","title":"Decisions have stopped","message":"512 wait"}`, "", "")
	f.Add(429, `{"code":42901,"http":429,"error":"limit reached: too many requests","link":"https://ntfy.sh/docs/publish/#limitations"}`, "17", "")
	f.Add(403, `{"code":40301,"http":403,"error":"forbidden"}`, "", "")
	f.Add(503, `<html>`, "Mon, 23 Nov 2026 02:15:00 GMT", "Mon, 23 Nov 2026 02:14:30 GMT")
	f.Add(200, `{"id":"a\r\nb\u0000","event":"message"}`, "-9223372036854775808", "")
	f.Fuzz(func(t *testing.T, status int, body, retry, date string) {
		to := topic{server: &url.URL{Scheme: "https", Host: "ntfy.verity.example"}}
		got, err := receipt(to, &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {retry}, "Date": {date}}}, []byte(body))
		switch {
		case err == nil && (plain.Blank(got.ID) || plain.Line(got.Detail) != got.Detail):
			t.Errorf("the receipt is %+v", got)
		case err != nil:
			var said *fault.Error
			if !errors.As(err, &said) || said.Say == "" || said.After < 0 || said.After > maxAfter {
				t.Errorf("refused as %#v", err)
			}
		}
	})
}
