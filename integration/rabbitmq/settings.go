package rabbitmq

import (
	"encoding/json"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"frontline/action"
	"frontline/fault"
	"frontline/secret"
)

// settings are what a definition says about its broker.
type settings struct {
	Broker   string          `json:"broker"`   // management API: http://host:15672
	AMQP     string          `json:"amqp"`     // amqp://host:5672 or amqps://host:5671, without user and password
	User     string          `json:"user"`     // needs the management tag and read permission on the queues
	Password secret.Ref      `json:"password"` // resolved by the runner into Call.Secrets["password"]
	VHost    string          `json:"vhost"`    // "/" when empty
	Queue    string          `json:"queue"`    // the only queue, or
	Queues   []string        `json:"queues"`   // those that the input "queue" may choose from
	Scan     int             `json:"scan"`     // how many messages may be held at once; 2000 when zero
	Hold     action.Duration `json:"hold"`     // how long they may be held; 10s when zero
	Show     []string        `json:"show"`     // headers whose values people may see; others show their type only
	Wait     action.Duration `json:"wait"`     // how long it is looked afterwards whether it helped; 30s when zero
	// Disconnect permits the input "disconnect": closing the connections of the queue's consumers to reach a message that
	// one of them holds. It needs a user who may close other users' connections.
	Disconnect bool `json:"disconnect"`
}

// Bounds of what may be set. The prefetch of AMQP is 16 bits wide; RabbitMQ closes a channel that holds a message for 30 minutes.
const (
	usualScan, mostScan = 2000, math.MaxUint16
	usualHold, mostHold = 10 * time.Second, time.Minute
)

// parseSettings reads and checks the settings. The faults name the setting; a value that may carry a password is never repeated.
func parseSettings(kind string, raw json.RawMessage) (settings, error) {
	var s settings
	if err := action.ReadSettings(kind, raw, &s); err != nil {
		return settings{}, err
	}
	return s, s.check()
}

// check says what is wrong with the settings that all kinds share, and fills in what was left out.
func (s *settings) check() error {
	for _, check := range []func(*settings) error{checkBroker, checkAMQP, checkUser, checkQueues, checkBounds} {
		if err := check(s); err != nil {
			return err
		}
	}
	return nil
}

func checkBroker(s *settings) error {
	u, err := url.Parse(s.Broker)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
		return fault.Wrong("broker", "The setting broker is the address of the broker's management API, such as http://rabbit.example:15672.")
	case u.User != nil:
		return fault.Wrong("broker", "The setting broker carries a user or a password. Move them to user and password, the password as env:NAME or file:/path.")
	case u.RawQuery != "" || u.Fragment != "":
		return fault.Wrong("broker", "The setting broker ends with the port or a path, without ? and #.")
	}
	s.Broker = strings.TrimRight(s.Broker, "/")
	return nil
}

func checkAMQP(s *settings) error {
	u, err := url.Parse(s.AMQP)
	switch {
	case err != nil || (u.Scheme != "amqp" && u.Scheme != "amqps") || u.Hostname() == "":
		return fault.Wrong("amqp", "The setting amqp is the broker's address, such as amqp://rabbit.example:5672 or amqps://rabbit.example:5671.")
	case u.User != nil:
		return fault.Wrong("amqp", "The setting amqp carries a user or a password. Move them to user and password, the password as env:NAME or file:/path.")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return fault.Wrong("amqp", "The setting amqp ends with the port. Put the virtual host into vhost.")
	}
	return nil
}

func checkUser(s *settings) error {
	if s.User == "" {
		return fault.Wrong("user", "The setting user is missing: the broker's user that Frontline signs in as.")
	}
	if err := s.Password.Check(); err != nil {
		return fault.Wrong("password", "The setting password is a reference, env:NAME or file:/path, never the password itself.")
	}
	if s.VHost == "" {
		s.VHost = "/"
	}
	if len(s.VHost) > math.MaxUint8 {
		return fault.Wrong("vhost", "The name of a virtual host has %d bytes at most.", math.MaxUint8)
	}
	return nil
}

func checkQueues(s *settings) error {
	switch {
	case s.Queue == "" && len(s.Queues) == 0:
		return fault.Wrong("queue", "The setting queue is missing. Name one queue, or several under queues for the input queue to choose from.")
	case s.Queue != "" && len(s.Queues) > 0:
		return fault.Wrong("queues", "Give either queue or queues, not both.")
	case slices.Contains(s.Queues, ""):
		return fault.Wrong("queues", "One of the queues has no name.")
	}
	return nil
}

