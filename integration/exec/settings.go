package exec

import (
	"encoding/json"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"frontline/action"
	"frontline/fault"
)

// settings are what a definition says about its command. There is no shell anywhere: every argument is passed as it is written,
// and no input ever becomes part of one.
type settings struct {
	Command []string        `json:"command"` // what Do runs
	Plan    []string        `json:"plan"`    // prints what Command would change, as one line of JSON; changes nothing
	Check   []string        `json:"check"`   // after a crash: status 0 when the work was done, 1 when it was not, others: cannot tell
	Dir     string          `json:"dir"`     // where it runs; a new empty folder for each run when empty
	Env     []string        `json:"env"`     // variables of the server's environment that it may see
	Timeout action.Duration `json:"timeout"` // of one command; the action's own limit may end it sooner; 1h when zero
	Grace   action.Duration `json:"grace"`   // between the request to stop and the kill; 5s when zero
	Read    []string        `json:"read"`    // files and folders that it may read, beside the system's programs
	Write   []string        `json:"write"`   // files and folders that Command may change; Plan and Check only read them
	Network []int           `json:"network"` // TCP ports that it may connect to; none: no network
	Limits  limits          `json:"limits"`
	// Sandbox is the least Level that the action accepts, or "none": nothing is kept from the command but its limits (in a sandbox sudo and
	// other setuid programs do not work). Empty: the best that the host gives.
	Sandbox string `json:"sandbox"`
}

const (
	longestTimeout           = time.Hour
	usualGrace, longestGrace = 5 * time.Second, time.Minute
	noSandbox                = "none"
)

func parseSettings(raw json.RawMessage) (settings, error) {
	var s settings
	if err := action.ReadSettings((*Kind)(nil).Name(), raw, &s); err != nil {
		return settings{}, err
	}
	for _, check := range []func(*settings) error{checkCommands, checkPlaces, checkNetwork, checkSandbox, checkNames, checkTimes} {
		if err := check(&s); err != nil {
			return settings{}, err
		}
	}
	return s, s.Limits.check()
}

func checkCommands(s *settings) error {
	if len(s.Command) == 0 {
		return fault.Wrong("command", "The setting command is missing: a list of the program and its arguments.")
	}
	for name, argv := range map[string][]string{"command": s.Command, "plan": s.Plan, "check": s.Check} {
		if len(argv) == 0 {
			continue
		}
		switch program := argv[0]; {
		case program == "":
			return fault.Wrong(name, "The first entry of %s is the program and cannot be empty.", name)
		case strings.Contains(program, "/") && !filepath.IsAbs(program):
			return fault.Wrong(name, "The program in %s is either a name that is looked up in PATH, or a path from the root on.", name)
		case slices.ContainsFunc(argv, func(a string) bool { return strings.ContainsRune(a, 0) }):
			return fault.Wrong(name, "An argument in %s contains a zero byte, which no program can be given.", name)
		}
	}
	return nil
}

func checkPlaces(s *settings) error {
	if s.Dir != "" && !belowRoot(s.Dir) {
		return fault.Wrong("dir", "The setting dir is a path from the root on, or nothing for a new folder for each run.")
	}
	for name, paths := range map[string][]string{"read": s.Read, "write": s.Write} {
		for _, p := range paths {
			if !belowRoot(p) {
				return fault.Wrong(name, "The setting %s lists files and folders, each as a path from the root on; %q is none.", name, p)
			}
		}
	}
	return nil
}

// belowRoot says whether the path names one place, and not all of them.
func belowRoot(p string) bool {
	return filepath.IsAbs(p) && filepath.Clean(p) == p && p != "/" && !strings.ContainsRune(p, 0)
}

func checkNetwork(s *settings) error {
	for _, port := range s.Network {
		if port < 1 || port > math.MaxUint16 {
			return fault.Wrong("network", "The setting network lists TCP ports between 1 and 65535; %d is none.", port)
		}
	}
	return nil
}

func checkSandbox(s *settings) error {
	if s.Sandbox == "" || s.Sandbox == noSandbox || slices.Contains([]Level{Full, Namespaces, Landlock}, Level(s.Sandbox)) {
		return nil
	}
	return fault.Wrong("sandbox", "The setting sandbox is the least that the action accepts: full, namespaces or landlock; or none, for a program that cannot work in a sandbox.")
}

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func checkNames(s *settings) error {
	for _, name := range s.Env {
		switch {
		case !variable.MatchString(name):
			return fault.Wrong("env", "The setting env lists names of variables; %q is none. Values stay in the server's environment.", name)
		case strings.HasPrefix(name, "FRONTLINE_") || strings.HasPrefix(name, "FL_"):
			return fault.Wrong("env", "%s is Frontline's own and may hold its keys; a command does not get it. Take it out of env.", name)
		}
	}
	return nil
}

func checkTimes(s *settings) error {
	if s.Timeout == 0 {
		s.Timeout = action.Duration(longestTimeout)
	}
	if s.Grace == 0 {
		s.Grace = action.Duration(usualGrace)
	}
	if t := time.Duration(s.Timeout); t < time.Millisecond || t > longestTimeout {
		return fault.Wrong("timeout", "The setting timeout is a duration between 1ms and %s, such as 30s or 5m.", longestTimeout)
	}
	if g := time.Duration(s.Grace); g < time.Millisecond || g > longestGrace {
		return fault.Wrong("grace", "The setting grace is a duration between 1ms and %s, such as 5s.", longestGrace)
	}
	return nil
}
