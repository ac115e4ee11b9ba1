package slack

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"frontline/clock"
	"frontline/fault"
	"frontline/oncall/channeltest"
	"frontline/secret"
)

const (
	botToken = "xoxb-1111-2222-aBcDeFgHiJkLmNoP"
	appToken = "xapp-1-A1-3333-fedcba9876"
	signing  = "8f742231b10e8888abcd99yyyzzz85a5"
)

// slackAPI plays the two methods that a page needs, in the moods of the conformance suite.
type slackAPI struct {
	mu    sync.Mutex
	mood  channeltest.Mood
	taken []channeltest.Taken
	hung  chan struct{}
}

func (s *slackAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	s.mu.Lock()
	mood := s.mood
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch mood {
	case channeltest.Limits:
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case channeltest.Fails:
		http.Error(w, "trouble with "+r.Header.Get("Authorization")+r.PostForm.Encode(), http.StatusInternalServerError)
		return
	case channeltest.Refuses:
		fmt.Fprintf(w, `{"ok":false,"error":%q}`, "restricted_action "+r.Header.Get("Authorization")+r.PostForm.Get("token")+r.PostForm.Get("blocks"))
		return
	case channeltest.Locks:
		fmt.Fprint(w, `{"ok":false,"error":"invalid_auth"}`)
		return
	case channeltest.Hangs:
		<-s.hung
		return
	}
	if strings.HasSuffix(r.URL.Path, "users.lookupByEmail") {
		fmt.Fprintf(w, `{"ok":true,"user":{"id":"U0LIIS","team_id":"T1","profile":{"email":%q},"is_email_confirmed":true}}`, r.Form.Get("email"))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken = append(s.taken, shownBy(r.PostForm.Get("text"), r.PostForm.Get("blocks")))
	fmt.Fprintf(w, `{"ok":true,"channel":"D0LIIS","ts":"1700000000.%06d"}`, len(s.taken))
}

// shownBy reads what a person sees of a message.
func shownBy(text, blocks string) channeltest.Taken {
	var all []struct {
		Type     string                `json:"type"`
		Text     struct{ Text string } `json:"text"`
		Elements []struct {
			Text json.RawMessage `json:"text"`
			URL  string          `json:"url"`
		} `json:"elements"`
	}
	if err := json.Unmarshal([]byte(blocks), &all); err != nil {
		return channeltest.Taken{Title: "broken: " + err.Error()}
	}
	out := channeltest.Taken{Title: html.UnescapeString(text)}
	for _, b := range all {
		out.Body += html.UnescapeString(b.Text.Text) + "\n"
		for _, e := range b.Elements {
			if e.URL != "" {
				out.Links = append(out.Links, e.URL)
			}
			var s string
			if json.Unmarshal(e.Text, &s) == nil {
				out.Body += html.UnescapeString(s) + "\n"
			}
		}
	}
	return out
}

func TestPagesConform(t *testing.T) {
	for name, address := range map[string]string{"by id": "U0LIIS", "by address": "liis.tamm@verity.example"} {
		t.Run(name, func(t *testing.T) {
			channeltest.Run(t, func(t *testing.T) channeltest.Setup {
				s := &slackAPI{hung: make(chan struct{})}
				server := httptest.NewServer(s)
				client := New(Settings{Token: secret.New(botToken), Signing: secret.New(signing), App: secret.New(appToken), API: server.URL + "/"}, clock.Real{})
				t.Cleanup(func() { close(s.hung); client.Close(); server.Close() })
				return channeltest.Setup{
					Channel: Pages{client}, Address: address, Wrong: []string{"#general", "C0123ABCD", "@liis", "liis", "Liis <liis@verity.example>"},
					Secrets: []string{botToken, appToken, signing}, Locked: true, After: 7 * time.Second,
					Behave: func(m channeltest.Mood) { s.mu.Lock(); s.mood = m; s.mu.Unlock() },
					Taken: func() []channeltest.Taken {
						s.mu.Lock()
						defer s.mu.Unlock()
						return append([]channeltest.Taken(nil), s.taken...)
					},
					Close: server.Close,
				}
			})
		})
	}
}

// A block of a message never holds more than Slack takes.
func TestNothingIsLongerThanSlackTakes(t *testing.T) {
	m := channeltest.Page()
	m.Title, m.Body = strings.Repeat("<&>", 4000), strings.Repeat("<&> ", 9000)
	for _, b := range pageMessage(m).blocks {
		raw, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		var x struct {
			Text struct{ Text string } `json:"text"`
		}
		if err := json.Unmarshal(raw, &x); err != nil {
			t.Fatal(err)
		}
		if n := len([]rune(x.Text.Text)); n > 3000 {
			t.Errorf("a section has %d characters", n)
		}
	}
}

// Signatures: the right one is taken; a wrong one, an old one, one of the future, one over another body and none at all are refused.
func TestVerify(t *testing.T) {
	now := time.Unix(1_531_420_618, 0)
	body := []byte("token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&text=94070&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J")
	head := func(stamp, sum string) http.Header {
		h := http.Header{}
		h.Set("X-Slack-Request-Timestamp", stamp)
		h.Set("X-Slack-Signature", sum)
		return h
	}
	stamp := "1531420618"
	sum := fmt.Sprintf("v0=%x", Signature(secret.New(signing), stamp, body))
	old, early := "1531420317", "1531420919"
	for name, c := range map[string]struct {
		h       http.Header
		body    string
		secret  string
		refused bool
	}{
		"right":             {head(stamp, sum), string(body), signing, false},
		"another body":      {head(stamp, sum), string(body) + "&x=1", signing, true},
		"another secret":    {head(stamp, sum), string(body), signing + "x", true},
		"another time":      {head("1531420619", sum), string(body), signing, true},
		"no signature":      {head(stamp, ""), string(body), signing, true},
		"another version":   {head(stamp, strings.Replace(sum, "v0", "v1", 1)), string(body), signing, true},
		"half a signature":  {head(stamp, sum[:30]), string(body), signing, true},
		"no time":           {head("", sum), string(body), signing, true},
		"five minutes old":  {head(old, fmt.Sprintf("v0=%x", Signature(secret.New(signing), old, body))), string(body), signing, true},
		"of the future":     {head(early, fmt.Sprintf("v0=%x", Signature(secret.New(signing), early, body))), string(body), signing, true},
		"no secret is set":  {head(stamp, fmt.Sprintf("v0=%x", Signature(secret.Text{}, stamp, body))), string(body), "", true},
		"nearly too old":    {head("1531420320", fmt.Sprintf("v0=%x", Signature(secret.New(signing), "1531420320", body))), string(body), signing, false},
		"not even a number": {head("soon", sum), string(body), signing, true},
	} {
		t.Run(name, func(t *testing.T) {
			err := verify(secret.New(c.secret), c.h, []byte(c.body), now)
			if (err != nil) != c.refused || err != nil && !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("got %v", err)
			}
			if err != nil && strings.Contains(err.Error(), signing) {
				t.Error("the secret is in the error")
			}
		})
	}
}
