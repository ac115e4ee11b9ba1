package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"frontline/client"
	"frontline/fault"
	"frontline/secret"
	"frontline/wire"
)

type requestCommands struct {
	List      listRequests     `cmd:"" help:"List requests, newest first."`
	Show      showRequest      `cmd:"" help:"Show a request with its conversation."`
	Similar   similarRequests  `cmd:"" help:"List requests that are like one, with the reason."`
	Types     listRequestTypes `cmd:"" help:"List what one may ask for."`
	New       askDesk          `cmd:"" help:"Ask technical support. Everybody may."`
	Add       addToRequest     `cmd:"" help:"Say more about a request of yours."`
	Reply     replyTo          `cmd:"" help:"Reply to whoever asked. It leaves the desk."`
	Note      noteOn           `cmd:"" help:"Write something that only the desk reads."`
	Accept    acceptRequest    `cmd:"" help:"Take a new request up."`
	Decline   declineRequest   `cmd:"" help:"Refuse a request, with the reason."`
	Duplicate duplicateRequest `cmd:"" help:"Say that another request asks the same, or take that back."`
	Snooze    snoozeRequest    `cmd:"" help:"Take a request out of sight for a while."`
	Set       setRequest       `cmd:"" help:"Change what a request is about, and whose it is."`
	Wait      waitRequest      `cmd:"" help:"Say that the next move is somebody else's, or ours again."`
	Close     closeRequest     `cmd:"" help:"Close a request without another word."`
	Reopen    reopenRequest    `cmd:"" help:"Take a closed request up again."`
	Macros    listMacros       `cmd:"" help:"List usual answers and what goes with them."`
	Macro     useMacro         `cmd:"" help:"Do what a macro says. A reply of it leaves the desk."`
}

type listRequests struct {
	remote
	State    string `help:"Which: ${enum}; live are those not closed." enum:"new,open,waiting,closed,live,all" default:"live"`
	Type     string `help:"Of this type." placeholder:"ID"`
	Team     string `help:"Of this team." placeholder:"ID"`
	Service  string `help:"About this service." placeholder:"ID"`
	Customer string `help:"About this customer." placeholder:"ID"`
	Assignee string `help:"Of this person, me or nobody." placeholder:"ID"`
	Mine     bool   `help:"Only those that you asked or follow."`
	Limit    int    `help:"How many at most." default:"50"`
}

// Run implements the command.
func (c listRequests) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	which := client.Requests{State: c.State, Type: c.Type, Team: c.Team, Service: c.Service, Customer: c.Customer, Assignee: c.Assignee, Mine: c.Mine}
	all, err := some(ctx, c.Limit, func(ctx context.Context, p client.Page) (wire.List[wire.Request], error) {
		return server.Requests(ctx, which, p)
	})
	if err != nil {
		return err
	}
	return c.show(env, all, func(p *paper) {
		if len(all) == 0 {
			p.line("There is no such request.")
			return
		}
		rows := make([][]string, len(all))
		for i, x := range all {
			rows[i] = []string{x.ID, standing(x), cmp.Or(name(x.Assignee), "nobody"), p.when(x.ReceivedAt), x.Asker.Name, x.Title}
		}
		p.table(0, []string{"ID", "STATE", "WITH", "SINCE", "ASKED BY", "WHAT"}, rows)
	})
}

// standing is where a request stands, in a few words.
func standing(r wire.Request) string {
	switch {
	case r.State == "waiting":
		return "waits for " + r.WaitsFor
	case r.State == "closed":
		return "closed, " + strings.ReplaceAll(r.Outcome, "_", " ")
	}
	return r.State
}

type showRequest struct {
	remote
	ID string `arg:"" help:"R-1042."`
}

// Run implements the command.
func (c showRequest) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	r, err := server.Request(ctx, c.ID)
	if err != nil {
		return err
	}
	return c.show(env, r, func(p *paper) {
		p.request(r.Request)
		for _, d := range r.Duplicates {
			p.pair("Duplicate", d.ID+" "+d.Title)
		}
		for _, h := range r.Hanging {
			p.pair("Hangs on it", h.ID+" "+h.Title+", "+standing(h))
		}
		p.head("Conversation")
		for _, m := range r.Said {
			p.message(m, r.Sends)
		}
	})
}

