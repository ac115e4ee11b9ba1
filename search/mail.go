package search

import (
	"regexp"
	"strings"
)

// The lines by which mail programs (Gmail, Outlook, Apple Mail, Thunderbird, Yahoo, Zimbra) announce the message that is answered, in English,
// Estonian, German and Spanish. Gathered from what they write; an attribution may be broken over three lines.
var (
	attribution = regexp.MustCompile(`(?i)^(?:` +
		`on\b.{4,200}\bwrote\s*:` +
		`|.{2,200}@.{2,200}\bwrote\s*:` +
		`|am\b.{4,200}\bschrieb\b.{0,160}:` +
		`|.{2,200}@.{2,80}\bschrieb am\b.{4,160}:` +
		`|el\b.{4,200}\bescribi[óo]\s*:` +
		`|.{2,200}@.{2,80}\bescribi[óo] el\b.{4,160}:` +
		`|(?:kontakt|kuupäeval)\b.{2,200}\bkirjutas\b.{0,160}:` +
		`|.{2,200}@.{2,80}\bkirjutas\b.{2,160}:` +
		`|\d.{4,60}\bkirjutas\b.{2,160}:` +
		`)$`)
	// moment is what tells such a line from a sentence ("On the phone the customer wrote:"): an address, or a day with a time.
	moment    = regexp.MustCompile(`@|\d.*\b\d{1,2}[:.]\d{2}\b`)
	opens     = regexp.MustCompile(`(?i)^(?:on|am|el|kontakt|kuupäeval|\d{1,4}[./-]\d{1,2}[./-]\d{2,4})\b`)
	separator = regexp.MustCompile(`(?i)^[-_*]{2,}\s*(?:original message|original appointment|reply message|ursprüngliche nachricht|mensaje original|` +
		`algne (?:kiri|sõnum|teade))\s*[-_*]{0,}$`)
	replyAbove = regexp.MustCompile(`(?i)^\W*(?:please )?(?:type your )?(?:reply|write|antworten|responda|vasta)\b.{0,40}\b(?:above|oberhalb|encima|ülal)\b.{0,20}\bli(?:ne|nie|nea)\b|` +
		`(?i)^\W*(?:please )?(?:type your )?reply above this line\W*$`)
	forward = regexp.MustCompile(`(?i)^(?:[-_*]{2,}\s*(?:forwarded (?:message|by\b.*)|weitergeleitete nachricht|mensaje reenviado|edastatud (?:kiri|sõnum|teade))\s*[-_*]{0,}|` +
		`(?:begin forwarded message|anfang der weitergeleiteten nachricht|inicio del mensaje reenviado|edastatud kirja algus)\s*:)$`)
	headFrom = regexp.MustCompile(`(?i)^\*?(?:from|von|de|saatja)\s*:\*?\s*\S`)
	headRest = regexp.MustCompile(`(?i)^\*?(?:sent|date|to|cc|subject|gesendet|datum|an|betreff|enviado(?: el)?|fecha|para|asunto|saadetud|kuupäev|saaja|adressaat|kellele|koopia|teema)\s*:`)
)

// Mail cuts the plain text of a mail into what its writer wrote and what hangs on it: quoted messages and signatures. What is forwarded
// counts as written, for it is what the mail is about. Answers between quoted lines are kept in their places.
func Mail(whole string) Parts {
	all := lines(whole)
	quote(all)
	sign(all)
	return parts(whole, all)
}

// quote marks what is quoted. After the announcement of a message, only lines with ">" are quoted if there are any, so that answers below and
// between them stay; otherwise (Outlook, mails from HTML) everything to the end is.
func quote(all []line) {
	for i := 0; i < len(all); i++ {
		switch {
		case forward.MatchString(all[i].text):
			if i == 0 || !under(all[:i]) {
				return
			}
		case strings.HasPrefix(all[i].text, ">"):
			all[i].kind = Quoted
		default:
			n := announces(all[i:])
			if n == 0 {
				continue
			}
			label(all[i:i+n], Quoted)
			if !arrows(all[i+n:]) {
				label(all[i+n:], Quoted)
				return
			}
			i += n - 1
		}
	}
}

// under says whether a quotation has begun before a line: what is forwarded inside of it is quoted too.
func under(before []line) bool { return before[len(before)-1].kind == Quoted }

// arrows says whether the next line with text begins with ">".
func arrows(rest []line) bool {
	for _, l := range rest {
		if !l.blank() {
			return strings.HasPrefix(l.text, ">")
		}
	}
	return true // nothing follows
}

// announces is how many lines from here announce a quoted message; 0 when they do not.
func announces(rest []line) int {
	text := rest[0].text
	if text == "" || len(text) > 400 {
		return 0
	}
	if separator.MatchString(text) || replyAbove.MatchString(text) {
		return 1
	}
	if strings.Trim(text, "_") == "" && len(text) >= 10 && len(rest) > 1 && header(rest[1:]) {
		return 1
	}
	if header(rest) {
		return 1
	}
	return attributed(rest)
}

// attributed joins up to three lines that together read "On such a day somebody wrote:".
func attributed(rest []line) int {
	joined := ""
	for n := 1; n <= 3 && n <= len(rest) && !rest[n-1].blank(); n++ {
		joined = strings.TrimSpace(joined + " " + rest[n-1].text)
		if len(joined) > 400 || n > 1 && !opens.MatchString(joined) {
			return 0
		}
		if strings.HasSuffix(joined, ":") && attribution.MatchString(joined) && moment.MatchString(joined) {
			return n
		}
	}
	return 0
}

// header says whether a block like Outlook's begins here: a sender, and within three more lines two other fields.
func header(rest []line) bool {
	first := 0
	for first < len(rest) && first < 2 && rest[first].blank() {
		first++
	}
	if first == len(rest) || !headFrom.MatchString(rest[first].text) {
		return false
	}
	fields := 0
	for _, l := range rest[first+1 : min(len(rest), first+6)] {
		if headRest.MatchString(l.text) {
			fields++
		}
	}
	return fields >= 2
}
