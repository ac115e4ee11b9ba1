package web

import (
	"context"
	"slices"
	"strings"

	"frontline/desk"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/rule"
)

// RuleReasons says why rules did something about a request.
type RuleReasons interface {
	// About returns what rules did about a subject, by the firing's id.
	About(ctx context.Context, by people.Actor, about journal.Subject) (map[string]rule.Firing, error)
}

var _ RuleReasons = (*rule.Board)(nil)

func (s *Server) whyRules(ctx context.Context, v *visit, r desk.Request) (map[string]rule.Firing, error) {
	if s.deps.WhyRules == nil {
		return nil, nil
	}
	all, err := s.deps.WhyRules.About(ctx, v.Actor, r.Subject())
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Forbidden) {
		return nil, nil
	}
	return all, err
}

// becauseOf adds to a conversation why rules did something: one line each time, before what they did.
func becauseOf(book Book, talks []talk, c desk.Conversation, why map[string]rule.Firing, v *visit) []talk {
	for _, e := range c.Entries {
		if e.Verb != "rule.fired" && e.Verb != "rule.refused" {
			continue
		}
		f, known := why[factWord(e, "firing")]
		if !known {
			continue
		}
		l := entry{At: v.at(e.At), Icon: "action", Lead: "The rule", Link: link{Word: book.Name("rule", f.Rule), Path: rulePath(f.Rule)}, Words: "acts by itself", More: "because " + f.Why}
		if e.Verb == "rule.refused" {
			l.Icon, l.Look, l.Words, l.More = "warning", "warning", "could not do all that it says", f.Say
		}
		talks = append(talks, talk{Kind: "line", At: l.At, Line: l})
	}
	slices.SortStableFunc(talks, func(a, b talk) int { return a.At.T.Compare(b.At.T) })
	return talks
}

// writer is who wrote a message for the desk: a person, or a rule.
func writer(book Book, by string) string {
	if id, ok := strings.CutPrefix(by, desk.ByRule); ok {
		return "Rule “" + book.Name("rule", id) + "”"
	}
	return book.Name("person", by)
}
