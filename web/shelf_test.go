package web

import (
	"net/http"
	"net/url"
	"testing"

	"frontline/desk"
	"frontline/people"
)

// An answer is made of a request, written, published, offered before the next question is sent, put into a reply and counted; who may only ask
// sees the published one and nothing to change it with.
func TestAnswersOnScreens(t *testing.T) {
	k := newRequestDesk(t)
	member, support := people.Member, people.Support
	r := k.asks("grace", "question", "Which passports have a chip?", "Kenyan ones.", nil)
	k.did(k.requests.Reply(t.Context(), k.actor("liis"), r.ID, desk.Words{Body: "All Kenyan passports since 2023 have one."}))
	k.desk.to("/answers", ask{as: member}).is(http.StatusOK).has(".blank .name", "There is no answer yet").lacks(`a[href="/answers/new"]`)
	k.desk.to("/requests/R-1", ask{as: support}).is(http.StatusOK).has("#known", "Answers like it").has(`form[action="/requests/R-1/answer"] button`, "Make an answer of this")
	k.desk.to("/requests/R-1/answer", ask{as: member, form: url.Values{}}).is(http.StatusForbidden)
	k.desk.to("/requests/R-1/answer", ask{as: support, form: url.Values{}}).leadsTo("/answers/K-1/edit")
	k.desk.to("/answers/K-1", ask{as: member}).is(http.StatusNotFound)
	written := url.Values{"title": {r.Title}, "text": {"All **Kenyan** passports since 2023 have one."}, "audience": {"everyone"}, "owner": {"liis"}, "review": {"2027-06-01"}, "type": {"question"}, "seen": {"1"}}
	with := func(changes ...string) url.Values {
		out := url.Values{}
		for name, value := range written {
			out[name] = value
		}
		for i := 0; i < len(changes); i += 2 {
			out.Set(changes[i], changes[i+1])
		}
		return out
	}
	k.desk.to("/answers/K-1/edit", ask{as: support, form: with("do", "preview")}).is(http.StatusOK).has("article.paper strong", "Kenyan")
	k.desk.to("/answers/K-1/edit", ask{as: support, form: with()}).leadsTo("/answers/K-1")
	k.desk.to("/answers/K-1/edit", ask{as: support, form: with("text", "None has.")}).is(http.StatusConflict).has("#theirs", "Theirs, version 2").has("textarea", "None has.")
	k.desk.to("/answers/K-1/edit", ask{as: support, form: with("seen", "2", "title", "")}).is(http.StatusUnprocessableEntity).has("#f-title-wrong", "Write the question")
	k.desk.to("/answers/K-1/versions", ask{as: support}).is(http.StatusOK)
	k.desk.to("/answers/K-1/publish", ask{as: support, form: url.Values{"seen": {"2"}}}).leadsTo("/answers/K-1")
	k.desk.to("/answers/K-1", ask{as: member}).is(http.StatusOK).has("article.paper strong", "Kenyan").lacks(`a[href="/answers/K-1/edit"]`).lacks("dl.big")
	for _, path := range []string{"/answers/K-1/edit", "/answers/K-1/versions", "/answers/new"} {
		k.desk.to(path, ask{as: member}).is(http.StatusForbidden)
	}

	question := url.Values{"type": {"question"}, "title": {"Do passports have chips?"}, "text": {"Which Kenyan passports have a chip?"}}
	k.desk.to("/requests", ask{as: member, form: question}).is(http.StatusOK).has("h1", "Does one of these answer it?").has(".offer h2", r.Title).has(`form[action="/requests"] button`, "No, send my question")
	k.desk.to("/answers/K-1/vote", ask{as: member, form: url.Values{"helped": {"yes"}, "instead": {"yes"}}}).leadsTo("/answers/K-1")
	question.Set("seen-answers", "yes")
	k.desk.to("/requests", ask{as: member, form: question}).leadsTo("/requests/R-2")
	k.desk.to("/requests/R-2", ask{as: support}).has(`#known + *, section:has(#known) ul a.plain`, r.Title)
	k.desk.to("/requests/R-2?answer=K-1", ask{as: support}).has("textarea#f-text", "All **Kenyan**").has(`#write input[name=answer]`, "")
	k.desk.to("/requests/R-2/say", ask{as: support, form: url.Values{"kind": {"reply"}, "text": {"All since 2023."}, "said": {"1"}, "answer": {"K-1"}}}).leadsTo("/requests/R-2")
	x, err := k.requests.Answer(t.Context(), k.actor("liis"), "K-1")
	k.must(err)
	if want := (desk.AnswerCounts{Helped: 1, Replies: 1, Instead: 1}); x.AnswerCounts != want {
		t.Errorf("counted %+v, want %+v", x.AnswerCounts, want)
	}
	k.desk.to("/answers/K-1", ask{as: support}).has("dl.big div:first-child dd", "1 of 1")
	k.desk.to("/answers?q=kenyan", ask{as: support}).has("tbody tr.leads td.mono", "K-1")
	k.desk.to("/answers?q=submarine", ask{as: support}).has(".blank .name", "No answer holds these words")
	k.desk.to("/answers/K-1/review", ask{as: support, form: url.Values{}}).leadsTo("/answers/K-1")
	k.desk.to("/answers/K-1/retire", ask{as: support, form: url.Values{}}).leadsTo("/answers/K-1")
	k.desk.to("/answers/K-1", ask{as: member}).is(http.StatusNotFound)
}

// The screens of answers in both themes and on both sizes, with much on them and with nothing.
func TestAnswersLook(t *testing.T) {
	var k *requestDesk
	st, _ := walk(t, people.Support, "liis", func(f *firm) { k = openRequests(t, f) })
	st.lookAll("answers-none", "/answers")
	r := k.asks("grace", "question", "Which passports have a chip?", "Kenyan ones, of customers in Nairobi.", nil)
	k.did(k.requests.Reply(t.Context(), k.actor("liis"), r.ID, desk.Words{Body: "All **Kenyan** passports since 2023 have one.\n\n- Older ones have none.\n- A reader says so: `no chip`."}))
	x, err := k.requests.AnswerFrom(t.Context(), k.actor("liis"), r.ID)
	k.must(err)
	_, err = k.requests.PublishAnswer(t.Context(), k.actor("liis"), x.ID, 1)
	k.must(err)
	_, err = k.requests.VoteAnswer(t.Context(), k.actor("liis"), x.ID, true, false)
	k.must(err)
	for _, title := range []string{"Why does a decision say “document not supported” although the country is on the list of supported countries?", "Who may see a person's picture?"} {
		_, err = k.requests.NewAnswer(t.Context(), k.actor("liis"), desk.AnswerDraft{Title: title, Body: "It depends."})
		k.must(err)
	}
	st.lookAll("answers", "/answers?view=mine", "/answers/K-1", "/answers/K-1/edit", "/answers/K-1/versions", "/requests/R-1")
}
