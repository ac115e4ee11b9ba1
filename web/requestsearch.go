package web

import (
	"slices"
	"strconv"
	"strings"

	"frontline/desk"
)

// narrowBy reads the words of the search field into the filter and returns those that mean nothing: "customer:nordpank assignee:me". Words
// without a field are the full-text search's.
func narrowBy(f *desk.Filter, words, me string) (strange []string) {
	for _, word := range strings.Fields(words) {
		name, value, has := strings.Cut(word, ":")
		if !has || value == "" || !narrowOne(f, strings.ToLower(name), strings.ToLower(value), me) {
			strange = append(strange, word)
		}
	}
	return strange
}

func narrowOne(f *desk.Filter, name, value, me string) bool {
	switch name {
	case "state":
		return narrowState(f, value)
	case "type":
		f.Type = value
	case "team":
		f.Team = value
	case "service":
		f.Service = value
	case "customer":
		f.Customer = value
	case "assignee":
		if f.Assignee = value; value == "me" {
			f.Assignee = me
		}
	case "waits":
		if !slices.Contains(desk.Waits(), desk.Wait(value)) {
			return false
		}
		f.States, f.WaitsFor = []desk.State{desk.Waiting}, desk.Wait(value)
	default:
		return false
	}
	return true
}

func narrowState(f *desk.Filter, value string) bool {
	asleep := true
	switch {
	case value == "snoozed":
		f.States, f.Asleep = unfinished(), &asleep
	case value == "any":
		f.States, f.Asleep = nil, nil
	case value == string(desk.Closed):
		f.States, f.Asleep = []desk.State{desk.Closed}, nil
	case slices.Contains(desk.States(), desk.State(value)):
		f.States = []desk.State{desk.State(value)}
	default:
		return false
	}
	return true
}

// requestNamed says whether the search is a request's number alone: "R-1042", "r1042" or "#1042".
func requestNamed(words string) (string, bool) {
	word := strings.ToLower(strings.TrimSpace(words))
	digits := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(word, "#"), "r"), "-")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 || digits == word {
		return "", false
	}
	return "R-" + strconv.FormatInt(n, 10), true
}
