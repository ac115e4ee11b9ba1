package privacy

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"frontline/desk"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// Copies is where what is held about a person is read. store implements it.
type Copies interface {
	// CopyOf reads what is held about a person, files without their bodies. Notes of the desk about their requests are left out unless asked for.
	CopyOf(ctx context.Context, w Whom, notes bool) (Copy, error)
	// Attachment returns a file with its body, or a NotFound fault.
	Attachment(ctx context.Context, id string) (desk.File, error)
}

// Copy is what is held about one person.
type Copy struct {
	MadeAt    time.Time          `json:"made_at"`
	Whom      string             `json:"whom"`
	Person    *people.Person     `json:"person,omitempty"` // as the directory has them
	KnownAs   []desk.Party       `json:"known_as"`
	Requests  []CopiedRequest    `json:"requests"`  // that they asked
	Elsewhere []desk.Message     `json:"elsewhere"` // that they wrote in requests of others
	Drafts    []desk.Draft       `json:"drafts"`
	Follows   []string           `json:"follows"`  // requests, by name
	Sessions  []CopiedAccess     `json:"sessions"` // in which they are signed in
	Tokens    []CopiedAccess     `json:"tokens"`
	Votes     []CopiedVote       `json:"votes"` // about answers
	Given     []CopiedThanks     `json:"thanks_given"`
	Got       []CopiedThanks     `json:"thanks_got"`  // in which they are thanked by name; not what was taken back
	Escalated []CopiedEscalation `json:"escalations"` // what they asked developers, or put a request to
	Pages     []CopiedAttempt    `json:"pages"`       // how they were paged, the newest first
	Done      []journal.Entry    `json:"done"`        // what the journal says that they did
}

// CopiedRequest is a request with all that was said.
type CopiedRequest struct {
	desk.Request
	Called   string         `json:"called"` // R-1042
	Messages []desk.Message `json:"messages"`
	Sends    []desk.Send    `json:"sends,omitempty"`
}

// CopiedAccess is one way in, without what would let anybody in.
type CopiedAccess struct {
	Name   string    `json:"name,omitempty"`   // of a token
	Device string    `json:"device,omitempty"` // of a session
	From   string    `json:"from,omitempty"`   // network address
	MadeAt time.Time `json:"made_at"`
	UsedAt time.Time `json:"used_at,omitzero"`
}

// CopiedVote is what they said about an answer.
type CopiedVote struct {
	Answer string    `json:"answer"` // K-7
	Helped bool      `json:"helped"`
	At     time.Time `json:"at"`
}

// CopiedThanks is a thank you with its reason.
type CopiedThanks struct {
	Called  string          `json:"called"` // T-12
	By      string          `json:"by"`
	To      []string        `json:"to"` // "person liis", "team payments", "action resend-webhooks"
	About   journal.Subject `json:"about,omitzero"`
	Reason  string          `json:"reason,omitempty"` // empty once it was taken off the wall
	At      time.Time       `json:"at"`
	TakenAt time.Time       `json:"taken_at,omitzero"` // off the wall
}

// CopiedEscalation is what somebody asked developers, with what they wrote to them that is still here: the tracker has the rest.
type CopiedEscalation struct {
	Called   string              `json:"called"` // E-7
	By       string              `json:"by"`     // who escalated it: somebody else, when they put a request to it or wrote a comment
	Title    string              `json:"title,omitempty"`
	Text     string              `json:"text,omitempty"` // until it is in the tracker
	Tracker  string              `json:"tracker"`
	Issue    string              `json:"issue,omitempty"`
	Address  string              `json:"address,omitempty"`
	At       time.Time           `json:"at"`
	Requests []string            `json:"requests,omitempty"` // that they put to it, by id
	Skipped  []string            `json:"skipped,omitempty"`  // why they told an asker nothing
	Comments []CopiedDevelopment `json:"comments,omitempty"`
}

// CopiedDevelopment is one comment that somebody wrote for developers.
type CopiedDevelopment struct {
	At    time.Time `json:"at"`
	State string    `json:"state"`
	Text  string    `json:"text,omitempty"` // until it is in the tracker
}

// CopiedAttempt is one try to reach somebody about a page.
type CopiedAttempt struct {
	Page    string    `json:"page"` // P-31
	Channel string    `json:"channel"`
	Address string    `json:"address"`
	State   string    `json:"state"`
	MadeAt  time.Time `json:"made_at"`
	SentAt  time.Time `json:"sent_at,omitzero"`
	Receipt string    `json:"receipt,omitempty"` // what the provider answered
	Error   string    `json:"error,omitempty"`
	Skip    string    `json:"skip,omitempty"` // why it was not needed
}

// Export writes a ZIP archive of all that is held about a person: data.json, and their files. Whoever may erase people may fetch anybody's, with the desk's
// notes; everybody may fetch their own, without. ready is called once before the first byte: afterwards errors can no longer be told.
func (s *Service) Export(ctx context.Context, a people.Actor, ref string, ready func(), to io.Writer) error {
	w, notes, err := s.wanted(ctx, a, ref)
	if err != nil {
		return err
	}
	c, err := s.Copies.CopyOf(ctx, w, notes)
	if err != nil {
		return err
	}
	c.MadeAt, c.Whom = s.Now(), w.Ref
	ready()
	return s.pack(ctx, c, to)
}

// wanted asks the gate about the person whose data somebody wants; the empty ref is the actor.
func (s *Service) wanted(ctx context.Context, a people.Actor, ref string) (w Whom, notes bool, err error) {
	if ref != "" && (a.Kind != people.ByPerson || ref != a.ID) {
		w, _, err = s.Preview(ctx, a, ref)
		return w, true, err
	}
	if err := people.May(a, people.OwnData, topic()); err != nil {
		return w, false, err
	}
	if a.Kind != people.ByPerson || a.ID == "" {
		return w, false, fault.New(fault.Forbidden, "Only a person has data of their own. Say whom you mean.")
	}
	w, err = s.DB.Whom(ctx, a.ID)
	return w, false, err
}

func (s *Service) pack(ctx context.Context, c Copy, to io.Writer) error {
	z := zip.NewWriter(to)
	data, err := z.CreateHeader(&zip.FileHeader{Name: "data.json", Method: zip.Deflate, Modified: c.MadeAt})
	if err != nil {
		return fmt.Errorf("archive of a person: %w", err)
	}
	enc := json.NewEncoder(data)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(c); err != nil {
		return fmt.Errorf("archive of a person: %w", err)
	}
	said := slices.Clone(c.Elsewhere)
	for _, r := range c.Requests {
		said = append(said, r.Messages...)
	}
	for _, m := range said {
		for _, f := range m.Files {
			if err := s.packFile(ctx, z, f, m.At); err != nil {
				return err
			}
		}
	}
	return z.Close()
}

func (s *Service) packFile(ctx context.Context, z *zip.Writer, f desk.File, at time.Time) error {
	f, err := s.Copies.Attachment(ctx, f.ID)
	if fault.Is(err, fault.NotFound) { // it went meanwhile
		return nil
	}
	if err != nil {
		return err
	}
	out, err := z.CreateHeader(&zip.FileHeader{Name: "files/" + f.ID + "-" + f.Name, Method: zip.Deflate, Modified: at})
	if err == nil {
		_, err = out.Write(f.Body)
	}
	return err
}
