package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/term"

	"frontline/client"
	"frontline/fault"
	"frontline/wire"
)

// given is how inputs are given on the command line.
type given struct {
	Inputs []string `arg:"" optional:"" name:"value" help:"NAME=VALUE; NAME=@FILE takes the value from a file and NAME=- from a line of standard input, which is how a secret is given. Several choices are given one by one."`
	Input  []string `help:"The same as an option." sep:"none" placeholder:"NAME=VALUE"`
	File   []string `help:"Upload a file for an input." sep:"none" placeholder:"NAME=PATH"`
}

// asker reads what is not on the command line.
type asker struct {
	env   Env
	lines *bufio.Reader // nil at a terminal: a secret must not be shown while it is typed
}

// askFrom lets the rest of the command read on where the inputs end.
func askFrom(env *Env) asker {
	if f, ok := env.In.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return asker{env: *env}
	}
	lines := bufio.NewReader(env.In)
	env.In = lines
	return asker{env: *env, lines: lines}
}

// line reads one line; at a terminal it asks for it, and a secret is not shown.
func (a asker) line(in wire.Input) (string, error) {
	var text string
	var err error
	if a.lines != nil {
		text, err = a.lines.ReadString('\n')
		if errors.Is(err, io.EOF) && text != "" {
			err = nil
		}
	} else {
		text, err = a.prompt(in)
	}
	if err != nil {
		return "", fault.Wrong(in.Name, "Standard input ended before the value of %s. Write it on a line of its own.", in.Name)
	}
	return strings.TrimRight(text, "\r\n"), nil
}

func (a asker) prompt(in wire.Input) (string, error) {
	f, _ := a.env.In.(*os.File)
	_, _ = fmt.Fprintf(a.env.Err, "%s: ", in.Label)
	if in.Type != "secret" {
		var text []byte
		for one := make([]byte, 1); ; { // no further than the line: what follows is for others
			if n, err := f.Read(one); n == 0 || err != nil || one[0] == '\n' {
				return string(text), err
			}
			text = append(text, one[0])
		}
	}
	raw, err := term.ReadPassword(int(f.Fd()))
	_, _ = fmt.Fprintln(a.env.Err)
	return string(raw), err
}

// read returns the inputs by name. Whether a value is right is for the server to say.
func (g given) read(ctx context.Context, server *client.Client, a wire.Action, ask asker) (map[string]any, error) {
	out := map[string]any{}
	for _, one := range slices.Concat(g.Inputs, g.Input) {
		name, value, ok := strings.Cut(one, "=")
		if !ok {
			return nil, fault.Wrong("input", "%q is no input. Write NAME=VALUE; see: frontline action show %s", one, a.ID)
		}
		in := declared(a.Inputs, name)
		value, err := valueOf(in, value, ask)
		if err != nil {
			return nil, err
		}
		if in.Type == "choices" {
			list, _ := out[name].([]string)
			out[name] = append(list, value)
			continue
		}
		out[name] = value
	}
	for _, one := range g.File {
		name, path, ok := strings.Cut(one, "=")
		if !ok {
			return nil, fault.Wrong("file", "%q is no file for an input. Write NAME=PATH; see: frontline action show %s", one, a.ID)
		}
		id, err := upload(ctx, server, a.ID, declared(a.Inputs, name), path)
		if err != nil {
			return nil, err
		}
		out[name] = id
	}
	for _, in := range a.Inputs {
		if _, there := out[in.Name]; !there && in.Type == "secret" && in.Required && in.When == nil && ask.lines == nil {
			value, err := ask.line(in)
			if err != nil {
				return nil, err
			}
			out[in.Name] = value
		}
	}
	return out, nil
}

// declared is the input of the name; one that there is not, the server refuses.
func declared(known []wire.Input, name string) wire.Input {
	if i := slices.IndexFunc(known, func(in wire.Input) bool { return in.Name == name }); i >= 0 {
		return known[i]
	}
	return wire.Input{Name: name, Label: name}
}

