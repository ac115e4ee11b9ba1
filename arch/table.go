package arch

// The groups of folders that a Package may name in May instead of each folder.
const (
	kernel       = "kernel"
	domain       = "domain"
	integrations = "integrations"
)

// Package says what one folder may import beside the standard library. Its tests may import anything.
type Package struct {
	Path      string   // the folder below the module's root; "integration/*" stands for each folder in integration
	May       []string // folders of this module, or a group of them
	Libraries []string // modules or packages of others; "*" is any
}

// Table is the import rule: cmd → app → {web, api, store, integration/*, cli} → domain → kernel → standard library.
type Table struct {
	Module string
	// Kernel and Domain are in order: each folder may import those before it in its own list, and the domain all of the kernel.
	Kernel, Domain []Package
	// Pure are libraries without input or output that every folder of the domain may use.
	Pure []string
	// Rest is everything above the domain.
	Rest []Package
	// Proof are the folders with tests of the whole program and with the demo. They may import anything; only tests, and the command that
	// runs the demo, import them. A folder whose name ends in "test" is proof too: a conformance suite beside the interface that it tests.
	Proof []string
}

// Frontline returns the table of this repository. A new folder is one line here.
func Frontline() Table {
	return Table{
		Module: "frontline",
		Kernel: []Package{{Path: "fault"}, {Path: "clock"}, {Path: "secret"}, {Path: "plain"}, {Path: "job"}, {Path: "define"}},
		Domain: []Package{
			{Path: "people", Libraries: []string{"golang.org/x/crypto/argon2"}},
			{Path: "catalog"}, {Path: "journal"}, {Path: "form"}, {Path: "rule"}, {Path: "search"}, {Path: "insight/stat"}, {Path: "insight/group"},
			{Path: "chart", Libraries: []string{"github.com/go-analyze/charts"}},
			{Path: "action"}, {Path: "runner", Libraries: []string{"github.com/goccy/go-yaml"}}, {Path: "oncall"}, {Path: "alert"}, {Path: "watch/detect"}, {Path: "watch/locate"}, {Path: "watch/selector"}, {Path: "watch"}, {Path: "incident"}, {Path: "desk"}, {Path: "chat"}, {Path: "insight"}, {Path: "thanks"}, {Path: "privacy"},
			{Path: "config", Libraries: []string{"github.com/goccy/go-yaml"}},
		},
		Pure: []string{"github.com/expr-lang/expr", "github.com/santhosh-tekuri/jsonschema/v6", "gonum.org/v1/gonum",
			"github.com/teambition/rrule-go", "github.com/yuin/goldmark", "github.com/microcosm-cc/bluemonday"},
		Rest: []Package{
			{Path: "store", May: []string{kernel, domain}, Libraries: []string{"github.com/google/uuid", "github.com/jackc/pgx/v5",
				"github.com/pressly/goose/v3", "modernc.org/sqlite"}},
			{Path: "answer", May: []string{kernel}},
			{Path: "web", May: []string{kernel, domain, "answer"}, Libraries: []string{"github.com/yuin/goldmark", "github.com/microcosm-cc/bluemonday"}},
			{Path: "wire"},
			{Path: "api", May: []string{kernel, domain, "answer", "wire"}, Libraries: []string{"github.com/danielgtaylor/huma/v2"}},
			{Path: "client", May: []string{kernel, "wire"}},
			{Path: "cli", May: []string{kernel, "client", "wire"}, Libraries: []string{"github.com/alecthomas/kong", "golang.org/x/term"}},

			{Path: "door", May: []string{kernel, domain}},
			{Path: "integration/email", May: []string{kernel, domain}, Libraries: []string{"github.com/wneessen/go-mail", "github.com/emersion/go-message", "github.com/emersion/go-smtp", "github.com/emersion/go-imap/v2", "golang.org/x/net/html"}},
			{Path: "integration/git", May: []string{kernel}, Libraries: []string{"github.com/go-git/go-git/v5", "github.com/go-git/go-billy/v5"}},
			{Path: "integration/rabbitmq", May: []string{kernel, domain}, Libraries: []string{"github.com/rabbitmq/amqp091-go", "github.com/expr-lang/expr"}},
			{Path: "integration/kubernetes", May: []string{kernel, domain}, Libraries: []string{"k8s.io/client-go", "k8s.io/apimachinery", "github.com/goccy/go-yaml"}},
			{Path: "integration/exec", May: []string{kernel, domain, "integration/exec/keeper"}, Libraries: []string{"golang.org/x/sys"}},
			{Path: "integration/exec/keeper", Libraries: []string{"github.com/landlock-lsm/go-landlock", "golang.org/x/sys"}},
			{Path: "integration/sql", May: []string{kernel, domain}, Libraries: []string{"github.com/go-sql-driver/mysql", "github.com/jackc/pgx/v5", "modernc.org/sqlite"}},
			{Path: "integration/remote", May: []string{kernel, domain, "answer"}},
			{Path: "integration/slack", May: []string{kernel, domain}, Libraries: []string{"github.com/slack-go/slack", "github.com/yuin/goldmark"}},
			{Path: "rest", May: []string{kernel}},
			{Path: "integration/prometheus", May: []string{kernel, domain, "rest"}, Libraries: []string{"github.com/klauspost/compress/snappy", "google.golang.org/protobuf/encoding/protowire"}},
			{Path: "integration/jira", May: []string{kernel, domain, "rest"}, Libraries: []string{"github.com/yuin/goldmark"}},
			{Path: "integration/*", May: []string{kernel, domain, "door", "rest"}},

			{Path: "app", May: []string{kernel, domain, integrations, "door", "store", "web", "wire", "api", "cli"}, Libraries: []string{"*"}},
			{Path: "cmd/frontline", May: []string{kernel, "app", "cli", "demo"}, Libraries: []string{"github.com/alecthomas/kong"}},
			{Path: "arch"},
		},
		Proof: []string{"e2e", "bench", "demo", "examples"},
	}
}

// restricted says which packages of the standard library only some folders may import, and why.
func restricted() map[string]restriction {
	return map[string]restriction{
		"database/sql":        {[]string{"store", "integration/sql"}, "all SQL lives there"},
		"database/sql/driver": {[]string{"store", "integration/sql"}, "all SQL lives there"},
		"html/template":       {[]string{"web", "integration/email"}, "screens and mails are the only HTML"},
		"os/exec":             {[]string{"integration/exec", "integration/exec/keeper"}, "programs run in its sandbox"},
		"log":                 {nil, "log with log/slog"},
		"unsafe":              {nil, "nothing here needs it"},
	}
}

// timeFolders may ask the operating system what time it is; the others are given a clock.Clock.
func timeFolders() []string { return []string{"clock", "app", "cmd/frontline"} }

// timeCalls are the functions of package time that read the system's clock or wait on it blindly.
func timeCalls() []string { return []string{"Now", "Since", "Until", "Sleep"} }

// constructors make values that never change, so that a package variable may hold one.
func constructors() []string {
	return []string{"regexp.MustCompile", "errors.New", "fmt.Errorf", "fault.New", "fault.Wrap", "fault.Wrong", "template.Must",
		"strings.NewReplacer", "time.FixedZone"}
}

type restriction struct {
	allowed []string
	why     string
}

// The limits of size, in lines.
const (
	longestFunction = 60 // a longer one says in its comment why it is one long, straight piece
	longestFile     = 500
)
