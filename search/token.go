package search

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Token is one word of a text.
type Token struct {
	Term     string // what is compared: folded and stemmed
	Word     string // folded, as a person may read it
	From, To int    // the bytes of the text that it stands in
}

// longestWord is what is compared of a word, in bytes. Longer ones are hashes and pasted data.
const longestWord = 48

// Tokens are the words of s in their order. A word is a run of letters, digits and marks; apostrophes inside it are dropped ("haven't" is
// havent). Chinese and Japanese writing has no spaces: each character is a word there. No word is left out for being common: which words
// tell something is a matter of counting (in one of two sets of requests that were measured, leaving out stop words cost a seventh of the
// quality).
func Tokens(s string) []Token {
	all := make([]Token, 0, len(s)/6+1)
	var word []byte
	from := -1
	end := func(to int) {
		if from >= 0 && len(word) > 0 {
			w := named(word, s[from:to])
			all = append(all, Token{Term: Stem(w), Word: w, From: from, To: to})
		}
		word, from = word[:0], -1
	}
	for at, r := range s {
		switch class(r) {
		case letter:
			if from < 0 {
				from = at
			}
			word = fold(word, r)
		case mark:
			if from >= 0 {
				word = fold(word, r)
			}
		case alone:
			end(at)
			from, word = at, fold(word, r)
			end(at + utf8.RuneLen(r))
		case joint:
			if from < 0 || !letterAfter(s[at+utf8.RuneLen(r):]) {
				end(at)
			}
		default:
			end(at)
		}
	}
	end(len(s))
	return all
}

// What a character is to a word.
const (
	outside = iota
	letter
	mark  // goes on with a word and begins none
	alone // a word of its own
	joint // an apostrophe: inside a word it is left out
)

func class(r rune) int {
	switch {
	case r < utf8.RuneSelf:
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return letter
		}
		if r == '\'' {
			return joint
		}
		return outside
	case r == '’' || r == 'ʼ':
		return joint
	case r >= 0x2E80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
		return alone
	case unicode.IsLetter(r) || unicode.IsNumber(r):
		return letter
	case unicode.IsMark(r):
		return mark
	}
	return outside
}

// named is the folded word, without memory of its own when it is written so, and cut between characters when it is very long.
func named(folded []byte, written string) string {
	if len(folded) > longestWord {
		folded = folded[:longestWord]
		for r, size := utf8.DecodeLastRune(folded); r == utf8.RuneError && size == 1; r, size = utf8.DecodeLastRune(folded) {
			folded = folded[:len(folded)-1]
		}
	}
	if string(folded) == written {
		return written
	}
	return string(folded)
}

func letterAfter(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r)
}

// Terms are the words of s as they are compared, with single spaces between them. A store that keeps and searches this text finds the same
// words whatever its own idea of words is.
func Terms(s string) string {
	tokens := Tokens(s)
	terms := make([]string, len(tokens))
	for i, t := range tokens {
		terms[i] = t.Term
	}
	return strings.Join(terms, " ")
}

// words is s folded, with one space between, before and after its words: what character n-grams are taken from.
func words(tokens []Token) string {
	var b strings.Builder
	b.WriteByte(' ')
	for _, t := range tokens {
		b.WriteString(t.Word)
		b.WriteByte(' ')
	}
	return b.String()
}

// The shortest and the longest run of characters that is compared.
const (
	shortestGram = 3
	longestGram  = 5
)

// eachGram calls f with the hash (FNV-1a, 32 bits) of every run of least to most characters in s.
func eachGram(s string, least, most int, f func(hash uint32)) {
	for at := range s {
		hash, n := uint32(2166136261), 0
		for next := at; next < len(s) && n < most; n++ {
			end := next + 1
			for end < len(s) && !utf8.RuneStart(s[end]) {
				end++
			}
			for ; next < end; next++ {
				hash = (hash ^ uint32(s[next])) * 16777619
			}
			if n+1 >= least {
				f(hash)
			}
		}
	}
}

// Grams are the character n-grams (3 to 5 characters) of s as it is compared, in their order, with repetitions.
func Grams(s string) []string {
	s = words(Tokens(s))
	var all []string
	for at := range s {
		n := 0
		for next := at; next < len(s) && n < longestGram; {
			_, size := utf8.DecodeRuneInString(s[next:])
			next, n = next+size, n+1
			if n >= shortestGram {
				all = append(all, s[at:next])
			}
		}
	}
	return all
}
