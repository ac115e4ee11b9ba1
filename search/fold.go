package search

import "unicode"

// The base letters of the accented Latin letters, one for each code point from the first one on; "." keeps the letter as it is. Read from the
// decompositions of the Unicode Character Database, with the letters that have none (ø, đ, ł …) put in by hand.
const (
	firstLatin = 0x00C0 // À; Latin-1 Supplement, Latin Extended-A and B
	latin      = "aaaaaa.ceeeeiiiidnooooo.ouuuuy..aaaaaa.ceeeeiiiidnooooo.ouuuuy.y" +
		"aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii..jjkkklllllll" +
		"lllnnnnnnnnnoooooo..rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs" +
		"b......................i........oo.............uu..............." +
		".............aaiioouuuuuuuuuu.aaaa....ggkkoooo..j...gg..nnaa...." +
		"aaaaeeeeiiiioooorrrruuuusstt..hh......aaeeooooooooyy............" +
		"................"
	firstAdditional = 0x1E00 // Ḁ; Latin Extended Additional
	additional      = "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmm" +
		"mmmmnnnnnnnnoooooooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvv" +
		"wwwwwwwwwwxxxxyyzzzzzzhtwy.s....aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee" +
		"eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy......"
)

// fold appends to b what r is compared as: in small letters, without accents. Combining accents (U+0300 to U+036F) vanish; marks of other
// scripts stay, for there they are letters.
func fold(b []byte, r rune) []byte {
	if r < 0x80 {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return append(b, byte(r))
	}
	if two := twoLetters(r); two != "" {
		return append(b, two...)
	}
	switch {
	case 0x0300 <= r && r <= 0x036F:
		return b
	case firstLatin <= r && r < firstLatin+rune(len(latin)) && latin[r-firstLatin] != '.':
		return append(b, latin[r-firstLatin])
	case firstAdditional <= r && r < firstAdditional+rune(len(additional)) && additional[r-firstAdditional] != '.':
		return append(b, additional[r-firstAdditional])
	case 0xFF01 <= r && r <= 0xFF5E: // full-width forms
		return fold(b, r-0xFEE0)
	}
	switch r = unicode.ToLower(r); r {
	case 'ς':
		r = 'σ'
	case 'ё':
		r = 'е'
	}
	return append(b, string(r)...)
}

// twoLetters are the letters that are written as two where the keyboard lacks them.
func twoLetters(r rune) string {
	switch r {
	case 'æ', 'Æ':
		return "ae"
	case 'œ', 'Œ':
		return "oe"
	case 'ß', 'ẞ':
		return "ss"
	case 'þ', 'Þ':
		return "th"
	case 'ĳ', 'Ĳ':
		return "ij"
	}
	return ""
}

// Fold is s as it is compared: in small letters and without accents. "Põder" and "PODER" are the same.
func Fold(s string) string {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		b = fold(b, r)
	}
	return string(b)
}
