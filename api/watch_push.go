package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"frontline/fault"
	"frontline/people"
	"frontline/watch"
	"frontline/wire"
)

// Counting takes counts for watches.
type Counting interface {
	Push(ctx context.Context, by people.Actor, id, delivery string, counts []watch.Count) error
}

var _ Counting = (*watch.Service)(nil)

// mostCounts is how much one delivery weighs at most, in bytes.
const mostCounts = 16 << 20

func (s *server) pushes() {
	add(s, route{Method: http.MethodPost, Path: "/watches/{id}/counts", ID: "sendCounts", Verb: people.SendCounts, Limit: mostCounts, Stream: true, Summary: "Send counts to a watch",
		Say: "JSON, {\"counts\": [{\"at\", \"labels\", \"errors\", \"total\"}]}, or CSV (text/csv) with the columns at, errors, total and one for each label. The same Idempotency-Key again counts nothing."}, s.sendCounts)
}

type sendCounts struct {
	ID  string `path:"id" maxLength:"100" doc:"The watch." example:"decisions"`
	Key string `header:"Idempotency-Key" maxLength:"200" doc:"Made once for each delivery, so that one that is sent again is counted once."`

	kind string
	body io.Reader
}

var _ huma.Resolver = (*sendCounts)(nil)

// Resolve implements huma.Resolver: the body is JSON or CSV.
func (p *sendCounts) Resolve(ctx huma.Context) []error {
	p.kind, p.body = ctx.Header("Content-Type"), ctx.BodyReader()
	return nil
}

func (s *server) sendCounts(ctx context.Context, by people.Actor, in *sendCounts) (wire.WatchTaken, error) {
	raw, err := io.ReadAll(io.LimitReader(in.body, mostCounts+1))
	if err != nil {
		return wire.WatchTaken{}, fault.Wrap(err, fault.Unavailable, "The counts did not arrive whole. Send them again, with the same Idempotency-Key.")
	}
	if len(raw) > mostCounts {
		return wire.WatchTaken{}, fault.Wrong("counts", "One delivery weighs at most 16 MB. Send it in several.")
	}
	counts, err := readCounts(in.kind, raw)
	if err != nil {
		return wire.WatchTaken{}, err
	}
	return wire.WatchTaken{Counts: len(counts)}, s.deps.Counting.Push(ctx, by, in.ID, in.Key, counts)
}

// readCounts reads JSON, or CSV where the media type says so.
func readCounts(kind string, raw []byte) ([]watch.Count, error) {
	if media, _, err := mime.ParseMediaType(kind); err == nil && media == "text/csv" {
		return countsOfCSV(raw)
	}
	var in wire.WatchCounts
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, fault.Wrong("counts", "This is no JSON of counts: %s. Send {\"counts\": [{\"at\": …, \"errors\": …, \"total\": …}]}, or CSV with the type text/csv.", err)
	}
	return every(in.Counts, func(c wire.WatchCount) watch.Count {
		return watch.Count{At: c.At, Labels: c.Labels, Errors: c.Errors, Total: c.Total}
	}), nil
}

// countsOfCSV reads a table whose first line names the columns.
func countsOfCSV(raw []byte) ([]watch.Count, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff"))))
	head, err := r.Read()
	if err != nil || !slices.Contains(head, "at") || !slices.Contains(head, "errors") {
		return nil, fault.Wrong("counts", "The first line of the CSV names the columns: at, errors, total and one for each label.")
	}
	var out []watch.Count
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fault.Wrong("counts", "The CSV cannot be read: %s. Correct it.", err)
		}
		c, err := countOfRow(head, row, len(out)+2)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
}

func countOfRow(head, row []string, line int) (c watch.Count, err error) {
	c.Labels = map[string]string{}
	for i, name := range head {
		switch name {
		case "at":
			c.At, err = time.Parse(time.RFC3339, row[i])
		case "errors":
			c.Errors, err = strconv.ParseFloat(row[i], 64)
		case "total":
			c.Total, err = strconv.ParseFloat(row[i], 64)
		default:
			c.Labels[name] = row[i]
		}
		if err != nil {
			return c, fault.Wrong("counts", "Line %d has %q in the column %s. Write times as 2026-11-23T14:07:00Z, and counts as numbers.", line, row[i], name)
		}
	}
	return c, nil
}
