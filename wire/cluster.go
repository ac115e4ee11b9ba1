package wire

import "time"

// Cluster is what actions reach that says beforehand what it allows them.
type Cluster struct {
	ID       string        `json:"id" example:"4be0a1c2d3f4"`
	Address  string        `json:"address" doc:"Where it is, or how it is found." example:"https://kubernetes.verity.example:6443"`
	Runner   []string      `json:"runner,omitempty" doc:"The labels of the runners that reach it; absent when the server does. It is not asked from the server then." example:"network=berlin"`
	Version  string        `json:"version,omitempty" doc:"What it called itself at the last look." example:"v1.36.3"`
	Fault    string        `json:"fault,omitempty" doc:"Why it could not be asked at the last look; absent when it answered."`
	LookedAt *time.Time    `json:"looked_at,omitempty" doc:"Absent when nobody has looked."`
	LookedBy *Ref          `json:"looked_by,omitempty"`
	Actions  []Allowance   `json:"actions"`
	Blocks   []ClusterTrap `json:"blocks" doc:"Disruption budgets that will keep failing pods from being evicted."`
}

// Allowance is what a cluster allows one action.
type Allowance struct {
	Action   Ref     `json:"action"`
	Kind     string  `json:"kind" example:"kubernetes.evict"`
	Verdict  string  `json:"verdict" doc:"Whether it may do its work; less: with less evidence." enum:"yes,less,no,unreached,unasked"`
	Account  string  `json:"account,omitempty" doc:"As the cluster knows it." example:"system:serviceaccount:decisions:frontline-evict"`
	Fault    string  `json:"fault,omitempty" doc:"Why nothing is known."`
	Rights   []Right `json:"rights" doc:"What its kind needs to be allowed."`
	Manifest string  `json:"manifest,omitempty" doc:"What the cluster's administrators apply so that nothing is missing; absent when nothing is."`
}

// Right is one thing that a kind needs to be allowed.
type Right struct {
	Where   string `json:"where" example:"decisions"`
	What    string `json:"what" example:"create pods/eviction"`
	Must    bool   `json:"must" doc:"Without it the action does not work; otherwise only its evidence suffers."`
	Allowed bool   `json:"allowed"`
}

// ClusterTrap is something that will get in an action's way some night.
type ClusterTrap struct {
	Where string `json:"where" example:"decisions, poddisruptionbudget/decision-pipeline"`
	What  string `json:"what"`
	Right string `json:"right" doc:"What would be right."`
}
