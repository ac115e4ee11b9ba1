package demo

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"time"

	"frontline/examples"
	"frontline/wire"
)

// blanks is what the company's configuration leaves open until the night begins.
type blanks struct {
	Phones     map[string]string // address of each person's phone
	Company    string            // its address
	Port       string            // and the port of that
	Step       time.Duration
	Pause      time.Duration
	Again      time.Duration // until who has it is paged again
	HandoffDay string        // a day on which the rotations changed hands, so that the first members are on call
	Start      string
	Files      string // folder of a queue of files
	Tools      string // folder of the scripts
	Broker     string // management API
	AMQP       string
	BrokerUser string
	Queue      string
	CanLook    bool // what the action that looks needs is there
}

// folderName is who owns what is configured.
const folderName = "verity"

func (s *stage) blanks(now time.Time) blanks {
	turned := now.In(tallinn()).AddDate(0, 0, -3)
	began := turned.AddDate(0, 0, -28) // two turns of two before this one, so that the first members are on call again
	b := blanks{
		Phones:  map[string]string{"karl": s.company.Topic(s.holders()[0]), "liis": s.company.Topic(s.holders()[1])},
		Company: s.company.URL(), Step: s.o.Pace.Step, Pause: s.o.Pace.Pause, Again: 5 * time.Minute,
		HandoffDay: strings.ToLower(turned.Weekday().String()), Start: began.Format(time.DateOnly),
		Files: s.company.Files(), Tools: filepath.Join(s.dir, folderName, "tools"), CanLook: true,
	}
	if at, err := url.Parse(b.Company); err == nil {
		b.Port = at.Port()
	}
	if s.broker != nil {
		b.Broker, b.AMQP = s.broker.Management(), fmt.Sprintf("amqp://127.0.0.1:%d", s.broker.AMQPPort)
		b.BrokerUser, b.Queue = s.broker.User, decisionQueue
		_, err := exec.LookPath("curl")
		b.CanLook = err == nil
	}
	return b
}

func tallinn() *time.Location {
	loc, err := time.LoadLocation("Europe/Tallinn")
	if err != nil {
		return time.UTC // a machine without time zones; config says so when it reads the rotations
	}
	return loc
}

// configure writes the company's folder, where the reader can look at it and change it, and applies it through the API.
func (s *stage) configure(ctx context.Context, b blanks) error {
	left := []string{"pods.yaml", "actions-rabbitmq.yaml", "queue.yaml"} // there is no cluster here
	if s.broker != nil {
		left = []string{"pods.yaml", "actions-files.yaml"}
	}
	if s.broker != nil && !b.CanLook {
		left = append(left, "actions-rabbitmq.yaml")
	}
	if _, err := os.Stat("/usr/bin/python3"); err != nil { // where the sandbox looks for it
		left = append(left, "export.yaml")
	}
	dir := filepath.Join(s.dir, folderName)
	files, err := write(dir, verity, "verity", left, func(name string, raw []byte) ([]byte, error) { return fill(name, raw, b) })
	if err != nil {
		return err
	}
	here := s.here(b)
	more, err := write(dir, examples.Actions, ".", left, func(_ string, raw []byte) ([]byte, error) { return []byte(here.Replace(string(raw))), nil })
	if err != nil {
		return err
	}
	files = append(files, more...)
	done, err := s.admin.api.Apply(ctx, wire.Apply{Folder: folderName, Files: files})
	if err != nil {
		return err
	}
	if n := len(done.Changes); s.things == 0 {
		s.things = n
		return nil
	}
	s.tell.say("Frontline is set up: %d things are configured from %s.", s.things, filepath.Join(s.dir, folderName))
	return nil
}

// here puts what is on this machine in the place of what the examples name.
func (s *stage) here(b blanks) *strings.Replacer {
	office := s.company.Office()
	return strings.NewReplacer("https://backoffice.verity.example", b.Company, "/var/lib/verity/verity.db", office.Database(), "/var/lib/verity/decisions.csv", office.Log(),
		"/var/lib/verity", filepath.Dir(office.Database()), "http://rabbit.verity.example:15672", b.Broker, "amqp://rabbit.verity.example:5672", b.AMQP)
}

// write writes a folder below dir, but for the files that are left out, and returns what is to be applied. put makes each definition ready for this machine;
// what the folder's top level has beside definitions, and what lies in tools, is not Frontline's.
func write(dir string, from fs.FS, top string, left []string, put func(name string, raw []byte) ([]byte, error)) ([]wire.File, error) {
	var files []wire.File
	err := fs.WalkDir(from, top, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || slices.Contains(left, d.Name()) {
			return err
		}
		raw, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		below := strings.TrimPrefix(name, top+"/")
		if strings.HasSuffix(name, ".yaml") {
			if raw, err = put(name, raw); err != nil {
				return err
			}
		}
		if filepath.Dir(below) != "tools" {
			files = append(files, wire.File{Name: below, Content: string(raw)})
		}
		path := filepath.Join(dir, filepath.FromSlash(below))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, raw, 0o644)
	})
	if err != nil {
		return nil, fmt.Errorf("write the company's configuration: %w", err)
	}
	return files, nil
}

func fill(name string, raw []byte, b blanks) ([]byte, error) {
	t, err := template.New(name).Option("missingkey=error").Parse(string(raw))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, b)
	return out.Bytes(), err
}
