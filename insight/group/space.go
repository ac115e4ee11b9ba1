package group

import (
	"frontline/fault"
)

// Text is one request as it is compared: the caller normalises it and cuts it into folded words (package search does).
type Text struct {
	ID    string
	Words []string
}

// Space is where texts lie: those that ask for the same thing lie near each other. It is learnt from the desk's own texts and from nothing
// else, and joins three views that err differently: which words occur together in texts (LSA of words), which runs of characters do (LSA of
// characters: typing errors, compounds, ids), and which words stand beside the same words (own word vectors). The same texts give the same space.
type Space struct {
	stem    func(string) string
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

// Learn makes a space from texts. stem takes the endings off a word; nil leaves words as they are. Sources: Deerwester et al. 1990, J. Am.
// Soc. Inf. Sci. 41 (LSA); learnMeaning names those of the word vectors. Errors: fewer than 10 texts with words.
func Learn(texts []Text, stem func(string) string, seed uint64) (*Space, error) {
	if stem == nil {
		stem = func(w string) string { return w }
	}
	s := &Space{stem: stem}
	var sample []Text
	var stems, surfaces [][]string
	for i := range min(len(texts), learnTexts) {
		t := texts[i*len(texts)/min(len(texts), learnTexts)]
		if len(t.Words) > 0 {
			sample = append(sample, t)
			surfaces = append(surfaces, head(t.Words, characters))
			stems = append(stems, s.stems(t))
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

func (s *Space) stems(t Text) []string {
	words := head(t.Words, characters)
	stems := make([]string, len(words))
	for i, w := range words {
		stems[i] = s.stem(w)
	}
	return stems
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
		row, stems := out.row(i), s.stems(t)
		project(s.words.weigh(stems), s.wordLSA, row[:one])
		project(s.runs.weigh(runs(head(t.Words, characters))), s.runLSA, row[one:two])
		s.meaning.place(stems, row[two:])
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
