package wire

// File is one text of a configuration folder.
type File struct {
	Name    string `json:"name" doc:"Relative to the folder, with slashes." example:"people.yaml" maxLength:"400"`
	Content string `json:"content"`
}

// Apply asks to make a folder's definitions be those in the files, all or nothing.
type Apply struct {
	Folder string `json:"folder" doc:"The folder's name: it owns what it holds. What is gone from its files is retired." example:"verity" maxLength:"100"`
	Files  []File `json:"files" doc:"YAML files, and customers.csv."`
	DryRun bool   `json:"dry_run,omitempty" doc:"Only say what would change."`
	Adopt  bool   `json:"adopt,omitempty" doc:"Take over what screens or other folders own."`
}

// Applied says what was, or would be, changed.
type Applied struct {
	Changes   []Change `json:"changes"`
	Unchanged int      `json:"unchanged"`
	DryRun    bool     `json:"dry_run"`

	Warnings []Warning `json:"warnings,omitempty" doc:"What is better to know about actions that are right. It refuses nothing."`
}

// Warning is what is better to know about an action.
type Warning struct {
	Action string `json:"action" example:"queue/park-message"`
	Say    string `json:"say" example:"No enrolled runner carries network=berlin: nobody can run queue/park-message until one does."`
}

// Change is one difference that applying makes.
type Change struct {
	Kind   string   `json:"kind" example:"source"`
	ID     string   `json:"id" example:"prometheus"`
	What   string   `json:"what" enum:"added,changed,removed,adopted"`
	Fields []string `json:"fields,omitempty" doc:"Which fields differ."`
	Token  string   `json:"token,omitempty" doc:"The token of a new source. It is shown this once."`
}

// Exported is what a folder owns, written back.
type Exported struct {
	Files []File `json:"files"`
}
