package wire

import "time"

// Request is something a person asks technical support for.
type Request struct {
	ID           string         `json:"id" example:"R-1042"`
	UID          string         `json:"uid"`
	Title        string         `json:"title"`
	State        string         `json:"state" enum:"new,open,waiting,closed"`
	WaitsFor     string         `json:"waits_for,omitempty" enum:"asker,developers,others"`
	Outcome      string         `json:"outcome,omitempty" enum:"answered,done,action,configured,self_service,fixed,declined,duplicate"`
	Priority     string         `json:"priority" enum:"low,normal,high,urgent"`
	Size         string         `json:"size,omitempty" enum:"s,m,l,xl" doc:"How much work it felt like to whoever closed it."`
	Type         *Ref           `json:"type,omitempty"`
	Team         *Ref           `json:"team,omitempty"`
	Service      *Ref           `json:"service,omitempty"`
	Customer     *Ref           `json:"customer,omitempty"`
	Fields       map[string]any `json:"fields,omitempty" doc:"What the type's form asked for."`
	Asker        Party          `json:"asker"`
	Assignee     *Ref           `json:"assignee,omitempty"`
	Watchers     []Ref          `json:"watchers"`
	Channel      string         `json:"channel" example:"mail"`
	DuplicateOf  string         `json:"duplicate_of,omitempty" doc:"The uid of the request whose conversation it shares."`
	Problem      string         `json:"problem,omitempty" doc:"The uid of the request whose solution answers it."`
	ReceivedAt   time.Time      `json:"received_at"`
	FirstReplyAt time.Time      `json:"first_reply_at,omitzero"`
	AskedAt      time.Time      `json:"asked_at,omitzero" doc:"Since when the asker waits for words of ours."`
	SnoozedUntil time.Time      `json:"snoozed_until,omitzero"`
	DueAt        time.Time      `json:"due_at,omitzero"`
	ClosedAt     time.Time      `json:"closed_at,omitzero"`
	Messages     int            `json:"messages" doc:"How many there are. Send it with a reply to be told when something new was said."`
	Version      int64          `json:"version" doc:"Counts the edits. Send it with an edit to be told when somebody was faster."`
}

// Party is somebody who asks.
type Party struct {
	Person string `json:"person,omitempty" example:"wanjiru"`
	Name   string `json:"name" example:"Wanjiru Kamau"`
	Mail   string `json:"mail,omitempty" example:"wanjiru.kamau@verity.example"`
}

// RequestShown is a request with all that was said about it.
type RequestShown struct {
	Request
	Said       []Message `json:"said" doc:"Oldest first, together with what was said in its duplicates. Notes only for whoever works on requests."`
	Sends      []Send    `json:"sends" doc:"What became of the replies on their way."`
	Duplicates []Request `json:"duplicates"`
	Hanging    []Request `json:"hanging" doc:"Requests that its solution answers."`
}

// Message is one part of a conversation.
type Message struct {
	UID     string       `json:"uid"`
	Kind    string       `json:"kind" enum:"question,reply,note"`
	By      *Ref         `json:"by,omitempty" doc:"A person of ours."`
	From    *Party       `json:"from,omitempty" doc:"Who asked."`
	At      time.Time    `json:"at"`
	Body    string       `json:"body"`
	Cut     string       `json:"cut,omitempty" doc:"What was taken out of it: quoted mail and a signature."`
	Channel string       `json:"channel"`
	Files   []Attachment `json:"files"`
}

// Attachment is a file that belongs to a message.
type Attachment struct {
	UID  string `json:"uid"`
	Name string `json:"name"`
	Type string `json:"type"`
	Size int64  `json:"size"`
}

// Send is one reply to one party over one channel.
type Send struct {
	Message string    `json:"message" doc:"The uid of the message."`
	To      Party     `json:"to"`
	Channel string    `json:"channel"`
	State   string    `json:"state" enum:"waiting,sent,failed"`
	Receipt string    `json:"receipt,omitempty"`
	Error   string    `json:"error,omitempty"`
	At      time.Time `json:"at"`
}

// RequestType is a kind of request in the asker's words.
type RequestType struct {
	ID     string  `json:"id"`
	Title  string  `json:"title"`
	Help   string  `json:"help,omitempty"`
	Team   *Ref    `json:"team,omitempty"`
	Inputs []Input `json:"inputs"`
}

