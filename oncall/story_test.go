package oncall_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/clock"
	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/oncall"
	"frontline/oncall/oncalltest"
	"frontline/people"
	"frontline/secret"
)

// story is one night at Verity: a pager over a memory, phones and mailboxes, on a clock that the test moves.
type story struct {
	t       *testing.T
	clock   *clock.Moved
	memory  *oncalltest.Memory
	duties  *oncall.Duties
	links   *oncall.Links
	pager   *oncall.Pager
	auditor *oncall.Auditor
	push    *oncalltest.Devices
	mail    *oncalltest.Devices
}

func begin(t *testing.T) *story {
	c := clock.NewMoved(night)
	s := &story{t: t, clock: c, memory: oncalltest.NewMemory(c), push: oncalltest.NewDevices(t, "ntfy"), mail: oncalltest.NewDevices(t, "email")}
	s.duties = oncall.NewDuties(func(context.Context) (oncall.Book, error) { return oncalltest.Verity(), nil }, s.memory)
	s.links = oncall.NewLinks(secret.New("a key that only this test knows"), "https://frontline.verity.example/")
	s.pager = oncall.NewPager(s.memory, s.duties, s.links, c, s.push, s.mail)
	s.auditor = oncall.NewAuditor(s.memory, c, discard())
	return s
}

// settle lets everything happen that is due now.
func (s *story) settle() {
	s.t.Helper()
	s.memory.Settle(s.t, s.pager.Handlers())
}

// pass lets time pass; what is due in between happens at its time.
func (s *story) pass(d time.Duration) {
	s.t.Helper()
	end := s.clock.Now().Add(d)
	for {
		s.settle()
		next, ok := s.memory.Next(s.pager.Handlers())
		if !ok || next.After(end) {
			break
		}
		s.clock.Move(next.Sub(s.clock.Now()))
	}
	s.clock.Move(end.Sub(s.clock.Now()))
	s.push.Quiet()
	s.mail.Quiet()
}

