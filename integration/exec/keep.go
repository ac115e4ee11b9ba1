package exec

import "time"

// KeeperArg is the argument with which this program is started again as a keeper: main calls Keep when it is the first one. A keeper
// is a process between the server and one command. It is the command's init: it adopts every process that loses its parent, it kills
// them all when the command ends, when it is told to, and when the server dies, which it notices by the end of a pipe.
const KeeperArg = "_keep"

// launchArg follows KeeperArg in the process that becomes the command: it puts itself under the limits and runs the program in its own place.
const launchArg = "launch"

// The files that a keeper is started with, after the command's own three.
const (
	ordersFile  = 3 // in: one line of JSON, then single letters; its end means that the server is gone
	newsFile    = 4 // out: lines of JSON
	secretsFile = 5 // in: passed on to the command as its file 3
)

// What the server may say after the order.
const (
	sayStop = 't' // ask every process to stop, and kill what is left after the grace
	sayKill = 'k'
)

// order is what a keeper is to run.
type order struct {
	Argv  []string      `json:"argv"`
	Dir   string        `json:"dir"`
	Home  string        `json:"home,omitempty"` // taken away at the end when the server cannot do it any more
	Env   []string      `json:"env"`
	Grace time.Duration `json:"grace"`
	Box   box           `json:"box"`
}

// news is what a keeper tells the server.
type news struct {
	Ready   bool    `json:"ready,omitempty"`   // it waits for its order
	Init    bool    `json:"init,omitempty"`    // with Ready: it is the first process of a PID namespace
	Refused *wrong  `json:"refused,omitempty"` // the command did not start
	Tried   *tried  `json:"tried,omitempty"`   // what the self-test found
	Ended   *ending `json:"ended,omitempty"`   // nothing of it runs any more
}

// wrong says why a command did not start.
type wrong struct {
	Setting string `json:"setting"` // "dir", "command", "read", "write"; "sandbox", "home", "limits" when the host refused something
	Cause   string `json:"cause"`
}

// ending is how a command ended.
type ending struct {
	Status int  `json:"status"` // its exit status, when it ended by itself
	Signal int  `json:"signal"` // the signal that ended it, or 0
	Left   int  `json:"left"`   // how many of its processes were left over and killed
	Told   bool `json:"told"`   // it was told to stop
	Many   bool `json:"many"`   // it had more processes than it may
}
