package search

import "strings"

// Stem is a folded word without its English ending, so that "refunds", "refunded" and "refunding" are one. It is light: plurals as in
// Harman, "How effective is suffixing?", JASIS 42 (1991), then -ed, -ing and -ly with the doubled letter undone as in step 1b of
// Porter, "An algorithm for suffix stripping", Program 14 (1980), and the silent e. A word of another language may lose a letter or two, always
// the same ones; words with digits or other scripts stay whole.
func Stem(word string) string {
	if len(word) < 4 || strings.ContainsFunc(word, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return word
	}
	word = plural(word)
	if s, ok := without(word, "ingly", "edly", "ing", "ed"); ok {
		return silent(single(s))
	}
	if s, ok := without(word, "ly"); ok {
		return silent(s)
	}
	return silent(word)
}

func plural(w string) string {
	switch {
	case !strings.HasSuffix(w, "s"), strings.HasSuffix(w, "ss"), strings.HasSuffix(w, "us"), strings.HasSuffix(w, "is"):
		return w
	case strings.HasSuffix(w, "ies") && len(w) > 4:
		return w[:len(w)-3] + "y"
	case strings.HasSuffix(w, "sses"), strings.HasSuffix(w, "xes"), strings.HasSuffix(w, "ches"), strings.HasSuffix(w, "shes"):
		return w[:len(w)-2]
	}
	return w[:len(w)-1]
}

// without takes the first of the endings off that leaves a stem of three letters with a vowel.
func without(w string, endings ...string) (string, bool) {
	for _, e := range endings {
		if s, ok := strings.CutSuffix(w, e); ok {
			return s, len(s) >= 3 && strings.ContainsAny(s, "aeiouy")
		}
	}
	return w, false
}

// single undoes the doubling of a last consonant: "cancell" is cancel, "stopp" is stop; "pass" and "toll" stay.
func single(w string) string {
	n := len(w)
	if n > 3 && w[n-1] == w[n-2] && !strings.ContainsRune("aeiousz", rune(w[n-1])) && (w[n-1] != 'l' || n > 4) {
		return w[:n-1]
	}
	return w
}

func silent(w string) string {
	if len(w) > 3 && strings.HasSuffix(w, "e") && !strings.HasSuffix(w, "ee") {
		return w[:len(w)-1]
	}
	return w
}
