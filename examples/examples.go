// Package examples holds actions that a company could start from. docs/examples.md says what there is and how to take them over.
package examples

import "embed"

// Actions are the definitions with their scripts, below the folder "actions".
//
//go:embed actions
var Actions embed.FS
