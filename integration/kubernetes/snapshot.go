package kubernetes

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"frontline/action"
	"frontline/fault"
)

// evidence is what developers want in the morning, when the pod is long gone.
type evidence struct {
	tables []action.Table
	files  []action.File
}

// snapshot keeps the pod's manifest, its events, what its containers said before, and the workload's revisions. Evidence that the
// account may not read is left out and named; that it cannot be kept is an error.
func (s *site) snapshot(ctx context.Context, p pod, c crew, led action.Ledger) (evidence, error) {
	var kept evidence
	namespace, name := p.Metadata.Namespace, p.Metadata.Name
	u, err := s.raw(ctx, pods, namespace, name)
	if err != nil {
		return kept, err
	}
	text, err := yaml.Marshal(discreet(u.Object))
	if err != nil {
		return kept, fault.Wrap(err, fault.Internal, "The pod's manifest cannot be written down. Nothing was done.")
	}
	if err := kept.keep(ctx, led, name+".yaml", "application/yaml", string(text)); err != nil {
		return kept, err
	}
	for _, container := range p.Spec.Containers {
		if err := s.keepLogs(ctx, &kept, led, p, container.Name); err != nil {
			return kept, err
		}
	}
	about, err := s.eventsOf(ctx, namespace, string(p.Metadata.UID), string(c.Metadata.UID))
	if missing(led, err) {
		return kept, nil
	}
	if err != nil {
		return kept, err
	}
	kept.tables = append(kept.tables, eventTable(s.clock.Now(), about))
	if len(c.sets) > 0 {
		kept.tables = append(kept.tables, revisionTable(s.clock.Now(), c))
	}
	return kept, nil
}

func (e *evidence) keep(ctx context.Context, led action.Ledger, name, kind, text string) error {
	f, err := led.File(ctx, name, kind, strings.NewReader(text))
	if err == nil {
		e.files = append(e.files, f)
	}
	return err
}

// missing says whether evidence may not be read, and says so to people.
func missing(led action.Ledger, err error) bool {
	if !fault.Is(err, fault.Forbidden) {
		return false
	}
	led.Printf("Evidence is missing. %s", fault.Sentence(err))
	return true
}

// keepLogs keeps what the container says, and said before its last restart.
func (s *site) keepLogs(ctx context.Context, kept *evidence, led action.Ledger, p pod, container string) error {
	for _, previous := range []bool{true, false} {
		text, ok, err := s.log(ctx, p.Metadata.Namespace, p.Metadata.Name, container, previous)
		if missing(led, err) {
			return nil
		}
		if err != nil {
			return err
		}
		if !ok || text == "" {
			continue
		}
		name := fmt.Sprintf("%s-%s.log", p.Metadata.Name, container)
		if previous {
			name = fmt.Sprintf("%s-%s-previous.log", p.Metadata.Name, container)
			led.Printf("The last words of %s before its restart:", container)
			led.Printf("%s", lastLines(text, 5))
		}
		if err := kept.keep(ctx, led, name, "text/plain; charset=utf-8", strings.ToValidUTF8(text, "\uFFFD")); err != nil {
			return err
		}
	}
	return nil
}

