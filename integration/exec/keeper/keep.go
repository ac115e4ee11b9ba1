// Package keeper is the process between the server and one command of an action: this program, started again. It knows nothing of actions, so that it can be at
// work before the rest of the program is initialised (see early).
package keeper

import "time"

// Arg is the argument with which this program is started again as a keeper, when it is the first one. A keeper
// is a process between the server and one command. It is the command's init: it adopts every process that loses its parent, it kills
// them all when the command ends, when it is told to, and when the server dies, which it notices by the end of a pipe.
const Arg = "_keep"

// launchArg follows Arg in the process that becomes the command: it puts itself under the limits and runs the program in its own place.
const launchArg = "launch"

// The files that a keeper is started with, after the command's own three.
const (
	ordersFile  = 3 // in: one line of JSON, then single letters; its end means that the server is gone
	newsFile    = 4 // out: lines of JSON
	secretsFile = 5 // in: passed on to the command as its file 3
)

// What the server may say after the order.
const (
	SayStop = 't' // ask every process to stop, and kill what is left after the grace
	SayKill = 'k'
)

// Order is what a keeper is to run.
type Order struct {
	Argv  []string      `json:"argv"`
	Dir   string        `json:"dir"`
	Home  string        `json:"home,omitempty"` // taken away at the end when the server cannot do it any more
	Env   []string      `json:"env"`
	Grace time.Duration `json:"grace"`
	Box   Box           `json:"box"`
}

// News is what a keeper tells the server.
type News struct {
	Ready   bool    `json:"ready,omitempty"`   // it waits for its order
	Init    bool    `json:"init,omitempty"`    // with Ready: it is the first process of a PID namespace
	Refused *Wrong  `json:"refused,omitempty"` // the command did not start
	Tried   *Tried  `json:"tried,omitempty"`   // what the self-test found
	Ended   *Ending `json:"ended,omitempty"`   // nothing of it runs any more
}

// Wrong says why a command did not start.
type Wrong struct {
	Setting string `json:"setting"` // "dir", "command", "read", "write"; "sandbox", "home", "limits" when the host refused something
	Cause   string `json:"cause"`
}

// Ending is how a command ended.
type Ending struct {
	Status int  `json:"status"` // its exit status, when it ended by itself
	Signal int  `json:"signal"` // the signal that ended it, or 0
	Left   int  `json:"left"`   // how many of its processes were left over and killed
	Told   bool `json:"told"`   // it was told to stop
	Many   bool `json:"many"`   // it had more processes than it may
}

// Box is what surrounds one command, as its keeper is told.
type Box struct {
	Root    bool    `json:"root"` // a root of its own: the mount namespace is there
	Lock    bool    `json:"lock"` // no new privileges, no capabilities, Landlock as far as there is one
	Program string  `json:"program"`
	Places  []Place `json:"places"`
	Network []int   `json:"network"`
	Limits  Limits  `json:"limits"`
	Watch   bool    `json:"watch"` // processes are counted by the keeper: the kernel lets root have as many as it wants
	Probe   *Probe  `json:"probe"` // try to get out instead of running a command
}

// Probe is what the self-test tries to reach.
type Probe struct {
	File string `json:"file"` // a file outside
}

// Tried is what the self-test could reach, and what there is.
type Tried struct {
	File     bool   `json:"file"`     // it could read the file
	Network  bool   `json:"network"`  // it could send a packet
	Proc     bool   `json:"proc"`     // it has a /proc of its own
	Landlock int    `json:"landlock"` // the version of the kernel's interface; 0: none
	Cause    string `json:"cause"`    // why there is none
}

// Place is a file or folder that the command may reach beside the system's programs.
type Place struct {
	Setting string `json:"setting"` // that names it
	Path    string `json:"path"`
	Write   bool   `json:"write"`
}

// Limits bound what a command may use. Of memory, files, the size of a file and processor time each process has so much, of processes the run.
type Limits struct {
	Memory    int64         `json:"memory"` // bytes
	Processes int           `json:"processes"`
	Files     int           `json:"files"`
	FileSize  int64         `json:"file_size"` // bytes
	CPU       time.Duration `json:"cpu"`
}
