package httpcall

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"frontline/action"
	"frontline/fault"
)

// settings are what a definition says about its request. {name} stands for an input or a secret, and always for all of a value: of a path
// segment, a query parameter, a field. It is never pasted into a text, but for a secret into a header ("Bearer {token}").
type settings struct {
	request
	Hosts   []string        `json:"hosts"`   // that a redirect may lead to, and addresses near the machine that may be asked; the URL's own is always
	Timeout action.Duration `json:"timeout"` // of one request; 30s when zero
	Most    int             `json:"most"`    // bytes of an answer; 1 MiB when zero
	Result  reading         `json:"result"`
	Plan    *looking        `json:"plan"` // a GET that shows what there is; another answer at the run is a conflict
	Look    *looking        `json:"look"` // a GET that tells after a crash whether the work was done
}

// request is one request.
type request struct {
	Method  string            `json:"method"` // GET when empty
	URL     string            `json:"url"`    // without user and query
	Query   map[string]any    `json:"query"`
	Headers map[string]string `json:"headers"`
	Body    any               `json:"body"`   // sent as JSON
	Form    map[string]any    `json:"form"`   // sent as a form
	Expect  []int             `json:"expect"` // statuses that mean yes; 200 to 299 when empty
}

// looking is a GET, and what its answer means.
type looking struct {
	URL     string            `json:"url"`
	Query   map[string]any    `json:"query"`
	Headers map[string]string `json:"headers"`
	Result  reading           `json:"result"`
	Done    *condition        `json:"done"` // with look: the work was done
}

// condition is a value of an answer.
type condition struct {
	Path string `json:"path"`
	Is   any    `json:"is"`
}

// reading is how an answer becomes a result. Paths are names with dots between them; a number is a place in a list.
type reading struct {
	Summary string            `json:"summary"` // path of a text
	Facts   map[string]string `json:"facts"`   // paths by name
	Title   string            `json:"title"`   // of the table
	Rows    string            `json:"rows"`    // path of a list; the whole answer when empty
	Columns []column          `json:"columns"` // none: no table
}

// column is one column of a table.
type column struct {
	Title string `json:"title"`
	Path  string `json:"path"` // below each row
}

const (
	usualTimeout, longestTimeout = 30 * time.Second, 5 * time.Minute
	usualMost, mostMost          = 1 << 20, 10 << 20
)

func parseSettings(raw json.RawMessage) (settings, error) {
	var s settings
	if err := action.ReadSettings((*Kind)(nil).Name(), raw, &s); err != nil {
		return settings{}, err
	}
	for _, check := range []func(*settings) error{checkMethod, checkBody, checkBounds, checkLooks} {
		if err := check(&s); err != nil {
			return settings{}, err
		}
	}
	return s, nil
}

func checkMethod(s *settings) error {
	if s.Method == "" {
		s.Method = http.MethodGet
	}
	if !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}, s.Method) {
		return fault.Wrong("method", "The setting method is GET, HEAD, POST, PUT, PATCH or DELETE.")
	}
	return checkTarget("url", s.URL, "query", s.Query, "headers", s.Headers)
}

// reads says whether the method changes nothing (RFC 9110, section 9.2.1).
func (r request) reads() bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// checkTarget checks the address and what goes with it; the names are those of the settings.
func checkTarget(urlName, address, queryName string, query map[string]any, headersName string, headers map[string]string) error {
	_, path, err := splitURL(address)
	if err != nil {
		return fault.Wrong(urlName, "The setting %s is an address such as https://api.example/customers/{customer}, without user, query or fragment, and without an input in the name of the host.", urlName)
	}
	for _, segment := range path {
		if strings.ContainsAny(segment, "{}") && !placeholder.MatchString(segment) {
			return fault.Wrong(urlName, "In the setting %s an input is a whole part between two slashes; %q mixes one with text.", urlName, segment)
		}
	}
	for name, v := range query {
		if !scalar(v) {
			return fault.Wrong(queryName, "The parameter %s under %s is a text, a number or {name}.", name, queryName)
		}
	}
	for name, v := range headers {
		if !headerName.MatchString(name) || strings.ContainsAny(v, "\r\n\x00") || slices.Contains(ownHeaders(), http.CanonicalHeaderKey(name)) {
			return fault.Wrong(headersName, "The header %q under %s is no header that can be set: its name has letters and hyphens, its value one line, and Frontline itself sets %s.", name, headersName, strings.Join(ownHeaders(), ", "))
		}
	}
	return nil
}

