// Package people answers who somebody is, and breaks as many rules as it can.
package people

import (
	"database/sql" // want "people may not import database/sql: all SQL lives there"
	_ "embed"
	"html/template" // want "people may not import html/template"
	"log"           // want "people may not import log"
	"os/exec"       // want "people may not import os/exec"
	"regexp"
	"sync"
	tick "time"
	_ "unsafe" // want "people may not import unsafe"

	"example.org/big" // want "people may not use the library example.org/big"
	"github.com/yuin/goldmark/ast"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/argon2x" // want "may not use the library golang.org/x/crypto/argon2x"

	"frontline/alert"           // want "people may not import alert"
	"frontline/alert/alerttest" // want "people may not import alert/alerttest"
	"frontline/e2e"             // want "people may not import e2e"
	"frontline/fault"
)

// Guards, patterns, sentences, embedded files and private tables stay.
var _ error = (*wrong)(nil)

var name = regexp.MustCompile(`^[a-z]+$`)

//go:embed people.go
var source string

var (
	roles  = map[string]int{"member": 1, "lead": 2}
	limit  = int64(7)
	errWho = fault.New("who")
)

var count int // want "count is a package variable without a value"

var once sync.Once // want "once is a package variable without a value"

var cache = map[string]string{}

var Open = []string{"night"} // want "Open is an exported slice or map"

var first = &wrong{} // want "first is a package variable that points to something"

var wires = make(chan int) // want "wires is a package variable that calls make"

var made = sync.OnceValue(build) // want "made is a package variable that calls sync.OnceValue"

func init() { // want "func init runs unasked"
	count = 3 // want "count is a package variable and is changed here"
}

type wrong struct{ tries int }

func (*wrong) init() {}

func (*wrong) Error() string {
	cache["a"] = "b"        // want "cache is a package variable and is changed here"
	delete(roles, "member") // want "roles is a package variable and is changed here"
	first.tries++           // want "first is a package variable and is changed here"
	p := &limit             // want "limit is a package variable and is changed here"
	*p = 8
	_ = tick.Now()      // want "time.Now asks the system's clock"
	since := tick.Since // want "time.Since asks the system's clock"
	_ = since
	tick.Sleep(tick.Second) // want "time.Sleep asks the system's clock"
	return name.String() + source + errWho.Error()
}

// local has variables with the names of the package's, and changes only those.
func local() int {
	count := 1
	count++
	cache, roles := map[string]string{}, map[string]int{}
	cache["a"] = "b"
	delete(roles, "member")
	time := struct{ Now func() int }{}
	return time.Now() + count
}
