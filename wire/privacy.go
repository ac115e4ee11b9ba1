package wire

import "time"

// ErasedCounts is what an erasure takes away, and what it leaves to people.
type ErasedCounts struct {
	Requests   int `json:"requests" doc:"That they asked; each loses its text."`
	Open       int `json:"open" doc:"Of those not closed."`
	Messages   int `json:"messages"`
	Files      int `json:"files"`
	Drafts     int `json:"drafts"`
	Runs       int `json:"runs" doc:"Whose inputs and output go."`
	Mentions   int `json:"mentions" doc:"Other places where their name or address stood; known when it has ended."`
	Unfinished int `json:"unfinished" doc:"Runs for their requests that have not ended: they stay."`
	Quarantine int `json:"quarantine" doc:"Things in quarantine that name them: they stay until they expire."`
	Configured int `json:"configured" doc:"Definitions that name them: they stay."`
	Published  int `json:"published" doc:"Published answers made of their requests: they stay."`
}

// Held says whom a name means and what is held about them.
type Held struct {
	Whom   string       `json:"whom" example:"kaisa@nordpank.example"`
	Person string       `json:"person,omitempty" doc:"Their id, when they work here or did."`
	Here   bool         `json:"here" doc:"They work here: what they asked goes, and their name stays."`
	Counts ErasedCounts `json:"counts"`
}

// Erasure is a receipt. It names nobody who was erased.
type Erasure struct {
	Ref     string       `json:"ref" example:"ER-3"`
	State   string       `json:"state" enum:"running,ended"`
	By      *Ref         `json:"by,omitempty"`
	At      time.Time    `json:"at"`
	EndedAt *time.Time   `json:"ended_at,omitempty"`
	Counts  ErasedCounts `json:"counts"`
}

// Erase begins an erasure.
type Erase struct {
	Whom     string `json:"whom" minLength:"1" maxLength:"320" doc:"A mail address that wrote to the desk, or the id of a person."`
	Again    string `json:"again" minLength:"1" maxLength:"320" doc:"The same once more: it cannot be taken back."`
	Password string `json:"password" minLength:"1" maxLength:"1000" doc:"The caller's own."`
}

// Archive is all that is held about a person.
type Archive struct {
	Name string `json:"name" example:"frontline-data.zip"`
	ZIP  []byte `json:"zip" doc:"A ZIP archive: data.json, and their files."`
}
