package app

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"

	"frontline/fault"
)

// SettingsFile reads settings from a YAML file: the names of the flags, with their values. A flag or an environment variable goes
// before the file. A key that is no setting is refused.
func SettingsFile(r io.Reader) (kong.Resolver, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "The settings file cannot be read. Check its path and that Frontline may read it.")
	}
	values := map[string]any{}
	if err := yaml.Unmarshal(raw, &values); err != nil {
		// Line and column, without the lines around: they may hold a password.
		return nil, fault.New(fault.Invalid, "The settings file is no YAML, at [line:column] %s. Correct it there.", yaml.FormatError(err, false, false))
	}
	return fileSettings(values), nil
}

type fileSettings map[string]any

// Validate implements kong.Resolver.
func (f fileSettings) Validate(app *kong.Application) error {
	var known []string
	for _, node := range app.Children {
		if node.Name != "serve" { // the other commands are asked one at a time
			continue
		}
		for _, flag := range node.Flags {
			known = append(known, flag.Name)
		}
	}
	slices.Sort(known)
	known = slices.Compact(known)
	for key := range f {
		if !slices.Contains(known, key) {
			return fault.Wrong(key, "The settings file has %q, which is no setting. Known settings: %s.", key, strings.Join(known, ", "))
		}
	}
	return nil
}

// Resolve implements kong.Resolver.
func (f fileSettings) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	v, ok := f[flag.Name]
	if !ok {
		return nil, nil
	}
	return fmt.Sprint(v), nil
}
