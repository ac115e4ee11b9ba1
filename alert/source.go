package alert

import (
	"fmt"
	"slices"

	"frontline/catalog"
	"frontline/define"
	"frontline/fault"
	"frontline/secret"
)

// Source is a monitoring system that may send signals. Its token is in its address (Alertmanager) or in the body (PagerDuty's routing
// key): 32 lower-case letters and digits serve as both.
type Source struct {
	ID           string     `json:"id" yaml:"id"`
	Name         string     `json:"name" yaml:"name"`
	Kind         string     `json:"kind" yaml:"kind"`                                       // "alertmanager", "pagerduty"
	Service      string     `json:"service,omitempty" yaml:"service,omitempty"`             // for signals that name no service
	ServiceLabel string     `json:"service_label,omitempty" yaml:"service_label,omitempty"` // the label that names the service; "service" when empty
	Token        secret.Ref `json:"token,omitempty" yaml:"token,omitempty"`                 // made by Frontline and shown once when empty
	TokenHash    string     `json:"token_hash,omitempty" yaml:"-"`                          // of a token that Frontline made
}

// Kinds lists the kinds of sources that can be configured.
func Kinds() []string { return []string{"alertmanager", "pagerduty"} }

// Check returns what is wrong with the source by itself.
func (s Source) Check() []fault.Field {
	var c define.Checks
	c.ID("id", s.ID)
	c.Name("name", s.Name)
	c.Want(slices.Contains(Kinds(), s.Kind), "kind", "%q is no kind of source. Write one of %v.", s.Kind, Kinds())
	if s.Token != "" {
		err := s.Token.Check()
		c.Want(err == nil, "token", "%s", sentence(err))
		_, stored := s.Token.Stored()
		c.Want(!stored, "token", "Stored secrets are for actions. Give the token as env:NAME or file:/path.")
	}
	return c.Fields
}

func sentence(err error) string {
	if err == nil {
		return ""
	}
	return fault.Sentence(err)
}

// Refs names what the source refers to.
func (s Source) Refs() []define.Ref {
	if s.Service == "" {
		return nil
	}
	return []define.Ref{{Field: "service", Kind: "service", ID: s.Service}}
}

// Route finds the service that a signal is about: the one its service label names, else the one whose labels to match all agree (the most
// specific), else the source's own. It returns false when none fits: then nobody is paged and the signal is listed as unrouted.
func (s Source) Route(labels map[string]string, services []catalog.Service) (catalog.Service, bool) {
	name := labels[s.label()]
	best, most := catalog.Service{}, 0
	for _, v := range services {
		if name != "" && (v.ID == name || v.Name == name) {
			return v, true
		}
		if n := len(v.Match); n > most && matches(v.Match, labels) {
			best, most = v, n
		}
	}
	if most > 0 {
		return best, true
	}
	for _, v := range services {
		if v.ID == s.Service {
			return v, true
		}
	}
	return catalog.Service{}, false
}

func (s Source) label() string {
	if s.ServiceLabel == "" {
		return "service"
	}
	return s.ServiceLabel
}

func matches(want, labels map[string]string) bool {
	for k, v := range want {
		if labels[k] != v {
			return false
		}
	}
	return true
}

// String names the source in messages.
func (s Source) String() string { return fmt.Sprintf("%s (%s)", s.Name, s.ID) }