// message adds one part of a conversation; what is internal says so.
func (p *paper) message(m wire.Message, sends []wire.Send) {
	who := name(m.By)
	if m.From != nil {
		who = m.From.Name
	}
	head := map[string]string{"question": who + " asks", "reply": who + " replies", "note": "Internal: " + who}[m.Kind]
	p.line(fmt.Sprintf("%s, %s", head, p.when(m.At)))
	for line := range strings.Lines(m.Body) {
		p.line("  " + strings.TrimRight(line, "\n"))
	}
	for _, f := range m.Files {
		p.line(fmt.Sprintf("  [%s, %d bytes]", f.Name, f.Size))
	}
	for _, s := range sends {
		if s.Message == m.UID {
			p.line("  " + s.To.Name + ": " + map[string]string{"waiting": "on its way", "sent": "delivered", "failed": "did not arrive: " + s.Error}[s.State])
		}
	}
}

// request adds what is so about a request.
func (p *paper) request(r wire.Request) {
	p.title(r.ID, r.Title)
	p.pair("State", standing(r)+", "+r.Priority)
	p.pair("Asked by", r.Asker.Name)
	p.pair("With", name(r.Assignee))
	p.pair("Type", name(r.Type))
	p.pair("Team", name(r.Team))
	p.pair("Service", name(r.Service))
	p.pair("Customer", name(r.Customer))
	p.pair("Received", p.when(r.ReceivedAt))
	p.pair("Due", p.when(r.DueAt))
	p.pair("Closed", p.when(r.ClosedAt))
}

// handled prints a request after a command.
func (r remote) handled(env Env, x wire.Request, err error) error {
	if err != nil {
		return err
	}
	return r.show(env, x, func(p *paper) { p.request(x) })
}

type listRequestTypes struct{ remote }

// Run implements the command.
func (c listRequestTypes) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	all, err := server.RequestTypes(ctx)
	if err != nil {
		return err
	}
	return c.show(env, all.Items, func(p *paper) {
		rows := make([][]string, len(all.Items))
		for i, t := range all.Items {
			var asks []string
			for _, in := range t.Inputs {
				asks = append(asks, in.Name)
			}
			rows[i] = []string{t.ID, t.Title, strings.Join(asks, ", ")}
		}
		p.table(0, []string{"ID", "WHAT", "ASKS FOR"}, rows)
	})
}

type askDesk struct {
	remote
	Title    []string          `arg:"" help:"One line that says what you need."`
	Body     string            `help:"The rest; read from the input when it is left out." placeholder:"TEXT"`
	Type     string            `help:"What sort of request it is; frontline request types lists them." placeholder:"ID"`
	Field    map[string]string `help:"What the type's form asks for, as NAME=VALUE; may be given several times." placeholder:"NAME=VALUE"`
	Service  string            `help:"Which service it is about." placeholder:"ID"`
	Customer string            `help:"Which customer it is about." placeholder:"ID"`
	File     []string          `help:"Attach a file; may be given several times." placeholder:"PATH" type:"existingfile"`
}

// Run implements the command.
func (c askDesk) Run(ctx context.Context, env Env) error {
	var given []string
	if c.Body != "" {
		given = []string{c.Body}
	}
	server, body, files, err := c.writing(env, given, c.File)
	if err != nil {
		return err
	}
	fields := map[string]any{}
	for k, v := range c.Field {
		fields[k] = v
	}
	r, err := server.Ask(ctx, wire.Ask{Key: secret.Random(16), Type: c.Type, Title: strings.Join(c.Title, " "), Body: body, Fields: fields, Service: c.Service, Customer: c.Customer, Files: files})
	return c.handled(env, r, err)
}

