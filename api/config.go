package api

import (
	"context"
	"net/http"

	"frontline/config"
	"frontline/people"
	"frontline/wire"
)

// Config reads and changes what is configured.
type Config interface {
	Apply(ctx context.Context, actor people.Actor, a config.Apply) (config.Applied, error)
	Export(ctx context.Context, actor people.Actor, folder string) ([]config.File, error)
}

var _ Config = (*config.Config)(nil)

// applyLimit is the most that a folder may weigh, in bytes of JSON: tens of thousands of customers.
const applyLimit = 16 << 20

func (s *server) configuration() {
	add(s, route{Method: http.MethodPost, Path: "/config/apply", ID: "applyConfig", Verb: people.Configure, Limit: applyLimit, Summary: "Apply a configuration folder",
		Say: "Makes the folder's definitions be those in the files, all or nothing. Problems name file, line and column."}, s.applyConfig)
	add(s, route{Method: http.MethodGet, Path: "/config/export", ID: "exportConfig", Verb: people.ExportConfig, Summary: "Export what is configured",
		Say: "As files, one for each kind; applying them again changes nothing."}, s.exportConfig)
}

type applyConfig struct{ Body wire.Apply }

func (s *server) applyConfig(ctx context.Context, by people.Actor, in *applyConfig) (wire.Applied, error) {
	a := config.Apply{Folder: in.Body.Folder, DryRun: in.Body.DryRun, Adopt: in.Body.Adopt}
	for _, f := range in.Body.Files {
		a.Files = append(a.Files, config.File(f))
	}
	done, err := s.deps.Config.Apply(ctx, by, a)
	if err != nil {
		return wire.Applied{}, err
	}
	return wire.Applied{Changes: every(done.Changes, func(c config.Change) wire.Change { return wire.Change(c) }), Unchanged: done.Unchanged, DryRun: done.DryRun,
		Warnings: every(done.Warnings, func(w config.Warning) wire.Warning { return wire.Warning(w) })}, nil
}

type exportConfig struct {
	Folder string `query:"folder" maxLength:"100" default:"*" doc:"Whose definitions: a folder's name, screens for what is owned by no folder, or * for all." example:"verity"`
}

func (s *server) exportConfig(ctx context.Context, by people.Actor, in *exportConfig) (wire.Exported, error) {
	if in.Folder == "screens" {
		in.Folder = ""
	}
	files, err := s.deps.Config.Export(ctx, by, in.Folder)
	return wire.Exported{Files: every(files, func(f config.File) wire.File { return wire.File(f) })}, err
}
