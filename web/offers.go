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

// offers are the demands that are suggested for a request that is open, or that was closed and nobody said what it was about; and the way to say that it
// is none of them.
func (s *Server) offers(ctx context.Context, v *visit, r desk.Request) ([]offer, error) {
	if coded := len(r.Codes) > 0 || r.NoDemand; s.deps.Demands == nil || coded && !r.Open() || r.Wordless() {
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
		o.Why = whyOf(x)
		out = append(out, o)
	}
	none := offer{Value: noDemand, Label: "None of these", Key: "0", Small: "It is looked at again with others like it.", None: true}
	if all[0].New {
		none.Why = "maybe: it is less like every known demand than nine of ten known requests are like theirs"
	}
	return append(out, none), nil
}

// whyOf is the reason for a suggestion: "62 % speaks for it, because of: refund, pending; 4 of 5 nearest".
func whyOf(x desk.Advised) string {
	if x.Share == 0 {
		return ""
	}
	why := fmt.Sprintf("%.0f %% speaks for it", 100*x.Share)
	if len(x.Because) > 0 {
		why += ", because of: " + strings.Join(x.Because, ", ")
	}
	if x.Votes > 0 {
		why += fmt.Sprintf("; %d of %d nearest", x.Votes, x.Of)
	}
	return why
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
