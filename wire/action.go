package wire

import (
	"encoding/json"
	"time"
)

// Action is a piece of work that can be run.
type Action struct {
	ID       string   `json:"id" example:"queue/park-message"`
	Title    string   `json:"title"`
	Purpose  string   `json:"purpose,omitempty" doc:"When to use it."`
	Team     *Ref     `json:"team,omitempty"`
	Services []Ref    `json:"services"`
	Risk     string   `json:"risk" enum:"read,change,danger"`
	Role     string   `json:"role" doc:"The least role that may run it, unless allowed says who." enum:"member,support,lead,admin"`
	Allowed  []string `json:"allowed,omitempty" doc:"Who may run it in place of the role: person:ID, team:ID or role:ROLE." example:"team:support"`
	Approve  int      `json:"approvals" doc:"How many others must say yes to a run."`
	Kind     string   `json:"kind" doc:"Which sort of work it is." example:"rabbitmq.park"`
	Version  string   `json:"version" doc:"The hash of its definition."`
	Runner   []string `json:"runner,omitempty" doc:"The labels of the runners that may do the work; absent when the server does." example:"network=berlin"`
	Inputs   []Input  `json:"inputs"`
	Figures  *Figures `json:"figures,omitempty" doc:"How it did in the last half year; absent when it never ran."`
}

// ActionShown is an action with the JSON Schema of its inputs.
type ActionShown struct {
	Action
	Schema json.RawMessage `json:"schema" doc:"JSON Schema 2020-12 that the inputs keep."`
}

// Input is one thing to fill in.
type Input struct {
	Name      string   `json:"name" example:"message_id"`
	Label     string   `json:"label"`
	Help      string   `json:"help,omitempty"`
	Type      string   `json:"type" enum:"text,number,boolean,date,choice,choices,secret,customer,service,file"`
	Required  bool     `json:"required,omitempty"`
	Default   any      `json:"default,omitempty"`
	Choices   []string `json:"choices,omitempty"`
	Pattern   string   `json:"pattern,omitempty"`
	Example   string   `json:"example,omitempty"`
	Min       *float64 `json:"min,omitempty"`
	Max       *float64 `json:"max,omitempty"`
	Whole     bool     `json:"whole,omitempty"`
	Multiline bool     `json:"multiline,omitempty"`

	Accept      []string `json:"accept,omitempty" doc:"Media types or endings of the file." example:"text/csv"`
	MaxBytes    int64    `json:"max_bytes,omitempty" doc:"How large the file may be."`
	From        *From    `json:"from,omitempty" doc:"Another action that returns the options; ask listOptions for them."`
	When        *When    `json:"when,omitempty" doc:"Asked only then; left out otherwise."`
	DefaultFrom string   `json:"default_from,omitempty" doc:"What of the incident or alert, that the run is for, it is when nothing is given." example:"label.pod"`
}

// From says where an input's options come from.
type From struct {
	Action string   `json:"action" example:"session/list"`
	Needs  []string `json:"needs" doc:"The inputs to be filled in before."`
}

// When is the condition of an input.
type When struct {
	Input string `json:"input" doc:"An earlier input." example:"reason"`
	Is    []any  `json:"is" doc:"One of these; of several choices at least one of these."`
}

// Options are values that an input may have.
type Options struct {
	Options []Option `json:"options"`
	More    bool     `json:"more,omitempty" doc:"There are more: search."`
}

// Option is one value that an input may have.
type Option struct {
	Value string `json:"value" example:"vs_7hK2m9Qx"`
	Label string `json:"label" doc:"What people read."`
}

// Upload is a file for an input.
type Upload struct {
	ID          string    `json:"id" doc:"Give it as the input's value."`
	Name        string    `json:"name" example:"november.csv"`
	Type        string    `json:"type" example:"text/csv"`
	Size        int64     `json:"size" doc:"In bytes."`
	Hash        string    `json:"hash" doc:"SHA-256, in hexadecimal."`
	ForgottenAt time.Time `json:"forgotten_at" doc:"Unless a run is planned with it."`
}

