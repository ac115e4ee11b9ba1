package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"frontline/fault"
	"frontline/form"
	"frontline/journal"
	"frontline/people"
)

// InputFile is a file that was given as an input.
type InputFile struct {
	File
	// Open reads its content from the beginning. The file is gone, a NotFound fault, some days after its run.
	Open func(context.Context) (io.ReadCloser, error) `json:"-"`
}

// Upload is a file that somebody gave for an input, before or after a run of the action was planned with it.
type Upload struct {
	File
	Action string
	Input  string
	Owner  string    // the person; only they can plan with it
	Until  time.Time // then it is forgotten
}

// Uploads is where given files lie. store implements it.
type Uploads interface {
	// AddUpload writes the file with its content, read to its end, and returns it with its id, size and hash. An error of decide, which is
	// told how many files of the owner wait, and an error of body leave nothing behind.
	AddUpload(ctx context.Context, u Upload, body io.Reader, decide func(waiting int) error, follows func(Upload) journal.Consequences) (Upload, error)
	// Upload returns a file; NotFound when there is none, or not yet all of it.
	Upload(ctx context.Context, id string) (Upload, error)
	// OpenUpload reads a file's content.
	OpenUpload(ctx context.Context, id string) (io.ReadCloser, error)
	// KeepUploads lets files live until a time at least. It is a Conflict when one is gone.
	KeepUploads(ctx context.Context, ids []string, until time.Time) error
	// ForgetUploads deletes the files whose time was up.
	ForgetUploads(ctx context.Context, now time.Time) error
}

const (
	uploadLife   = 24 * time.Hour // of a file that no run was planned with
	mostWaiting  = 50             // files of one person
	longestName  = 200            // bytes
	usualContent = "application/octet-stream"
)

// UploadRequest says what an uploaded file is for.
type UploadRequest struct {
	Action string
	Input  string
	Name   string // as its owner calls it; folders are cut off
	Type   string // media type; empty when unknown
}

// Upload takes a file for an input, as large as the input permits. Plan is then given its id. Nobody else can plan with it, and it is forgotten
// after a day unless a run was planned.
func (r *Runner) Upload(ctx context.Context, by people.Actor, q UploadRequest, body io.Reader) (Upload, error) {
	d, err := r.runnable(ctx, by, q.Action)
	if err != nil {
		return Upload{}, err
	}
	i := slices.IndexFunc(d.Inputs, func(in form.Input) bool { return in.Name == q.Input && in.Type == form.File })
	if i < 0 {
		return Upload{}, fault.Wrong("input", "The action %s takes no file as %q. Look at its inputs.", d.ID, cut(q.Input, 80))
	}
	if r.Uploads == nil || by.ID == "" {
		return Upload{}, fault.New(fault.Invalid, "Files are given by people, to an installation that keeps them. Sign in, or ask your administrator.")
	}
	in, name := d.Inputs[i], fileName(q.Name)
	kind, _, err := mime.ParseMediaType(q.Type)
	if err != nil {
		kind = usualContent
	}
	if !in.Accepts(name, kind) {
		return Upload{}, fault.Wrong(in.Name, "%s takes %s; this is %s. Choose another file.", in.Title(), strings.Join(in.Accept, ", "), kind)
	}
	u := Upload{File: File{Name: name, Type: kind}, Action: d.ID, Input: in.Name, Owner: by.ID, Until: r.Clock.Now().Add(uploadLife)}
	return r.Uploads.AddUpload(ctx, u, &bounded{from: body, left: in.MaxBytes(), in: in}, fewWaiting, func(u Upload) journal.Consequences {
		return journal.Consequences{Entries: []journal.Entry{journal.Note(by, "action.file_given", journal.Of("action", d.ID), map[string]any{"bytes": u.Size})}}
	})
}

func fewWaiting(waiting int) error {
	if waiting >= mostWaiting {
		return fault.New(fault.TooMany, "You have uploaded %d files today that no run was planned with. Use them, or wait a day.", waiting)
	}
	return nil
}

