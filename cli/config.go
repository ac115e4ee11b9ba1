package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"frontline/define"
	"frontline/fault"
	"frontline/plain"
	"frontline/wire"
)

type apply struct {
	remote
	Folder string `help:"The folder with YAML files and customers.csv." short:"f" required:"" placeholder:"FOLDER"`
	As     string `help:"The name under which the folder owns what it holds; its own name when left out." placeholder:"NAME"`
	DryRun bool   `help:"Only say what would change."`
	Adopt  bool   `help:"Take over what screens or other folders own."`
}

// Run implements the command.
func (c apply) Run(ctx context.Context, env Env) error {
	files, err := readFolder(c.Folder)
	if err != nil {
		return err
	}
	name, err := c.name()
	if err != nil {
		return err
	}
	server, err := c.open(env)
	if err != nil {
		return err
	}
	done, err := server.Apply(ctx, wire.Apply{Folder: name, Files: files, DryRun: c.DryRun, Adopt: c.Adopt})
	if err != nil {
		return c.problems(env, files, err)
	}
	return c.show(env, done, func(p *paper) { p.applied(done) })
}

func (c apply) name() (string, error) {
	if c.As != "" {
		return c.As, nil
	}
	path, err := filepath.Abs(c.Folder)
	if err != nil {
		return "", fault.Wrap(err, fault.Invalid, "The folder's name is not known. Give one with --as.")
	}
	return filepath.Base(path), nil
}

// problems prints what is wrong as a compiler does, so that an editor finds the place.
func (c apply) problems(env Env, files []wire.File, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Invalid || c.Output == "json" {
		return err
	}
	placed := func(w fault.Field) bool {
		file, _, _ := strings.Cut(w.Name, ":")
		return slices.ContainsFunc(files, func(x wire.File) bool { return x.Name == file })
	}
	if !slices.ContainsFunc(f.Fields, placed) {
		return err
	}
	_, _ = fmt.Fprintf(env.Err, "frontline: %s\n", f.Say)
	for _, w := range f.Fields {
		if placed(w) {
			w.Name = filepath.Join(c.Folder, filepath.FromSlash(w.Name))
		}
		_, _ = fmt.Fprintf(env.Err, "%s: %s\n", w.Name, plain.Line(w.Say))
	}
	return Ended{Code: 2}
}

func (p *paper) applied(a wire.Applied) {
	counts := map[string]int{}
	for _, c := range a.Changes {
		counts[c.What]++
		line := fmt.Sprintf("%s %s %s", mark(c.What), c.Kind, c.ID)
		if len(c.Fields) > 0 {
			line += " (" + strings.Join(c.Fields, ", ") + ")"
		}
		p.line("%s", plain.Line(line))
	}
	var parts []string
	for _, what := range []string{"added", "changed", "adopted", "removed"} {
		if n := counts[what]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	said := strings.Join(append(parts, fmt.Sprintf("%d unchanged", a.Unchanged)), ", ")
	if a.DryRun {
		said += ". Nothing was applied: this was a dry run"
	}
	p.line("%s.", said)
	for _, w := range a.Warnings {
		p.line("warning: %s", plain.Line(w.Say))
	}
	for _, c := range a.Changes {
		if c.Token != "" {
			p.head("The token of %s %s is shown this once:\n%s", c.Kind, c.ID, c.Token)
		}
	}
}

func mark(what string) string {
	switch what {
	case "added":
		return "+"
	case "removed":
		return "-"
	case "adopted":
		return ">"
	}
	return "~"
}

// readFolder reads the definitions and scripts of a folder.
func readFolder(folder string) ([]wire.File, error) {
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return nil, fault.Wrap(err, fault.Invalid, "%s is no folder that can be read. Give the folder with your YAML files.", folder)
	}
	files, err := define.ReadFolder(os.DirFS(folder))
	out := make([]wire.File, len(files))
	for i, f := range files {
		out[i] = wire.File(f)
	}
	return out, err
}

type export struct {
	remote
	Folder string `help:"Write the files into this folder; to the output when left out." short:"f" placeholder:"FOLDER"`
	Of     string `help:"Whose: a folder's name, screens for what no folder owns, or * for all." default:"*" placeholder:"NAME"`
	Force  bool   `help:"Write over files that are there and say something else."`
}

// Run implements the command.
func (c export) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	out, err := server.Export(ctx, c.Of)
	if err != nil {
		return err
	}
	if c.Folder == "" {
		return c.show(env, out, func(p *paper) {
			for i, f := range out.Files {
				if i > 0 {
					p.line("---")
				}
				p.line("# %s\n%s", f.Name, strings.TrimRight(f.Content, "\n"))
			}
		})
	}
	if err := c.check(out.Files); err != nil {
		return err
	}
	for _, f := range out.Files {
		path := filepath.Join(c.Folder, filepath.FromSlash(f.Name))
		if err := cmp.Or(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(f.Content), 0o644)); err != nil {
			return fault.Wrap(err, fault.Invalid, "%s cannot be written. Check the folder.", path)
		}
	}
	return c.show(env, out, func(p *paper) {
		for _, f := range out.Files {
			p.line("%s", filepath.Join(c.Folder, filepath.FromSlash(f.Name)))
		}
	})
}

// check lets no name lead out of the folder, and no file be lost.
func (c export) check(files []wire.File) error {
	for _, f := range files {
		if !filepath.IsLocal(filepath.FromSlash(f.Name)) {
			return fault.New(fault.Internal, "The server names a file %q, which is not in the folder. Nothing was written; report this.", f.Name)
		}
		path := filepath.Join(c.Folder, filepath.FromSlash(f.Name))
		if there, err := os.ReadFile(path); err == nil && string(there) != f.Content && !c.Force {
			return fault.New(fault.Conflict, "%s is there and says something else. Nothing was written; give another folder, or --force.", path)
		}
	}
	return nil
}
