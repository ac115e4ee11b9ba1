package form

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"frontline/fault"
	"frontline/secret"
)

func bound(f float64) *float64 { return &f }

// resend is a form like those that support fills in: resend a customer's webhooks of one day.
var resend = []Input{
	{Name: "customer", Type: Choice, Required: true, Choices: []string{"nordpank", "lumo-exchange", "savanna-pay"}},
	{Name: "session", Type: Text, Pattern: `vs_[0-9A-Za-z]{8}`, Example: "vs_7hK2m9Qx"},
	{Name: "day", Type: Date},
	{Name: "most", Type: Number, Whole: true, Min: bound(1), Max: bound(500), Default: 100},
	{Name: "rate", Type: Number, Min: bound(0.5)},
	{Name: "again", Label: "Also those that were delivered", Type: Boolean, Default: false},
	{Name: "note", Type: Text, Multiline: true, Max: bound(40)},
	{Name: "key", Type: Secret, Min: bound(4)},
}

func TestCheckConvertsAndFillsIn(t *testing.T) {
	for name, c := range map[string]struct{ given, want map[string]any }{
		"as JSON": {
			map[string]any{"customer": "nordpank", "session": "vs_7hK2m9Qx", "day": "2026-11-24", "most": float64(3), "rate": 0.5, "again": true, "note": "a\nb", "key": "hush"},
			map[string]any{"customer": "nordpank", "session": "vs_7hK2m9Qx", "day": "2026-11-24", "most": 3.0, "rate": 0.5, "again": true, "note": "a\nb", "key": "hush"},
		},
		"as an HTML form": {
			map[string]any{"customer": "nordpank", "session": "", "day": " 2026-02-28 ", "most": "3", "rate": " 1e1 ", "again": "on", "note": "a\nb", "key": ""},
			map[string]any{"customer": "nordpank", "day": "2026-02-28", "most": 3.0, "rate": 10.0, "again": true, "note": "a\nb"},
		},
		"defaults":          {map[string]any{"customer": "savanna-pay"}, map[string]any{"customer": "savanna-pay", "most": 100.0, "again": false}},
		"null is missing":   {map[string]any{"customer": "savanna-pay", "most": nil}, map[string]any{"customer": "savanna-pay", "most": 100.0, "again": false}},
		"cleared is none":   {map[string]any{"customer": "savanna-pay", "most": ""}, map[string]any{"customer": "savanna-pay", "again": false}},
		"numbers of YAML":   {map[string]any{"customer": "savanna-pay", "most": uint64(7), "rate": int64(2)}, map[string]any{"customer": "savanna-pay", "most": 7.0, "rate": 2.0, "again": false}},
		"a number of JSON":  {map[string]any{"customer": "savanna-pay", "most": json.Number("7")}, map[string]any{"customer": "savanna-pay", "most": 7.0, "again": false}},
		"quotes are texts":  {map[string]any{"customer": "savanna-pay", "note": `$(rm -rf) '";--`}, map[string]any{"customer": "savanna-pay", "note": `$(rm -rf) '";--`, "most": 100.0, "again": false}},
		"whole as fraction": {map[string]any{"customer": "savanna-pay", "most": "12.0"}, map[string]any{"customer": "savanna-pay", "most": 12.0, "again": false}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Check(resend, c.given)
			if err != nil {
				t.Fatalf("Check: %v", err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("Check (-want +got):\n%s", d)
			}
		})
	}
}

