package demo

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"

	"frontline/client"
	"frontline/demo/company"
	"frontline/secret"
)

// colleague is somebody at Verity who can sign in.
type colleague struct {
	id, email, does string
	password        string
}

// desk is one person at Frontline: a browser with their session, and an API token of their own.
type desk struct {
	base    string
	browser *http.Client
	api     *client.Client
	devs    *company.Developers
	before  int // how many requests there were before those of the last two days
}

func newDesk(base string) (*desk, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	c := httpClient()
	c.Jar = jar
	return &desk{base: base, browser: c}, nil
}

// post sends a form as a browser does, follows where it leads and returns the screen.
func (d *desk) post(ctx context.Context, address string, form url.Values) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "text/html")
	res, err := d.browser.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	screen, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("the form at %s was answered with %s", path(address), res.Status)
	}
	return string(screen), err
}

// screen fetches a screen as a browser does.
func (d *desk) screen(ctx context.Context, path string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.base+path, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Accept", "text/html")
	res, err := d.browser.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	screen, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s is answered with %s", path, res.Status)
	}
	return string(screen), err
}

// path leaves out of an address what may be a secret.
func path(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "an address"
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	return "/" + first
}

// shownOnce is where a screen shows a token or a link that is not shown again.
var shownOnce = regexp.MustCompile(`(?s)fresh-token.*?readonly value="([^"]+)"`)

// shown posts a form whose answer shows something once, and returns that.
func (d *desk) shown(ctx context.Context, address string, form url.Values) (string, error) {
	screen, err := d.post(ctx, address, form)
	if err != nil {
		return "", err
	}
	found := shownOnce.FindStringSubmatch(screen)
	if found == nil {
		return "", fmt.Errorf("the screen at %s does not show what was made", path(address))
	}
	return html.UnescapeString(found[1]), nil
}

// takeToken makes an API token on the settings screen.
func (d *desk) takeToken(ctx context.Context) error {
	token, err := d.shown(ctx, d.base+"/me/tokens", url.Values{"name": {"demo"}, "ends": {"30"}})
	if err != nil {
		return err
	}
	d.api, err = client.New(d.base, client.Options{Token: secret.New(token), Agent: "verity-demo", HTTP: httpClient()})
	return err
}

// setUp makes the first administrator through the link that is printed at the first start, as whoever installs Frontline does.
func (s *stage) setUp(ctx context.Context) error {
	link := s.env["SETUP"]
	delete(s.env, "SETUP")
	var err error
	if s.admin, err = newDesk(s.url); err != nil {
		return err
	}
	s.onClose(func() error { s.admin.browser.CloseIdleConnections(); return nil })
	tonis := colleague{id: "tonis", email: "tonis@verity.example", password: words(), does: "Tõnis Kask set Frontline up; he may do everything"}
	if _, err := s.admin.post(ctx, link, url.Values{"name": {"Tõnis Kask"}, "email": {tonis.email}, "password": {tonis.password}}); err != nil {
		return err
	}
	s.staff = append(s.staff, tonis)
	return s.admin.takeToken(ctx)
}

// hire invites everybody else and lets them choose a password.
func (s *stage) hire(ctx context.Context) error {
	staff := []colleague{
		{id: "liis", does: "Liis Tamm, second line: handles alerts, runs actions"},
		{id: "karl", does: "Karl Sepp, first line; asleep"},
		{id: "marika", does: "Marika Oja leads technical support"},
		{id: "wanjiru", does: "Wanjiru Kamau, customer success: asks, is told by mail"},
		{id: "rasmus", does: "Rasmus Põder, developer of the decision pipeline: asks and reads"},
		{id: "eduardo", does: "Eduardo Salas leads the platform team: asks and reads"},
	}
	for _, c := range staff {
		c.email, c.password = c.id+"@verity.example", words()
		link, err := s.admin.shown(ctx, s.url+"/people/"+c.id+"/invite", url.Values{})
		if err != nil {
			return err
		}
		d, err := newDesk(s.url)
		if err != nil {
			return err
		}
		_, err = d.post(ctx, link, url.Values{"password": {c.password}})
		d.browser.CloseIdleConnections()
		if err != nil {
			return err
		}
		s.staff = append(s.staff, c)
	}
	tonis := s.staff[0]
	s.staff = append(s.staff[1:], tonis) // Liis first
	return nil
}

// signIn returns the desk of a colleague, signed in by password, with a token for the API.
func (s *stage) signIn(ctx context.Context, id string) (*desk, error) {
	d, err := s.enter(ctx, id)
	if err != nil {
		return nil, err
	}
	return d, d.takeToken(ctx)
}

// enter is signIn without a token.
func (s *stage) enter(ctx context.Context, id string) (*desk, error) {
	for _, c := range s.staff {
		if c.id != id {
			continue
		}
		d, err := newDesk(s.url)
		if err != nil {
			return nil, err
		}
		s.onClose(func() error { d.browser.CloseIdleConnections(); return nil })
		if _, err := d.post(ctx, s.url+"/sign-in", url.Values{"email": {c.email}, "password": {c.password}}); err != nil {
			return nil, err
		}
		d.devs = s.company.Developers()
		if !s.o.Brief {
			d.before = len(weeks(time.Now()))
		}
		return d, nil
	}
	return nil, fmt.Errorf("nobody at Verity is called %s", id)
}

// words is a password that can be typed: four groups of four.
func words() string {
	r := secret.Random(16)
	return r[:4] + "-" + r[4:8] + "-" + r[8:12] + "-" + r[12:]
}
