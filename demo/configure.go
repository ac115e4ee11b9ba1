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
	"strings"
	"text/template"
	"time"

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
	left := "actions-rabbitmq.yaml"
	if s.broker != nil {
		left = "actions-files.yaml"
	}
	files, err := write(filepath.Join(s.dir, folderName), b, left)
	if err != nil {
		return err
	}
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

// write fills the blanks and writes the folder, but for the file that is left out. It returns what is to be applied.
func write(dir string, b blanks, left string) ([]wire.File, error) {
	var files []wire.File
	err := fs.WalkDir(verity, "verity", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == left {
			return err
		}
		raw, err := verity.ReadFile(name)
		if err != nil {
			return err
		}
		below := strings.TrimPrefix(name, "verity/")
		if strings.HasSuffix(name, ".yaml") {
			if raw, err = fill(name, raw, b); err != nil {
				return err
			}
		}
		if filepath.Dir(below) == "." {
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
