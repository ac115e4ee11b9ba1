package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"frontline/client"
	"frontline/wire"
)

type clusterCommands struct {
	List listClusters  `cmd:"" help:"List what actions reach, and whether it lets them."`
	Show showCluster   `cmd:"" help:"Show what one cluster allows each action, and what its roles lack."`
	Look lookAtCluster `cmd:"" help:"Ask a cluster now what it allows each action, with that action's token. Changes nothing."`
}

type listClusters struct{ remote }

// Run implements the command.
func (c listClusters) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	all, err := some(ctx, 500, func(ctx context.Context, p client.Page) (wire.List[wire.Cluster], error) {
		return server.Clusters(ctx, p)
	})
	if err != nil {
		return err
	}
	return c.show(env, all, func(p *paper) {
		if len(all) == 0 {
			p.line("No action reaches a cluster.")
			return
		}
		rows := make([][]string, len(all))
		for i, x := range all {
			rows[i] = []string{x.ID, allowed(x), fmt.Sprint(len(x.Blocks)), p.when(whenever(x.LookedAt)), x.Address}
		}
		p.table(0, []string{"ID", "ALLOWED", "IN THE WAY", "LOOKED", "ADDRESS"}, rows)
	})
}

// allowed counts a cluster's actions that may do their work.
func allowed(x wire.Cluster) string {
	if len(x.Runner) > 0 {
		return "by its runner"
	}
	n := 0
	for _, a := range x.Actions {
		if a.Verdict == "yes" || a.Verdict == "less" {
			n++
		}
	}
	return fmt.Sprintf("%d of %d", n, len(x.Actions))
}

type showCluster struct {
	remote
	Cluster  string `arg:"" help:"The cluster's id or address."`
	Manifest bool   `help:"Only print what the cluster's administrators have to apply."`
}

// Run implements the command.
func (c showCluster) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	id, err := clusterID(ctx, server, c.Cluster)
	if err != nil {
		return err
	}
	x, err := server.Cluster(ctx, id)
	if err != nil {
		return err
	}
	if c.Manifest {
		return print(env, "%s", manifests(x))
	}
	return c.show(env, x, func(p *paper) { p.cluster(x) })
}

// clusterID is the id of the cluster that somebody named. An address holds slashes, which a path cannot.
func clusterID(ctx context.Context, server *client.Client, ref string) (string, error) {
	if !strings.ContainsAny(ref, "/ ") {
		return ref, nil
	}
	all, err := some(ctx, 500, func(ctx context.Context, p client.Page) (wire.List[wire.Cluster], error) {
		return server.Clusters(ctx, p)
	})
	if err != nil {
		return "", err
	}
	for _, x := range all {
		if x.Address == strings.TrimSuffix(ref, "/") {
			return x.ID, nil
		}
	}
	return "", fmt.Errorf("no action reaches %s: frontline cluster list shows what they reach", ref)
}

// manifests is all that is to be applied, each once.
func manifests(x wire.Cluster) string {
	var all []string
	seen := map[string]bool{}
	for _, a := range x.Actions {
		if a.Manifest != "" && !seen[a.Manifest] {
			seen[a.Manifest] = true
			all = append(all, a.Manifest)
		}
	}
	return strings.Join(all, "---\n")
}

type lookAtCluster struct {
	remote
	Cluster string `arg:"" help:"The cluster's id or address."`
}

// Run implements the command.
func (c lookAtCluster) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	id, err := clusterID(ctx, server, c.Cluster)
	if err != nil {
		return err
	}
	x, err := server.LookAtCluster(ctx, id)
	if err != nil {
		return err
	}
	return c.show(env, x, func(p *paper) { p.cluster(x) })
}

// whenever is a time that may be absent.
func whenever(t *time.Time) (at time.Time) {
	if t != nil {
		at = *t
	}
	return at
}

func (p *paper) cluster(x wire.Cluster) {
	p.title(x.ID, x.Address)
	p.pair("Looked at", p.when(whenever(x.LookedAt)))
	if x.LookedBy != nil {
		p.pair("By", x.LookedBy.Name)
	}
	p.pair("Version", x.Version)
	p.pair("No answer", x.Fault)
	if len(x.Runner) > 0 {
		p.pair("Reached by", "a runner with "+strings.Join(x.Runner, ", ")+": run an action of kind kubernetes.access there")
	}
	for _, a := range x.Actions {
		p.head("%s  %s", a.Action.ID, a.Verdict)
		p.pair("Kind", a.Kind)
		p.pair("As", a.Account)
		if a.Fault != x.Fault {
			p.pair("No answer", a.Fault)
		}
		for _, r := range a.Rights {
			if !r.Allowed {
				p.pair("Missing", r.What+" in "+r.Where)
			}
		}
	}
	if len(x.Blocks) > 0 {
		p.head("Budgets that will get in the way")
		rows := make([][]string, len(x.Blocks))
		for i, b := range x.Blocks {
			rows[i] = []string{b.Where, b.What + " " + b.Right}
		}
		p.table(2, []string{"WHERE", "WHAT"}, rows)
	}
	if manifests(x) != "" {
		p.line("")
		p.line("frontline cluster show %s --manifest prints what is to be applied.", x.ID)
	}
}
