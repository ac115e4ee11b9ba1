package config

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"frontline/clock"
	"frontline/fault"
	"frontline/people"
)

// Folder is a folder that is kept as it is under git, and how that went lately.
type Folder struct {
	Name     string    `json:"name"`
	From     string    `json:"from"`              // the path or address, without what could be a password
	Commit   string    `json:"commit,omitempty"`  // that was applied last; empty when the folder is in no repository
	Digest   string    `json:"digest"`            // of the files that were applied last
	At       time.Time `json:"at"`                // when they were
	Problem  string    `json:"problem,omitempty"` // why what is there now cannot be applied; empty when it is
	Problems []Problem `json:"problems,omitempty"`
	Since    time.Time `json:"since,omitzero"` // of the problem
}

// Folders is where folders are remembered. store implements it.
type Folders interface {
	SetFolder(ctx context.Context, f Folder) error
	// Folders returns them by name.
	Folders(ctx context.Context) ([]Folder, error)
}

// Syncer keeps one folder's definitions as they are under git: what is gone there is retired here.
type Syncer struct {
	Name   string
	From   string // for people
	Read   func(context.Context) (files []File, commit string, err error)
	Config *Config
	Store  Folders
	Clock  clock.Clock
	Log    *slog.Logger
	Every  time.Duration
}

// Run looks at once and then again and again, until ctx ends. Several replicas may do so: what is applied twice changes nothing.
func (s *Syncer) Run(ctx context.Context) {
	for {
		if err := s.Look(ctx); err != nil && ctx.Err() == nil {
			s.Log.Warn("a folder cannot be synced now", "folder", s.Name, "err", err)
		}
		tick, stop := s.Clock.After(s.Every)
		select {
		case <-tick:
		case <-ctx.Done():
			stop()
			return
		}
	}
}

// Look reads the folder and applies it when it says something else than last time. What cannot be applied is remembered for people to see;
// the definitions stay as they are.
func (s *Syncer) Look(ctx context.Context) error {
	last, err := s.last(ctx)
	if err != nil {
		return err
	}
	files, commit, err := s.Read(ctx)
	now := last
	now.Name, now.From = s.Name, s.From
	if err == nil {
		digest := digest(files)
		if digest == last.Digest && commit == last.Commit && last.Problem == "" {
			return nil
		}
		if _, err = s.Config.Apply(ctx, people.System("sync"), Apply{Folder: s.Name, Files: files, Commit: commit}); err == nil {
			return s.Store.SetFolder(ctx, Folder{Name: s.Name, From: s.From, Commit: commit, Digest: digest, At: s.Clock.Now()})
		}
	}
	if fault.Is(err, fault.Unavailable) || ctx.Err() != nil {
		return err // it is tried again, and says nothing about the folder
	}
	return s.remember(ctx, now, err)
}

// remember keeps a problem, once.
func (s *Syncer) remember(ctx context.Context, f Folder, err error) error {
	problem := fault.Sentence(err)
	var wrong *fault.Error
	var places []Problem
	if errors.As(err, &wrong) {
		for _, w := range wrong.Fields {
			places = append(places, Problem{File: w.Name, Say: w.Say})
		}
	}
	if problem == f.Problem && slices.Equal(places, f.Problems) {
		return nil
	}
	s.Log.Warn("a folder cannot be applied", "folder", s.Name, "problem", problem)
	f.Problem, f.Problems, f.Since = problem, places, s.Clock.Now()
	return s.Store.SetFolder(ctx, f)
}

func (s *Syncer) last(ctx context.Context) (Folder, error) {
	all, err := s.Store.Folders(ctx)
	i := slices.IndexFunc(all, func(f Folder) bool { return f.Name == s.Name })
	if err != nil || i < 0 {
		return Folder{}, err
	}
	return all[i], nil
}

// digest identifies what a folder says, in whatever order its files came.
func digest(files []File) string {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(files); err != nil { // names and texts
		panic("digest: " + err.Error())
	}
	return hex.EncodeToString(h.Sum(nil))
}
