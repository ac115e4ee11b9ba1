package web

import (
	"bufio"
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"frontline/action"
)

// outputScreen is all of a run's output, a page at a time, or the lines that hold what somebody looks for.
type outputScreen struct {
	head
	Short string
	Name  string // of the action
	Find  string
	Say   string
	Lines out
	Pager pager
	Blank blank
}

// mostFound is how many lines that hold what was looked for are shown.
const mostFound = 500

func (s *Server) showOutput(w http.ResponseWriter, r *http.Request, v *visit) error {
	x, err := s.deps.Actions.Run(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	scr := outputScreen{head: head{Title: "Output of " + x.Ref(), Wing: "/actions", Trail: trail("Actions", "/actions", x.Ref())}, Short: x.Ref(), Name: x.Definition.Title,
		Find: strings.TrimSpace(r.URL.Query().Get("q")), Lines: out{Label: "Output of " + x.Ref()}}
	if scr.Find != "" {
		err = s.findInOutput(r.Context(), v, x, &scr)
	} else {
		from, _ := strconv.ParseInt(r.URL.Query().Get("from"), 10, 64) // nonsense shows the beginning
		err = s.outputPage(r.Context(), v, x, max(from, 1), &scr)
	}
	if err != nil {
		return err
	}
	if len(scr.Lines.Lines) == 0 && scr.Find != "" {
		scr.Blank = newBlank("No line holds that", "Look for a shorter word, or read all of it.", "Show all lines", "/runs/"+x.Ref()+"/output")
	}
	return s.show(w, r, v, http.StatusOK, "output", scr)
}

// outputPage is so many lines from a number on.
func (s *Server) outputPage(ctx context.Context, v *visit, x action.Run, from int64, scr *outputScreen) error {
	lines, err := s.deps.Actions.Output(ctx, v.Actor, x.ID, from)
	if err != nil {
		return err
	}
	lines = lines[:min(len(lines), newestLines)]
	for _, l := range lines {
		scr.Lines.Lines = append(scr.Lines.Lines, numbered(v, l))
	}
	page := func(n int64) string { return fmt.Sprintf("/runs/%s/output?from=%d", x.Ref(), n) }
	last := from + int64(len(lines)) - 1
	scr.Pager = pager{Of: "output", Say: fmt.Sprintf("lines %s to %s of %s", number(int(from)), number(int(last)), number(int(x.Lines))), NewerSay: "Before", OlderSay: "After"}
	if from > 1 {
		scr.Pager.Newer = page(max(from-newestLines, 1))
	}
	if last < x.Lines && len(lines) > 0 {
		scr.Pager.Older = page(last + 1)
	}
	return nil
}

func numbered(v *visit, l action.Line) outLine {
	return outLine{At: v.at(l.At), N: l.Number, Text: l.Text}
}

// findInOutput shows the lines that hold the words, whatever the case of their letters.
func (s *Server) findInOutput(ctx context.Context, v *visit, x action.Run, scr *outputScreen) error {
	found, want := 0, strings.ToLower(scr.Find)
	for l, err := range s.allOutput(ctx, v, x.ID) {
		if err != nil {
			return err
		}
		if !strings.Contains(strings.ToLower(l.Text), want) {
			continue
		}
		if found++; found <= mostFound {
			scr.Lines.Lines = append(scr.Lines.Lines, numbered(v, l))
		}
	}
	scr.Say = plural(found, "line holds it", "lines hold it")
	if found > mostFound {
		scr.Say += fmt.Sprintf("; the first %d are shown", mostFound)
	}
	return nil
}

// allOutput yields every line of a run's output, read in batches.
func (s *Server) allOutput(ctx context.Context, v *visit, run string) iter.Seq2[action.Line, error] {
	return func(yield func(action.Line, error) bool) {
		for from := int64(1); ; {
			lines, err := s.deps.Actions.Output(ctx, v.Actor, run, from)
			if err != nil {
				yield(action.Line{}, err)
				return
			}
			if len(lines) == 0 {
				return
			}
			for _, l := range lines {
				if !yield(l, nil) {
					return
				}
			}
			from = lines[len(lines)-1].Number + 1
		}
	}
}

// outputText is all of a run's output as a text file.
func (s *Server) outputText(w http.ResponseWriter, r *http.Request, v *visit) error {
	x, err := s.deps.Actions.Run(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", "attachment; filename="+url.PathEscape(x.Ref())+".txt")
	b := bufio.NewWriterSize(w, 64<<10)
	for l, err := range s.allOutput(r.Context(), v, x.ID) {
		if err != nil {
			return err
		}
		_, _ = b.WriteString(l.At.UTC().Format(time.RFC3339Nano) + "  " + l.Text + "\n") // Flush tells of an error
	}
	return b.Flush()
}