// order is what the wing that owns the subject wants.
func (s *story) order(o oncall.Order) oncall.Page {
	s.t.Helper()
	pages, err := s.memory.CarryOut(s.t.Context(), o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.settle()
	return pages[0]
}

func (s *story) alert(policy string) oncall.Page {
	return s.order(oncall.RaiseOrder(stopped(policy), source))
}

func (s *story) phone(person, words string) oncall.Message {
	s.t.Helper()
	return s.push.Expect("https://push.example/"+person, words)
}

func (s *story) mailbox(person, words string) oncall.Message {
	s.t.Helper()
	return s.mail.Expect(person+"@verity.example", words)
}

// press acknowledges with the button in the message.
func (s *story) press(m oncall.Message) oncall.Page {
	s.t.Helper()
	g, err := s.links.Read(strings.TrimPrefix(m.Buttons[0].URL, "https://frontline.verity.example/p/"), s.clock.Now())
	if err != nil {
		s.t.Fatalf("the button's link: %v", err)
	}
	p, err := s.pager.Acknowledge(s.t.Context(), g.Actor(), g.Page)
	if err != nil {
		s.t.Fatalf("Acknowledge: %v", err)
	}
	s.settle()
	return p
}

func (s *story) page() (oncall.Page, []oncall.Attempt) {
	s.t.Helper()
	p, tries, err := s.memory.Page(s.t.Context(), "P-1")
	if err != nil {
		s.t.Fatal(err)
	}
	return p, tries
}

func (s *story) health() oncall.Health {
	s.t.Helper()
	h, err := s.auditor.Check(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return h
}

const queue = "Decision queue has stopped"

func TestTheSecondPersonIsReachedWhenTheFirstSleeps(t *testing.T) {
	s := begin(t)
	s.alert("critical")
	m := s.phone("karl", queue)
	if m.Page != "P-1" || m.Urgency != oncall.High || !strings.Contains(m.Body, "You are on call for First line until Mon 30 Nov, 08:00.") {
		t.Errorf("Karl's phone shows %+v", m)
	}
	s.pass(2*time.Minute - time.Second)
	s.clock.Move(time.Second)
	s.settle()
	s.mailbox("karl", queue)
	s.pass(3*time.Minute - time.Second)
	s.clock.Move(time.Second)
	s.settle()
	p := s.press(s.phone("aisha", queue))
	if p.State != oncall.Acknowledged || p.AckedBy != "aisha" || p.AckedVia != "link" {
		t.Errorf("the page after Aisha's answer: %+v", p)
	}
	told := s.memory.Jobs("oncall.answered")
	if len(told) != 1 || !strings.Contains(string(told[0].Args), `"subject":{"kind":"group","id":"g1"}`) {
		t.Errorf("the owner of the subject is told %v", told)
	}
	s.pass(29 * time.Minute)
	s.order(oncall.EndOrder(p.Subject, "resolved", source))
	s.pass(24 * time.Hour)
}

func TestTheJournalTellsTheNight(t *testing.T) {
	s := begin(t)
	s.alert("critical")
	p := s.press(s.phone("karl", queue))
	s.order(oncall.EndOrder(p.Subject, "resolved", source))
	var got []string
	for _, e := range s.memory.Entries {
		got = append(got, string(e.Actor.Kind)+" "+e.Verb)
	}
	want := []string{"source page.opened", "system page.step_fired", "system page.attempt_sent", "link page.acknowledged", "source page.ended"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}

func TestAForgottenAcknowledgementPagesAgain(t *testing.T) {
	s := begin(t)
	s.alert("critical")
	s.press(s.phone("karl", queue))
	s.pass(30*time.Minute - time.Second)
	s.clock.Move(time.Second)
	s.settle()
	s.press(s.phone("karl", "still not resolved"))
	s.pass(29 * time.Minute)
}

func TestABrokenPhoneMeansMailAtOnce(t *testing.T) {
	s := begin(t)
	s.push.Fail("https://push.example/karl", fault.New(fault.Invalid, "The topic is gone."))
	s.alert("critical")
	s.press(s.mailbox("karl", queue))
	_, tries := s.page()
	if tries[0].State != oncall.Failed || tries[0].Error != "The topic is gone." || tries[1].State != oncall.Sent || tries[1].Receipt.Detail != "taken" {
		t.Errorf("the ledger: %+v", tries)
	}
	s.pass(10 * time.Minute)
}

func TestAnUnknownChannelMeansTheNextContact(t *testing.T) {
	s := begin(t)
	s.pager = oncall.NewPager(s.memory, s.duties, s.links, s.clock, s.mail)
	s.alert("critical")
	s.press(s.mailbox("karl", queue))
}

func TestAProviderThatIsBusyIsTriedAgain(t *testing.T) {
	s := begin(t)
	s.push.Fail("https://push.example/karl", busy, busy)
	s.alert("critical")
	s.pass(5 * time.Second)
	s.clock.Move(time.Second) // 2 s and then 4 s
	s.settle()
	s.press(s.phone("karl", queue))
}

func TestACrashBetweenSendingAndReceiptSendsAgain(t *testing.T) {
	s := begin(t)
	commits := 0
	s.memory.Break = func() error { // the fourth commit is the receipt: open, step, mark as sending, receipt
		if commits++; commits == 4 {
			return fault.New(fault.Unavailable, "The database is gone.")
		}
		return nil
	}
	s.alert("critical")
	s.phone("karl", queue)
	_, tries := s.page()
	if tries[0].State != oncall.Sending {
		t.Fatalf("after the crash the attempt is %s", tries[0].State)
	}
	s.clock.Move(3 * time.Second)
	s.settle()
	s.press(s.phone("karl", queue))
	if _, tries = s.page(); tries[0].State != oncall.Sent || tries[0].Tries != 2 {
		t.Errorf("ledger: %+v", tries[0])
	}
}

func TestNobodyIsPagedBeforeItIsWrittenDown(t *testing.T) {
	s := begin(t)
	broken := true
	s.memory.Break = func() error {
		if broken {
			return fault.New(fault.Unavailable, "The database is gone.")
		}
		return nil
	}
	if _, err := s.memory.CarryOut(t.Context(), oncall.RaiseOrder(stopped("critical"), source)); err == nil {
		t.Fatal("the page was opened although the commit failed")
	}
	s.settle()
	broken = false
	s.alert("critical")
	s.press(s.phone("karl", queue))
}

func TestWhoTakesOverInTheMiddleIsPaged(t *testing.T) {
	s := begin(t)
	s.alert("critical")
	s.phone("karl", queue)
	marika := person("marika", "screen")
	if _, err := s.duties.TakeOver(t.Context(), person("karl", "screen"), oncall.Override{}, s.clock.Now()); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a supporter overrides the rota: %v", err)
	}
	s.clock.Move(time.Minute)
	o, err := s.duties.TakeOver(t.Context(), marika, oncall.Override{Rotation: "first-line", Person: "wanjiru", From: night, To: night.Add(8 * time.Hour)}, s.clock.Now())
	if err != nil || !o.From.Equal(s.clock.Now()) {
		t.Fatalf("TakeOver = %+v %v; it must begin now and not in the past", o, err)
	}
	s.clock.Move(time.Minute)
	s.settle()
	s.press(s.phone("wanjiru", "You took over First line until Tue 24 Nov, 10:41."))
	if back, err := s.duties.GiveBack(t.Context(), marika, o.ID, s.clock.Now()); err != nil || !back.To.Equal(s.clock.Now()) {
		t.Errorf("GiveBack = %+v %v", back, err)
	}
}

func TestTwoHundredAlertsAreOnePage(t *testing.T) {
	s := begin(t)
	s.alert("critical")
	s.phone("karl", queue)
	for n := 2; n <= 200; n++ {
		o := stopped("critical")
		o.Count = n
		s.order(oncall.RaiseOrder(o, source))
	}
	p, tries := s.page()
	if p.Count != 200 || len(tries) != 2 {
		t.Errorf("%d alerts, %d attempts", p.Count, len(tries))
	}
	if verbs := len(s.memory.Entries); verbs != 3 {
		t.Errorf("repeated alerts move a counter and not the journal: %d entries", verbs)
	}
}

func TestATestPageRingsEverything(t *testing.T) {
	s := begin(t)
	if _, err := s.pager.TestPage(t.Context(), person("nobody", "screen")); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a person without contacts tests: %v", err)
	}
	if _, err := s.pager.TestPage(t.Context(), person("karl", "screen")); err != nil {
		t.Fatal(err)
	}
	s.settle()
	s.phone("karl", "test that you asked for")
	m := s.mailbox("karl", "test that you asked for")
	if _, err := s.pager.Escalate(t.Context(), person("karl", "screen"), "P-1"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a test is escalated: %v", err)
	}
	about := journal.Of("person", "karl")
	if pages, err := s.pager.PagesAbout(t.Context(), person("karl", "screen"), about); err != nil || len(pages) != 1 {
		t.Errorf("Karl sees his test: %v %v", pages, err)
	}
	if pages, err := s.pager.PagesAbout(t.Context(), person("liis", "screen"), about); err != nil || len(pages) != 0 {
		t.Errorf("Liis sees Karl's test: %v %v", pages, err)
	}
	if p := s.press(m); p.State != oncall.Ended {
		t.Errorf("the test is %s", p.State)
	}
	s.pass(time.Hour)
}

func TestAPagedPersonAnswersWhoAsked(t *testing.T) {
	s := begin(t)
	liis := person("liis", "screen")
	incident := people.Subject{Kind: "incident", ID: "i1", Team: "support"}
	if _, err := s.pager.PagePerson(t.Context(), people.Actor{Kind: people.ByPerson, ID: "x", Role: people.Member}, oncall.Asking{Person: "karl", About: incident, Title: "Can you look?"}); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a member pages people: %v", err)
	}
	p, err := s.pager.PagePerson(t.Context(), liis, oncall.Asking{Person: "karl", About: incident, Title: "Can you look?", Body: "Kivi Credit waits."})
	if err != nil {
		t.Fatal(err)
	}
	s.settle()
	s.phone("karl", "Liis Tamm asks for you.")
	if _, err := s.pager.Acknowledge(t.Context(), people.Actor{Kind: people.ByPerson, ID: "karl", Role: people.Member, Via: "screen"}, p.Short()); err != nil {
		t.Errorf("whoever is paged by name may answer, whatever their role: %v", err)
	}
	s.pass(time.Hour)
	if got := s.memory.Jobs("oncall.answered"); len(got) != 0 {
		t.Errorf("the incident is not answered by a page to one person: %v", got)
	}
}

