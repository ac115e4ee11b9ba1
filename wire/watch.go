package wire

import "time"

// WatchCount is one line of what is sent to a watch: what was counted at a time, for one combination of labels.
type WatchCount struct {
	At     time.Time         `json:"at" doc:"When: anywhere within the bucket."`
	Labels map[string]string `json:"labels,omitempty" doc:"By the watch's labels; others are left out."`
	Errors float64           `json:"errors" minimum:"0" doc:"How many failed, or how many there were where no totals are sent."`
	Total  float64           `json:"total,omitempty" minimum:"0" doc:"How many there were in all."`
}

// WatchCounts is one delivery of counts.
type WatchCounts struct {
	Counts []WatchCount `json:"counts" minItems:"1" maxItems:"100000" doc:"All of them are taken, or none."`
}

// WatchTaken says what was taken.
type WatchTaken struct {
	Counts int `json:"counts" doc:"How many counts came."`
}
