package cli

import (
	"context"

	"frontline/wire"
)

type whoIsOn struct {
	remote
	At string `help:"At another time: 03:12 today, \"2026-11-24 03:12\", or 2026-11-24T03:12:00Z." placeholder:"TIME"`
}

// Run implements the command.
func (c whoIsOn) Run(ctx context.Context, env Env) error {
	at, err := parseTime(env, c.At)
	if err != nil {
		return err
	}
	server, err := c.open(env)
	if err != nil {
		return err
	}
	l, err := server.OnCall(ctx, at)
	if err != nil {
		return err
	}
	return c.show(env, l.Items, func(p *paper) {
		if len(l.Items) == 0 {
			p.line("No rotation is configured.")
			return
		}
		rows := make([][]string, len(l.Items))
		for i, x := range l.Items {
			rows[i] = []string{x.Rotation.Name, who(x.Shift), p.when(x.Shift.To), why(x.Shift)}
		}
		p.table(0, []string{"ROTATION", "WHO", "UNTIL", "WHY"}, rows)
	})
}

func who(s wire.Shift) string {
	if s.Person == nil {
		return "nobody"
	}
	return s.Person.Name
}

func why(s wire.Shift) string {
	switch {
	case s.Why == "override" && s.Instead != nil:
		return "in place of " + s.Instead.Name
	case s.Why == "override":
		return "took over"
	case s.Why == "rotation":
		return "their turn"
	case s.Why == "broken":
		return "the rotation cannot be read"
	}
	return "a gap"
}
