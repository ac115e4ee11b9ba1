// Package watch answers whether a mistake rate has moved, since when, how far, and whom it hurts; its parts are detect and locate.
//
// A watch is the definition of one mistake rate to keep an eye on: errors and requests, labels to look at, series worth a page, and a budget
// of false alarms in words ("at most one a month for this team"). Shares divides that budget among the series. For each series a keeper
// holds one detect.Series, and does this for each bucket, in order:
//
//   - detect.Increment makes counts of counters; a bucket is held back for a minute, what comes later goes to Late;
//   - Detector.Observe decides. Of what it raises, watch and bucket are the key: whoever repeats the input after a restart repeats the same
//     decisions, bit for bit, and finds them made;
//   - on Raised: the buckets since Series.Window are fetched, Detector.Onset says since when and how far, Series.Settle tells the series,
//     and locate.Scan says where, of the leaves counted since the start. All three may be repeated while the change lasts;
//   - on Recovered the finding is over. Detector.Accept makes the new level the usual one, when a person says so;
//   - every minute or so Detector.Pack writes all series down, with the position of the input that they have seen. After a crash the input
//     since that position is observed again.
//
// Nothing here waits, reads a clock or keeps anything: the keeper is store's and app's part.
package watch

import (
	"math"
	"time"

	"frontline/fault"
)

// Shares divides a budget among series: promised is the mean time between false alarms of all of them together, bucket the width of a bucket,
// and weights say which share of the alarms each series may raise (its traffic, the value of its contract; equal weights are usual). Each
// limit is for detect.Detector.Begin, in buckets:
//
//	A_i = A·Σw/w_i,  so that Σ 1/A_i = 1/A
//
// A weighted sum of e-detectors is an e-detector, so the promise holds for all together, however they depend on each other. It costs delay:
// ln A_i instead of ln A. Two hundred series at one false alarm a month need 21 % longer than one, so only series
// worth a page should have a share; leaves are for locate. Source: Shin, Ramdas and Rinaldo 2024, section 2. Errors: a promise shorter than ten
// buckets; a weight that is not above zero.
func Shares(promised, bucket time.Duration, weights []float64) ([]float64, error) {
	if bucket <= 0 || promised < 10*bucket {
		return nil, fault.Wrong("budget", "A budget promises at least ten buckets between two false alarms; one a month is usual.")
	}
	var sum float64
	for _, w := range weights {
		if !(w > 0) || math.IsInf(w, 1) {
			return nil, fault.Wrong("weights", "The weight of a series is above zero; leave a series out that is never to page.")
		}
		sum += w
	}
	limits := make([]float64, len(weights))
	for i, w := range weights {
		limits[i] = promised.Seconds() / bucket.Seconds() * (sum / w)
	}
	return limits, nil
}
