// Package catalog answers what there is and who owns it: services, components and customers.
package catalog

// Service is something a team runs.
type Service struct {
	ID           string            `json:"id" yaml:"id"`
	Name         string            `json:"name" yaml:"name"`
	Team         string            `json:"team" yaml:"team"`
	Policy       string            `json:"policy" yaml:"policy"` // escalation policy
	Components   []string          `json:"components,omitempty" yaml:"components,omitempty"`
	Stakeholders []string          `json:"stakeholders,omitempty" yaml:"stakeholders,omitempty"` // people, told by mail about incidents
	Runbook      string            `json:"runbook,omitempty" yaml:"runbook,omitempty"`           // an http(s) address
	Actions      []string          `json:"actions,omitempty" yaml:"actions,omitempty"`           // actions that belong to this service
	Match        map[string]string `json:"match,omitempty" yaml:"match,omitempty"`               // labels that, all together, mean this service
}

// Component is a part of the product in customers' words, as the status page shows it.
type Component struct {
	ID          string `json:"id" yaml:"id"`
	Name        string `json:"name" yaml:"name"`
	Description string `json:"description,omitempty" yaml:"description,omitempty"`
	Group       string `json:"group,omitempty" yaml:"group,omitempty"` // heading on the status page
}

// Customer is a company that uses some components.
type Customer struct {
	ID         string   `json:"id" yaml:"id"`
	Name       string   `json:"name" yaml:"name"`
	Tier       string   `json:"tier,omitempty" yaml:"tier,omitempty"` // "platinum"; free words, sorted as given in the file
	Components []string `json:"components,omitempty" yaml:"components,omitempty"`
	Email      string   `json:"email,omitempty" yaml:"email,omitempty"`
	Owner      string   `json:"owner,omitempty" yaml:"owner,omitempty"` // the person who looks after them
}