// writing opens the server, and reads what is to be said with its files.
func (r remote) writing(env Env, text, paths []string) (server *client.Client, body string, files []wire.NewFile, err error) {
	if server, err = r.open(env); err != nil {
		return nil, "", nil, err
	}
	if body, err = words(env, text); err != nil {
		return nil, "", nil, err
	}
	files, err = attached(paths)
	return server, body, files, err
}

// attached reads files that go with a message.
func attached(paths []string) ([]wire.NewFile, error) {
	var out []wire.NewFile
	for _, path := range paths {
		body, err := os.ReadFile(path)
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "%s cannot be read. Check the path.", path)
		}
		out = append(out, wire.NewFile{Name: filepath.Base(path), Body: body})
	}
	return out, nil
}

type addToRequest struct {
	remote
	ID   string   `arg:"" help:"R-1042."`
	Text []string `arg:"" optional:"" help:"What to say; read from the input when it is left out."`
	File []string `help:"Attach a file; may be given several times." placeholder:"PATH" type:"existingfile"`
}

// Run implements the command.
func (c addToRequest) Run(ctx context.Context, env Env) error {
	server, body, files, err := c.writing(env, c.Text, c.File)
	if err != nil {
		return err
	}
	r, err := server.AddToRequest(ctx, c.ID, wire.Add{Key: secret.Random(16), Body: body, Files: files})
	return c.handled(env, r, err)
}

type replyTo struct {
	remote
	ID      string   `arg:"" help:"R-1042."`
	Text    []string `arg:"" optional:"" help:"What to say; read from the input when it is left out."`
	File    []string `help:"Attach a file; may be given several times." placeholder:"PATH" type:"existingfile"`
	WaitFor string   `help:"Whose the next move is then: asker, developers or others." placeholder:"WHOM"`
	Close   string   `help:"Close it with this: answered, done, action, configured, self_service or fixed." placeholder:"OUTCOME"`
	Size    string   `help:"With --close: how much work it was: s, m, l or xl." placeholder:"SIZE"`
	All     bool     `help:"With --close: whatever hangs on it gets the same words and the same end."`
	about
}

// Run implements the command.
func (c replyTo) Run(ctx context.Context, env Env) error {
	if c.Close == "" && (c.Size != "" || c.All || c.given()) {
		return fault.Wrong("close", "--size, --demand, --none and --all go with --close. Say what became of it.")
	}
	server, body, files, err := c.writing(env, c.Text, c.File)
	if err != nil {
		return err
	}
	to := wire.ReplyTo{Body: body, Files: files, WaitFor: c.WaitFor, All: c.All}
	if c.Close != "" {
		coding, err := c.coding()
		if err != nil {
			return err
		}
		to.Close = &wire.CloseRequest{Outcome: c.Close, Size: c.Size, CodeRequest: coding}
	}
	r, err := server.Reply(ctx, c.ID, to)
	return c.handled(env, r, err)
}

type noteOn struct {
	remote
	ID   string   `arg:"" help:"R-1042."`
	Text []string `arg:"" optional:"" help:"What to write; read from the input when it is left out. Call somebody with @ and their id."`
}

// Run implements the command.
func (c noteOn) Run(ctx context.Context, env Env) error {
	server, body, _, err := c.writing(env, c.Text, nil)
	if err != nil {
		return err
	}
	r, err := server.WriteRequestNote(ctx, c.ID, wire.NoteOn{Body: body})
	return c.handled(env, r, err)
}

type acceptRequest struct {
	remote
	ID string `arg:"" help:"R-1042."`
}

// Run implements the command.
func (c acceptRequest) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	r, err := server.AcceptRequest(ctx, c.ID)
	return c.handled(env, r, err)
}

type declineRequest struct {
	remote
	ID     string   `arg:"" help:"R-1042."`
	Reason []string `arg:"" optional:"" help:"Why; the asker reads it. Read from the input when it is left out."`
}

// Run implements the command.
func (c declineRequest) Run(ctx context.Context, env Env) error {
	server, reason, _, err := c.writing(env, c.Reason, nil)
	if err != nil {
		return err
	}
	r, err := server.DeclineRequest(ctx, c.ID, wire.Decline{Reason: reason})
	return c.handled(env, r, err)
}

