package web

import (
	"context"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"frontline/desk"
	"frontline/fault"
	inputs "frontline/form"
)

// askScreen is where anybody asks: the types in their own words, then the form of the one that they chose.
type askScreen struct {
	head
	Cards   []askCard
	Kind    string
	Chosen  string // the type's title; empty while none is chosen
	Help    string
	Writing bool // the form is shown
	Form    form
	Team    string
	Kept    string // how long what is written here is kept; empty when its type says nothing
}

// askCard is one type of request.
type askCard struct{ Title, Help, Path, Team string }

// other is the type that asks for nothing more.
const otherType = desk.OtherType

func (s *Server) showAsk(w http.ResponseWriter, r *http.Request, v *visit) error {
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	id := r.URL.Query().Get("type")
	kind, known := chosenType(book, id)
	if id != "" && id != otherType && !known {
		return fault.New(fault.NotFound, "There is no such type of request any more. Choose another one.")
	}
	f := askForm(book, kind)
	for _, name := range []string{"title", "text"} {
		f = f.with(name, r.URL.Query().Get(name))
	}
	return s.show(w, r, v, http.StatusOK, "ask", askScreenOf(book, id, kind, f))
}

// chosenType finds one that may be chosen now: a retired one may not.
func chosenType(book Book, id string) (desk.Type, bool) {
	for _, t := range book.RequestTypes() {
		if t.ID == id {
			return t, true
		}
	}
	return desk.Type{}, false
}

func askScreenOf(book Book, id string, kind desk.Type, f form) askScreen {
	scr := askScreen{head: head{Title: "Ask", Wing: "/requests", Trail: trail("Requests", "/requests", "Ask")}, Kind: id, Chosen: kind.Title, Help: kind.Help, Form: f,
		Team: teamName(book, kind.Team)}
	if kind.Keep > 0 {
		scr.Kept = keptFor(kind.Keep)
	}
	for _, t := range book.RequestTypes() {
		scr.Cards = append(scr.Cards, askCard{t.Title, t.Help, "/requests/new?" + url.Values{"type": {t.ID}}.Encode(), teamName(book, t.Team)})
	}
	scr.Writing = id != "" || len(scr.Cards) == 0
	if scr.Writing {
		scr.Trail = trail("Requests", "/requests", "Ask", "/requests/new", orOther(kind.Title))
		scr.Title = orOther(kind.Title)
	}
	return scr
}

func orOther(title string) string {
	if title == "" {
		return "Something else"
	}
	return title
}

// askForm is what is asked: the title, what the type wants to know, the words.
func askForm(book Book, kind desk.Type) form {
	f := form{Files: true, Fields: []field{{Name: "title", Label: "In one line", Hint: "As you would say it to a colleague.", Autocomplete: "off", Focus: true}}}
	for _, in := range kind.Inputs {
		x := inputField(kind.Inputs, in)
		x.Finds = false // the whole list stands in the select
		switch in.Type {
		case inputs.Customer:
			x.Options = append([]option{{Label: "Choose"}}, customerOptions(book)...)
		case inputs.Service:
			x.Options = append([]option{{Label: "Choose"}}, serviceOptions(book)...)
		}
		f.Fields = append(f.Fields, x)
	}
	if kind.ID == "" || !slices.ContainsFunc(kind.Inputs, func(in inputs.Input) bool { return in.Type == inputs.Service }) && kind.Service == "" {
		f.Fields = append(f.Fields, field{Name: "service", Label: "What is it about?", Kind: "select", Optional: true, Options: append([]option{{Label: "I do not know"}}, serviceOptions(book)...)})
	}
	return f.plus(field{Name: "text", Label: "What happens, and what did you expect?", Hint: "Names, numbers, addresses and times help most.", Kind: "area"}, filesField())
}

func filesField() field {
	return field{Name: "file", Label: "Files", Kind: "files", Optional: true, Hint: "Pictures of the screen, exports, logs. At most " + strconv.Itoa(desk.MostFiles) + ", each up to " + strconv.Itoa(desk.LargestFile>>20) + " MB."}
}

// plus returns the form with more fields.
func (f form) plus(more ...field) form {
	f.Fields = append(slices.Clone(f.Fields), more...)
	return f
}

// askRequest takes a question of the screen in.
func (s *Server) askRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	posted, files, err := wordsPosted(w, r)
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	id := posted.Get("type")
	kind, _ := chosenType(book, id)
	m := desk.Incoming{Arrival: desk.Arrival{Channel: "screen", Ref: posted.Get("once")}, Type: kind.ID, Title: posted.Get("title"), Body: posted.Get("text"), Service: posted.Get("service"), Files: files}
	if len(kind.Inputs) > 0 {
		m.Fields = inputs.Posted(kind.Inputs, inputPrefix, posted)
	}
	if kind.ID == "" && id != "" && id != otherType {
		m.Type = id // it was retired meanwhile: the domain says so
	}
	if len(files) == 0 { // a browser would not send them twice
		if shown, err := s.offerAnswers(w, r, v, posted); shown || err != nil {
			return err
		}
	}
	req, _, err := s.deps.Requests.Ask(r.Context(), v.Actor, m)
	if err != nil {
		return s.again(w, r, v, "ask", askForm(book, kind).typed(posted), askedWrong(kind, err), func(f form) (screen, error) { return askScreenOf(book, id, kind, withFilesAgain(f, files)), nil })
	}
	say := "is with " + teamName(book, req.Team) + "."
	if req.Team == "" {
		say = "is with the desk."
	}
	return s.done(w, r, "/requests/"+req.Name(), req.Name()+" "+say+" You read the answer here.")
}