// Figures is how an action did.
type Figures struct {
	Succeeded int      `json:"succeeded"`
	Failed    int      `json:"failed"`
	Unknown   int      `json:"unknown"`
	Usual     Duration `json:"usual" doc:"Half of the successful runs took at most this." example:"12s"`
	NineInTen Duration `json:"nine_in_ten" doc:"Nine in ten of them took at most this." example:"40s"`
}

// PlanRun asks what an action would do.
type PlanRun struct {
	Action string         `json:"action" example:"queue/park-message"`
	Inputs map[string]any `json:"inputs,omitempty" doc:"By name; see the action's schema."`
	For    string         `json:"for,omitempty" doc:"The incident or alert that it is for." example:"INC-3"`
	Reason string         `json:"reason,omitempty" doc:"Why; required when the risk is danger."`
}

// StartRun asks to carry out a plan.
type StartRun struct {
	Plan  string `json:"plan" doc:"The hash of the plan that was read, so that nothing else is started." example:"9f2c…"`
	Glass string `json:"glass,omitempty" doc:"Why it must start at once, without anybody's yes (break-glass). It needs the person's password, so it is done on the screen; with an API token it is refused."`
}

// ApproveRun says yes to a run that waits.
type ApproveRun struct {
	Plan  string `json:"plan" doc:"The hash of the plan that was read." example:"9f2c…"`
	Words string `json:"words,omitempty" doc:"Anything to say with it."`
}

// RefuseRun says no to a run that waits, and ends it.
type RefuseRun struct {
	Words string `json:"words" doc:"Why, in a few words."`
}

// ReviewRun signs a run that was started by break-glass.
type ReviewRun struct {
	Words string `json:"words" doc:"What was found, in a sentence."`
}

// Consent is what a run needs from others before it starts.
type Consent struct {
	Need      int       `json:"need" doc:"How many others must say yes."`
	Why       []string  `json:"why" doc:"Why, in sentences."`
	AskedAt   time.Time `json:"asked_at"`
	Until     time.Time `json:"until" doc:"When the run stops waiting."`
	Approvals []Answer  `json:"approvals"`
	Refusal   *Answer   `json:"refusal,omitempty"`
}

// Answer is what one person said to a run.
type Answer struct {
	By    Ref       `json:"by"`
	At    time.Time `json:"at"`
	Words string    `json:"words,omitempty"`
	Plan  string    `json:"plan" doc:"The hash of the plan that they read."`
}