func TestALinkAnswersItsPageOnly(t *testing.T) {
	s := begin(t)
	s.alert("critical")
	s.phone("karl", queue)
	g := oncall.Grant{Page: "page-2", Person: "karl", Purpose: oncall.ToAnswer, Until: night.Add(time.Hour)}
	if _, err := s.pager.Acknowledge(t.Context(), g.Actor(), "page-1"); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a link to another page acknowledges: %v", err)
	}
	if _, _, err := s.pager.Page(t.Context(), g.Actor(), "page-1"); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a link to another page shows this one: %v", err)
	}
	if _, err := s.pager.Acknowledge(t.Context(), people.Anonymous("screen"), "page-1"); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("nobody acknowledges: %v", err)
	}
	bystander := people.Actor{Kind: people.ByPerson, ID: "x", Role: people.Member, Via: "screen"}
	_, tries, err := s.pager.Page(t.Context(), bystander, "P-1")
	if err != nil || len(tries) != 2 || tries[0].Contact.Address != "" || tries[0].Contact.Channel != "ntfy" {
		t.Errorf("everybody sees the ledger without addresses: %+v %v", tries, err)
	}
	if _, err := s.pager.Acknowledge(t.Context(), bystander, "P-1"); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a member whom nobody paged acknowledges: %v", err)
	}
	paged := people.Actor{Kind: people.ByPerson, ID: "karl", Role: people.Member, Via: "screen"}
	if p, err := s.pager.Acknowledge(t.Context(), paged, "P-1"); err != nil || p.AckedBy != "karl" {
		t.Errorf("a member who was paged may answer on the screen too: %+v %v", p, err)
	}
	if p, err := s.pager.AcknowledgeAbout(t.Context(), person("liis", "cli"), journal.Of("group", "g1")); err != nil || p.AckedVia != "cli" {
		t.Errorf("AcknowledgeAbout = %+v %v", p, err)
	}
	if _, err := s.pager.AcknowledgeAbout(t.Context(), person("karl", "cli"), journal.Of("group", "g9")); fault.KindOf(err) != fault.NotFound {
		t.Errorf("AcknowledgeAbout nothing: %v", err)
	}
}

