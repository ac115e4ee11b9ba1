package search

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	phone = regexp.MustCompile(`(?i)^(?:sent from (?:my|mail for|outlook|yahoo|proton|the all new)\b.{0,60}|get outlook for\b.{0,40}|sent with\b.{0,40}|sent via\b.{0,40}` +
		`|von meinem .{2,40} gesendet|gesendet (?:von|mit|aus)\b.{0,60}|diese nachricht wurde von meinem\b.{0,80}` +
		`|enviado desde\b.{0,60}|obtener outlook para\b.{0,40}` +
		`|saadetud (?:minu|yahoo|outlook)\b.{0,60}|hankige outlook\b.{0,40})\W*$`)
	closing = regexp.MustCompile(`(?i)^(?:(?:with |many |best |kind |warm |kindest |warmest )?(?:regards|wishes|thanks)|best|cheers|sincerely|yours(?: (?:sincerely|faithfully|truly))?|thank you|thanks(?: (?:a lot|again|so much|in advance|and (?:best |kind )?regards))?|br|kr|rgds|asante(?: sana)?` +
		`|mit (?:freundlichen|besten|herzlichen|lieben) gr(?:ü|ue)(?:ß|ss)en|(?:viele|beste|liebe|freundliche|herzliche|schöne) gr(?:ü|ue)(?:ß|ss)e(?: aus \p{L}+)?|gru(?:ß|ss)|mfg|lg|vg|vielen dank(?: und (?:viele|beste) grüße)?|danke` +
		`|(?:un |muchos |cordiales )?(?:cordial(?:es)? )?saludos?(?: cordial(?:es)?)?|atentamente|(?:muchas )?gracias(?: de antemano)?|un abrazo` +
		`|lugupidamisega|austusega|tervitades|tervitustega|parimate? (?:soovidega|tervitustega)|parimat|(?:aitäh|tänan)(?: ette)?(?: ja tervitades)?|heade soovidega|tervitus(?:i)?)\s*[,.!–-]*$`)
	disclaimer = regexp.MustCompile(`(?i)^\W{0,3}(?:(?:confidentiality|privacy|legal) (?:notice|disclaimer)|disclaimer\b|this (?:e-?mail|message|communication)\b.{0,120}\b(?:confidential|privileged|intended)` +
		`|the (?:information|content)s? (?:contained )?(?:in|of) this (?:e-?mail|message)\b|diese (?:e-?mail|nachricht)\b.{0,120}\bvertraulich` +
		`|este (?:mensaje|correo)\b.{0,160}\bconfidencial|(?:käesolev|see) (?:e-?)?(?:kiri|sõnum)\b.{0,160}\b(?:konfidentsiaal|ettenähtud|mõeldud))`)
)

// The limits of what may be a signature under a sign-off: more, or longer lines, is text that somebody wrote.
const (
	signatureLines = 10
	signatureWidth = 90
	closingWidth   = 160 // bytes of a sign-off
	opening        = 400 // bytes of a disclaimer by which it is known
)

// sign marks signatures in what is still taken as written: in each stretch of written lines, the one at its end.
func sign(all []line) {
	for from := 0; from < len(all); {
		if all[from].kind != Written {
			from++
			continue
		}
		to := from
		for to < len(all) && all[to].kind == Written && !forward.MatchString(all[to].text) {
			to++
		}
		signed(all[from:to])
		from = max(to, from+1)
	}
}

// signed marks the signature at the end of one stretch.
func signed(block []line) {
	written := false // a mail that begins with "Thanks!" does not end there
	for i, l := range block {
		switch {
		case delimiter(l), disclaims(l):
			label(block[i:], Signed)
			return
		case len(l.text) > closingWidth:
		case phone.MatchString(l.text) && tail(block[i+1:]),
			written && closing.MatchString(l.text) && nameAfter(block[i+1:]) && tail(block[i+1:]):
			label(block[i:], Signed)
			return
		}
		written = written || !l.blank()
	}
}

// nameAfter says whether the next line could be a name, or nothing follows: "Thanks!" in the middle of a mail is followed by a sentence.
func nameAfter(rest []line) bool {
	for _, l := range rest {
		if !l.blank() {
			return len(strings.Fields(l.text)) <= 5 && !strings.ContainsAny(l.text[len(l.text)-1:], ".?!:")
		}
	}
	return true
}

// disclaims says whether the line begins a disclaimer. They stand in one long line.
func disclaims(l line) bool {
	return len(l.text) > 20 && disclaimer.MatchString(l.text[:min(len(l.text), opening)])
}

// delimiter says whether the line is the one of RFC 3676, section 4.3 (with or without the space that many programs lose).
func delimiter(l line) bool { return l.text == "--" || l.text == "—" }

// tail says whether what follows a sign-off looks like a name, a post and numbers rather than more of the text. A disclaimer may follow.
func tail(rest []line) bool {
	n := 0
	for _, l := range rest {
		if l.blank() {
			continue
		}
		if disclaims(l) || delimiter(l) {
			return true
		}
		n++
		if n > signatureLines || utf8.RuneCountInString(l.text) > signatureWidth || strings.HasSuffix(l.text, "?") || sentence(l.text) {
			return false
		}
	}
	return true
}

// sentence says whether a line reads like running text: seven words or more that end like a sentence.
func sentence(s string) bool {
	return len(strings.Fields(s)) >= 7 && strings.ContainsAny(s[len(s)-1:], ".!:")
}