// fileName is what is left of a name that somebody else chose: its last part, without what a file system or a terminal could take amiss.
func fileName(name string) string {
	name = strings.ToValidUTF8(name, "_")
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || !unicode.IsPrint(c) && c != ' ' || strings.ContainsRune(`<>:"|?*`, c) {
			return '_'
		}
		return c
	}, name))
	for len(name) > longestName { // the ending says what it is, so the beginning is cut
		_, n := utf8.DecodeRuneInString(name)
		name = name[n:]
	}
	if name = strings.TrimLeft(name, ".- "); name == "" {
		return "file"
	}
	return name
}

// bounded reads a body that may not be larger than the input permits.
type bounded struct {
	from io.Reader
	left int64
	in   form.Input
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.from.Read(p[:min(int64(len(p)), b.left+1)])
	if b.left -= int64(n); b.left < 0 {
		return 0, &fault.Error{Kind: fault.TooLarge, Say: tooLarge(b.in), Fields: []fault.Field{{Name: b.in.Name, Say: tooLarge(b.in)}}}
	}
	if known := (*fault.Error)(nil); err != nil && !errors.Is(err, io.EOF) && !errors.As(err, &known) {
		err = fault.Wrap(err, fault.Invalid, "The file did not arrive whole. Send it again.")
	}
	return n, err
}

func tooLarge(in form.Input) string {
	return fmt.Sprintf("%s takes at most %s. Choose a smaller file.", in.Title(), Bytes(in.MaxBytes()))
}

// Bytes is a size as people read it, in units of 1,000.
func Bytes(n int64) string {
	switch {
	case n >= 1e6:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/1e6), ".0") + " MB"
	case n >= 1e3:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/1e3), ".0") + " KB"
	}
	return fmt.Sprintf("%d bytes", n)
}

// uploaded finds the files among checked values, and names those that are not the actor's, or not for this input.
func (r *Runner) uploaded(ctx context.Context, by people.Actor, d Definition, values map[string]any) (map[string]Upload, []fault.Field, error) {
	found, wrong := map[string]Upload{}, []fault.Field(nil)
	for _, in := range d.Inputs {
		id, given := values[in.Name].(string)
		if in.Type != form.File || !given {
			continue
		}
		if r.Uploads == nil {
			return nil, nil, fault.New(fault.Internal, "This installation keeps no files. Report this to your administrator.")
		}
		u, err := r.Uploads.Upload(ctx, id)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, nil, err
		}
		mine := err == nil && u.Input == in.Name && u.Action == d.ID && u.Until.After(r.Clock.Now()) && (u.Owner == by.ID || d.Undoes)
		if !mine {
			wrong = append(wrong, fault.Field{Name: in.Name, Say: "You have given no such file for this input, or it was forgotten. Upload it again."})
			continue
		}
		found[in.Name] = u
	}
	return found, wrong, nil
}

// keepUploads lets the files of a run live for as long as people may ask what became of it.
func (r *Runner) keepUploads(ctx context.Context, d Definition, uploads map[string]Upload) error {
	if len(uploads) == 0 {
		return nil
	}
	ids := []string{}
	for _, name := range slices.Sorted(maps.Keys(uploads)) {
		ids = append(ids, uploads[name].ID)
	}
	return r.Uploads.KeepUploads(ctx, ids, r.Clock.Now().Add(planLife+max(d.Limits.keep(), lookLife)))
}

// inputFile is a file as its run keeps it.
func (r *Runner) inputFile(facts map[string]any) InputFile {
	text := func(name string) string { s, _ := facts[name].(string); return s }
	f := InputFile{File: File{ID: text("id"), Name: text("name"), Type: text("type"), Hash: text("hash")}}
	switch n := facts["size"].(type) {
	case int64:
		f.Size = n
	case float64: // as it comes back from the database
		f.Size = int64(n)
	}
	f.Open = func(ctx context.Context) (io.ReadCloser, error) {
		if r.Uploads == nil {
			return nil, fault.New(fault.Internal, "This installation keeps no files. Report this to your administrator.")
		}
		return r.Uploads.OpenUpload(ctx, f.ID)
	}
	return f
}

// forgetUploads deletes the files that nobody needs any more.
func (r *Runner) forgetUploads(ctx context.Context) error {
	if r.Uploads == nil {
		return nil
	}
	return r.Uploads.ForgetUploads(ctx, r.Clock.Now())
}
