package web

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"frontline/desk"
	"frontline/insight"
)

// offer is a demand that a request may belong to, where it is closed. None is chosen beforehand: what nobody read, nobody confirmed.
type offer struct {
	Value, Label, Key string
	Small             string // what it took this quarter
	Why               string // because of which words, and how many of the nearest
	None              bool
}

// noDemand is the answer that it is none of them.
const noDemand = "none"

// offers are the demands that are suggested for an open request, and the way to say that it is none of them.
func (s *Server) offers(ctx context.Context, v *visit, r desk.Request) ([]offer, error) {
	if s.deps.Demands == nil || !r.Open() {
		return nil, nil
	}
	all, err := s.deps.Demands.Advise(ctx, v.Actor, r.ID)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	weights, err := s.deps.Insight.Weights(ctx, v.Actor, insight.Asked{From: quarterOf(v), Zone: v.Zone})
	if err != nil {
		return nil, err
	}
	var out []offer
	for i, x := range all {
		w := weights[x.Demand.ID]
		o := offer{Value: x.Demand.ID, Label: x.Demand.Title, Key: fmt.Sprint(i + 1), Small: fmt.Sprintf("%s this quarter, %.1f h", plural(w.Requests, "request", "requests"), w.Hours)}
		if x.Votes > 0 && len(x.Because) > 0 {
			o.Why = fmt.Sprintf("because of: %s; %d of %d nearest", strings.Join(x.Because, ", "), x.Votes, x.Of)
		}
		out = append(out, o)
	}
	return append(out, offer{Value: noDemand, Label: "None of these", Key: "0", Small: "It is looked at again with others like it.", None: true}), nil
}

// codingOf reads what a request was about from a form; several share the work equally.
func codingOf(posted url.Values) (c desk.Coding) {
	for _, d := range posted["demand"] {
		switch d {
		case "":
		case noDemand:
			c.None = true
		default:
			c.Codes = append(c.Codes, desk.Code{Demand: d})
		}
	}
	return c
}
