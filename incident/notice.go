package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
)

// About is what a stakeholder is told about.
type About string

// What stakeholders are told about.
const (
	AboutOpening    About = "opening"
	AboutUpdate     About = "update"
	AboutResolution About = "resolution"
	AboutReopening  About = "reopening"
)

// Delivery is where a notice stands.
type Delivery string

// The deliveries.
const (
	Waiting Delivery = "waiting" // not handed over yet
	Sent    Delivery = "sent"    // the mail server took it and gave a receipt
	Failed  Delivery = "failed"  // given up
)

// Notice is one mail to one stakeholder: a row of the ledger, so that everybody sees who was told and who was not.
type Notice struct {
	ID       string    `json:"id"`
	Incident string    `json:"incident"`
	About    About     `json:"about"`
	N        int       `json:"n"`     // of the update; otherwise how many updates there were
	Round    int64     `json:"round"` // tells two resolutions apart: the incident's version then
	Person   string    `json:"person"`
	State    Delivery  `json:"state"`
	Tries    int       `json:"tries"`
	MadeAt   time.Time `json:"made_at"`
	EndedAt  time.Time `json:"ended_at,omitzero"`
	Receipt  string    `json:"receipt,omitempty"` // what the mail server answered
	Error    string    `json:"error,omitempty"`   // the last failure, for people
}

// TellArgs names a notice that is to be sent.
type TellArgs struct {
	Notice string `json:"notice"`
}

// JobTell mails one notice. It is at least once: a crash between the mail server's answer and the receipt mails it again, under the same
// reference.
func JobTell() job.Kind[TellArgs] {
	return job.Kind[TellArgs]{Name: "incident.tell", Limit: time.Minute, Back: tellAgain}
}

// tellAgain is the pause after try n: 5 s, 10 s, 20 s and so on, at most 10 min.
func tellAgain(n int) time.Duration {
	return min(5*time.Second<<min(max(n-1, 0), 7), 10*time.Minute)
}

// tellFor is how long a notice is tried. A mail about an incident that comes later than this only confuses.
const tellFor = 6 * time.Hour

// tell writes a notice and its job for each stakeholder. About an opening, only those are told who have not been yet.
func (t *turn) tell(about About, n int) {
	told := t.inc.Told
	for _, person := range t.stakeholders() {
		if about == AboutOpening && slices.Contains(told, person) {
			continue
		}
		notice := Notice{ID: t.cur.NewID(), Incident: t.inc.ID, About: about, N: n, Round: t.inc.Version, Person: person, State: Waiting, MadeAt: t.cur.Now}
		t.out.Notices = append(t.out.Notices, notice)
		t.out.Do(JobTell().At(t.cur.Now, notice.ID, TellArgs{notice.ID}))
		t.inc.Told = union(t.inc.Told, []string{person})
	}
}

// stakeholders returns the people whom the affected services name, each once.
func (t *turn) stakeholders() []string {
	var all []string
	for _, id := range t.inc.Services {
		if service, ok := t.book.Service(id); ok {
			all = union(all, service.Stakeholders)
		}
	}
	return all
}

// delivered decides what became of a try.
func delivered(n Notice, now time.Time, receipt string, err error) (Notice, journal.Consequences) {
	var out journal.Consequences
	if n.State != Waiting {
		return n, out
	}
	n.Tries++
	verb := "incident.told"
	switch {
	case err == nil:
		n.State, n.Receipt, n.Error, n.EndedAt = Sent, receipt, "", now
	case fault.Again(err) && now.Sub(n.MadeAt) < tellFor:
		n.Error = fault.Sentence(err)
		return n, out
	default:
		n.State, n.Error, n.EndedAt = Failed, fault.Sentence(err), now
		verb = "incident.not_told"
	}
	out.Finish = true
	out.Add(journal.Note(people.System("job"), verb, Subject(n.Incident), map[string]any{"about": string(n.About), "n": n.N, "round": n.Round, "tries": n.Tries}).
		With(journal.Of("person", n.Person)))
	return n, out
}

// Told counts what became of the notices about one thing.
type Told struct {
	About   About
	N       int
	At      time.Time // when they were written
	Sent    int
	Failed  int
	Waiting int
	Of      int
}

// String is the count for people: "6 of 6 received", "4 of 6 received, 1 failed, 1 under way".
func (t Told) String() string {
	if t.Of == 0 {
		return "nobody to tell"
	}
	parts := []string{fmt.Sprintf("%d of %d received", t.Sent, t.Of)}
	if t.Failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", t.Failed))
	}
	if t.Waiting > 0 {
		parts = append(parts, fmt.Sprintf("%d under way", t.Waiting))
	}
	return strings.Join(parts, ", ")
}

// Count sums up notices, one line for each thing that was told, oldest first.
func Count(notices []Notice) []Told {
	type key struct {
		about About
		n     int
		round int64
	}
	var out []Told
	at := map[key]int{}
	for _, n := range notices {
		k := key{n.About, n.N, n.Round}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, Told{About: n.About, N: n.N, At: n.MadeAt})
		}
		t := &out[i]
		t.Of++
		switch n.State {
		case Sent:
			t.Sent++
		case Failed:
			t.Failed++
		default:
			t.Waiting++
		}
	}
	return out
}
