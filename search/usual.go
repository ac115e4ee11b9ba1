package search

import "strings"

// What is believed of usual words before there are texts to count them in: each stands in so many of a hundred imagined texts, and no other word
// stands in any. The imagined texts fade as real ones come, and from enough on only counting decides.
const (
	imagined    = 100
	imaginedIn  = 60
	enoughTexts = 1000
)

// usually is the rarity of a term that so many of the texts hold, with what is believed of it while the texts are few.
func usually(documents, holding int, usual bool) float64 {
	weight := imagined * max(0, enoughTexts-documents) / enoughTexts
	if usual {
		holding += weight * imaginedIn / 100
	}
	return rarity(documents+weight, holding)
}

// Usual says whether a folded word is one that people write whatever they write about: alone it is no reason and no name.
func Usual(word string) bool { return strings.Contains(usualWords, " "+word+" ") }

// usualWords are those of the languages that the interface's users are likeliest to write: English, Estonian, Spanish, German. They are folded.
const usualWords = " a able about after again all also always am an and any anybody anyone anything are as ask asked asking at back be because been before being best but by came can cannot cant could day days " +
	"dear did didnt do does doesnt doing done dont each either else even ever every few find for from get gets getting give given go goes going good got had has have havent having he hello help her here hers hey hi him his how " +
	"however i if im in into is isnt it its ive just keep kind know last later least less let like likely long look made make many may maybe me might more most much must my need needs never new next no none nor not nothing " +
	"now of off often ok okay on once one only or other others our out over own per please put rather really regards right said same saw say says see seem seems seen several she should since so some somebody someone something " +
	"soon still such sure take tell than thank thanks that thats the their them then there these they thing things think this those though through time to today told too tried try two under until up upon us use used using " +
	"very want wants was wasnt way we week well went were werent what when where whether which while who whom whose why will wish with within without wont would wouldnt yes yesterday yet you your yours " +
	"aga ainult ei ega et ja jah ka kas kes kui kuidas kus ma me mida miks mina mis mitte nad need nii nuud oli olid olen olema on ole palun see seda selle siin siis ta tana tanan te teie tema tere veel voi voiks vaga " +
	"al como con cual cuando de del donde el ella ellos en era es esa ese eso esta este esto gracias hay hola la las le les lo los mas mi muy nada o para pero por porque puede que quien se sea ser si sin sobre son su sus " +
	"tambien te tiene todo tu un una uno usted ya y aber als auch auf aus bei bin bis bitte da danke das dass dem den der des die dies doch du ein eine einem einen einer er es fur hallo hat habe haben ich ihr ihre " +
	"im ist ja kann kein keine konnen man mein meine mit nach nein nicht noch nur oder schon sehr sein sich sie sind um und uns unser von vor war warum was wenn wer wie wir wird wo zu zum zur "
