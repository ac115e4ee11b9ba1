package web

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"frontline/insight/stat"
	"frontline/watch"
)

// honestyScreen is what the watches of each team promised, and what became of it.
type honestyScreen struct {
	head
	Spans []tab
	Rows  []honestyRow
	CSV   string
	Blank blank
}

// honestyRow is one team.
type honestyRow struct {
	Team, Watches string
	State         state
	Observed      string
	Promised      string
	Findings      string
	Said          string // how many of them were what
	False, Range  string
	Worst         string // the range if everything unjudged was false; empty where that is the same
	Delay, Most   string
}

// honestySpan is how many days back the report looks: the last quarter, unless somebody asks for another of these.
func honestySpan(r *http.Request) int {
	for _, days := range honestySpans() {
		if r.URL.Query().Get("days") == strconv.Itoa(days) {
			return days
		}
	}
	return 90
}

func honestySpans() []int { return []int{30, 90, 365} }

func (s *Server) showHonesty(w http.ResponseWriter, r *http.Request, v *visit) error {
	days := honestySpan(r)
	all, err := s.deps.Watches.Honesty(r.Context(), v.Actor, v.Now.AddDate(0, 0, -days))
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	scr := honestyScreen{head: head{Title: "Is the promise kept?", Wing: "/watches", Trail: trail("Watches", "/watches", "Honesty"), Topics: topics("watch", "")}, CSV: "/watches/honesty.csv?days=" + strconv.Itoa(days),
		Blank: newBlank("No watch yet", "As soon as there is one and it has learnt, what it promised is held here against what it raised.", "See watches", "/watches")}
	for _, n := range honestySpans() {
		scr.Spans = append(scr.Spans, tab{link: link{Word: plural(n, "day", "days"), Path: "/watches/honesty?days=" + strconv.Itoa(n)}, Here: n == days})
	}
	for _, h := range all {
		scr.Rows = append(scr.Rows, honestyRowOf(ownerName(book, h.Team), h))
	}
	return s.show(w, r, v, http.StatusOK, "honesty", scr)
}

func ownerName(book Book, team string) string {
	if team == "" {
		return "No team"
	}
	return book.Name("team", team)
}

func honestyRowOf(team string, h watch.Honesty) honestyRow {
	row := honestyRow{Team: team, Watches: plural(h.Watches, "watch", "watches"), Observed: duration(h.Observed.Truncate(time.Hour)), State: honestyState(h.Promise)}
	if h.Promise == watch.Unseen {
		row.Watches, row.Observed = "none has learnt yet", ""
		return row
	}
	row.Promised, row.Findings = upTo(h.Promised), number(h.Findings)
	for _, part := range []struct {
		n    int
		word string
	}{{h.Real, "real"}, {h.Known, "known"}, {h.Unjudged, "not judged"}, {h.Past, "in history"}} {
		if part.n > 0 {
			row.Said += ", " + number(part.n) + " " + part.word
		}
	}
	if row.Said != "" {
		row.Said = row.Said[2:]
	}
	row.False, row.Range = number(h.False), upTo(h.Range.Low)+"–"+upTo(h.Range.High)
	if h.Unjudged > 0 {
		row.Worst = "at worst " + number(h.False+h.Unjudged) + " (" + upTo(h.Worst.Low) + "–" + upTo(h.Worst.High) + ")"
	}
	if h.Median.N > 0 {
		row.Delay = duration(seconds(h.Median.Value)) + spanOfDelay(h.Median)
		row.Most = "9 of 10 within " + duration(seconds(h.P90.Value)) + spanOfDelay(h.P90) + ", n = " + number(h.Median.N)
	}
	return row
}

func honestyState(p watch.Promise) state {
	switch p {
	case watch.Kept:
		return newState("ok", "Kept")
	case watch.Undecided:
		return newState("warning", "Judge findings")
	case watch.Broken:
		return newState("critical", "Broken")
	}
	return newState("calm", "Learning", "book")
}

// upTo is a mean number of alarms, to two places: below ten they say something.
func upTo(n float64) string { return strconv.FormatFloat(math.Round(100*n)/100, 'f', -1, 64) }

func seconds(n float64) time.Duration {
	return time.Duration(n * float64(time.Second)).Round(time.Second)
}

func spanOfDelay(e stat.Estimate) string {
	if !e.Known() {
		return ""
	}
	return " (" + duration(seconds(e.Low)) + "–" + duration(seconds(e.High)) + ")"
}

// honestyTable sends the report as a table for spreadsheets. What is not known is empty.
func (s *Server) honestyTable(w http.ResponseWriter, r *http.Request, v *visit) error {
	days := honestySpan(r)
	all, err := s.deps.Watches.Honesty(r.Context(), v.Actor, v.Now.AddDate(0, 0, -days))
	if err != nil {
		return err
	}
	rows := [][]string{{"team", "watches", "observed_days", "promised", "findings", "found_in_history", "real", "known", "not_a_problem", "low", "high", "not_judged", "if_false_low", "if_false_high", "promise",
		"delays", "delay_median_s", "delay_median_low_s", "delay_median_high_s", "delay_p90_s", "delay_p90_low_s", "delay_p90_high_s"}}
	for _, h := range all {
		rows = append(rows, append([]string{harmless(h.Team), strconv.Itoa(h.Watches), exactly(h.Observed.Hours() / 24), exactly(h.Promised), strconv.Itoa(h.Findings), strconv.Itoa(h.Past), strconv.Itoa(h.Real), strconv.Itoa(h.Known),
			strconv.Itoa(h.False), exactly(h.Range.Low), exactly(h.Range.High), strconv.Itoa(h.Unjudged), exactly(h.Worst.Low), exactly(h.Worst.High), string(h.Promise), strconv.Itoa(h.Median.N)},
			append(estimated(h.Median), estimated(h.P90)...)...))
	}
	return sendTable(w, "honesty-"+strconv.Itoa(days)+"-days.csv", rows)
}

// estimated is a figure and its interval, as far as there is one.
func estimated(e stat.Estimate) []string {
	switch {
	case e.N == 0:
		return []string{"", "", ""}
	case !e.Known():
		return []string{exactly(e.Value), "", ""}
	}
	return []string{exactly(e.Value), exactly(e.Low), exactly(e.High)}
}
