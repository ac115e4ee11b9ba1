package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
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
	Picked            bool   // it was chosen before, or the macro says so
	Share             string // per cent, where it was given
}

// noDemand is the answer that it is none of them.
const noDemand = "none"

// offers are the demands that are suggested for a request that is open, or that was closed and nobody said what it was about; and the way to say that it
// is none of them.
func (s *Server) offers(ctx context.Context, v *visit, book Book, r desk.Request) ([]offer, error) {
	if coded := len(r.Codes) > 0 || r.NoDemand; s.deps.Demands == nil || coded && !r.Open() || r.Wordless() {
		return nil, nil
	}
	all, err := s.deps.Demands.Advise(ctx, v.Actor, r.ID)
	if err != nil {
		return nil, err
	}
	none := offer{Value: noDemand, Label: "None of these", Key: "0", Small: "It is looked at again with others like it.", None: true}
	if len(all) == 0 {
		if kind, _ := book.RequestType(r.Type); kind.MustCode && r.Open() {
			return []offer{none}, nil // the register is empty, and its end waits for an answer all the same
		}
		return nil, nil
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

// shareField begins the name of the field with a demand's share.
const shareField = "share-"

// codingOf reads what a request was about from a form; several share the work equally when no shares are given.
func codingOf(posted url.Values) (c desk.Coding) {
	for _, d := range posted["demand"] {
		switch d {
		case "":
		case noDemand:
			c.None = true
		default:
			share := 0
			if word := strings.TrimSpace(posted.Get(shareField + d)); word != "" {
				n, err := strconv.Atoi(word)
				if share = n; err != nil || n < 1 {
					share = -1 // which the desk refuses
				}
			}
			c.Codes = append(c.Codes, desk.Code{Demand: d, Share: share})
		}
	}
	if len(c.Codes) == 1 && !c.None {
		c.Codes[0].Share = 0 // one has it all, whatever stood there while there were two
	}
	return c
}

// chosen marks what was chosen in a form that is shown again.
func chosen(all []offer, posted url.Values) []offer {
	out := slices.Clone(all)
	for i := range out {
		out[i].Picked, out[i].Share = slices.Contains(posted["demand"], out[i].Value), posted.Get(shareField+out[i].Value)
	}
	return out
}

// counting marks the demands that a macro counts for, and adds those that were not suggested.
func (s *Server) counting(ctx context.Context, v *visit, all []offer, e *desk.Ending) ([]offer, error) {
	out := slices.Clone(all)
	if e == nil || len(e.Codes) == 0 {
		return out, nil
	}
	register, err := s.deps.Demands.Demands(ctx, v.Actor)
	if err != nil {
		return nil, err
	}
	var more []offer
	for _, c := range e.Codes {
		o := offer{Value: c.Demand, Label: c.Demand, Small: "The macro says so.", Picked: true}
		if c.Share > 0 {
			o.Share = strconv.Itoa(c.Share)
		}
		if at := slices.IndexFunc(out, func(x offer) bool { return x.Value == c.Demand }); at >= 0 {
			out[at].Picked, out[at].Share = true, o.Share
			continue
		}
		if at := slices.IndexFunc(register, func(d desk.Demand) bool { return d.ID == c.Demand || d.Name() == c.Demand }); at >= 0 {
			o.Label = register[at].Title
		}
		more = append(more, o)
	}
	return append(more, out...), nil
}

// keyless takes the keys away, where a menu of the same screen has them.
func keyless(all []offer) []offer {
	out := slices.Clone(all)
	for i := range out {
		out[i].Key = ""
	}
	return out
}
