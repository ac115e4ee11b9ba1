package statuspage

import (
	"encoding/json"

	"frontline/fault"
	"frontline/incident"
)

// maintenances is empty: Frontline plans none yet, and watchers expect a list.
type maintenances = []struct{}

// document is one thing that can be fetched.
type document struct {
	kind string // content type
	make func(shaper) ([]byte, error)
}

// documents are what the door serves, by path.
func documents() map[string]document {
	return map[string]document{
		"/api/v2/status.json": inJSON(func(s shaper) any {
			return struct {
				Page   page   `json:"page"`
				Status status `json:"status"`
			}{s.page(), s.status()}
		}),
		"/api/v2/components.json": inJSON(func(s shaper) any {
			return struct {
				Page       page        `json:"page"`
				Components []component `json:"components"`
			}{s.page(), s.components()}
		}),
		"/api/v2/summary.json": inJSON(func(s shaper) any {
			return struct {
				Page         page          `json:"page"`
				Components   []component   `json:"components"`
				Incidents    []disturbance `json:"incidents"`
				Maintenances maintenances  `json:"scheduled_maintenances"`
				Status       status        `json:"status"`
			}{s.page(), s.components(), s.incidents(true), maintenances{}, s.status()}
		}),
		"/api/v2/incidents.json":                       listed(false),
		"/api/v2/incidents/unresolved.json":            listed(true),
		"/api/v2/scheduled-maintenances.json":          planned(),
		"/api/v2/scheduled-maintenances/upcoming.json": planned(),
		"/api/v2/scheduled-maintenances/active.json":   planned(),
		"/history.atom":                                {"application/atom+xml; charset=utf-8", shaper.atom},
		"/history.rss":                                 {"application/rss+xml; charset=utf-8", shaper.rss},
	}
}

func listed(open bool) document {
	return inJSON(func(s shaper) any {
		return struct {
			Page      page          `json:"page"`
			Incidents []disturbance `json:"incidents"`
		}{s.page(), s.incidents(open)}
	})
}

func planned() document {
	return inJSON(func(s shaper) any {
		return struct {
			Page         page         `json:"page"`
			Maintenances maintenances `json:"scheduled_maintenances"`
		}{s.page(), maintenances{}}
	})
}

func inJSON(shape func(shaper) any) document {
	return document{"application/json; charset=utf-8", func(s shaper) ([]byte, error) { return json.Marshal(shape(s)) }}
}

// Render returns the document at a path for what was published, with its content type. There is no such path is NotFound.
func Render(path string, p incident.Published) (body []byte, kind string, err error) {
	d, ok := documents()[path]
	if !ok {
		return nil, "", fault.New(fault.NotFound, "The status page has nothing at %s. Look at /api/v2/summary.json.", path)
	}
	body, err = d.make(newShaper(p))
	return body, d.kind, err
}
