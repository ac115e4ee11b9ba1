package web

import (
	"context"
	"strconv"
	"strings"

	"frontline/desk"
	"frontline/people"
)

// RequestFinding is how requests are looked for; docs/search.md says what may be typed.
type RequestFinding interface {
	// Narrow adds to a filter what was typed, and says what was not understood.
	Narrow(ctx context.Context, a people.Actor, typed string, f desk.Filter) (desk.Filter, []string, error)
	// Similar returns requests that are like one, the likest first.
	Similar(ctx context.Context, a people.Actor, ref string, limit int) ([]desk.Near, error)
}

// saysState says whether what was typed names a state itself: then the list is not narrowed to what is open.
func saysState(typed string) bool {
	for _, word := range strings.Fields(strings.ToLower(typed)) {
		if strings.HasPrefix(word, "state:") || strings.HasPrefix(word, "is:") {
			return true
		}
	}
	return false
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