func TestCheckNamesEachWrongField(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for name, c := range map[string]struct {
		given map[string]any
		want  []fault.Field
	}{
		"required and cleared": {map[string]any{"customer": ""}, []fault.Field{{Name: "customer", Say: "This is required. Fill it in."}}},
		"not a choice":         {map[string]any{"customer": "kivi"}, []fault.Field{{Name: "customer", Say: "Choose one of: nordpank, lumo-exchange, savanna-pay."}}},
		"pattern by example":   {map[string]any{"customer": "nordpank", "session": "xvs_7hK2m9Qx"}, []fault.Field{{Name: "session", Say: "This does not have the right form. Write it like vs_7hK2m9Qx."}}},
		"pattern to the end":   {map[string]any{"customer": "nordpank", "session": "vs_7hK2m9Qx--force"}, []fault.Field{{Name: "session", Say: "This does not have the right form. Write it like vs_7hK2m9Qx."}}},
		"line break":           {map[string]any{"customer": "nordpank", "session": "vs_7hK2m9Qx\n"}, []fault.Field{{Name: "session", Say: "This is a single line without control characters. Remove line breaks and tabs."}}},
		"NUL":                  {map[string]any{"customer": "nordpank", "note": "a\x00b"}, []fault.Field{{Name: "note", Say: "This has a control character that cannot be printed. Remove it."}}},
		"not UTF-8":            {map[string]any{"customer": "nordpank", "note": "a\xff"}, []fault.Field{{Name: "note", Say: "This is not valid UTF-8 text. Save or send it as UTF-8."}}},
		"no such day":          {map[string]any{"customer": "nordpank", "day": "2026-02-30"}, []fault.Field{{Name: "day", Say: "This is a date, written year-month-day: 2026-11-24."}}},
		"too many":             {map[string]any{"customer": "nordpank", "most": 501}, []fault.Field{{Name: "most", Say: "This is at most 500."}}},
		"too few":              {map[string]any{"customer": "nordpank", "rate": "0.1"}, []fault.Field{{Name: "rate", Say: "This is at least 0.5."}}},
		"not whole":            {map[string]any{"customer": "nordpank", "most": 1.5}, []fault.Field{{Name: "most", Say: "This is a whole number, such as 12."}}},
		"no number":            {map[string]any{"customer": "nordpank", "rate": "0x1p4"}, []fault.Field{{Name: "rate", Say: "This is a number, such as 12.5, with a point and no spaces."}}},
		"infinity":             {map[string]any{"customer": "nordpank", "rate": "Inf"}, []fault.Field{{Name: "rate", Say: "This is a number, such as 12.5, with a point and no spaces."}}},
		"neither yes nor no":   {map[string]any{"customer": "nordpank", "again": "perhaps"}, []fault.Field{{Name: "again", Say: "This is yes or no: true or false."}}},
		"a list for a text":    {map[string]any{"customer": []any{"nordpank"}}, []fault.Field{{Name: "customer", Say: "Give this as text, in quotes."}}},
		"short secret":         {map[string]any{"customer": "nordpank", "key": "abc"}, []fault.Field{{Name: "key", Say: "This has at least 4 characters; it has 3."}}},
		"long text":            {map[string]any{"customer": "nordpank", "session": long}, []fault.Field{{Name: "session", Say: "This has at most 4096 characters; it has 5000."}}},
		"undeclared, in order": {map[string]any{"zz": 1, "ansible_host": "x", "most": "many"}, []fault.Field{
			{Name: "most", Say: "This is a whole number, such as 12."},
			{Name: "ansible_host", Say: `There is no input "ansible_host". Leave it out; the inputs are customer, session, day, most, rate, again, note, key.`},
			{Name: "zz", Say: `There is no input "zz". Leave it out; the inputs are customer, session, day, most, rate, again, note, key.`},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Check(resend, c.given)
			if !fault.Is(err, fault.Invalid) || got != nil {
				t.Fatalf("Check = %v, %v, want an Invalid fault and no values", got, err)
			}
			if d := cmp.Diff(c.want, fault.FieldsOf(err)); d != "" {
				t.Errorf("fields (-want +got):\n%s", d)
			}
		})
	}
}

func TestNoInputsTakesNone(t *testing.T) {
	if got, err := Check(nil, nil); err != nil || len(got) != 0 {
		t.Errorf("Check(nil, nil) = %v, %v", got, err)
	}
	if _, err := Check(nil, map[string]any{"x": 1}); !fault.Is(err, fault.Invalid) {
		t.Errorf("Check of an undeclared input = %v, want Invalid", err)
	}
}

func TestCheckInputsSaysWhatWouldBeRight(t *testing.T) {
	for name, c := range map[string]struct {
		in   Input
		want string // the field
	}{
		"name":                {Input{Name: "Customer-ID", Type: Text}, "inputs[0].name"},
		"type":                {Input{Name: "a", Type: "string"}, "inputs[0].type"},
		"choice without any":  {Input{Name: "a", Type: Choice}, "inputs[0].choices"},
		"choices of a text":   {Input{Name: "a", Type: Text, Choices: []string{"x"}}, "inputs[0].choices"},
		"choice twice":        {Input{Name: "a", Type: Choice, Choices: []string{"x", "x"}}, "inputs[0].choices[1]"},
		"min above max":       {Input{Name: "a", Type: Number, Min: bound(2), Max: bound(1)}, "inputs[0].min"},
		"half a character":    {Input{Name: "a", Type: Text, Min: bound(0.5)}, "inputs[0].min"},
		"bounds of a date":    {Input{Name: "a", Type: Date, Min: bound(1)}, "inputs[0].min"},
		"ceiling of a date":   {Input{Name: "a", Type: Date, Max: bound(1)}, "inputs[0].max"},
		"too big a file":      {Input{Name: "a", Type: File, Max: bound(101)}, "inputs[0].max"},
		"smallest file":       {Input{Name: "a", Type: File, Min: bound(1)}, "inputs[0].min"},
		"accepting text":      {Input{Name: "a", Type: Text, Accept: []string{".csv"}}, "inputs[0].accept"},
		"accepting nonsense":  {Input{Name: "a", Type: File, Accept: []string{"csv"}}, "inputs[0].accept[0]"},
		"file default":        {Input{Name: "a", Type: File, Default: "x"}, "inputs[0].default"},
		"choices and from":    {Input{Name: "a", Type: Choice, Choices: []string{"x"}, From: &From{Action: "b"}}, "inputs[0].choices"},
		"from of a text":      {Input{Name: "a", Type: Text, From: &From{Action: "b"}}, "inputs[0].choices"},
		"from nowhere":        {Input{Name: "a", Type: Choice, From: &From{}}, "inputs[0].from.action"},
		"from a later one":    {Input{Name: "a", Type: Choice, From: &From{Action: "b", Inputs: map[string]any{"c": "{a}"}}}, "inputs[0].from.inputs.c"},
		"when a later one":    {Input{Name: "a", Type: Text, When: &When{Input: "a", Is: []any{"x"}}}, "inputs[0].when.input"},
		"default from stars":  {Input{Name: "a", Type: Text, DefaultFrom: "stars"}, "inputs[0].default_from"},
		"secret from a label": {Input{Name: "a", Type: Secret, DefaultFrom: "label.pod"}, "inputs[0].default_from"},
		"pattern":             {Input{Name: "a", Type: Text, Pattern: "("}, "inputs[0].pattern"},
		"pattern of a number": {Input{Name: "a", Type: Number, Pattern: "1"}, "inputs[0].pattern"},
		"whole text":          {Input{Name: "a", Type: Text, Whole: true}, "inputs[0].whole"},
		"lines of a number":   {Input{Name: "a", Type: Number, Multiline: true}, "inputs[0].multiline"},
		"secret default":      {Input{Name: "a", Type: Secret, Default: "x"}, "inputs[0].default"},
		"needless default":    {Input{Name: "a", Type: Text, Default: "x", Required: true}, "inputs[0].default"},
		"wrong default":       {Input{Name: "a", Type: Choice, Choices: []string{"x"}, Default: "y"}, "inputs[0].default"},
	} {
		t.Run(name, func(t *testing.T) {
			got := CheckInputs([]Input{c.in})
			if len(got) != 1 || got[0].Name != c.want || got[0].Say == "" {
				t.Errorf("CheckInputs(%+v) = %v, want one fault at %s", c.in, got, c.want)
			}
		})
	}
	if got := CheckInputs(resend); got != nil {
		t.Errorf("CheckInputs of a right form = %v", got)
	}
	if got := CheckInputs(append(resend[:2:2], resend[0])); len(got) != 1 || got[0].Name != "inputs[2].name" {
		t.Errorf("CheckInputs with a name twice = %v", got)
	}
}

func TestSchemaIsJSONSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema(resend)))
	if err != nil {
		t.Fatal(err)
	}
	meta, err := jsonschema.NewCompiler().Compile(dialect)
	if err != nil {
		t.Fatal(err)
	}
	if err := meta.Validate(doc); err != nil {
		t.Errorf("the schema of a form is not JSON Schema 2020-12: %v", err)
	}
	properties := doc.(map[string]any)["properties"].(map[string]any)
	if key := properties["key"].(map[string]any); key["writeOnly"] != true || key["format"] != "password" {
		t.Errorf("the schema of a secret is %v, want it write-only", key)
	}
	if got := properties["again"].(map[string]any)["title"]; got != "Also those that were delivered" {
		t.Errorf("title = %v", got)
	}
}

func TestSecretsAreMaskedAndParted(t *testing.T) {
	values := map[string]any{"customer": "nordpank", "key": "hush-hush"}
	if d := cmp.Diff(map[string]any{"customer": "nordpank", "key": "***"}, Mask(resend, values)); d != "" {
		t.Errorf("Mask (-want +got):\n%s", d)
	}
	open, hidden := Split(resend, values)
	if d := cmp.Diff(map[string]any{"customer": "nordpank"}, open); d != "" {
		t.Errorf("Split (-want +got):\n%s", d)
	}
	if hidden["key"] != secret.New("hush-hush") || values["key"] != "hush-hush" {
		t.Error("Split lost the secret or altered its argument")
	}
}

func TestPostedTakesWhatTheBrowserSends(t *testing.T) {
	got := Posted(resend, "input.", map[string][]string{
		"input.customer": {"nordpank"}, "input.most": {"1", "2"}, "input.sudo": {"yes"}, "reason": {"stuck"}, "input.note": {"a\r\nb"},
	})
	want := map[string]any{"customer": "nordpank", "most": "2", "sudo": "yes", "again": false, "note": "a\nb"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Posted (-want +got):\n%s", d)
	}
}

// FuzzCheck holds that checked values are right values: checking them again changes nothing, and nothing undeclared gets through.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{`{"customer":"nordpank"}`, `{"customer":"nordpank","most":"12","again":"on","day":"2026-11-24"}`,
		`{"customer":["x"],"note":"` + "\\u0000" + `"}`, `{"customer":"nordpank","rate":1e400}`, `{"a":{"b":1}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var given map[string]any
		if json.Unmarshal(raw, &given) != nil {
			return
		}
		once, err := Check(resend, given)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || len(fault.FieldsOf(err)) == 0 {
				t.Fatalf("Check(%s) = %v, want Invalid with fields", raw, err)
			}
			return
		}
		twice, err := Check(resend, once)
		if err != nil {
			t.Fatalf("Check of checked values: %v", err)
		}
		for k, v := range once {
			if !cmp.Equal(v, twice[k]) {
				t.Errorf("%s = %v, checked again %v", k, v, twice[k])
			}
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	for b.Loop() {
		if _, err := Check(resend, map[string]any{"customer": "nordpank", "most": "3"}); err != nil {
			b.Fatal(err)
		}
	}
}