// valueOf is the value that was written, or what it stands for. A secret on the command line would show in the list of processes.
func valueOf(in wire.Input, written string, ask asker) (string, error) {
	file, fromFile := strings.CutPrefix(written, "@")
	switch {
	case fromFile:
		raw, err := os.ReadFile(file)
		if err != nil {
			return "", fault.Wrap(err, fault.Invalid, "The file %s cannot be read. Check its path.", file)
		}
		return strings.TrimRight(string(raw), "\r\n"), nil
	case written == "-":
		return ask.line(in)
	case in.Type == "secret":
		return "", fault.Wrong(in.Name, "%s is a secret, and what is written here shows in the list of processes. Write %s=- and give it on standard input, or %s=@FILE.", in.Name, in.Name, in.Name)
	}
	return written, nil
}

// upload sends a file and returns its id. One that is too large is not even sent.
func upload(ctx context.Context, server *client.Client, action string, in wire.Input, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fault.Wrap(err, fault.Invalid, "The file %s cannot be read. Check its path.", path)
	}
	defer func() { _ = f.Close() }() // it was only read
	if info, err := f.Stat(); err == nil && in.MaxBytes > 0 && info.Size() > in.MaxBytes {
		return "", fault.Wrong(in.Name, "%s takes at most %d bytes; %s has %d. Choose a smaller file.", in.Label, in.MaxBytes, path, info.Size())
	}
	u, err := server.UploadFile(ctx, client.FileQuery{Action: action, Input: in.Name, Name: filepath.Base(path), Type: contentType(path)}, f)
	return u.ID, err
}

// contentType is what the file's ending says; the same on every machine for what people send most.
func contentType(path string) string {
	ending := strings.ToLower(filepath.Ext(path))
	switch ending {
	case ".csv":
		return "text/csv"
	case ".txt", ".log":
		return "text/plain"
	}
	return mime.TypeByExtension(ending)
}

// takes says in words what an input takes, beside its help.
func takes(in wire.Input) string {
	var out strings.Builder
	switch {
	case len(in.Choices) > 0 && in.Type == "choices":
		out.WriteString(" Some of: " + strings.Join(in.Choices, ", ") + ".")
	case len(in.Choices) > 0:
		out.WriteString(" One of: " + strings.Join(in.Choices, ", ") + ".")
	case in.From != nil:
		out.WriteString(" See: frontline action options.")
	case in.Example != "":
		out.WriteString(" Such as " + in.Example + ".")
	}
	if in.MaxBytes > 0 {
		fmt.Fprintf(&out, " At most %d bytes.", in.MaxBytes)
	}
	if in.When != nil {
		words := make([]string, len(in.When.Is))
		for i, v := range in.When.Is {
			words[i] = fmt.Sprint(v)
		}
		fmt.Fprintf(&out, " Only if %s is %s.", in.When.Input, strings.Join(words, " or "))
	}
	return out.String()
}

// optionsOf lists what an input may be.
type optionsOf struct {
	remote
	Action string `arg:"" help:"The action, such as session/reset."`
	Name   string `arg:"" help:"The input, such as session."`
	given
	Search string `help:"Words that the options have." placeholder:"TEXT"`
}

// Run implements the command.
func (c optionsOf) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	a, err := server.Action(ctx, c.Action)
	if err != nil {
		return err
	}
	have, err := c.read(ctx, server, wire.Action{ID: a.ID, Inputs: optional(a.Inputs)}, askFrom(&env))
	if err != nil {
		return err
	}
	o, err := server.Options(ctx, c.Action, client.OptionQuery{Input: c.Name, Given: have, Search: c.Search})
	if err != nil {
		return err
	}
	return c.show(env, o, func(p *paper) {
		rows := make([][]string, len(o.Options))
		for i, x := range o.Options {
			rows[i] = []string{x.Value, x.Label}
		}
		p.table(0, []string{"VALUE", "WHAT"}, rows)
		if o.More {
			p.line("There are more: narrow them down with --search.")
		}
	})
}

// optional are the inputs as a list of options needs them: nobody is asked for a secret.
func optional(all []wire.Input) []wire.Input {
	out := slices.Clone(all)
	for i := range out {
		out[i].Required = false
	}
	return out
}