func checkBounds(s *settings) error {
	if s.Scan == 0 {
		s.Scan = usualScan
	}
	if s.Hold == 0 {
		s.Hold = action.Duration(usualHold)
	}
	if s.Wait == 0 {
		s.Wait = action.Duration(usualProof)
	}
	if s.Scan < 1 || s.Scan > mostScan {
		return fault.Wrong("scan", "The setting scan is between 1 and %d messages.", mostScan)
	}
	if hold := time.Duration(s.Hold); hold < time.Second || hold > mostHold {
		return fault.Wrong("hold", "The setting hold is between 1s and %s.", mostHold)
	}
	if within := time.Duration(s.Wait); within < leastProof || within > mostProof {
		return fault.Wrong("wait", "The setting wait, how long it is looked whether it helped, is between %s and %s.", leastProof, mostProof)
	}
	return nil
}

// inputs are what a person may choose in one run.
type inputs struct {
	Queue       string
	Fingerprint string // empty: the message that consumers keep giving back
	Twins       int    // how many of identical messages to take; 1 when not given
	Disconnect  bool
}

var hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// parseInputs reads the inputs that this kind knows; a definition may have others for people to fill in.
func parseInputs(s settings, in map[string]any) (inputs, error) {
	i := inputs{Twins: 1, Queue: s.Queue}
	for _, read := range []func(settings, map[string]any, *inputs) error{readQueue, readFingerprint, readTwins, readDisconnect} {
		if err := read(s, in, &i); err != nil {
			return inputs{}, err
		}
	}
	return i, nil
}

func readQueue(s settings, in map[string]any, i *inputs) error {
	if v, given := in["queue"]; given {
		name, _ := v.(string)
		if name != s.Queue && !slices.Contains(s.Queues, name) {
			return fault.Wrong("queue", "This action is not for that queue. Choose one of: %s.", strings.Join(s.names(), ", "))
		}
		i.Queue = name
	}
	if i.Queue == "" && len(s.Queues) == 1 {
		i.Queue = s.Queues[0]
	}
	if i.Queue == "" {
		return fault.Wrong("queue", "Choose the queue: %s.", strings.Join(s.names(), ", "))
	}
	return nil
}

func (s settings) names() []string {
	if s.Queue != "" {
		return []string{s.Queue}
	}
	return s.Queues
}

func readFingerprint(_ settings, in map[string]any, i *inputs) error {
	v, given := in["fingerprint"]
	if !given || v == nil || v == "" {
		return nil
	}
	print, _ := v.(string)
	if !hexDigest.MatchString(print) {
		return fault.Wrong("fingerprint", "A fingerprint is 64 digits and letters a to f. Copy it from the table of a plan, or leave it empty.")
	}
	i.Fingerprint = print
	return nil
}

func readTwins(s settings, in map[string]any, i *inputs) error {
	v, given := in["twins"]
	if !given || v == nil {
		return nil
	}
	n, whole := wholeNumber(v)
	switch {
	case !whole || n < 1 || n > s.Scan:
		return fault.Wrong("twins", "How many identical messages to take is a whole number between 1 and %d.", s.Scan)
	case n > 1 && i.Fingerprint == "":
		return fault.Wrong("twins", "Say which message by its fingerprint to take more than one of it.")
	}
	i.Twins = n
	return nil
}

// wholeNumber accepts a number as JSON, YAML or a form may have left it.
func wholeNumber(v any) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case int64:
		return int(v), true
	case float64:
		return int(v), v == math.Trunc(v) && math.Abs(v) < 1<<31
	case json.Number:
		n, err := v.Int64()
		return int(n), err == nil
	}
	return 0, false
}

func readDisconnect(s settings, in map[string]any, i *inputs) error {
	v, given := in["disconnect"]
	if !given || v == nil {
		return nil
	}
	yes, ok := v.(bool)
	switch {
	case !ok:
		return fault.Wrong("disconnect", "Whether to disconnect the consumers is true or false.")
	case yes && !s.Disconnect:
		return fault.Wrong("disconnect", "This action may not disconnect consumers. Ask whoever owns the action for the setting disconnect: true.")
	}
	i.Disconnect = yes
	return nil
}
