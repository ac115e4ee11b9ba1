package watch

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"frontline/watch/detect"
	"frontline/watch/locate"
)

// Title is the finding in one line: "Decisions that fail: 2.9 times as often as usual, for country Kenya and sdk 5.2".
func (f Finding) Title(def Definition) string {
	title := def.Name + ": " + f.howOften()
	if where := f.Where(def); where != "" {
		title += ", " + where
	}
	return title
}

// howOften is the size in words.
func (f Finding) howOften() string {
	switch r := f.Ratio.Value; {
	case r <= 0 && f.Direction == detect.Down:
		return "less often than usual"
	case r <= 0:
		return "more often than usual"
	case r >= 1.95:
		return Figure(r) + " times as often as usual"
	case r >= 1:
		return Figure(100*(r-1)) + " % more often than usual"
	}
	return Figure(100*(1-f.Ratio.Value)) + " % less often than usual"
}

// Where says which labels carry the change, or that it is the same everywhere; empty while that is not known.
func (f Finding) Where(def Definition) string {
	var at []string
	for i, l := range def.By {
		if i < len(f.Series) {
			at = append(at, l+" "+shown(f.Series[i]))
		}
	}
	within := strings.Join(at, " and ")
	switch {
	case len(f.Causes) > 0:
		var all []string
		for _, c := range f.Causes {
			all = append(all, Labels(c.Labels))
		}
		return strings.TrimPrefix(within+"; above all for "+strings.Join(all, "; and for "), "; above all ")
	case f.Everyone && within != "":
		return "for everyone with " + within
	case f.Everyone:
		return "for everyone"
	case within != "":
		return "for " + within
	}
	return ""
}

// Labels are labels in words: "country Kenya and sdk 5.2".
func Labels(labels []locate.Label) string {
	var out []string
	for _, l := range labels {
		out = append(out, l.Name+" "+shown(l.Value))
	}
	return strings.Join(out, " and ")
}

func shown(value string) string {
	if value == "" {
		return "(none)"
	}
	return value
}

// Text is the evidence in sentences, with times in the watch's zone.
func (f Finding) Text(def Definition) string {
	if f.AssessedAt.IsZero() || f.Requests == 0 {
		return "What is behind it is being looked at."
	}
	zone, err := time.LoadLocation(def.Zone)
	if err != nil {
		zone = time.UTC
	}
	at := func(t time.Time) string {
		if f.RaisedAt.Sub(t) > 20*time.Hour {
			return t.In(zone).Format("2 Jan 15:04")
		}
		return t.In(zone).Format("15:04")
	}
	text := fmt.Sprintf("Since %s %s (between %s and %s).", at(f.Start), f.Start.In(zone).Format("MST"), at(f.From), at(f.To))
	if def.Counted() {
		text += fmt.Sprintf(" Counted are %s, where %s are usual.", Figure(f.Errors), Figure(f.Expected))
	} else {
		text += fmt.Sprintf(" %s → %s.", Rate(f.Before()), Rate(f.After()))
	}
	if f.Direction == detect.Down {
		text += fmt.Sprintf(" %s fewer than usual (%s to %s).", Figure(-f.Excess.Value), Figure(-f.Excess.High), Figure(-f.Excess.Low))
	} else {
		text += fmt.Sprintf(" %s extra (%s to %s).", Figure(f.Excess.Value), Figure(math.Max(f.Excess.Low, 0)), Figure(f.Excess.High))
	}
	for _, c := range f.Causes {
		text += fmt.Sprintf(" %s: %s times the usual, %s extra, %s of all.", capital(Labels(c.Labels)), Figure(c.Ratio.Value), Figure(c.Excess.Value), Rate(c.Share))
	}
	text += f.whom()
	if f.Everyone {
		text += " No label stands out: it is the same for everyone."
	}
	return text
}

// whom says how many customers are hit.
func (f Finding) whom() string {
	hit := f.Hit()
	low, high := math.Round(hit.Hit.Low), math.Round(hit.Hit.High)
	switch about := math.Round(hit.Hit.Value); {
	case hit.Exposed == 0 || high == 0:
		return ""
	case about == 1 && low == high:
		return " One customer is hit."
	case low == high:
		return fmt.Sprintf(" %s customers are hit.", Figure(about))
	case about == 1:
		return fmt.Sprintf(" About one customer is hit (%s to %s of %d).", Figure(low), Figure(high), hit.Exposed)
	default:
		return fmt.Sprintf(" About %s customers are hit (%s to %s of %d).", Figure(about), Figure(low), Figure(high), hit.Exposed)
	}
}

// Hit are the customers that the change reached: those of the first cause, or of the whole when it is the same everywhere or there are several.
func (f Finding) Hit() locate.Customers {
	if len(f.Causes) == 1 {
		return f.Causes[0].Customers
	}
	return f.Whole.Customers
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// Figure writes a number with as many digits as somebody would say.
func Figure(v float64) string {
	switch a := math.Abs(v); {
	case a >= 100 || a == math.Trunc(a):
		return grouped(v)
	case a >= 10:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 1:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

// grouped writes a whole number with commas.
func grouped(v float64) string {
	s := strconv.FormatFloat(math.Abs(math.Round(v)), 'f', 0, 64)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	if v <= -0.5 {
		return "-" + s
	}
	return s
}

// Rate writes a share as a percentage: "1.4 %", "0.031 %".
func Rate(share float64) string {
	p := 100 * share
	if p == 0 {
		return "0 %"
	}
	digits := max(0, 1-int(math.Floor(math.Log10(math.Abs(p)))))
	return strconv.FormatFloat(p, 'f', min(digits, 6), 64) + " %"
}
