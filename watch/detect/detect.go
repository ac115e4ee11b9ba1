// Package detect says whether a mistake rate has moved, since when and how far, with a stated rate of false alarms.
//
// A Detector holds what all series of a watch share; a Series is what is kept of one, of constant size, a plain value that may be copied
// and that Pack and Unpack write down bit for bit. Observe takes one bucket of counts and answers at once:
//
//	d, err := detect.New(detect.Settings{Bucket: time.Minute})
//	s := d.Begin(limit)                    // buckets between false alarms, as watch.Shares hands them out
//	v := d.Observe(&s, detect.Count{Bucket: d.Number(t), Requests: 1000, Errors: 13})
//	if v.Event == detect.Raised {
//		from := s.Window()                  // fetch the buckets since two hours before it, and
//		o, err := detect.Onset(buckets, …)  // say since when and how far
//	}
//
// The test is a mixture Shiryaev–Roberts e-detector (Shin, Ramdas and Rinaldo 2024, New England Journal of Statistics in Data Science 2):
//
//	W_k ← (w_k + W_k)·exp(θ_k·x − κ_k·L),  M = Σ W_k,  Σ w_k = 1,  alarm when M ≥ A
//
// for x errors where L were expected. Each factor has mean 1 or less while nothing has changed, so M_t − t is a supermartingale and the mean
// time to a false alarm is at least A buckets: by construction, for any A, without calibration, however the buckets depend on each other, as
// long as the expectation of a bucket given the past is at most L and its tail is no heavier than that of the negative binomial. What L and
// the dispersion are is learnt (baseline.go, dispersion.go); docs/watches.md shows what became of the promise in simulated years.
//
// A bucket that is missing is not observed: nothing moves, and the promise counts observed buckets. What arrives late is given to Late and
// counts in the next bucket, because only the sums of x and L matter. Where more than three of ten requests fail, watch the successes.
package detect

import (
	"math"
	"time"

	"frontline/fault"
)

// Direction is to which side a rate has moved.
type Direction uint8

// The directions.
const (
	Up   Direction = 1
	Down Direction = 2
	Both           = Up | Down
)

// Settings are what all series of a watch share.
type Settings struct {
	Bucket   time.Duration  // width of a bucket: 1 s to 1 h
	Look     Direction      // Up where it is zero
	Smallest float64        // smallest change worth a page, as a share: 0.05 ignores a rise by less than 5 %
	Counts   bool           // Errors is a count without a total: Requests is the time observed (1 a bucket), and may be smaller than Errors
	Learn    time.Duration  // how much is observed before anything is raised; a week where it is zero
	Zone     *time.Location // whose days and hours the season follows; UTC where it is nil
}

// How the baseline is learnt. What differs from the prototype is in docs/adr/0024.
const (
	dayKept    = 0.95 // what a day leaves of an hour's weight: about 20 days count
	weekKept   = 0.85 // what a week leaves of a weekday's weight
	standard   = 1.0  // standard errors of the baseline that are given to it before anything counts as evidence
	settleDays = 2    // observed days before dispersion is learnt
	learnDays  = 7
	memoryDays = 56 // half-life of the dispersion
)

// Detector holds the tables that all series of a watch share. It never changes, so any number of goroutines may use it.
type Detector struct {
	set     Settings
	width   int64 // of a bucket, in seconds
	perDay  float64
	factor  int64 // between two scales of the dispersion
	span    [scales]uint32
	learn   uint32 // observed buckets before anything is raised
	settle  uint32
	memory  float64 // buckets that the dispersion remembers
	lbarPer float64
	tilts   tilts
}

// New makes a detector. Errors: a bucket that is no whole number of seconds or does not divide an hour; a smallest change outside 0 to 1.
func New(set Settings) (*Detector, error) {
	if set.Bucket < time.Second || set.Bucket > time.Hour || set.Bucket%time.Second != 0 || time.Hour/2%set.Bucket != 0 && set.Bucket != time.Hour {
		return nil, fault.Wrong("bucket", "A bucket is one second to one hour long and divides half an hour; one minute is usual.")
	}
	if !(set.Smallest >= 0 && set.Smallest < 1) {
		return nil, fault.Wrong("smallest", "The smallest change worth a page is a share from 0 to below 1; 0 looks for any.")
	}
	if set.Learn < 0 {
		return nil, fault.Wrong("learn", "The time to learn is not negative; leave it out for a week.")
	}
	if set.Look&Both == 0 {
		set.Look = Up
	}
	if set.Learn == 0 {
		set.Learn = learnDays * 24 * time.Hour
	}
	if set.Zone == nil {
		set.Zone = time.UTC
	}
	d := &Detector{set: set, width: int64(set.Bucket / time.Second)}
	d.perDay = float64(24 * time.Hour / set.Bucket)
	d.learn, d.settle = uint32(set.Learn/set.Bucket), uint32(min(settleDays*24*time.Hour, set.Learn)/set.Bucket)
	d.memory, d.lbarPer = memoryDays*d.perDay/math.Ln2, 1/(4*d.perDay)
	// The longest scale is about a day, whatever the width of a bucket: 1, 6, 36, 216 and 1,296 minutes.
	d.factor = max(2, int64(math.Round(math.Pow(1296*60/float64(d.width), 1.0/(scales-1)))))
	for j, n := 0, int64(1); j < scales; j, n = j+1, n*d.factor {
		d.span[j] = uint32(n)
	}
	d.tilts = newTilts()
	return d, nil
}

// Number is the bucket in which t lies, counted since 1970.
func (d *Detector) Number(t time.Time) uint32 { return uint32(t.Unix() / d.width) }

// Start is when the bucket begins.
func (d *Detector) Start(bucket uint32) time.Time { return time.Unix(int64(bucket)*d.width, 0).UTC() }

// Count is what one bucket of one series counted.
type Count struct {
	Bucket           uint32
	Errors, Requests float64
}

// Event is what a bucket changed.
type Event uint8

// The events. Nothing is by far the most frequent.
const (
	Nothing   Event = iota
	Raised          // a change was found
	Recovered       // the change that was found is over
)

// Verdict is the answer to one bucket.
type Verdict struct {
	Event     Event
	Direction Direction // of the change that was raised or is over
}
