package e2e

import (
	"context"
	"fmt"
	"net/smtp"
	"slices"
	"strings"
	"testing"
	"time"

	"frontline/desk"
	"frontline/e2e/neighbour"
	"frontline/e2e/verity"
	"frontline/people"
)

// post sends one mail to the desk, as the company's own mail server would.
func post(t *testing.T, d *verity.Desk, from, to string, lines ...string) error {
	t.Helper()
	return smtp.SendMail(d.App.MailIn(), nil, from, []string{to}, []byte(strings.Join(lines, "\r\n")+"\r\n"))
}

// Somebody writes a mail, gets an answer in the same thread, answers it, thanks, and nothing of ours that is internal is in any of it.
func TestDeskByMail(t *testing.T) {
	d := verity.Open(t, verity.Options{})
	ask := []string{"From: Kaisa Org <kaisa@nordpank.example>", "To: support@verity.example", "Subject: No webhooks since 10:40", "Message-ID: <1@nordpank.example>",
		"Content-Type: text/plain; charset=utf-8", "", "Our agents see pending for everybody."}
	for range 2 { // the sender did not hear our answer and comes again
		if err := post(t, d, "kaisa@nordpank.example", "support@verity.example", ask...); err != nil {
			t.Fatal(err)
		}
	}
	liis := people.Actor{Kind: people.ByPerson, ID: "liis", Name: "Liis Tamm", Role: people.Support, Teams: []string{"support"}, Via: "screen"}
	all, err := d.App.Desk().Requests(t.Context(), liis, desk.Filter{})
	if err != nil || len(all) != 1 || all[0].Title != "No webhooks since 10:40" || all[0].Said != 1 {
		t.Fatalf("one mail that came twice: %+v %v", all, err)
	}
	r := all[0]
	if _, err = d.App.Desk().WriteNote(t.Context(), liis, r.Name(), desk.Words{Body: "A secret of ours."}); err != nil {
		t.Fatal(err)
	}
	if _, err = d.App.Desk().Reply(t.Context(), liis, r.Name(), desk.Words{Body: "One broken message held the rest. It is out.", Then: desk.Then{Close: &desk.Ending{Outcome: desk.ByAction}}}); err != nil {
		t.Fatal(err)
	}
	d.Settle()
	answer, err := d.Mail.WaitMail(t.Context(), "kaisa@nordpank.example")
	if err != nil {
		t.Fatal(err)
	}
	replyTo, _ := answer.Header.AddressList("Reply-To")
	before, _ := answer.Header.MsgIDList("In-Reply-To")
	if answer.Subject != "Re: No webhooks since 10:40 ["+r.Name()+"]" || !strings.Contains(answer.Text, "It is out.") || strings.Contains(string(answer.Raw), "secret") ||
		len(replyTo) != 1 || replyTo[0].Address != "support@verity.example" || !slices.Equal(before, []string{"1@nordpank.example"}) {
		t.Fatalf("the answer: %s", answer.Raw)
	}
	id, _ := answer.Header.MessageID()
	again := func(n, subject, automatic, text string) desk.Request {
		t.Helper()
		if err := post(t, d, "kaisa@nordpank.example", "support@verity.example", "From: kaisa@nordpank.example", "Subject: "+subject, "Message-ID: <"+n+"@nordpank.example>",
			"In-Reply-To: <"+id+">", "Auto-Submitted: "+automatic, "", text); err != nil {
			t.Fatal(err)
		}
		got, err := d.App.Desk().Request(t.Context(), liis, r.Name())
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := again("2", "Re: anything", "no", "Thank you very much!"); got.State != desk.Closed || got.Said != 4 {
		t.Errorf("after thanks: %s with %d messages, want closed with 4", got.State, got.Said)
	}
	if got := again("3", "Away until Monday", "auto-replied", "I am away. Call Pau."); got.State != desk.Closed || got.Said != 5 {
		t.Errorf("after a note that she is away: %s with %d messages, want closed with 5", got.State, got.Said)
	}
	if got := again("4", "Re: anything", "no", "It happens again. Can you look?"); got.State != desk.Open || got.Said != 6 {
		t.Errorf("after more: %s with %d messages, want open with 6", got.State, got.Said)
	}
	if got := again("5", "Re: anything", "no", "Only for new sessions, from 10:40 on.\r\n\r\nBest regards,\r\nKaisa Org\r\nHead of operations\r\n\r\nOn Tue, 24 Nov 2026 at 09:12, Verity support <support@verity.example> wrote:\r\n> One broken message held the rest. It is out."); got.Said != 7 {
		t.Errorf("after a mail with a quote: %d messages, want 7", got.Said)
	}
	c, err := d.App.Desk().Conversation(t.Context(), liis, r.Name())
	if err != nil {
		t.Fatal(err)
	}
	if last := c.Messages[len(c.Messages)-1]; last.Text.Body != "Only for new sessions, from 10:40 on." || !strings.Contains(last.Cut, "Head of operations") || !strings.Contains(last.Cut, "> One broken message held the rest.") {
		t.Errorf("kept %q, folded %q", last.Text.Body, last.Cut)
	}
	if err := post(t, d, "a@b.example", "ceo@verity.example", "Subject: hello", "", "hello"); err == nil || !strings.Contains(err.Error(), "550") {
		t.Errorf("mail to somebody else: %v, want 550", err)
	}
}

// Mail that is fetched from a mailbox becomes requests, one for each Message-ID, and waits there while nobody fetches it.
func TestDeskFromAMailbox(t *testing.T) {
	box := neighbour.OpenDovecot(t)
	ask := []string{"From: Kaisa Org <kaisa@nordpank.example>", "To: support@verity.example", "Subject: No webhooks since 10:40", "Message-ID: <1@nordpank.example>", "", "Our agents see pending for everybody."}
	box.Deliver(ask...)
	d := verity.Open(t, verity.Options{Real: true, Mailbox: fmt.Sprintf("imap://%s@localhost:%d/INBOX?tls=none", box.User, box.Port), Getenv: map[string]string{"FRONTLINE_MAILBOX_PASSWORD": box.Password}})
	moved := func(n int) {
		t.Helper()
		limited, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		every := time.NewTicker(50 * time.Millisecond)
		defer every.Stop()
		for box.Mails("Frontline") < n {
			select {
			case <-every.C:
			case <-limited.Done():
				t.Fatalf("%d of %d mails were taken", box.Mails("Frontline"), n)
			}
		}
	}
	moved(1)
	box.Deliver(ask...)
	box.Deliver("From: Kaisa Org <kaisa@nordpank.example>", "To: support@verity.example", "Subject: Re: anything", "Message-ID: <2@nordpank.example>", "In-Reply-To: <1@nordpank.example>", "", "Now it is everybody.")
	moved(3)
	liis := people.Actor{Kind: people.ByPerson, ID: "liis", Name: "Liis Tamm", Role: people.Support, Teams: []string{"support"}, Via: "screen"}
	all, err := d.App.Desk().Requests(t.Context(), liis, desk.Filter{})
	if err != nil || len(all) != 1 || all[0].Title != "No webhooks since 10:40" || all[0].Said != 2 {
		t.Errorf("three mails, of which one came twice: %+v, %v", all, err)
	}
}
