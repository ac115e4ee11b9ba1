package pagerduty

import (
	"log/slog"
	"net/http"

	"frontline/door"
	"frontline/fault"
)

// Path is where the door is mounted: PagerDuty's own path, so that a sender changes only the host.
const Path = "/v2/enqueue"

// reply is PagerDuty's answer, in all its forms.
type reply struct {
	Status   string   `json:"status"`
	Message  string   `json:"message"`
	Errors   []string `json:"errors,omitempty"`
	DedupKey string   `json:"dedup_key,omitempty"`
}

// Handler is the door: POST at Path, answered with 202 once the event is committed. Anything but 202 is a failure to PagerDuty's clients;
// they show the errors of a 400 to their users and come again after a 503. Bodies are taken up to 1 MiB, twice what PagerDuty takes.
func Handler(accept door.Accept, log *slog.Logger) http.Handler {
	return door.Door{Kind: "pagerduty", Limit: 1 << 20, Read: read, Taken: http.StatusAccepted, Refuse: refuse}.Handler(accept, log)
}

func read(_ *http.Request, body []byte) (door.Delivery, error) {
	e, err := Parse(body)
	return door.Delivery{Token: e.RoutingKey, Batch: e.Batch, Reply: reply{Status: "success", Message: "Event processed", DedupKey: e.DedupKey}}, err
}

// refuse says it in PagerDuty's words. An unknown key is 400 there.
func refuse(err error, status int) (int, any) {
	switch status {
	case http.StatusBadRequest:
		return status, invalid(err)
	case http.StatusNotFound:
		return http.StatusBadRequest, reply{Status: "invalid event", Message: "Event object is invalid", Errors: []string{"Invalid routing key"}}
	case http.StatusRequestEntityTooLarge:
		return status, reply{Status: "invalid event", Message: "Event object is invalid", Errors: []string{fault.Sentence(err)}}
	case http.StatusServiceUnavailable:
		return status, reply{Status: "unavailable", Message: fault.Sentence(err)}
	}
	return status, reply{Status: "internal error", Message: fault.Sentence(err)}
}

// invalid is the answer to a body that is no event.
func invalid(err error) reply {
	out := reply{Status: "invalid event", Message: "Event object is invalid"}
	for _, f := range fault.FieldsOf(err) {
		if f.Name == "body" {
			return reply{Status: "Unrecognized object", Message: "Event object format is unrecognized", Errors: []string{f.Say}}
		}
		out.Errors = append(out.Errors, f.Say)
	}
	if len(out.Errors) == 0 {
		out.Errors = []string{fault.Sentence(err)}
	}
	return out
}
