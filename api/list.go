package api

import (
	"encoding/base64"
	"encoding/json"

	"frontline/fault"
	"frontline/wire"
)

// Paging is what every list takes. It is exported because the library reads only exported parts of a request.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many at most."`
	Cursor string `query:"cursor" maxLength:"300" doc:"The next of the page before."`
}

// place is where a page begins: below a number, before an entry of the journal, or after so many items. People see it as one word that
// they need not understand.
type place struct {
	Below int64  `json:"n,omitempty"`
	At    int64  `json:"t,omitempty"`
	ID    string `json:"i,omitempty"`
	After int    `json:"o,omitempty"`
}

func (p Paging) place() (place, error) {
	var out place
	if p.Cursor == "" {
		return out, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil || out.Below < 0 || out.After < 0 {
		return out, fault.Wrong("cursor", "This cursor is not one of ours. Give the next of the page before, unchanged, or leave it out.")
	}
	return out, nil
}

func (p place) String() string {
	raw, err := json.Marshal(p)
	if err != nil { // four plain fields
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// page makes a page of at most limit items. all holds one more when there is more; next is the place after an item.
func page[T, W any](all []T, limit int, each func(T) W, next func(T) place) wire.List[W] {
	out := wire.List[W]{Items: []W{}}
	if len(all) > limit {
		all = all[:limit]
		out.Next = next(all[limit-1]).String()
	}
	for _, x := range all {
		out.Items = append(out.Items, each(x))
	}
	return out
}

// slice makes a page of a list that is short enough to be read whole.
func slice[T, W any](all []T, p Paging, each func(T) W) (wire.List[W], error) {
	at, err := p.place()
	if err != nil {
		return wire.List[W]{}, err
	}
	rest := all[min(at.After, len(all)):]
	return page(rest, p.Limit, each, func(T) place { return place{After: at.After + p.Limit} }), nil
}

// every is each item as it is said, never nil.
func every[T, W any](all []T, each func(T) W) []W {
	out := make([]W, 0, len(all))
	for _, x := range all {
		out = append(out, each(x))
	}
	return out
}