// Glass is what break-glass leaves.
type Glass struct {
	By     Ref       `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
	Review *Answer   `json:"review,omitempty" doc:"Absent while nobody has reviewed it: until then neither the action nor the person breaks glass again."`
}

// AnswerRun answers what a flow asks at a check point.
type AnswerRun struct {
	Step   string `json:"step" doc:"The id of the check point." example:"look"`
	Answer string `json:"answer" doc:"One of its answers." example:"yes"`
	Words  string `json:"words,omitempty" doc:"What was seen."`
}

// FlowStep is one step of a flow: the run of another action, or a check point.
type FlowStep struct {
	ID      string    `json:"id" example:"restart"`
	Action  string    `json:"action,omitempty" doc:"What runs; absent for a check point." example:"pods/restart"`
	Ask     string    `json:"ask,omitempty" doc:"What a check point asks."`
	Answers []string  `json:"answers,omitempty" doc:"What may be answered; no stops the flow."`
	When    string    `json:"when,omitempty" doc:"Its condition."`
	State   string    `json:"state" enum:"ahead,running,asked,done,skipped,nothing,failed,declined,unknown,cancelled" doc:"nothing: its plan found nothing to do; declined: somebody answered no."`
	Run     string    `json:"run,omitempty" doc:"The run that carries it out." example:"RUN-885"`
	Why     string    `json:"why,omitempty" doc:"Why it is as it is."`
	Until   time.Time `json:"until,omitzero" doc:"Until when a check point waits."`
	Answer  string    `json:"answer,omitempty"`
	By      *Ref      `json:"by,omitempty" doc:"Who answered."`
	Words   string    `json:"words,omitempty" doc:"What they said with it."`
}

// SettleRun writes what a person found out about an unknown run.
type SettleRun struct {
	Done  bool   `json:"done" doc:"Whether it had its effect."`
	Found string `json:"found" doc:"What you saw, in a sentence."`
}

// Run is one execution of one version of an action, from its plan on.
type Run struct {
	ID          string         `json:"id" example:"RUN-884"`
	UID         string         `json:"uid"`
	Action      Ref            `json:"action"`
	Version     string         `json:"version"`
	Risk        string         `json:"risk" enum:"read,change,danger"`
	State       string         `json:"state" enum:"planned,waiting,running,succeeded,failed,cancelled,refused,expired,unknown" doc:"waiting: others have to say yes first; refused and expired: they did not, and nothing was done. unknown: nobody can say whether it had its effect, and people must look. It is never started again."`
	Inputs      map[string]any `json:"inputs" doc:"Secret ones are ***."`
	Reason      string         `json:"reason,omitempty"`
	For         *Subject       `json:"for,omitempty"`
	Plan        Plan           `json:"plan"`
	Progress    *Progress      `json:"progress,omitempty"`
	Result      *Result        `json:"result,omitempty"`
	Lines       int64          `json:"lines" doc:"How many lines of output there are."`
	PlannedBy   Ref            `json:"planned_by"`
	PlannedAt   time.Time      `json:"planned_at"`
	StartedBy   *Ref           `json:"started_by,omitempty"`
	StartedAt   time.Time      `json:"started_at,omitzero"`
	CancelledBy *Ref           `json:"cancelled_by,omitempty"`
	EndedAt     time.Time      `json:"ended_at,omitzero"`
	Consent     *Consent       `json:"consent,omitempty" doc:"Absent when nobody else had to say yes."`
	Glass       *Glass         `json:"glass,omitempty" doc:"Absent unless it was started by break-glass."`
	ForgottenAt time.Time      `json:"forgotten_at,omitzero" doc:"When its output, files and inputs were forgotten, with what its plan would change; absent while they are there."`
	Took        Duration       `json:"took,omitempty" example:"12s"`
	Undo        *Undo          `json:"undo,omitempty" doc:"The way back; absent when there is none."`
	Runner      string         `json:"runner,omitempty" doc:"The runner in another network that did the work; absent when the server did." example:"berlin-1"`
	Steps       []FlowStep     `json:"steps,omitempty" doc:"Of a flow: how far it is."`
	Flow        string         `json:"flow,omitempty" doc:"The UID of the flow that this run is a step of."`
	Undoes      string         `json:"undoes,omitempty" doc:"The UID of the run that this one takes back."`
}

// Ended says whether nothing more will come of the run by itself.
func (r Run) Ended() bool {
	return r.State != "planned" && r.State != "waiting" && r.State != "running"
}

// Plan is what would happen, as a table that people read before they say yes.
type Plan struct {
	Summary   string          `json:"summary"`
	Changes   []PlannedChange `json:"changes"`
	Costs     []string        `json:"costs" doc:"What it costs others."`
	Undo      string          `json:"undo,omitempty" doc:"How it can be taken back, and until when."`
	Nothing   bool            `json:"nothing,omitempty" doc:"There is nothing to do."`
	Tables    []Table         `json:"tables,omitempty" doc:"What was looked at."`
	Hash      string          `json:"hash" doc:"Send it with the start."`
	ExpiresAt time.Time       `json:"expires_at" doc:"After this the plan is too old to be started."`
}

// PlannedChange is one line of a plan.
type PlannedChange struct {
	What  string `json:"what"`
	Now   string `json:"now"`
	After string `json:"after"`
	Count int    `json:"count"`
	Undo  string `json:"undo,omitempty"`
}

// Progress is how far a run is.
type Progress struct {
	Done  int    `json:"done"`
	Total int    `json:"total,omitempty" doc:"Absent when nobody knows."`
	What  string `json:"what"`
}

// Result is what became of a run.
type Result struct {
	Summary string            `json:"summary"`
	Done    bool              `json:"done" doc:"It had its effect."`
	Facts   map[string]any    `json:"facts,omitempty"`
	Tables  []Table           `json:"tables,omitempty"`
	Charts  []Chart           `json:"charts,omitempty"`
	Files   []RunFile         `json:"files,omitempty"`
	Links   map[string]string `json:"links,omitempty"`
	Check   *Finding          `json:"check,omitempty" doc:"Whether it helped, as a look afterwards found; absent when nobody looked."`
}

// Finding is what a look after the run found.
type Finding struct {
	Helped  bool           `json:"helped"`
	Summary string         `json:"summary"`
	Facts   map[string]any `json:"facts,omitempty"`
	Tables  []Table        `json:"tables,omitempty"`
}

// Chart is a result that people look at. Every series has one value for each label.
type Chart struct {
	Title  string   `json:"title"`
	Unit   string   `json:"unit,omitempty"`
	Labels []string `json:"labels"`
	Series []Series `json:"series"`
	Bars   bool     `json:"bars,omitempty" doc:"Bars instead of lines."`
}

// Series is one line of a chart.
type Series struct {
	Name   string    `json:"name"`
	Values []float64 `json:"values"`
}

// RunFile is a file that a run made.
type RunFile struct {
	ID   string `json:"id"`
	Name string `json:"name" example:"export.csv"`
	Type string `json:"type" example:"text/csv"`
	Size int64  `json:"size" doc:"Bytes."`
	Hash string `json:"hash" doc:"SHA-256, hex."`
}

// RunFileContent is such a file with what is in it.
type RunFileContent struct {
	RunFile
	Content []byte `json:"content" doc:"In base64."`
}

// Undo is the way back from a run.
type Undo struct {
	Say   string    `json:"say" doc:"What it would do."`
	Until time.Time `json:"until" doc:"Until when it is offered."`
	By    string    `json:"by,omitempty" doc:"The run that took this one back." example:"RUN-885"`
}

// UndoRun asks for the plan of the way back.
type UndoRun struct {
	Reason string `json:"reason,omitempty" maxLength:"2000" doc:"Why. Required when the action is dangerous."`
}

// Table is a result that people read.
type Table struct {
	Title   string     `json:"title"`
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
}

// Output is lines of a run's output.
type Output struct {
	State string       `json:"state" enum:"planned,waiting,running,succeeded,failed,cancelled,refused,expired,unknown"`
	Lines []OutputLine `json:"lines" doc:"At most about 1,000."`
	Next  int64        `json:"next" doc:"The number of the line to ask for next. More will come while the state is running."`
}

// OutputLine is one line of a run's output.
type OutputLine struct {
	N    int64     `json:"n" doc:"1 is the first."`
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// Kept is something that an action took out of a neighbour, and that is kept.
type Kept struct {
	ID          string            `json:"id"`
	Run         string            `json:"run" doc:"The run's uid."`
	Action      string            `json:"action" example:"queue/park-message"`
	Owner       *Ref              `json:"owner,omitempty" doc:"The team that decides what becomes of it."`
	Kind        string            `json:"kind" example:"rabbitmq.message"`
	Origin      string            `json:"origin" doc:"Where it was." example:"amqp://broker/verity/decisions"`
	Fingerprint string            `json:"fingerprint"`
	Facts       map[string]string `json:"facts,omitempty" doc:"What people recognise it by."`
	State       string            `json:"state" enum:"captured,removed,replayed,dropped" doc:"captured: copied, perhaps still in its place as well; removed: only here; replayed: put back; dropped: its content is gone for good."`
	CapturedAt  time.Time         `json:"captured_at"`
	RemovedAt   time.Time         `json:"removed_at,omitzero"`
	ReplayedAt  time.Time         `json:"replayed_at,omitzero"`
	ExpiresAt   time.Time         `json:"expires_at,omitzero"`
	WarnedAt    time.Time         `json:"warned_at,omitzero" doc:"When it was said that it will be dropped."`
	DroppedAt   time.Time         `json:"dropped_at,omitzero"`
	DroppedBy   *Ref              `json:"dropped_by,omitempty" doc:"The person who let go of it; nobody when its time was over."`
	DropReason  string            `json:"drop_reason,omitempty"`
}

// DropKept lets go of something in quarantine for good.
type DropKept struct {
	Reason string `json:"reason" doc:"Why nobody needs it any more, in a sentence."`
}
