package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"frontline/e2e/office"
	"frontline/journal"
	"frontline/people"
	"frontline/wire"
)

func journalStart() journal.Entry { return journal.Entry{} }

// operation is what the OpenAPI document says of an operation.
type operation struct {
	ID          string                `json:"operationId"`
	Summary     string                `json:"summary"`
	Description string                `json:"description"`
	Security    []map[string][]string `json:"security"`
	Verb        people.Verb           `json:"x-verb"`
	Role        people.Role           `json:"x-role"`
	Tags        []string              `json:"tags"`
	Responses   map[string]struct {
		Ref     string         `json:"$ref"`
		Content map[string]any `json:"content"`
	} `json:"responses"`
	Parameters []struct {
		Name        string `json:"name"`
		In          string `json:"in"`
		Description string `json:"description"`
	} `json:"parameters"`
	method, path string
}

type document struct {
	OpenAPI    string                          `json:"openapi"`
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas   map[string]json.RawMessage `json:"schemas"`
		Responses map[string]json.RawMessage `json:"responses"`
	} `json:"components"`
}

func describe(t *testing.T, w *office.World) (document, []operation) {
	t.Helper()
	doc := document{}
	res, raw := caller{t: t, w: w}.ask("GET", "/openapi.json", nil)
	if res.StatusCode != 200 {
		t.Fatalf("the document is answered with %s", res.Status)
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	var all []operation
	for path, methods := range doc.Paths {
		for method, op := range methods {
			op.method, op.path = strings.ToUpper(method), path
			all = append(all, op)
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	if len(all) == 0 {
		t.Fatal("the document has no operations")
	}
	return doc, all
}

func TestEveryOperationIsDescribed(t *testing.T) {
	doc, all := describe(t, office.Open(t))
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") {
		t.Errorf("OpenAPI %s", doc.OpenAPI)
	}
	seen := map[string]bool{}
	for _, op := range all {
		at := op.method + " " + op.path
		if op.Summary == "" || op.Description == "" || op.ID == "" || len(op.Tags) != 1 || seen[op.ID] {
			t.Errorf("%s lacks a summary, a description, a tag or an id of its own: %+v", at, op)
		}
		seen[op.ID] = true
		if len(op.Security) != 1 || op.Security[0]["token"] == nil {
			t.Errorf("%s has the security %v", at, op.Security)
		}
		right := 0
		for status, r := range op.Responses {
			if status[0] == '2' {
				right++
			} else if doc.Components.Responses[status] == nil || r.Ref != "#/components/responses/"+status {
				t.Errorf("%s has no problem for %s", at, status)
			}
		}
		if right != 1 || op.Responses["401"].Ref == "" || op.Responses["403"].Ref == "" || op.Responses["500"].Ref == "" || op.Responses["503"].Ref == "" {
			t.Errorf("%s describes the answers %v", at, op.Responses)
		}
		for _, p := range op.Parameters {
			if p.Description == "" {
				t.Errorf("%s does not say what %s is", at, p.Name)
			}
		}
	}
	for name, schema := range doc.Components.Schemas {
		if strings.Contains(string(schema), `"array",`) || strings.Contains(name, "Error") {
			t.Errorf("the schema %s has a list that may be null, or is not ours: %s", name, schema)
		}
	}
}

// TestEveryReferenceLeadsSomewhere follows each $ref of the document.
func TestEveryReferenceLeadsSomewhere(t *testing.T) {
	_, raw := caller{t: t, w: office.Open(t)}.ask("GET", "/openapi.json", nil)
	var doc any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	followed := 0
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				walk(x)
			}
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				followed++
				if !leads(doc, ref) {
					t.Errorf("%s leads nowhere", ref)
				}
			}
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(doc)
	if followed < 100 {
		t.Errorf("only %d references were found", followed)
	}
}

func leads(doc any, ref string) bool {
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		table, _ := doc.(map[string]any)
		if doc = table[part]; doc == nil {
			return false
		}
	}
	return true
}

// TestEveryOperationKeepsTheTableOfRoles asks each operation as nobody and in each role. Whether the rest of the request is right does
// not matter: who asks is looked at first.
func TestEveryOperationKeepsTheTableOfRoles(t *testing.T) {
	w := office.Open(t)
	_, all := describe(t, w)
	tokens := map[people.Role]string{}
	for _, role := range people.Roles() {
		tokens[role] = w.Token("marika", role)
	}
	for _, op := range all {
		least, known := people.LeastRole(op.Verb)
		if !known || least != op.Role {
			t.Errorf("%s is documented for the role %q, the table says %q for %q", op.ID, op.Role, least, op.Verb)
			continue
		}
		// A path that leads to nothing: what is allowed must change nothing here.
		path := strings.NewReplacer("{id}", "nothing", "{action}", "nothing", "{rule}", "nothing").Replace(op.path)
		if p := refused(caller{t: t, w: w}, 401, op.method, path, nil); p.Kind != "unauthenticated" {
			t.Errorf("%s refuses nobody with %+v", op.ID, p)
		}
		for i, role := range people.Roles() {
			c := caller{t, w, tokens[role]}
			if i < slices.Index(people.Roles(), least) {
				if p := refused(c, 403, op.method, path, nil); p.Kind != "forbidden" || !strings.Contains(p.Detail, string(least)) {
					t.Errorf("%s refuses %s with %+v, want the role %s named", op.ID, role, p, least)
				}
			} else if res, raw := c.ask(op.method, path, nil); res.StatusCode == 401 || res.StatusCode == 403 || res.StatusCode >= 500 {
				t.Errorf("%s answers %s with %s %s", op.ID, role, res.Status, raw)
			}
		}
	}
}

func TestDocumentIsForEverybodyAndInBothForms(t *testing.T) {
	w := office.Open(t)
	for name, begins := range map[string]string{"/openapi.json": "{", "/openapi.yaml": "components:"} {
		res, raw := caller{t: t, w: w}.ask("GET", name, nil)
		if res.StatusCode != http.StatusOK || !strings.HasPrefix(string(raw), begins) || strings.Contains(string(raw), "Liis") && strings.Contains(string(raw), verityPush) {
			t.Errorf("%s: %s %.60s", name, res.Status, raw)
		}
	}
}

const verityPush = "push.verity.example"

func TestDurationsAreWrittenAsPeopleWriteThem(t *testing.T) {
	for d, want := range map[time.Duration]string{5 * time.Minute: "5m", 90 * time.Minute: "1h30m", time.Hour: "1h", 0: "0s", 30 * time.Second: "30s", 61 * time.Second: "1m1s", 10 * time.Minute: "10m"} {
		raw, err := json.Marshal(wire.Duration(d))
		var back wire.Duration
		if err != nil || string(raw) != fmt.Sprintf("%q", want) || json.Unmarshal(raw, &back) != nil || time.Duration(back) != d {
			t.Errorf("%v is written %s and read %v (%v), want %q", d, raw, back, err, want)
		}
	}
}
