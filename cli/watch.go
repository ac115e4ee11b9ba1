package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"frontline/fault"
)

type watchCommands struct {
	List listWatches `cmd:"" help:"List watches, those with something open first."`
	Show showWatch   `cmd:"" help:"Show a watch and the evidence of its series."`
	Push pushCounts  `cmd:"" help:"Send counts to a watch."`
}

type pushCounts struct {
	remote
	Watch string `arg:"" help:"The watch."`
	File  string `arg:"" help:"JSON or CSV with the counts." type:"path"`
	Key   string `help:"Made once for each delivery; what the file holds, when left out, so that the same file is counted once." placeholder:"KEY"`
}

// Run implements the command.
func (c pushCounts) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(c.File)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "The file %s cannot be read. Give the path of a JSON or CSV file.", c.File)
	}
	if c.Key == "" {
		sum := sha256.Sum256(raw)
		c.Key = hex.EncodeToString(sum[:16])
	}
	kind := "application/json"
	if strings.EqualFold(filepath.Ext(c.File), ".csv") {
		kind = "text/csv"
	}
	taken, err := server.SendCounts(ctx, c.Watch, c.Key, kind, strings.NewReader(string(raw)))
	if err != nil {
		return err
	}
	return c.show(env, taken, func(p *paper) {
		if taken.Counts == 1 {
			p.line("1 count was sent to " + c.Watch + ".")
			return
		}
		p.line(fmt.Sprintf("%d counts were sent to %s.", taken.Counts, c.Watch))
	})
}