// withFilesAgain says that a browser does not keep files.
func withFilesAgain(f form, files []desk.File) form {
	if len(files) == 0 {
		return f
	}
	f.Fields = slices.Clone(f.Fields)
	for i := range f.Fields {
		if f.Fields[i].Kind == "files" && f.Fields[i].Wrong == "" {
			f.Fields[i].Wrong = "Choose the files again: a browser does not keep them."
		}
	}
	return f
}

// askedWrong gives the fields of a fault the names that they have in the form.
func askedWrong(kind desk.Type, err error) error {
	fields := fault.FieldsOf(err)
	if len(fields) == 0 {
		return err
	}
	out := &fault.Error{Kind: fault.KindOf(err), Say: fault.Sentence(err), Cause: err}
	for _, f := range fields {
		name := strings.TrimPrefix(f.Name, "inputs.")
		switch {
		case slices.ContainsFunc(kind.Inputs, func(in inputs.Input) bool { return in.Name == name }):
			f.Name = inputPrefix + name
		case f.Name == "files":
			f.Name = "file"
		}
		out.Fields = append(out.Fields, f)
	}
	return out
}

// What one form with files may weigh, in bytes.
const (
	wordsLimit = 1 << 20
	filesLimit = 48 << 20
)

// wordsPosted reads a form that may have files.
func wordsPosted(w http.ResponseWriter, r *http.Request) (url.Values, []desk.File, error) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		return r.PostForm, nil, nil
	}
	r.Body = http.MaxBytesReader(w, r.Body, filesLimit)
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, nil, fault.Wrap(err, fault.Invalid, "What was sent could not be read as a form. Go back and send it again.")
	}
	posted, files, room := url.Values{}, []desk.File(nil), int64(wordsLimit)
	for {
		p, err := parts.NextPart()
		if err == io.EOF {
			r.PostForm = posted
			return posted, files, nil
		}
		if err != nil {
			return nil, nil, fault.Wrap(err, fault.TooLarge, "What was sent is more than %d MB together, or it broke off. Put large files where the team can fetch them.", filesLimit>>20)
		}
		limit := room
		if p.FileName() != "" {
			limit = desk.LargestFile
		}
		raw, err := io.ReadAll(io.LimitReader(p, limit+1))
		switch {
		case err != nil:
			return nil, nil, fault.Wrap(err, fault.TooLarge, "What was sent is more than %d MB together, or it broke off. Put large files where the team can fetch them.", filesLimit>>20)
		case p.FileName() != "" && len(files) <= desk.MostFiles:
			files = append(files, desk.File{Name: p.FileName(), Body: raw}) // one that is too large is refused by name
		case p.FormName() == "file": // no file was chosen
		case int64(len(raw)) > room:
			return nil, nil, fault.New(fault.TooLarge, "That is more than %d KB of text. Shorten it and send it again.", wordsLimit>>10)
		default:
			room -= int64(len(raw))
			posted.Add(p.FormName(), string(raw))
		}
	}
}

// requestFile sends an attachment, always as a download: a browser must not run what somebody from outside has sent. A picture is shown
// small in the conversation, which a download can be.
func (s *Server) requestFile(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := s.deps.Requests.Attachment(r.Context(), v.Actor, r.PathValue("file"))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", safeType(f.Type))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "private, max-age=3600")
	h.Set("Content-Length", strconv.Itoa(len(f.Body)))
	_, err = w.Write(f.Body)
	return err
}

// safeType is the media type under which a file is sent: what a browser cannot run, and otherwise only bytes.
func safeType(found string) string {
	kind, _, _ := strings.Cut(found, ";")
	if picture(kind) {
		return kind
	}
	return "application/octet-stream"
}

// picture says whether a media type is an image that holds no program.
func picture(kind string) bool {
	return slices.Contains([]string{"image/png", "image/jpeg", "image/gif", "image/webp"}, kind)
}

func fileViewOf(request string, f desk.File) fileView {
	return fileView{Name: f.Name, Path: "/requests/" + request + "/files/" + f.ID, Small: fileSize(f.Size), Image: picture(f.Type)}
}