// Ask is a new request.
type Ask struct {
	Key      string         `json:"key,omitempty" maxLength:"200" doc:"Yours, for this one question: the same key again is the same request."`
	Type     string         `json:"type,omitempty" maxLength:"100"`
	Title    string         `json:"title" maxLength:"2000"`
	Body     string         `json:"body" maxLength:"200000"`
	Fields   map[string]any `json:"fields,omitempty"`
	Service  string         `json:"service,omitempty" maxLength:"100"`
	Customer string         `json:"customer,omitempty" maxLength:"100"`
	Files    []NewFile      `json:"files,omitempty" maxItems:"20"`
}

// NewFile is a file to attach.
type NewFile struct {
	Name string `json:"name" maxLength:"300"`
	Body []byte `json:"body" doc:"Base64."`
}

// Add is more about a request, from somebody who takes part.
type Add struct {
	Key   string    `json:"key,omitempty" maxLength:"200"`
	Body  string    `json:"body" maxLength:"200000"`
	Files []NewFile `json:"files,omitempty" maxItems:"20"`
}

// ReplyTo are words for whoever asked.
type ReplyTo struct {
	Body     string        `json:"body" maxLength:"200000"`
	Files    []NewFile     `json:"files,omitempty" maxItems:"20"`
	Messages int           `json:"messages,omitempty" doc:"How many messages you had seen; the reply is refused when there are more."`
	WaitFor  string        `json:"wait_for,omitempty" enum:"asker,developers,others"`
	Close    *CloseRequest `json:"close,omitempty"`
	All      bool          `json:"all,omitempty" doc:"With close: whatever hangs on the request gets the same words and the same end."`
}

// CloseRequest is what a request is closed with.
type CloseRequest struct {
	Outcome string `json:"outcome" enum:"answered,done,action,configured,self_service,fixed"`
	Size    string `json:"size,omitempty" enum:"s,m,l,xl"`
	CodeRequest
}

// Macro is a usual answer and what goes with it.
type Macro struct {
	ID      string `json:"id" example:"known"`
	Title   string `json:"title"`
	Team    *Ref   `json:"team,omitempty" doc:"Whose it is; everybody's when absent."`
	Reply   string `json:"reply,omitempty" doc:"With {asker}, {customer}, {request} and {me}, which are filled in."`
	Note    string `json:"note,omitempty"`
	WaitFor string `json:"wait_for,omitempty" enum:"asker,developers,others"`
	Close   string `json:"close,omitempty" enum:"answered,done,action,configured,self_service,fixed"`
	CodeRequest
}

// UseMacro names a macro; demands, or none, stand over those of the macro.
type UseMacro struct {
	Macro string `json:"macro" maxLength:"100" example:"known"`
	CodeRequest
}

// NoteOn is something that only the desk reads.
type NoteOn struct {
	Body  string    `json:"body" maxLength:"200000"`
	Files []NewFile `json:"files,omitempty" maxItems:"20"`
}

// Decline is why a request is refused; the asker reads it.
type Decline struct {
	Reason string `json:"reason" maxLength:"20000"`
}

// Other names another request.
type Other struct {
	Request string `json:"request" maxLength:"100" example:"R-1042"`
}

// SnoozeUntil takes a request out of sight.
type SnoozeUntil struct {
	Until time.Time `json:"until"`
}

// WaitFor says whose the next move is.
type WaitFor struct {
	Whom string `json:"whom" enum:"asker,developers,others"`
}

// ChangeRequest is what to change; what is absent stays.
type ChangeRequest struct {
	Title    *string `json:"title,omitempty" maxLength:"2000"`
	Priority *string `json:"priority,omitempty" enum:"low,normal,high,urgent"`
	Type     *string `json:"type,omitempty" maxLength:"100"`
	Team     *string `json:"team,omitempty" maxLength:"100"`
	Service  *string `json:"service,omitempty" maxLength:"100" doc:"Empty for none."`
	Customer *string `json:"customer,omitempty" maxLength:"100" doc:"Empty for none."`
	Assignee *string `json:"assignee,omitempty" maxLength:"100" doc:"A person, me, or empty for nobody."`
	Version  int64   `json:"version,omitempty"`
}
