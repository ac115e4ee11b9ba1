package cli_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/rogpeppe/go-internal/testscript"

	"frontline/app"
	"frontline/cli"
	"frontline/clock"
	"frontline/desk"
	"frontline/e2e/office"
	"frontline/people"
	"frontline/secret"
)

// TestScripts plays each file of testdata as a terminal session against a company of its own. Beside testscript's commands there are:
//
//	frontline ARGS… [<FILE]   run the command line, with the file as its input
//	code N                    the last frontline ended with N
//	fits                      the last frontline printed no line longer than 80 columns
//	as PERSON                 go on with a token of this person
//	signal firing|resolved NAME
//	pass DURATION             let time pass
//	follow                    let the text index come up to what was said
//	developers VERDICT WORDS  developers write below the first issue, and close it with this
//	handover TEAM             write the hand-over of the team's night, which ends now
//	observe                   a watch looks at the identity checks of 30 hours, and finds F-1
//	write TEXT FILE           put one line into a file
//	password PERSON WORDS     the person follows their invitation and chooses this password
//	holds FILE TEXT           the data.json of a ZIP archive has this text; ! says that it has not
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no scripts")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			s := &session{w: office.Open(t)}
			testscript.Run(t, testscript.Params{
				Files: []string{file},
				Setup: func(env *testscript.Env) error {
					env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
					env.Setenv("FRONTLINE_SERVER", s.w.URL)
					env.Setenv("FRONTLINE_TOKEN", s.w.Token("liis", ""))
					return nil
				},
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"frontline": s.frontline, "code": s.code, "fits": s.fits,
					"as": func(ts *testscript.TestScript, _ bool, args []string) {
						ts.Setenv("FRONTLINE_TOKEN", s.w.Token(args[0], ""))
					},
					"handover": func(ts *testscript.TestScript, _ bool, args []string) { ts.Check(s.w.HandOver(args[0])) },
					"write": func(ts *testscript.TestScript, _ bool, args []string) {
						ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(args[0]+"\n"), 0o600))
					},
					"password": func(ts *testscript.TestScript, _ bool, args []string) {
						i, err := s.w.SignIn.Invite(context.Background(), people.System("test"), args[0])
						ts.Check(err)
						_, err = s.w.SignIn.AcceptInvite(context.Background(), i.Token, secret.New(args[1]))
						ts.Check(err)
					},
					"holds":   holds,
					"observe": func(*testscript.TestScript, bool, []string) { s.w.Observe() },
					"signal":  func(_ *testscript.TestScript, _ bool, args []string) { s.w.Signal(args[0], args[1]) },
					"follow":  func(*testscript.TestScript, bool, []string) { s.w.Follow() },
					"developers": func(ts *testscript.TestScript, _ bool, args []string) {
						s.w.Hub.SetNow(s.w.Clock.Now())
						issue := s.w.Hub.Issues()[0]
						s.w.Hub.Says(issue, "kadri", args[1], false)
						s.w.Hub.Settle(issue, desk.Verdict(args[0]), "4.12.1", true)
					},
					"pass": func(ts *testscript.TestScript, _ bool, args []string) {
						d, err := time.ParseDuration(args[0])
						ts.Check(err)
						s.w.Wait(d)
						s.w.Hub.SetNow(s.w.Clock.Now())
					},
				},
			})
		})
	}
}

// holds looks into the archive of a person's data.
func holds(ts *testscript.TestScript, neg bool, args []string) {
	z, err := zip.OpenReader(ts.MkAbs(args[0]))
	ts.Check(err)
	defer z.Close()
	data, err := fs.ReadFile(z, "data.json")
	ts.Check(err)
	if strings.Contains(string(data), args[1]) == neg {
		ts.Fatalf("%s holds %q is %t\n%s", args[0], args[1], neg, data)
	}
}

type session struct {
	w     *office.World
	last  int
	shown string
}

// hurried is the company's clock, whose short pauses pass by themselves.
type hurried struct{ *clock.Moved }

func (hurried) After(d time.Duration) (<-chan time.Time, func()) { return clock.Real{}.After(d / 20) }

func (s *session) frontline(ts *testscript.TestScript, neg bool, args []string) {
	in := &bytes.Buffer{}
	if n := len(args); n > 0 && strings.HasPrefix(args[n-1], "<") {
		in.WriteString(ts.ReadFile(args[n-1][1:]))
		args = args[:n-1]
	}
	var out, complaints bytes.Buffer
	env := cli.Env{Getenv: ts.Getenv, In: in, Out: &out, Err: &complaints, HTTP: s.w.Client, Clock: hurried{s.w.Clock}, Zone: tallinn, Version: "frontline test",
		Workshop: app.NewWorkshop(clock.Real{}, os.Getenv)}
	s.last = run(ts, args, env)
	s.shown = out.String()
	_, _ = ts.Stdout().Write(out.Bytes())
	_, _ = ts.Stderr().Write(complaints.Bytes())
	if neg != (s.last != 0) {
		ts.Fatalf("frontline %s ended with %d\n%s%s", strings.Join(args, " "), s.last, out.String(), complaints.String())
	}
}

var tallinn = time.FixedZone("EET", 2*60*60)

// run is what cmd/frontline does with the commands.
func run(ts *testscript.TestScript, args []string, env cli.Env) int {
	var c struct{ cli.Commands }
	parser, err := kong.New(&c, kong.Name("frontline"), kong.Writers(env.Out, env.Err), kong.Exit(func(int) {}))
	ts.Check(err)
	chosen, err := parser.Parse(args)
	if err != nil {
		cli.Complain(env.Err, err)
		return 2
	}
	chosen.BindTo(context.Background(), (*context.Context)(nil))
	if err := chosen.Run(env); err != nil {
		return cli.Complain(env.Err, err)
	}
	return 0
}

func (s *session) code(ts *testscript.TestScript, _ bool, args []string) {
	if fmt.Sprint(s.last) != args[0] {
		ts.Fatalf("frontline ended with %d, want %s", s.last, args[0])
	}
}

func (s *session) fits(ts *testscript.TestScript, _ bool, _ []string) {
	lines := slices.Collect(strings.Lines(s.shown))
	if len(lines) == 0 {
		ts.Fatalf("nothing was printed")
	}
	for _, l := range lines {
		if n := len([]rune(strings.TrimRight(l, "\n"))); n > 80 {
			ts.Fatalf("a line has %d columns: %s", n, l)
		}
	}
}