func TestAChannelThatPanicsHasFailed(t *testing.T) {
	s := begin(t)
	s.pager = oncall.NewPager(s.memory, s.duties, s.links, s.clock, exploding{s.push}, s.mail)
	s.alert("critical")
	s.press(s.mailbox("karl", queue))
}

type exploding struct{ *oncalltest.Devices }

func (exploding) Send(context.Context, string, oncall.Message) (oncall.Receipt, error) {
	panic("nil map")
}

// A server that is being stopped while a message is on its way counts no failed try: the message is sent again by whoever comes next.
func TestStoppingWhileSendingCountsAsNothing(t *testing.T) {
	s := begin(t)
	ctx, stop := context.WithCancel(t.Context())
	pager := oncall.NewPager(s.memory, s.duties, s.links, s.clock, stopping{s.push, stop})
	if _, err := s.memory.CarryOut(ctx, oncall.RaiseOrder(stopped("critical"), source)); err != nil {
		t.Fatal(err)
	}
	if err := pager.Step(ctx, oncall.StepArgs{Page: "page-1"}); err != nil {
		t.Fatal(err)
	}
	if err := pager.Deliver(ctx, oncall.DeliverArgs{Page: "page-1", Attempt: "page-1-1"}); err == nil {
		t.Error("a delivery that was interrupted is done")
	}
	if _, tries := s.page(); tries[0].State != oncall.Sending || tries[0].Error != "" {
		t.Errorf("ledger: %+v", tries[0])
	}
	s.settle()
	s.press(s.phone("karl", queue))
}

// What the provider took is written down even when the server is stopped at that moment: otherwise it would be sent again.
func TestAReceiptIsKeptWhileStopping(t *testing.T) {
	s := begin(t)
	ctx, stop := context.WithCancel(t.Context())
	pager := oncall.NewPager(s.memory, s.duties, s.links, s.clock, taking{s.push, stop})
	if _, err := s.memory.CarryOut(ctx, oncall.RaiseOrder(stopped("critical"), source)); err != nil {
		t.Fatal(err)
	}
	if err := pager.Step(ctx, oncall.StepArgs{Page: "page-1"}); err != nil {
		t.Fatal(err)
	}
	if err := pager.Deliver(ctx, oncall.DeliverArgs{Page: "page-1", Attempt: "page-1-1"}); err != nil {
		t.Fatal(err)
	}
	if _, tries := s.page(); tries[0].State != oncall.Sent {
		t.Errorf("ledger: %+v", tries[0])
	}
	s.phone("karl", queue)
}

type taking struct {
	*oncalltest.Devices
	stop context.CancelFunc
}

func (c taking) Send(ctx context.Context, address string, m oncall.Message) (oncall.Receipt, error) {
	defer c.stop()
	return c.Devices.Send(ctx, address, m)
}

type stopping struct {
	*oncalltest.Devices
	stop context.CancelFunc
}

func (s stopping) Send(ctx context.Context, _ string, _ oncall.Message) (oncall.Receipt, error) {
	s.stop()
	<-ctx.Done()
	return oncall.Receipt{}, ctx.Err()
}

func TestEveryKindOfJobIsHandledOrNamed(t *testing.T) {
	s := begin(t)
	var got []string
	for _, h := range s.pager.Handlers() {
		got = append(got, h.Name)
		if h.Tries != 0 || h.Mode != job.AtLeastOnce {
			t.Errorf("%s gives up", h.Name)
		}
	}
	if want := []string{oncall.JobStep().Name, oncall.JobDeliver().Name}; !slices.Equal(got, want) {
		t.Errorf("handlers %v, want %v", got, want)
	}
}
