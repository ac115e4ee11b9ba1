package uptimekuma

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"frontline/alert/alerttest"
)

func TestSource(t *testing.T) {
	alerttest.Run(t, alerttest.Source{
		Parse:   Parse,
		Handler: Handler,
		Path:    Path,
		Token:   "uk3m8x1q7v5c2n9b4z6t",
		Request: func(token string, body []byte) *http.Request {
			return httptest.NewRequest(http.MethodPost, "/in/uptimekuma/"+token, bytes.NewReader(body))
		},
		Body: func(string) []byte {
			return []byte(`{"heartbeat":{"status":0},"monitor":{"id":10,"name":"Upload API"}}`)
		},
		Folder: "testdata",
		Refused: map[string]string{
			"":                                     "body",
			"down":                                 "body",
			`{"heartbeat":{"status":0}}`:           "monitor.id",
			`{"monitor":{"id":10},"heartbeat":{}}`: "heartbeat.status",
		},
		Limit:   1 << 20,
		Taken:   http.StatusOK,
		Unknown: http.StatusNotFound,
	})
}

func FuzzParse(f *testing.F) {
	alerttest.Seed(f, "testdata")
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := Parse(body)
		if err != nil {
			return
		}
		if err := alerttest.Check(b); err != nil {
			t.Fatalf("%v\nfrom %q", err, body)
		}
	})
}
