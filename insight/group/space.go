package group

import (
	"strings"

	"frontline/fault"
	"frontline/search"
)

// Text is the beginning of one request as it is compared. Make it by NewText.
type Text struct {
	ID   string
	body string
}

// NewText takes what somebody wrote: without quotations, signatures and stack traces, with placeholders for ids (search.Normal), and of that the
// first 400 characters. What is wanted stands at the beginning, and it bounds time and memory.
func NewText(id, written string) Text {
	body := search.Normal(written)
	n := 0
	for at := range body {
		if n++; n > characters {
			body = strings.Clone(body[:at])
			break
		}
	}
	return Text{id, body}
}

// words is the text's words as a person may read them, and as they are compared.
func (t Text) words() (words, terms []string) {
	for _, token := range search.Tokens(t.body) {
		words, terms = append(words, token.Word), append(terms, token.Term)
	}
	return words, terms
}

// Space is where texts lie: those that ask for the same thing lie near each other. It is learnt from the desk's own texts and from nothing
// else, and joins three views that err differently: which words occur together in texts (LSA of words), which runs of characters do (LSA of
// characters: typing errors, compounds, ids), and which words stand beside the same words (own word vectors). The same texts give the same space.
type Space struct {
	words   vocabulary
	runs    vocabulary
	wordLSA dense
	runLSA  dense
	meaning meaning
	turn    dense // from the three views side by side to the directions in which texts differ most
}

// The sizes of a space. They bound time and memory: learning looks at no more than learnTexts texts, evenly spaced, whatever there are.
const (
	viewSize   = 100    // dimensions of each view
	jointSize  = 200    // of all views together
	learnTexts = 20_000 // of the texts, to learn from
	mostWords  = 20_000
	mostRuns   = 40_000
	characters = 400 // of each text
)

// Learn makes a space from texts. Sources: Deerwester et al. 1990, J. Am. Soc. Inf. Sci. 41 (LSA); learnMeaning names those of the word vectors.
// Errors: fewer than 10 texts with words.
func Learn(texts []Text, seed uint64) (*Space, error) {
	s := &Space{}
	var sample []Text
	var stems, surfaces [][]string
	for i := range min(len(texts), learnTexts) {
		t := texts[i*len(texts)/min(len(texts), learnTexts)]
		if words, terms := t.words(); len(words) > 0 {
			sample, surfaces, stems = append(sample, t), append(surfaces, words), append(stems, terms)
		}
	}
	if len(stems) < 10 {
		return nil, fault.Wrong("texts", "Groups are learnt from at least 10 texts with words; wait until there are more.")
	}
	n := len(stems)
	ofWords := func(i int) []string { return stems[i] }
	ofRuns := func(i int) []string { return runs(surfaces[i]) }
	s.words = learnVocabulary(n, ofWords, mostWords)
	s.runs = learnVocabulary(n, ofRuns, mostRuns)
	s.wordLSA, _ = s.words.matrix(n, ofWords).singular(viewSize, seed)
	s.runLSA, _ = s.runs.matrix(n, ofRuns).singular(viewSize, seed+1)
	s.meaning = learnMeaning(stems, s.words, viewSize, seed+2)
	s.turn = s.principal(sample)
	return s, nil
}

// principal is the directions in which a sample of texts differs most.
func (s *Space) principal(sample []Text) dense {
	x := s.views(sample)
	if x.cols == 0 {
		return x // no two texts share a word
	}
	_, vectors := x.principal()
	turn := newDense(x.cols, min(x.cols, jointSize))
	for i := range turn.rows {
		for j := range turn.cols {
			turn.data[i*turn.cols+j] = vectors.At(i, x.cols-1-j)
		}
	}
	return turn
}

// place is where the texts lie, as rows. A text without any known word lies at zero.
func (s *Space) place(texts []Text) dense {
	out := newDense(len(texts), s.turn.cols)
	for from := 0; from < len(texts); from += block {
		to := min(from+block, len(texts))
		s.views(texts[from:to]).times(s.turn, false, out.part(from, to))
	}
	return out
}

// views is the three views of texts side by side, each as long as 1, so that the product of two rows is the mean of three cosines: the rows
// together are as long as 1.
func (s *Space) views(texts []Text) dense {
	one, two := s.wordLSA.cols, s.wordLSA.cols+s.runLSA.cols
	out := newDense(len(texts), two+s.meaning.vectors.cols)
	for i, t := range texts {
		row := out.row(i)
		words, terms := t.words()
		project(s.words.weigh(terms), s.wordLSA, row[:one])
		project(s.runs.weigh(runs(words)), s.runLSA, row[one:two])
		s.meaning.place(terms, row[two:])
		for _, view := range [][]float64{row[:one], row[one:two], row[two:]} {
			dense{1, len(view), view}.unit()
		}
	}
	out.unit()
	return out
}

func project(entries []entry, basis dense, to []float64) {
	for _, e := range entries {
		addScaled(to, e.value, basis.row(int(e.column)))
	}
}
