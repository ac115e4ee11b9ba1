package backoffice

import (
	"bytes"
	"context"
	"crypto/subtle"
	stdsql "database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Handler is the API, below /api/, and the servers of customers to which events are sent, which the company plays, below /customers/. base is the address
// at which it is served.
func (x *Office) Handler(base func() string) http.Handler {
	a := &api{x: x, base: base, client: &http.Client{Timeout: 10 * time.Second}}
	mux := http.NewServeMux()
	for pattern, serve := range map[string]func(*http.Request) (any, error){
		"GET /api/verifications/{id}":              a.verification,
		"POST /api/verifications/{id}/rerun":       a.rerun,
		"GET /api/customers/{customer}/deliveries": a.deliveries,
		"GET /api/deliveries/{id}":                 a.delivery,
		"POST /api/deliveries/{id}/resend":         a.resend,
		"GET /api/customers/{customer}/keys":       a.keys,
		"POST /api/customers/{customer}/keys":      a.rotate,
	} {
		mux.Handle(pattern, a.signedIn(serve))
	}
	mux.HandleFunc("POST /customers/{customer}/events", x.takeEvent)
	return mux
}

type api struct {
	x      *Office
	base   func() string
	client *http.Client
}

// refusal is an answer that says no.
type refusal struct {
	status int
	say    string
}

func (r refusal) Error() string { return r.say }

// signedIn asks for the token, and writes the answer as JSON.
func (a *api) signedIn(serve func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var answer any
		err := error(refusal{http.StatusUnauthorized, "This needs the token of the back office."})
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+a.x.o.Token)) == 1 {
			answer, err = serve(r)
		}
		status := http.StatusOK
		if no := (refusal{}); errors.As(err, &no) {
			status = no.status
		} else if errors.Is(err, stdsql.ErrNoRows) {
			status, err = http.StatusNotFound, refusal{say: "There is no such thing here."}
		} else if err != nil {
			status = http.StatusInternalServerError
		}
		if err != nil {
			answer = map[string]any{"message": err.Error()}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer) // whoever asked is gone when this fails
	})
}

func (a *api) verification(r *http.Request) (any, error) {
	var v struct {
		ID       string `json:"id"`
		Customer string `json:"customer"`
		State    string `json:"state"`
		Because  string `json:"because"`
		Tries    int    `json:"tries"`
		Decided  bool   `json:"decided"`
		Again    bool   `json:"decided_again"`
	}
	v.ID = r.PathValue("id")
	err := a.x.db.QueryRowContext(r.Context(), `SELECT customer, state, because, tries FROM verifications WHERE id = $1`, v.ID).Scan(&v.Customer, &v.State, &v.Because, &v.Tries)
	v.Decided = v.State != "waiting"
	v.Again = v.Decided && v.Tries > 1
	return v, err
}

func (a *api) rerun(r *http.Request) (any, error) {
	id := r.PathValue("id")
	err := a.x.rerun(r.Context(), id)
	if errors.Is(err, stdsql.ErrNoRows) {
		return nil, refusal{http.StatusConflict, id + " waits for its decision already, or is none of ours."}
	}
	return map[string]any{"message": id + " is in the queue once more."}, err
}

// event is one thing that a customer is told.
type event struct {
	ID           string `json:"id"`
	Customer     string `json:"customer"`
	Verification string `json:"verification"`
	Event        string `json:"event"`
	State        string `json:"state"`
	Answer       string `json:"answer"`
	Tries        int    `json:"tries"`
	ChangedAt    string `json:"changed_at"`
	What         string `json:"what"`
}

