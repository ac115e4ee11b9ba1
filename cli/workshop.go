package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"frontline/client"
	"frontline/define"
	"frontline/fault"
	"frontline/plain"
	"frontline/wire"
)

// Workshop checks and tests actions in their owners' own CI, without a server. app has one.
type Workshop interface {
	// Lint returns what is wrong with the definitions, and what would be better.
	Lint(files []define.File) (wrong, better []Place, err error)
	// Advise returns what is better to know about actions that name labels, where runners with these labels are enrolled.
	Advise(files []define.File, enrolled []map[string]string) ([]Place, error)
	// Test runs the tests of the actions and tells of each. Definitions that are wrong are not tested.
	Test(ctx context.Context, files []define.File, tell func(Tested)) (wrong []Place, err error)
}

// Place is a remark about a place in a file: "actions.yaml:12:5".
type Place struct{ At, Say string }

// Tested is what a test found. An action without tests is told of once, without a test's name.
type Tested struct {
	Action, Test string
	Wrong        []string // empty when all was as the test says
	Lines        []string // the output
	Took         time.Duration
}

type lintActions struct {
	remote
	Folder string `arg:"" help:"The folder with the definitions." type:"existingdir"`
	Strict bool   `help:"End with 1 also for what would only be better."`
}

// Run implements the command. A server is asked which runners there are only where --server names it: owners check in their own CI, offline.
func (c lintActions) Run(ctx context.Context, env Env) error {
	files, err := define.ReadFolder(os.DirFS(c.Folder))
	if err != nil {
		return err
	}
	wrong, better, err := env.Workshop.Lint(files)
	if err != nil {
		return err
	}
	if c.Server != "" {
		more, err := c.advise(ctx, env, files)
		if err != nil {
			return err
		}
		better = append(better, more...)
	}
	remark(env, c.Folder, "", wrong)
	remark(env, c.Folder, "better: ", better)
	if len(wrong) > 0 || c.Strict && len(better) > 0 {
		return Ended{Code: 1}
	}
	_, err = fmt.Fprintf(env.Out, "%d files are right.\n", len(files))
	return err
}

// advise asks the server which runners are enrolled, and says which actions none of them carries out.
func (c lintActions) advise(ctx context.Context, env Env, files []define.File) ([]Place, error) {
	server, err := c.open(env)
	if err != nil {
		return nil, err
	}
	all, err := some(ctx, 500, func(ctx context.Context, p client.Page) (wire.List[wire.Runner], error) {
		return server.Runners(ctx, p)
	})
	if err != nil {
		return nil, err
	}
	var enrolled []map[string]string
	for _, r := range all {
		if r.Revoked != nil {
			continue
		}
		labels := map[string]string{}
		for _, l := range r.Labels {
			name, value, _ := strings.Cut(l, "=")
			labels[name] = value
		}
		enrolled = append(enrolled, labels)
	}
	return env.Workshop.Advise(files, enrolled)
}

// remark prints as compilers do, so that an editor finds the place.
func remark(env Env, folder, what string, all []Place) {
	for _, p := range all {
		_, _ = fmt.Fprintf(env.Err, "%s: %s%s\n", filepath.Join(folder, filepath.FromSlash(p.At)), what, plain.Line(p.Say))
	}
}

type testActions struct {
	Folder  string `arg:"" help:"The folder with the definitions." type:"existingdir"`
	Action  string `help:"Only this action." placeholder:"ID"`
	Verbose bool   `help:"Show the output also of tests that are right." short:"v"`
}

// Run implements the command.
func (c testActions) Run(ctx context.Context, env Env) error {
	files, err := define.ReadFolder(os.DirFS(c.Folder))
	if err != nil {
		return err
	}
	right, failed, untested := 0, 0, 0
	wrong, err := env.Workshop.Test(ctx, files, func(t Tested) {
		switch {
		case c.Action != "" && c.Action != t.Action:
			return
		case t.Test == "":
			untested++
		case len(t.Wrong) == 0:
			right++
		default:
			failed++
		}
		c.tell(env, t)
	})
	if err != nil {
		return err
	}
	remark(env, c.Folder, "", wrong)
	if len(wrong) > 0 {
		return Ended{Code: 1, Say: "Nothing was tested: the definitions are wrong."}
	}
	_, _ = fmt.Fprintf(env.Out, "%d right, %d wrong, %d actions without a test.\n", right, failed, untested)
	switch {
	case failed > 0:
		return Ended{Code: 1}
	case right == 0:
		return fault.New(fault.Invalid, "There was nothing to test. Write examples under tests in the actions' definitions.")
	}
	return nil
}

func (c testActions) tell(env Env, t Tested) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(env.Out, format+"\n", args...) }
	switch {
	case t.Test == "":
		say("none   %s", t.Action)
		return
	case len(t.Wrong) == 0:
		say("right  %s: %s (%s)", t.Action, plain.Line(t.Test), t.Took.Round(time.Millisecond))
	default:
		say("WRONG  %s: %s", t.Action, plain.Line(t.Test))
	}
	for _, w := range t.Wrong {
		say("       - %s", plain.Line(w))
	}
	if len(t.Wrong) > 0 || c.Verbose {
		for _, l := range t.Lines {
			say("       | %s", plain.Line(l))
		}
	}
}
