package web

import (
	"context"

	"frontline/action"
	"frontline/people"
)

// Runs is where the screens read runs; what the actor may not know of is left out.
type Runs interface {
	// Run returns one by its id or short name ("RUN-884").
	Run(ctx context.Context, a people.Actor, ref string) (action.Run, error)
	List(ctx context.Context, a people.Actor, f action.RunFilter) ([]action.Run, error)
	// Output returns lines from the given number on.
	Output(ctx context.Context, a people.Actor, ref string, from int64) ([]action.Line, error)
	Steps(ctx context.Context, a people.Actor, ref string) ([]action.Step, error)
	Quarantine(ctx context.Context, a people.Actor, f action.KeptFilter) ([]action.Kept, error)
	// Drop lets go of one thing for good.
	Drop(ctx context.Context, a people.Actor, id, reason string) (action.Kept, error)
}
