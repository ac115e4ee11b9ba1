package wire

import "time"

// Secret is a value that the server keeps for actions of a team. The value is never shown.
type Secret struct {
	Name   string    `json:"name" example:"broker-password" doc:"Actions refer to it as stored:NAME."`
	Team   *Ref      `json:"team,omitempty" doc:"Only its actions may use it."`
	SetBy  *Ref      `json:"set_by,omitempty"`
	SetAt  time.Time `json:"set_at"`
	UsedBy []string  `json:"used_by" doc:"The actions that refer to it." example:"queue/park-message"`
}

// SetSecret stores a value.
type SetSecret struct {
	Team  string `json:"team,omitempty" doc:"Needed the first time." example:"support"`
	Value string `json:"value" minLength:"1" maxLength:"65536" doc:"Kept encrypted, and never shown again."`
}
