package exec

import (
	"math"
	"strconv"
	"strings"
	"time"

	"frontline/action"
	"frontline/fault"
	"frontline/integration/exec/keeper"
)

// limits bound what a command may use. The kernel counts memory, processor time, open files and the size of a file for each process, and
// processes for the whole run.
type limits struct {
	Memory    size            `json:"memory"`    // what one process may have written to, beside files; 2GiB when zero
	Processes int             `json:"processes"` // at the same time, threads among them; 256 when zero
	Files     int             `json:"files"`     // open in one process; 1024 when zero
	FileSize  size            `json:"file_size"` // of one file; 1GiB when zero
	CPU       action.Duration `json:"cpu"`       // processor time of one process; 1h when zero
}

// check fills in what is usual, and says which limit makes no sense.
func (l *limits) check() error {
	const most = 1 << 20
	usual(&l.Memory, 2<<30)
	usual(&l.Processes, 256)
	usual(&l.Files, 1024)
	usual(&l.FileSize, 1<<30)
	usual(&l.CPU, action.Duration(time.Hour))
	switch {
	case l.Memory < 1<<20:
		return fault.Wrong("limits.memory", "The limit memory is a size of at least 1MiB, such as 512MiB.")
	case l.Processes < 1 || l.Processes > most:
		return fault.Wrong("limits.processes", "The limit processes is a number between 1 and %d.", most)
	case l.Files < 8 || l.Files > most:
		return fault.Wrong("limits.files", "The limit files is a number between 8 and %d.", most)
	case l.FileSize < 1:
		return fault.Wrong("limits.file_size", "The limit file_size is a size such as 100MiB.")
	case l.CPU < action.Duration(time.Second) || l.CPU > action.Duration(24*time.Hour):
		return fault.Wrong("limits.cpu", "The limit cpu is a duration between 1s and 24h, such as 90s.")
	}
	return nil
}

// bounds are the limits as the keeper sets them.
func (l limits) bounds() keeper.Limits {
	return keeper.Limits{Memory: int64(l.Memory), Processes: l.Processes, Files: l.Files, FileSize: int64(l.FileSize), CPU: time.Duration(l.CPU)}
}

func usual[T comparable](v *T, otherwise T) {
	var zero T
	if *v == zero {
		*v = otherwise
	}
}

// size is a number of bytes, written with its unit: "512MiB", "2GB". One that cannot be read is negative.
type size int64

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *size) UnmarshalText(b []byte) error {
	*s = parseSize(string(b))
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (s size) MarshalText() ([]byte, error) {
	return []byte(strconv.FormatInt(int64(s), 10) + "B"), nil
}

func parseSize(text string) size {
	for _, unit := range []struct {
		name  string
		bytes float64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}} {
		number, ok := strings.CutSuffix(text, unit.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 62)
		if v := float64(n) * unit.bytes; err == nil && v <= math.MaxInt64/2 {
			return size(v)
		}
		return -1
	}
	return -1
}
