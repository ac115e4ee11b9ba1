package exec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"frontline/action"
	"frontline/fault"
)

// task is one command to run.
type task struct {
	settings
	argv  []string
	call  action.Call
	step  string
	begin func() error           // runs when everything is ready and nothing has started yet; nil: nothing to do
	line  func(string)           // gets each line of output, masked; one at a time
	take  func(line string) bool // is offered each line of standard output first
	end   func(home string)      // looks at the command's folder when nothing of it runs any more, before that goes away; nil: nobody
}

func (k *Kind) task(s settings, argv []string, call action.Call, step string) task {
	return task{settings: s, argv: argv, call: call, step: step}
}

// outcome is how a command ended, as the server sees it.
type outcome struct {
	ending
	level Level
	why   error // why we ended it; nil when it ended by itself
}

// clean says whether the command ended by itself.
func (o outcome) clean() bool { return o.why == nil && o.Signal == 0 && !o.Many }

func (o outcome) sentence() string {
	s := "The command ended with status " + fmt.Sprint(o.Status) + "."
	switch {
	case o.Many:
		s = "The command was ended because it had more processes than it may."
	case o.why != nil:
		s = "The command was stopped: " + o.why.Error() + "."
	case o.Signal != 0:
		s = fmt.Sprintf("The command was ended by signal %d.", o.Signal)
	}
	if o.clean() && o.Left > 0 {
		s += fmt.Sprintf(" %d of its processes were left over and were ended too.", o.Left)
	}
	return s
}

const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// How long an input, and all of them, may be to be in the environment as well. Linux refuses strings over 128 KiB there, and a quarter of the
// stack, 2 MiB as a rule, for all.
const (
	inEnv    = 64 << 10
	allInEnv = 1 << 20
)

// environment is what the command gets to see: what the definition lets through, the inputs as FL_NAME, and what run this is.
func (k *Kind) environment(t task, home string) ([]string, error) {
	env := map[string]string{"PATH": usualPath, "LANG": "C.UTF-8", "HOME": home, "TMPDIR": home}
	for _, name := range t.Env {
		if v := k.getenv(name); v != "" {
			env[name] = v
		}
	}
	env["FRONTLINE_STEP"], env["FRONTLINE_RUN"] = t.step, t.call.Run
	env["FRONTLINE_ACTOR"], env["FRONTLINE_REASON"] = t.call.Actor, t.call.Reason
	if err := addInputs(env, t.inputs(home)); err != nil {
		return nil, err
	}
	all := make([]string, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if strings.ContainsRune(env[name], 0) { // of the reason, or of a variable of the server
			return nil, fault.New(fault.Invalid, "%s contains a zero byte, which no program can be given. Take it out.", name)
		}
		all = append(all, name+"="+env[name])
	}
	return all, nil
}

// inputs are the values that the command gets. Of a file that is where it lies, and beside it how its owner calls it.
func (t task) inputs(home string) map[string]any {
	if len(t.call.Files) == 0 {
		return t.call.Inputs
	}
	all := maps.Clone(t.call.Inputs)
	for input, f := range t.call.Files {
		all[input] = filepath.Join(home, filesFolder, input)
		if _, taken := t.call.Inputs[input+"_name"]; !taken {
			all[input+"_name"] = f.Name
		}
	}
	return all
}

var notInName = regexp.MustCompile(`[^A-Z0-9_]`)

// addInputs adds each input as FL_NAME: texts as they are, everything else as JSON.
func addInputs(env map[string]string, inputs map[string]any) error {
	sum := 0
	for _, input := range slices.Sorted(maps.Keys(inputs)) {
		name := "FL_" + notInName.ReplaceAllString(strings.ToUpper(input), "_")
		if _, taken := env[name]; taken {
			return fault.Wrong(input, "The input %s has the same variable %s as another one. Rename one of them.", input, name)
		}
		text, ok := inputs[input].(string)
		if !ok {
			b, err := json.Marshal(inputs[input])
			if err != nil {
				return fault.Wrong(input, "The input %s cannot be written as JSON.", input)
			}
			text = string(b)
		}
		if err := literal(input, text); err != nil {
			return err
		}
		if len(text) <= inEnv && sum+len(text) <= allInEnv {
			env[name], sum = text, sum+len(text)
		}
	}
	return nil
}

// literal refuses what would not arrive as it was written: a zero byte ends a variable, and JSON has no place for what is not UTF-8.
func literal(input, text string) error {
	if strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
		return fault.Wrong(input, "The input %s contains a zero byte or is not valid UTF-8, which a program cannot be given as it is. Take that out.", input)
	}
	return nil
}

// secretsLine is what the command reads from its file 3: one JSON object of names and values.
func secretsLine(call action.Call) ([]byte, error) {
	plain := make(map[string]string, len(call.Secrets))
	for name, s := range call.Secrets {
		plain[name] = s.Reveal()
	}
	b, err := json.Marshal(plain)
	return append(b, '\n'), err
}

// filesFolder is where a command finds the files that were given as inputs, each under its input's name.
const filesFolder = "files"

// folder makes the folder of one command, its home, with the definition's scripts and the given files. drop takes it away again.
func (t task) folder(ctx context.Context) (home string, drop func(), err error) {
	if home, err = os.MkdirTemp("", "frontline-run-"); err != nil {
		return "", nil, fault.Wrap(err, fault.Unavailable, "Frontline could not make a folder for the run. See whether the disk of its temporary files is full.")
	}
	drop = func() { _ = os.RemoveAll(home) }
	for name, text := range t.call.Scripts {
		if err := put(filepath.Join(home, filepath.FromSlash(name)), strings.NewReader(text), 0o700); err != nil {
			drop()
			return "", nil, err
		}
	}
	for input, f := range t.call.Files {
		if err := putFile(ctx, filepath.Join(home, filesFolder, input), f); err != nil {
			drop()
			return "", nil, err
		}
	}
	return home, drop, nil
}

// program is what is run: a script of the definition by its name, anything else as it is written.
func (t task) program(home string) []string {
	if _, ours := t.call.Scripts[t.argv[0]]; !ours {
		return t.argv
	}
	return append([]string{filepath.Join(home, t.argv[0])}, t.argv[1:]...)
}

func putFile(ctx context.Context, path string, f action.InputFile) error {
	r, err := f.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	return put(path, r, 0o600)
}

// put writes a file into the run's folder.
func put(path string, r io.Reader, mode os.FileMode) error {
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	var f *os.File
	if err == nil {
		f, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	}
	if err == nil {
		_, err = io.Copy(f, r)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "Frontline could not write the run's files. See whether the disk of its temporary files is full.")
	}
	return nil
}

func (s settings) timeout() time.Duration { return time.Duration(s.Timeout) }
func (s settings) grace() time.Duration   { return time.Duration(s.Grace) }
