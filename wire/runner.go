package wire

import "time"

// Runner is a process of Frontline in another network.
type Runner struct {
	ID      string     `json:"id"`
	Name    string     `json:"name" example:"berlin-1"`
	Labels  []string   `json:"labels" doc:"What it carries." example:"network=berlin"`
	Key     string     `json:"key" doc:"The fingerprint of its key: the runner prints the same at its start." example:"SHA256:…"`
	State   string     `json:"state" doc:"Whether it is heard." enum:"there,silent,never,revoked"`
	Seen    *time.Time `json:"seen,omitempty" doc:"When it was last heard."`
	Version string     `json:"version,omitempty"`
	Sandbox string     `json:"sandbox,omitempty" doc:"The level that its host gives to scripts." example:"full"`
	Policy  string     `json:"policy,omitempty" doc:"What it runs, by its own policy."`
	Runs    []Ref      `json:"runs" doc:"What it works on just now."`
	Added   time.Time  `json:"added"`
	AddedBy *Ref       `json:"added_by,omitempty"`
	Revoked *time.Time `json:"revoked,omitempty"`
}

// NewRunner asks for a token with which a runner enrols.
type NewRunner struct {
	Name   string   `json:"name" minLength:"1" maxLength:"63" doc:"What it will be called." example:"berlin-1"`
	Labels []string `json:"labels,omitempty" maxItems:"32" doc:"What it must carry, no more and no less; left out, it brings its own." example:"network=berlin"`
}

// RunnerToken lets one runner enrol, once.
type RunnerToken struct {
	Token  string    `json:"token" doc:"Shown this once. Give it to the runner at its first start, as FRONTLINE_RUNNER_TOKEN."`
	Server string    `json:"server" doc:"The fingerprint of the server's key, by which the runner knows it." example:"SHA256:…"`
	Until  time.Time `json:"until"`
}