// lastLines are the last n lines of a text.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// eventsOf are the events about the objects with the UIDs, newest first.
func (s *site) eventsOf(ctx context.Context, namespace string, uids ...string) ([]event, error) {
	var found []event
	for _, uid := range uids {
		some, err := list[event](ctx, s, events, namespace, metav1.ListOptions{FieldSelector: "involvedObject.uid=" + uid})
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	slices.SortStableFunc(found, func(a, b event) int { return b.at().Compare(a.at()) })
	return found, nil
}

const mostEvents = 50

func eventTable(now time.Time, found []event) action.Table {
	table := action.Table{Title: "Events", Columns: []string{"When", "Type", "Reason", "About", "Times", "Message"}}
	for _, e := range found[:min(len(found), mostEvents)] {
		table.Rows = append(table.Rows, []string{lasted(now.Sub(e.at())) + " ago", e.Type, e.Reason,
			strings.ToLower(e.InvolvedObject.Kind) + "/" + e.InvolvedObject.Name, fmt.Sprint(max(1, e.Count)), sentence(e.Message)})
	}
	return table
}

// revisionTable lists the templates that a Deployment can go back to.
func revisionTable(now time.Time, c crew) action.Table {
	table := action.Table{Title: "Revisions of " + c.ref().String(), Columns: []string{"Revision", "Images", "Pods", "Since"}}
	for _, set := range c.sets {
		table.Rows = append(table.Rows, []string{fmt.Sprint(set.revision()), set.images(), fmt.Sprint(set.Status.Replicas), lasted(now.Sub(set.Metadata.CreationTimestamp.Time)) + " ago"})
	}
	return table
}

// telling are the words in a name behind which a secret is kept.
var telling = regexp.MustCompile(`(?i)pass|secret|token|key|cred|auth|dsn|private|cookie|session|salt|signature|webhook|connection`)

// withUser is an address with a user and a password in it.
var withUser = regexp.MustCompile(`://[^/@\s]*:[^/@\s]+@`)

// flagged is an argument such as --password=hunter2.
var flagged = regexp.MustCompile(`(?i)^(-{0,2}[\w.-]*(?:pass|secret|token|key|cred|auth|dsn)[\w.-]*[=:])(.+)$`)

const masked = "***"

// discreet is a manifest without what may be secret: values of environment variables and arguments with telling names, addresses with a
// password, and the copies of the manifest that tools keep in it.
func discreet(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return discreetTable(v)
	case []any:
		out := make([]any, len(v))
		hide := false // the argument before was a flag that takes a secret
		for i, one := range v {
			out[i] = discreet(one)
			if text, ok := one.(string); ok {
				if hide {
					out[i] = masked
				}
				hide = strings.HasPrefix(text, "-") && !strings.ContainsAny(text, "=:") && telling.MatchString(text)
			}
		}
		return out
	case string:
		return discreetText(v)
	}
	return v
}

func discreetText(text string) string {
	if m := flagged.FindStringSubmatch(text); m != nil {
		return m[1] + masked
	}
	return withUser.ReplaceAllString(text, "://"+masked+"@")
}

func discreetTable(table map[string]any) map[string]any {
	out := make(map[string]any, len(table))
	name, _ := table["name"].(string)
	for k, v := range table {
		_, isText := v.(string)
		switch {
		case k == "managedFields", k == "kubectl.kubernetes.io/last-applied-configuration":
			continue
		case isText && k == "value" && telling.MatchString(name), isText && telling.MatchString(k) && !reference(k):
			out[k] = masked
		default:
			out[k] = discreet(v)
		}
	}
	return out
}

// reference says whether the field of a manifest names where a secret is, and is none itself.
func reference(field string) bool {
	return slices.Contains([]string{"key", "secretName", "topologyKey", "tokenExpirationSeconds", "serviceAccountToken", "sessionAffinity", "mountPropagation"}, field)
}

// flat lists the leaves of a manifest with their paths, so that two of them can be compared line by line.
func flat(prefix string, v any, into map[string]string) {
	switch v := v.(type) {
	case map[string]any:
		for k, one := range v {
			flat(prefix+"."+k, one, into)
		}
	case []any:
		for i, one := range v {
			step := fmt.Sprintf("[%d]", i)
			if table, ok := one.(map[string]any); ok {
				if name, ok := table["name"].(string); ok {
					step = "[" + name + "]"
				}
			}
			flat(prefix+step, one, into)
		}
	default:
		into[strings.TrimPrefix(prefix, ".")] = fmt.Sprint(v)
	}
}

// difference lists what differs between two manifests, in the order of the paths. Of a secret it says that it differs, not how.
func difference(now, after any) []action.Change {
	was, will := leaves(now), leaves(after)
	shownWas, shownWill := leaves(discreet(now)), leaves(discreet(after))
	var changes []action.Change
	for path, old := range was {
		if next, there := will[path]; !there || next != old {
			changes = append(changes, action.Change{What: path, Now: or(shownWas[path]), After: or(shownWill[path]), Count: 1})
		}
	}
	for path := range will {
		if _, there := was[path]; !there {
			changes = append(changes, action.Change{What: path, Now: or(""), After: or(shownWill[path]), Count: 1})
		}
	}
	slices.SortFunc(changes, func(x, y action.Change) int { return cmp.Compare(x.What, y.What) })
	return changes
}

func leaves(v any) map[string]string {
	all := map[string]string{}
	flat("", v, all)
	return all
}

// or is the text, or a dash for none.
func or(text string) string {
	if text == "" {
		return "—"
	}
	return text
}
