package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"frontline/fault"
	"frontline/people"
)

// FuzzCookies gives the cookies any value. None of them breaks a screen, and what the last command is said to have done stays text.
func FuzzCookies(f *testing.F) {
	f.Add("lead", "UmVzb2x2ZWQu", "dark", "off")
	f.Add("q7v3m9x2k8", "PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg", "light", "on")
	f.Add("", "=", "\"><script>", "\x00")
	f.Add("lead", strings.Repeat("QUJD", 400), "", "")
	var d *workplace
	f.Fuzz(func(t *testing.T, session, said, theme, keys string) {
		if d == nil {
			d = newDesk(t)
		}
		d.log.Reset()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/me", nil)
		for name, value := range map[string]string{sessionCookie: session, saidCookie: said, themeCookie: theme, keysCookie: keys} {
			r.Header.Add("Cookie", d.s.cookieName(name)+"="+value)
		}
		w := httptest.NewRecorder()
		d.s.ServeHTTP(w, r)
		got := reply{t: t, ResponseRecorder: w}
		if got.Code != http.StatusOK && got.Code != http.StatusSeeOther {
			t.Fatalf("status %d\n%s", got.Code, d.log)
		}
		for _, n := range got.all("html script, html [onload], html [onerror]") {
			if n.Data != "script" || n.FirstChild != nil && strings.Contains(textOf(n), "alert(1)") {
				t.Errorf("a cookie became markup: %s", textOf(n))
			}
		}
	})
}

// FuzzSignIn posts any body to the form that everybody may post to.
func FuzzSignIn(f *testing.F) {
	f.Add("email=lead%40verity.example&password=correct+horse+battery&next=%2Falerts", "application/x-www-form-urlencoded")
	f.Add("email=%zz;&password", "application/x-www-form-urlencoded")
	f.Add("--x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\na\r\n--x--", "multipart/form-data; boundary=x")
	f.Add("email=%00&password=%ff&next=//evil.example", "")
	var d *workplace
	f.Fuzz(func(t *testing.T, body, kind string) {
		if d == nil {
			d = newDesk(t)
		}
		d.log.Reset()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/sign-in", strings.NewReader(body))
		r.Header["Content-Type"] = []string{kind}
		w := httptest.NewRecorder()
		d.s.ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError || strings.Contains(d.log.String(), "level=ERROR") {
			t.Fatalf("status %d\n%s", w.Code, d.log)
		}
		if to, err := url.Parse(w.Header().Get("Location")); err != nil || to.Host != "" {
			t.Errorf("it leads to %q: %v", to, err)
		}
	})
}

// FuzzWritten gives the box in which updates are written any fields.
func FuzzWritten(f *testing.F) {
	f.Add("audience=public&state=investigating&title=Document+checks+are+delayed&body=We+look+into+it.&status-checks=partial_outage&next=30&seen_public=1")
	f.Add("audience=internal&body=Restarted.&next=at&next_at=2026-11-24T05%3A30&seen_inside=3")
	f.Add("next_at=2026-11-24T03:30:00%2B02:00&next=x&seen_inside=99999999999999999999")
	f.Add("audience=public&status-=&status-%00=x&next=60&next_at=0000-00-00T99:99")
	f.Fuzz(func(t *testing.T, form string) {
		posted, err := url.ParseQuery(form)
		if err != nil {
			return
		}
		zone, err := time.LoadLocation("Europe/Tallinn")
		if err != nil {
			t.Fatal(err)
		}
		draft, err := new(Server).written(&visit{Zone: zone, Now: night, Actor: people.Anonymous("screen")}, posted)
		switch {
		case err != nil && (!fault.Is(err, fault.Invalid) || len(fault.FieldsOf(err)) == 0):
			t.Errorf("refused as %v", err)
		case posted.Get("audience") != "public" && (draft.State != "" || draft.Title != "" || len(draft.Components) > 0):
			t.Errorf("an internal update carries what customers read: %+v", draft)
		}
		for i, c := range draft.Components {
			if posted.Get("status-"+c.Component) == "" || i > 0 && draft.Components[i-1].Component > c.Component {
				t.Errorf("components %+v", draft.Components)
			}
		}
	})
}