func fileSize(n int64) string {
	switch {
	case n >= 1<<20:
		return strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64) + " MB"
	case n >= 1<<10:
		return strconv.FormatInt(n>>10, 10) + " KB"
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// askedRow is one of the requests that a person asked.
type askedRow struct {
	State state
	Name  string
	Path  string
	Title string
	Small string
	At    moment
}

type askedScreen struct {
	head
	Rows  []askedRow
	Tabs  []tab
	Pager pager
	Blank blank
}

// showAsked is what the person asked or follows, the newest first.
func (s *Server) showAsked(w http.ResponseWriter, r *http.Request, v *visit) error {
	scr := askedScreen{head: head{Title: "What you asked", Wing: "/requests", Topics: topics("request", "")},
		Blank: newBlank("You have not asked anything yet", "Ask technical support and every other team here. The answer comes back here, and by mail.", "Ask something", "/requests/new")}
	if mayWorkRequests(v.Actor) {
		var err error
		scr.Trail = trail("Requests", "/requests", "What you asked")
		if scr.Tabs, err = s.requestTabs(r.Context(), v, "mine", false); err != nil {
			return err
		}
	}
	q := r.URL.Query()
	f := desk.Filter{Follows: v.Actor.ID, After: placeOf(q.Get("after")), Limit: pageSize + 1}
	found, err := s.deps.Requests.Requests(r.Context(), v.Actor, f)
	if err != nil {
		return err
	}
	more := len(found) > pageSize
	found = found[:min(len(found), pageSize)]
	if scr.Rows, err = s.askedRows(r.Context(), v, found); err != nil {
		return err
	}
	scr.Pager = pager{Of: "requests", Say: plural(len(found), "request", "requests") + " shown"}
	if more {
		scr.Pager.Older = listPath(url.Values{"mine": {""}}, "after", placeWord(found[len(found)-1]))
	}
	if f.After.Number != 0 {
		scr.Pager.Newer = "/requests?mine"
	}
	return s.show(w, r, v, http.StatusOK, "asked", scr)
}

func (s *Server) askedRows(ctx context.Context, v *visit, found []desk.Request) ([]askedRow, error) {
	book, err := s.deps.Book(ctx)
	if err != nil {
		return nil, err
	}
	asked, err := s.askersOf(ctx, v, found)
	if err != nil {
		return nil, err
	}
	var out []askedRow
	for _, r := range found {
		row := askedRow{State: askedState(r), Name: r.Name(), Path: "/requests/" + r.Name(), Title: r.Title, At: v.at(r.ReceivedAt)}
		var small []string
		if p := asked[r.Asker]; p.Person != v.Actor.ID {
			small = append(small, "asked by "+p.Shown())
		}
		if r.Open() && r.Assignee != "" {
			small = append(small, book.Name("person", r.Assignee)+" has it")
		} else if r.Open() && r.Team != "" {
			small = append(small, "with "+teamName(book, r.Team))
		}
		row.Small = strings.Join(small, ", ")
		out = append(out, row)
	}
	return out, nil
}

// askedState is where a request stands, in the words of whoever asked.
func askedState(r desk.Request) state {
	switch {
	case r.State == desk.New:
		return newState("calm", "Received", "check")
	case r.State == desk.Waiting && r.WaitsFor == desk.Asker:
		return newState("warning", "Waits for you", "talk")
	case r.State == desk.Waiting && r.WaitsFor == desk.Developers:
		return newState("calm", "With developers", "up")
	case r.State == desk.Waiting:
		return newState("calm", "Waits for somebody else", "clock")
	case r.State == desk.Open:
		return newState("open", "Being worked on", "live")
	}
	return outcomeState(r.Outcome)
}

func addForm(r desk.Request) form {
	label := "Add something"
	switch {
	case !r.Open():
		label = "Not solved? Say what is missing"
	case r.State == desk.Waiting && r.WaitsFor == desk.Asker:
		label = "Your answer"
	}
	return form{Files: true, Fields: []field{{Name: "text", Label: label, Kind: "area"}, filesField()}}
}

// addToRequest is more from whoever asked. "Not solved" without a word says just that.
func (s *Server) addToRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	posted, files, err := wordsPosted(w, r)
	if err != nil {
		return err
	}
	body := posted.Get("text")
	if strings.TrimSpace(body) == "" && posted.Get("not") != "" {
		body = "This is not solved."
	}
	req, err := s.deps.Requests.Add(r.Context(), v.Actor, r.PathValue("ref"), desk.Incoming{Arrival: desk.Arrival{Channel: "screen"}, Body: body, Files: files})
	if err == nil {
		return s.requestDone(w, r, req, "has your words. You read the answer here.")
	}
	f, ok := addForm(req).typed(posted).refused(askedWrong(desk.Type{}, err))
	if !ok {
		return err
	}
	return s.request(w, r, v, formStatus(err), func(scr *requestScreen) {
		f.Fields[0].Label = scr.Add.Fields[0].Label
		scr.Add = withFilesAgain(f, files)
	})
}

func (s *Server) solvedRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	req, err := s.deps.Requests.Solved(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	return s.requestDone(w, r, req, "is solved. Thank you for saying so.")
}