func (a *api) events(ctx context.Context, where string, args ...any) ([]event, error) {
	rows, err := a.x.db.QueryContext(ctx, `SELECT id, customer, verification, event, state, answer, tries, changed_at FROM deliveries WHERE `+where+` ORDER BY changed_at, id`, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	all := []event{}
	for rows.Next() {
		var e event
		if err := rows.Scan(&e.ID, &e.Customer, &e.Verification, &e.Event, &e.State, &e.Answer, &e.Tries, &e.ChangedAt); err != nil {
			return nil, err
		}
		e.What = fmt.Sprintf("%s of %s, %s", e.Event, e.Verification, e.Answer)
		all = append(all, e)
	}
	return all, rows.Err()
}

func (a *api) deliveries(r *http.Request) (any, error) {
	all, err := a.events(r.Context(), "customer = $1 AND state = $2", r.PathValue("customer"), r.FormValue("state"))
	return map[string]any{"deliveries": all}, err
}

func (a *api) one(ctx context.Context, id string) (event, error) {
	all, err := a.events(ctx, "id = $1", id)
	if err == nil && len(all) == 0 {
		err = stdsql.ErrNoRows
	}
	if err != nil {
		return event{}, err
	}
	return all[0], nil
}

func (a *api) delivery(r *http.Request) (any, error) { return a.one(r.Context(), r.PathValue("id")) }

// resend sends an event to its customer's server, for real, and says what that answered.
func (a *api) resend(r *http.Request) (any, error) {
	e, err := a.one(r.Context(), r.PathValue("id"))
	switch {
	case err != nil:
		return nil, err
	case e.State == "delivered":
		return nil, refusal{http.StatusConflict, e.ID + " was delivered already."}
	}
	said, ok := a.tell(r.Context(), e)
	if err := a.x.deliver(r.Context(), e.ID, said, ok); err != nil {
		return nil, err
	}
	if !ok {
		return nil, refusal{http.StatusUnprocessableEntity, "The customer's server did not take it: " + said + "."}
	}
	return map[string]any{"message": "The customer's server took it: " + said + ".", "delivered": true}, nil
}

func (a *api) tell(ctx context.Context, e event) (said string, ok bool) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.base()+"/customers/"+e.Customer+"/events", bytes.NewReader([]byte(body(e))))
	if err != nil {
		return err.Error(), false
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := a.client.Do(req)
	if err != nil {
		return err.Error(), false
	}
	_ = res.Body.Close()
	return res.Status, res.StatusCode/100 == 2
}

// takeEvent is a customer's own server: it takes what it can read.
func (x *Office) takeEvent(w http.ResponseWriter, r *http.Request) {
	var e event
	if err := json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&e); err != nil || e.ID == "" {
		http.Error(w, "this is no event", http.StatusBadRequest)
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.hook[e.ID]++
	w.WriteHeader(http.StatusNoContent)
}

// Taken is how often an event reached its customer's own server.
func (x *Office) Taken(id string) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.hook[id]
}

// keyOf is a key as people may know it.
type keyOf struct {
	ID       string `json:"id"`
	LastFour string `json:"last_four"`
	MadeAt   string `json:"made_at"`
	EndsAt   string `json:"ends_at"`
	Sent     bool   `json:"sent"`
}

func (a *api) keysOf(ctx context.Context, customer string) ([]keyOf, error) {
	rows, err := a.x.db.QueryContext(ctx, `SELECT id, last_four, made_at, coalesce(ends_at, ''), sent FROM keys WHERE customer = $1 ORDER BY made_at DESC, id`, customer)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	all := []keyOf{}
	for rows.Next() {
		var k keyOf
		if err := rows.Scan(&k.ID, &k.LastFour, &k.MadeAt, &k.EndsAt, &k.Sent); err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	return all, rows.Err()
}

func (a *api) keys(r *http.Request) (any, error) {
	all, err := a.keysOf(r.Context(), r.PathValue("customer"))
	if err == nil && len(all) == 0 {
		err = stdsql.ErrNoRows
	}
	if err != nil {
		return nil, err
	}
	return map[string]any{"keys": all, "overlap": len(all) > 1 && all[0].EndsAt == "" && all[1].EndsAt != ""}, nil
}

// rotate makes a new key when the customer's code word is right.
func (a *api) rotate(r *http.Request) (any, error) {
	var q struct{ Code string }
	if err := json.NewDecoder(io.LimitReader(r.Body, 4<<10)).Decode(&q); err != nil {
		return nil, refusal{http.StatusBadRequest, "This is no JSON with a code."}
	}
	var code, contact string
	customer := r.PathValue("customer")
	if err := a.x.db.QueryRowContext(r.Context(), `SELECT code, contact FROM customers WHERE id = $1`, customer).Scan(&code, &contact); err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(code), []byte(q.Code)) != 1 {
		return nil, refusal{http.StatusForbidden, "This is not the customer's code word. Ask them again."}
	}
	id, err := a.x.rotate(r.Context(), customer, contact)
	return map[string]any{"message": "A new key was mailed to " + contact + ". The one before works for another day.", "key": id}, err
}
