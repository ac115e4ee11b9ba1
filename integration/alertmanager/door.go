package alertmanager

import (
	"log/slog"
	"net/http"

	"frontline/door"
	"frontline/secret"
)

// Path is where the door is mounted. The token names the source.
const Path = "/in/alertmanager/{token}"

// Handler is the door: POST at Path, answered with 200 once the batch is committed. Bodies are taken up to 4 MiB; a sender with more sets
// max_alerts in its webhook_config.
func Handler(accept door.Accept, log *slog.Logger) http.Handler {
	return door.Door{Kind: "alertmanager", Limit: 4 << 20, Read: read}.Handler(accept, log)
}

func read(r *http.Request, body []byte) (door.Delivery, error) {
	b, err := Parse(body)
	return door.Delivery{Token: secret.New(r.PathValue("token")), Batch: b}, err
}
