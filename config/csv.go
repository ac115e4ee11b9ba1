package config

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"frontline/catalog"
)

var customerColumns = []string{"id", "name", "tier", "components", "email", "owner"}

// readCSV reads customers.csv: one customer a line, the first line names the columns, several components are parted by spaces or
// semicolons.
func readCSV(f File) ([]object, []Problem) {
	if path.Base(f.Name) != "customers.csv" {
		return nil, []Problem{{File: f.Name, Say: "Only customers can be given as CSV, in a file named customers.csv. Rename it or write YAML."}}
	}
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(f.Content, "\uFEFF")))
	r.TrimLeadingSpace = true
	head, err := r.Read()
	if err != nil {
		return nil, []Problem{{File: f.Name, Line: 1, Column: 1, Say: "The first line names the columns: " + strings.Join(customerColumns, ", ") + "."}}
	}
	var problems []Problem
	for _, c := range head {
		if !slices.Contains(customerColumns, c) {
			problems = append(problems, Problem{File: f.Name, Line: 1, Column: 1, Say: fmt.Sprintf("%q is no column of a customer.%s Known: %s.", c, meant(c, customerColumns), strings.Join(customerColumns, ", "))})
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	var objects []object
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return objects, problems
		}
		if err != nil {
			var bad *csv.ParseError
			line := 1
			if errors.As(err, &bad) {
				line = bad.Line
			}
			return objects, append(problems, Problem{File: f.Name, Line: line, Column: 1, Say: "This line cannot be read as CSV: it has another number of cells than the first line, or a quote that is not closed."})
		}
		line, _ := r.FieldPos(0)
		k := customer(head, cells)
		objects = append(objects, object{kind: "customer", id: k.ID, value: k, file: f.Name, line: line})
	}
}

func customer(head, cells []string) catalog.Customer {
	var k catalog.Customer
	for i, c := range head {
		switch v := strings.TrimSpace(cells[i]); c {
		case "id":
			k.ID = v
		case "name":
			k.Name = v
		case "tier":
			k.Tier = v
		case "components":
			k.Components = strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == ';' })
		case "email":
			k.Email = v
		case "owner":
			k.Owner = v
		}
	}
	return k
}