// ownHeaders are those that say how the body is read, and where it goes.
func ownHeaders() []string {
	return []string{"Host", "Content-Length", "Transfer-Encoding", "Connection", "Idempotency-Key"}
}

var (
	placeholder = regexp.MustCompile(`^\{([A-Za-z][A-Za-z0-9_.-]*)\}$`)
	anywhere    = regexp.MustCompile(`\{([A-Za-z][A-Za-z0-9_.-]*)\}`)
	headerName  = regexp.MustCompile(`^[A-Za-z0-9-]+$`)
	errAddress  = errors.New("not an address")
)

func scalar(v any) bool {
	switch v.(type) {
	case string, json.Number, bool:
		return true
	}
	return false
}

// splitURL parts an address with placeholders into scheme and host, and the segments of its path.
func splitURL(address string) (base string, path []string, err error) {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok || scheme != "http" && scheme != "https" {
		return "", nil, errAddress
	}
	host, after, _ := strings.Cut(rest, "/")
	u, err := url.Parse(scheme + "://" + host)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || strings.ContainsAny(address, "?# ") || strings.ContainsAny(host, "{}\\") {
		return "", nil, errAddress
	}
	return scheme + "://" + host, strings.Split(after, "/"), nil
}

func checkBody(s *settings) error {
	switch {
	case s.Body != nil && s.Form != nil:
		return fault.Wrong("form", "Give either body, sent as JSON, or form.")
	case (s.Body != nil || s.Form != nil) && s.reads():
		return fault.Wrong("body", "A %s has no body. Use query, or another method.", s.Method)
	}
	for name, v := range s.Form {
		if !scalar(v) {
			return fault.Wrong("form", "The field %s under form is a text, a number or {name}.", name)
		}
	}
	return nil
}

func checkBounds(s *settings) error {
	if s.Timeout == 0 {
		s.Timeout = action.Duration(usualTimeout)
	}
	if s.Most == 0 {
		s.Most = usualMost
	}
	switch {
	case s.Timeout < action.Duration(time.Millisecond) || s.Timeout > action.Duration(longestTimeout):
		return fault.Wrong("timeout", "The setting timeout is a duration between 1ms and %s, such as 30s.", longestTimeout)
	case s.Most < 1 || s.Most > mostMost:
		return fault.Wrong("most", "The setting most is a number of bytes, at most %d.", mostMost)
	}
	for _, status := range s.Expect {
		if status < 200 || status > 599 {
			return fault.Wrong("expect", "The setting expect lists statuses such as 204; %d is none.", status)
		}
	}
	for _, h := range s.Hosts {
		if u, err := url.Parse("https://" + h); err != nil || u.Host != h || h == "" {
			return fault.Wrong("hosts", "The setting hosts lists names of hosts, each with its port when it has one; %q is none.", h)
		}
	}
	return nil
}

func checkLooks(s *settings) error {
	for name, l := range map[string]*looking{"plan": s.Plan, "look": s.Look} {
		if l == nil {
			continue
		}
		if err := checkTarget(name+".url", l.URL, name+".query", l.Query, name+".headers", l.Headers); err != nil {
			return err
		}
		if (l.Done != nil) != (name == "look") {
			return fault.Wrong(name+".done", "The setting look has done, which says what its answer means: a path, and what is there when the work was done; plan has none.")
		}
	}
	return nil
}
