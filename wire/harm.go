package wire

import "time"

// Harm is whom an incident hurts.
type Harm struct {
	Summary   string         `json:"summary" doc:"In a sentence; empty when nobody is known to be hurt." example:"About 38 customers were hit (31 to 45 of 240): 12 certainly, 20 probably; 6 more asked us."`
	At        time.Time      `json:"at" doc:"As of."`
	Frozen    bool           `json:"frozen" doc:"Kept as it was when the incident was resolved."`
	Follows   bool           `json:"follows" doc:"The measures follow what the watches behind the alerts found."`
	Certainly int            `json:"certainly" doc:"How many customers."`
	Probably  int            `json:"probably"`
	Asked     int            `json:"asked" doc:"Only asked us."`
	Measures  []Measured     `json:"measures"`
	Customers []HurtCustomer `json:"customers" doc:"The surest first."`
}

// Measure is a part of what a watch counts, in which an incident shows.
type Measure struct {
	Watch  string            `json:"watch" example:"decisions"`
	Labels map[string]string `json:"labels,omitempty" doc:"All of them hold; none is everything."`
	From   time.Time         `json:"from"`
	Until  time.Time         `json:"until,omitzero" doc:"Absent while it lasts."`
}

// Measured is a measure with what it came to. Intervals hold the truth with a chance of 0.95.
type Measured struct {
	Measure
	Finding  string    `json:"finding,omitempty" doc:"What it follows." example:"F-12"`
	Missing  string    `json:"missing,omitempty" doc:"Why there are no figures."`
	Hourly   bool      `json:"hourly,omitempty" doc:"Counted by whole hours."`
	Errors   float64   `json:"errors"`
	Requests float64   `json:"requests"`
	Expected float64   `json:"expected" doc:"Errors, by the seven days before."`
	Excess   Estimated `json:"excess"`
	Exposed  int       `json:"exposed" doc:"Customers that sent requests."`
	Hit      Estimated `json:"hit" doc:"Customers with an error that the change brought."`
}

// Estimated is a figure with its interval.
type Estimated struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// HurtCustomer is a customer whom an incident hurts.
type HurtCustomer struct {
	ID        string  `json:"id,omitempty" doc:"In the catalog." example:"nordpank"`
	Name      string  `json:"name" example:"Nordpank"`
	Tier      string  `json:"tier,omitempty" example:"platinum"`
	Owner     *Ref    `json:"owner,omitempty"`
	Certainty string  `json:"certainty" enum:"certainly,probably,asked"`
	Named     bool    `json:"named,omitempty" doc:"By people."`
	Errors    float64 `json:"errors"`
	Requests  float64 `json:"requests"`
	Expected  float64 `json:"expected"`
	Chance    float64 `json:"chance" doc:"That the change brought at least one of the errors."`
	Asked     int     `json:"asked,omitempty" doc:"Requests of theirs that belong to the incident."`
}

// SetMeasures asks for other measures.
type SetMeasures struct {
	Follow   bool      `json:"follow,omitempty" doc:"Follow what the watches behind the alerts find; measures are empty then."`
	Measures []Measure `json:"measures,omitempty" maxItems:"12"`
	Edit
}

// SetCustomers asks for other named customers.
type SetCustomers struct {
	Customers []string `json:"customers" maxItems:"5000" doc:"Ids or names, exactly these."`
	Edit
}
