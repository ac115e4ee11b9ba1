// Command frontline is the operations desk: `frontline serve` runs it, the other commands talk to a server that runs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"frontline/app"
	"frontline/cli"
	"frontline/clock"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], environment{getenv: os.Getenv, in: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ()}))
}

// environment is what the process has around it.
type environment struct {
	getenv         func(string) string
	in             io.Reader
	stdout, stderr io.Writer

	environ  []string // NAME=VALUE, of all variables
	misspelt []string // what is said of those that are nearly ours
}

// commands is the whole command line.
type commands struct {
	Config  kong.ConfigFlag  `help:"YAML file with settings: the names of the flags, with their values." env:"FRONTLINE_CONFIG" placeholder:"FILE"`
	Version kong.VersionFlag `help:"Print the version."`

	Serve  serve         `cmd:"" help:"Run the server."`
	Invite invite        `cmd:"" help:"Print a link with which somebody sets a new password, when nobody who is signed in can make one. On SQLite, stop the server first."`
	Runner runnerCommand `cmd:"" help:"Run actions in another network, for a server that this machine reaches; or list, add and revoke runners."`
	Demo   demo          `cmd:"" help:"Let one night in a small company happen on this machine, with everything it takes. Ctrl-C ends it."`
	cli.Commands
}

// run parses the command line, runs the command and returns the exit code: 0, 1 for a failure, 2 for a wrong command line or setting, or what
// the command says.
func run(ctx context.Context, args []string, env environment) (code int) {
	var c commands
	parser, err := kong.New(&c, kong.Name("frontline"), kong.Description("An operations desk for technical support."),
		kong.UsageOnError(), kong.Configuration(app.SettingsFile), kong.Vars{"version": version()},
		kong.Writers(env.stdout, env.stderr), kong.Exit(func(n int) { panic(exit(n)) }))
	if err != nil {
		_, _ = fmt.Fprintln(env.stderr, err)
		return 2
	}
	defer func() {
		if n, ok := recover().(exit); ok {
			code = int(n)
		}
	}()
	chosen, err := parser.Parse(args)
	if err != nil {
		cli.Complain(env.stderr, err)
		return 2
	}
	chosen.BindTo(ctx, (*context.Context)(nil))
	remote := cli.Env{Getenv: env.getenv, In: env.in, Out: env.stdout, Err: env.stderr, Clock: clock.Real{}, Zone: time.Local, Version: version(),
		Workshop: app.NewWorkshop(clock.Real{}, env.getenv)}
	env.misspelt = misspelt(env.environ, known(parser.Model.Node))
	if chosen.Command() != "serve" { // which says it in its log
		for _, say := range env.misspelt {
			_, _ = fmt.Fprintln(env.stderr, "frontline: "+say)
		}
	}
	if err := chosen.Run(env, remote); err != nil {
		return cli.Complain(env.stderr, err)
	}
	return 0
}

// exit is how kong ends after --help and --version.
type exit int

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "frontline, built without version"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v += " " + s.Value
		}
	}
	return "frontline " + v
}

// serve is the command that runs the server.
type serve struct {
	app.Settings
}

// Run implements the command.
func (s serve) Run(ctx context.Context, env environment) error {
	log := logger(env.stderr, s.LogLevel, s.LogFormat)
	for _, say := range env.misspelt {
		log.Warn("an environment variable is not known", "say", say)
	}
	a, err := app.New(ctx, s.Settings, app.Options{Clock: clock.Real{}, Log: log, Getenv: env.getenv})
	if err != nil {
		return err
	}
	link, needed, err := a.SetUpLink(ctx)
	if err != nil {
		return errors.Join(err, a.Close())
	}
	log.Info("Frontline is ready", "url", a.URL())
	if needed {
		_, _ = fmt.Fprintf(env.stdout, "\nNobody can sign in yet. Make the first administrator within 24 hours at\n\n  %s\n\n", link)
	}
	return a.Run(ctx)
}

func logger(w io.Writer, level, format string) *slog.Logger {
	var least slog.Level
	_ = least.UnmarshalText([]byte(level)) // app.New refuses a wrong level
	o := &slog.HandlerOptions{Level: least}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
