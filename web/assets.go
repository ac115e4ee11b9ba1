package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"frontline/fault"
)

// dist is what esbuild made of assets, when it ran; assets are served raw without it.
var (
	//go:embed all:dist
	distFiles embed.FS
	//go:embed assets
	assetFiles embed.FS
)

// assets are the files that screens refer to, each under a name that carries its content.
type assets struct {
	CSS    string // address of the stylesheet
	JS     string // of the scripts; empty without a bundle: the screens then work without
	Worker string // of the shared worker; empty without a bundle
	files  map[string]asset
}

type asset struct {
	kind      string
	raw, gzip []byte
}

// readAssets prefers the bundle. Without it the stylesheet is put together from its parts and there are no scripts.
func readAssets() (assets, error) {
	a := assets{files: map[string]asset{}}
	css, err := distFiles.ReadFile("dist/app.css")
	if errors.Is(err, fs.ErrNotExist) {
		css, err = joinCSS("app.css")
	}
	if err != nil {
		return a, err
	}
	if a.CSS, err = a.add("app.css", "text/css; charset=utf-8", css); err != nil {
		return a, err
	}
	js, err := distFiles.ReadFile("dist/app.js")
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	if err != nil {
		return a, err
	}
	worker, err := assetFiles.ReadFile("assets/worker.js")
	if err != nil {
		return a, err
	}
	const script = "text/javascript; charset=utf-8"
	if a.JS, err = a.add("app.js", script, js); err != nil {
		return a, err
	}
	a.Worker, err = a.add("worker.js", script, worker)
	return a, err
}

// joinCSS does what esbuild does with @import, for a stylesheet of ours: one import a line, beside the file.
func joinCSS(name string) ([]byte, error) {
	text, err := assetFiles.ReadFile("assets/" + name)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for line := range strings.Lines(string(text)) {
		part, ok := strings.CutPrefix(strings.TrimSpace(line), `@import "./`)
		if !ok {
			out.WriteString(line)
			continue
		}
		more, err := joinCSS(strings.TrimSuffix(part, `";`))
		if err != nil {
			return nil, fmt.Errorf("import in %s: %w", name, err)
		}
		out.Write(more)
	}
	return out.Bytes(), nil
}

// add keeps a file, compressed too, and returns its address.
func (a *assets) add(name, kind string, raw []byte) (string, error) {
	sum := sha256.Sum256(raw)
	ext := path.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "-" + hex.EncodeToString(sum[:6]) + ext
	var zipped bytes.Buffer
	zip, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	_, err = zip.Write(raw)
	if err := errors.Join(err, zip.Close()); err != nil {
		return "", err
	}
	a.files[hashed] = asset{kind: kind, raw: raw, gzip: zipped.Bytes()}
	return "/assets/" + hashed, nil
}

// serveAsset serves a file that never changes under its name.
func (s *Server) serveAsset(w http.ResponseWriter, r *http.Request) {
	if !s.assets.serve(w, r, r.PathValue("name")) {
		v, _ := s.enter(w, r, Route{Pattern: r.Pattern, Access: Public})
		s.fail(w, r, v, fault.New(fault.NotFound, "There is no such file; a newer version of Frontline may run. Reload the screen."))
	}
}

// serve writes the file; false when there is none of this name.
func (a assets) serve(w http.ResponseWriter, r *http.Request, name string) bool {
	f, ok := a.files[name]
	if !ok {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", `"`+name+`"`)
	h.Set("Vary", "Accept-Encoding")
	if r.Header.Get("If-None-Match") == h.Get("ETag") {
		w.WriteHeader(http.StatusNotModified)
		return true
	}
	body := f.raw
	if takesGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body = f.gzip
	}
	_, _ = w.Write(body)
	return true
}