type duplicateRequest struct {
	remote
	ID   string `arg:"" help:"R-1042, the duplicate."`
	Of   string `arg:"" optional:"" help:"R-1041, which asks the same."`
	Undo bool   `help:"Take it back: the request is again what it was."`
}

// Run implements the command.
func (c duplicateRequest) Run(ctx context.Context, env Env) error {
	if (c.Of == "") != c.Undo {
		return fault.Wrong("of", "Name the request that asks the same, or give --undo.")
	}
	server, err := c.open(env)
	if err != nil {
		return err
	}
	var r wire.Request
	if c.Undo {
		r, err = server.NotDuplicate(ctx, c.ID)
	} else {
		r, err = server.DuplicateRequest(ctx, c.ID, wire.Other{Request: c.Of})
	}
	return c.handled(env, r, err)
}

type snoozeRequest struct {
	remote
	ID  string        `arg:"" help:"R-1042."`
	For time.Duration `help:"How long, such as 2h." required:""`
}

// Run implements the command.
func (c snoozeRequest) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	r, err := server.SnoozeRequest(ctx, c.ID, wire.SnoozeUntil{Until: env.Clock.Now().Add(c.For)})
	return c.handled(env, r, err)
}

type setRequest struct {
	remote
	ID       string  `arg:"" help:"R-1042."`
	Title    *string `help:"What it is about, in one line." placeholder:"TEXT"`
	Priority *string `help:"low, normal, high or urgent." placeholder:"WORD"`
	Type     *string `help:"What sort of request it is." placeholder:"ID"`
	Team     *string `help:"Which team works on it." placeholder:"ID"`
	Service  *string `help:"Which service it is about; nothing for none." placeholder:"ID"`
	Customer *string `help:"Which customer it is about; nothing for none." placeholder:"ID"`
	Assignee *string `help:"Whose it is: a person's id, me, or nothing for nobody." placeholder:"ID"`
}

// Run implements the command.
func (c setRequest) Run(ctx context.Context, env Env) error {
	to := wire.ChangeRequest{Title: c.Title, Priority: c.Priority, Type: c.Type, Team: c.Team, Service: c.Service, Customer: c.Customer, Assignee: c.Assignee}
	if to == (wire.ChangeRequest{}) {
		return fault.New(fault.Invalid, "Say what to change: --title, --priority, --type, --team, --service, --customer or --assignee.")
	}
	server, err := c.open(env)
	if err != nil {
		return err
	}
	r, err := server.ChangeRequest(ctx, c.ID, to)
	return c.handled(env, r, err)
}

type waitRequest struct {
	remote
	ID   string `arg:"" help:"R-1042."`
	Whom string `arg:"" help:"asker, developers or others; us when it is our move again." enum:"asker,developers,others,us"`
}

// Run implements the command.
func (c waitRequest) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	var r wire.Request
	if c.Whom == "us" {
		r, err = server.ResumeRequest(ctx, c.ID)
	} else {
		r, err = server.WaitRequest(ctx, c.ID, wire.WaitFor{Whom: c.Whom})
	}
	return c.handled(env, r, err)
}

type closeRequest struct {
	remote
	ID      string `arg:"" help:"R-1042."`
	Outcome string `arg:"" help:"What became of it: answered, done, action, configured, self_service or fixed."`
	Size    string `help:"How much work it was: s, m, l or xl." placeholder:"SIZE"`
	about
}

// Run implements the command.
func (c closeRequest) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	coding, err := c.coding()
	if err != nil {
		return err
	}
	r, err := server.CloseRequest(ctx, c.ID, wire.CloseRequest{Outcome: c.Outcome, Size: c.Size, CodeRequest: coding})
	return c.handled(env, r, err)
}

type reopenRequest struct {
	remote
	ID string `arg:"" help:"R-1042."`
}

// Run implements the command.
func (c reopenRequest) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	r, err := server.ReopenRequest(ctx, c.ID)
	return c.handled(env, r, err)
}
