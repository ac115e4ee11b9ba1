package statuspage

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"frontline/fault"
	"frontline/incident"
)

// Door serves the public documents. Anybody may read them from anywhere; GET and HEAD are all it knows.
type Door struct {
	reader    incident.StatusReader
	log       *slog.Logger
	documents map[string]document

	mu      sync.Mutex
	version int64 // of the page that rendered is made of
	made    map[string]rendered
}

type rendered struct {
	body []byte
	kind string
	etag string
}

// NewDoor returns a door that shows what reader reads; put an incident.StatusCache between them.
func NewDoor(reader incident.StatusReader, log *slog.Logger) *Door {
	return &Door{reader: reader, log: log, documents: documents(), made: map[string]rendered{}}
}

// Paths lists what the door serves, for mounting it.
func (*Door) Paths() []string { return slices.Sorted(maps.Keys(documents())) }

// ServeHTTP implements http.Handler.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, "The status page is only read. Use GET.")
		return
	}
	doc, err := d.find(r)
	switch {
	case fault.Is(err, fault.NotFound):
		refuse(w, http.StatusNotFound, fault.Sentence(err))
		return
	case err != nil:
		d.log.Error("the status page cannot be served", "path", r.URL.Path, "err", err)
		h.Set("Retry-After", "5")
		refuse(w, http.StatusServiceUnavailable, "The status page cannot be read right now. Try again in some seconds.")
		return
	}
	h.Set("Content-Type", doc.kind)
	h.Set("ETag", doc.etag)
	h.Set("Cache-Control", "public, max-age=10, stale-while-revalidate=30, stale-if-error=3600")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(doc.body))
}

// find returns the document at the request's path. Each is rendered once for each version of the page.
func (d *Door) find(r *http.Request) (rendered, error) {
	document, known := d.documents[r.URL.Path]
	if !known {
		return rendered{}, fault.New(fault.NotFound, "The status page has nothing here. Look at /api/v2/summary.json.")
	}
	p, err := d.reader.Published(r.Context(), time.Time{})
	if err != nil {
		return rendered{}, err
	}
	if !p.Exists() {
		return rendered{}, fault.New(fault.NotFound, "There is no status page yet.")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.version != p.Page.Version {
		d.version, d.made = p.Page.Version, map[string]rendered{}
	}
	doc, ok := d.made[r.URL.Path]
	if !ok {
		if doc.body, err = document.make(newShaper(p)); err != nil {
			return rendered{}, err
		}
		doc.kind = document.kind
		sum := sha256.Sum256(doc.body)
		doc.etag = `"` + hex.EncodeToString(sum[:12]) + `"`
		d.made[r.URL.Path] = doc
	}
	return doc, nil
}

func refuse(w http.ResponseWriter, code int, say string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": say}) // the reader has gone when this fails
}
