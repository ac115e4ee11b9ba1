package oncall

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMessageTidy(t *testing.T) {
	ack := Button{Label: "Acknowledge", URL: "https://frontline.verity.example/p/t", Post: true}
	got := Message{
		Attempt: "a", Title: "Queue\r\nstopped", Body: "one\r\ntwo\x00", Page: "P-12\n", Link: "javascript:alert(1)",
		Buttons: []Button{{Label: " ", URL: ack.URL}, ack, {Label: "Mail", URL: "mailto:x"}, {Label: "Open\n", URL: "http://f/"}, ack, ack},
	}.Tidy()
	want := Message{
		Attempt: "a", Title: "Queue stopped", Body: "one\ntwo", Page: "P-12",
		Buttons: []Button{ack, {Label: "Open", URL: "http://f/"}, ack},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("tidied message (-want +got):\n%s", d)
	}
	if d := cmp.Diff(got, got.Tidy()); d != "" {
		t.Errorf("tidying twice changes (-once +twice):\n%s", d)
	}
}

func TestMessageBegan(t *testing.T) {
	at := time.Date(2026, 11, 23, 4, 14, 7, 0, time.FixedZone("EET", 7200))
	if got, want := (Message{At: at}).Began(), "Since 2026-11-23 04:14 EET"; got != want {
		t.Errorf("Began() = %q, want %q", got, want)
	}
	if got := (Message{}).Began(); got != "" {
		t.Errorf("Began() without a time = %q", got)
	}
}
