package wire

import "time"

// Proposal is a group of requests that nobody could name and that ask for much the same. It is counted nowhere.
type Proposal struct {
	ID        string         `json:"id" example:"P-17"`
	State     string         `json:"state" enum:"proposed,promoted,dismissed"`
	Title     string         `json:"title" doc:"The words that set it apart." example:"Audit, log, export"`
	Words     []ProposalWord `json:"words" doc:"Empty while they are found anew after an erasure."`
	Requests  int            `json:"requests"`
	Lately    int            `json:"lately" doc:"Requests that arrived in the four weeks before the night."`
	Before    int            `json:"before" doc:"And in the four weeks before those."`
	Askers    int            `json:"askers"`
	Customers int            `json:"customers"`
	Alike     float64        `json:"alike" doc:"Mean cosine of its requests to their middle: 1 is all the same."`
	FoundAt   time.Time      `json:"found_at"`
	SeenAt    time.Time      `json:"seen_at" doc:"The last night that found it."`
	Demand    string         `json:"demand,omitempty" doc:"What it became." example:"D-12"`
	Reason    string         `json:"reason,omitempty" doc:"Why it was dismissed."`
	By        *Ref           `json:"by,omitempty"`
	Uncoded   []string       `json:"uncoded,omitempty" doc:"Its requests that nobody has coded, the most typical first; 200 at most." example:"[\"R-1042\"]"`
}

// ProposalWord is a word with the shares of the requests that have it.
type ProposalWord struct {
	Word      string  `json:"word"`
	In        float64 `json:"in" doc:"Of this group, from 0 to 1."`
	Elsewhere float64 `json:"elsewhere" doc:"Of all others."`
}

// PromoteProposal says what the demand is; what is left out is taken from the proposal.
type PromoteProposal struct {
	Title       string `json:"title,omitempty" maxLength:"120" example:"Export of the audit log"`
	Description string `json:"description,omitempty" maxLength:"4000"`
	Owner       string `json:"owner,omitempty" maxLength:"100" doc:"A person." example:"marika"`
	Handling    string `json:"handling,omitempty" enum:"by_hand,runbook,building,self_service" doc:"by_hand when left out."`
	Into        string `json:"into,omitempty" maxLength:"100" doc:"A demand that it is already; the rest is not looked at then." example:"D-7"`
}

// DismissProposal says why a proposal is no demand.
type DismissProposal struct {
	Reason string `json:"reason" maxLength:"300" example:"One broken batch of phones."`
}

// CodeProposal names requests of a promoted proposal.
type CodeProposal struct {
	Requests []string `json:"requests" minItems:"1" maxItems:"200" example:"[\"R-1042\"]"`
}

// CodedProposal says how many were coded.
type CodedProposal struct {
	Coded int `json:"coded"`
}

// GroupingAsked says that the grouping was asked for.
type GroupingAsked struct {
	Asked bool `json:"asked"`
}
