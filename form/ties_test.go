package form

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"frontline/fault"
)

// refund asks for more the more there is to say: an amount of money only for refunds, a text only for what no word describes.
var refund = []Input{
	{Name: "customer", Type: Customer, Required: true},
	{Name: "reason", Label: "Reason", Type: Choice, Required: true, Choices: []string{"refund", "credit", "other"}},
	{Name: "amount", Type: Number, Required: true, Min: bound(1), When: &When{Input: "reason", Is: []any{"refund", "credit"}}},
	{Name: "words", Type: Text, Required: true, When: &When{Input: "reason", Is: []any{"other"}}},
	{Name: "notify", Type: Boolean, Default: true},
	{Name: "channels", Type: Choices, Choices: []string{"mail", "chat"}, Max: bound(2), When: &When{Input: "notify", Is: []any{true}}, Default: []any{"mail"}},
	{Name: "room", Type: Text, Default: "support", When: &When{Input: "channels", Is: []any{"chat"}}},
	{Name: "receipt", Type: File, Accept: []string{"application/pdf"}, When: &When{Input: "reason", Is: []any{"refund"}}},
	{Name: "session", Type: Choice, From: &From{Action: "sessions/list", Inputs: map[string]any{"customer": "{customer}", "open": true}, Value: "id"}},
}

const upload = "0192f3aa-7c1e-7b22-8a55-0d1f5c2b9e10"

func TestConditionsBetweenFields(t *testing.T) {
	if wrong := CheckInputs(refund); wrong != nil {
		t.Fatal(wrong)
	}
	for name, c := range map[string]struct{ given, want map[string]any }{
		"refund": {map[string]any{"customer": "nordpank", "reason": "refund", "amount": 12.5, "receipt": upload},
			map[string]any{"customer": "nordpank", "reason": "refund", "amount": 12.5, "receipt": upload, "notify": true, "channels": []any{"mail"}}},
		"cleared fields of the others": {map[string]any{"customer": "nordpank", "reason": "other", "words": "a duplicate", "amount": "", "receipt": ""},
			map[string]any{"customer": "nordpank", "reason": "other", "words": "a duplicate", "notify": true, "channels": []any{"mail"}}},
		"no defaults where nothing is asked": {map[string]any{"customer": "nordpank", "reason": "other", "words": "x", "notify": false},
			map[string]any{"customer": "nordpank", "reason": "other", "words": "x", "notify": false}},
		"a condition on a condition": {map[string]any{"customer": "nordpank", "reason": "other", "words": "x", "channels": []any{"mail", "chat"}},
			map[string]any{"customer": "nordpank", "reason": "other", "words": "x", "notify": true, "channels": []any{"mail", "chat"}, "room": "support"}},
		"one choice as text": {map[string]any{"customer": "nordpank", "reason": "other", "words": "x", "channels": "chat", "room": "night"},
			map[string]any{"customer": "nordpank", "reason": "other", "words": "x", "notify": true, "channels": []any{"chat"}, "room": "night"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Check(refund, c.given)
			if err != nil {
				t.Fatalf("Check: %v %v", err, fault.FieldsOf(err))
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("values (-want +got):\n%s", d)
			}
		})
	}
}

func TestWhatIsNotAskedIsRefused(t *testing.T) {
	base := func(more map[string]any) map[string]any {
		all := map[string]any{"customer": "nordpank", "reason": "other", "words": "x"}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	for name, c := range map[string]struct {
		given map[string]any
		want  []fault.Field
	}{
		"an amount without a refund":  {base(map[string]any{"amount": 3}), []fault.Field{{Name: "amount", Say: "This is asked only if Reason is refund or credit. Leave it out."}}},
		"false is a value too":        {base(map[string]any{"notify": false, "channels": []any{"mail"}}), []fault.Field{{Name: "channels", Say: "This is asked only if Notify is ticked. Leave it out."}}},
		"required where it is asked":  {map[string]any{"customer": "nordpank", "reason": "credit"}, []fault.Field{{Name: "amount", Say: "This is required. Fill it in."}}},
		"nobody knows what is asked":  {map[string]any{"customer": "nordpank", "reason": 3, "amount": 3}, []fault.Field{{Name: "reason", Say: "Give this as text, in quotes."}}},
		"a choice twice":              {base(map[string]any{"channels": []any{"mail", "mail"}}), []fault.Field{{Name: "channels", Say: "One choice is given twice. Give each once."}}},
		"no such choice":              {base(map[string]any{"channels": []any{"fax"}}), []fault.Field{{Name: "channels", Say: "Choose from: mail, chat."}}},
		"a number among the choices":  {base(map[string]any{"channels": []any{1}}), []fault.Field{{Name: "channels", Say: "Give this as a list of texts, each in quotes."}}},
		"a path in place of a file":   {map[string]any{"customer": "nordpank", "reason": "refund", "amount": 1, "receipt": "/etc/passwd"}, []fault.Field{{Name: "receipt", Say: "Upload the file first, and give the id that the upload returned."}}},
		"an option with a line break": {base(map[string]any{"session": "a\nb"}), []fault.Field{{Name: "session", Say: "This is a single line without control characters. Remove line breaks and tabs."}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Check(refund, c.given)
			if d := cmp.Diff(c.want, fault.FieldsOf(err)); d != "" {
				t.Errorf("Check = %v; fields (-want +got):\n%s", err, d)
			}
		})
	}
}

func TestTiesAreChecked(t *testing.T) {
	reason := Input{Name: "reason", Type: Choice, Choices: []string{"refund", "other"}}
	for name, c := range map[string]struct {
		before Input
		in     Input
		want   string
	}{
		"of a secret":         {Input{Name: "pin", Type: Secret}, Input{Name: "a", Type: Text, When: &When{Input: "pin", Is: []any{"1"}}}, "inputs[1].when.input"},
		"without values":      {reason, Input{Name: "a", Type: Text, When: &When{Input: "reason"}}, "inputs[1].when.is"},
		"with a wrong value":  {reason, Input{Name: "a", Type: Text, When: &When{Input: "reason", Is: []any{"refund", "theft"}}}, "inputs[1].when.is[1]"},
		"with no value":       {reason, Input{Name: "a", Type: Text, When: &When{Input: "reason", Is: []any{""}}}, "inputs[1].when.is[0]"},
		"options of a secret": {Input{Name: "pin", Type: Secret}, Input{Name: "a", Type: Choice, From: &From{Action: "x", Inputs: map[string]any{"p": "{pin}"}}}, "inputs[1].from.inputs.p"},
	} {
		t.Run(name, func(t *testing.T) {
			got := CheckInputs([]Input{c.before, c.in})
			if len(got) != 1 || got[0].Name != c.want {
				t.Errorf("CheckInputs = %v, want one fault at %s", got, c.want)
			}
		})
	}
	if got := refund[len(refund)-1].From.Needs(); !slices.Equal(got, []string{"customer"}) {
		t.Errorf("Needs = %v", got)
	}
}

func TestPostedKnowsWhatIsAsked(t *testing.T) {
	inputs := []Input{
		{Name: "reason", Type: Choice, Choices: []string{"refund", "other"}},
		{Name: "again", Type: Boolean, When: &When{Input: "reason", Is: []any{"other"}}},
		{Name: "channels", Type: Choices, Choices: []string{"mail", "chat"}, Default: []any{"mail"}},
	}
	for reason, want := range map[string]map[string]any{
		"refund": {"reason": "refund", "channels": []any{"chat", "mail"}},
		"other":  {"reason": "other", "again": false, "channels": []any{"chat", "mail"}},
	} {
		got := Posted(inputs, "in.", map[string][]string{"in.reason": {reason}, "in.channels": {"", "chat", "mail"}})
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", reason, d)
		}
		if _, err := Check(inputs, got); err != nil {
			t.Errorf("%s: %v", reason, fault.FieldsOf(err))
		}
	}
	none := Posted(inputs, "in.", nil)
	if values, err := Check(inputs, none); err != nil || len(values) != 0 {
		t.Errorf("nothing ticked is %v, %v", values, err)
	}
}

func TestAccepts(t *testing.T) {
	in := Input{Name: "list", Type: File, Accept: []string{"image/*", "text/csv", ".xlsx"}}
	for _, c := range []struct {
		name, kind string
		want       bool
	}{{"a.png", "image/png", true}, {"a", "text/csv; charset=utf-8", true}, {"A.XLSX", "application/octet-stream", true}, {".xlsx", "", false},
		{"a.pdf", "application/pdf", false}, {"a.csv", "", false}, {"a", "imagex/png", false}} {
		if got := in.Accepts(c.name, c.kind); got != c.want {
			t.Errorf("Accepts(%q, %q) = %v", c.name, c.kind, got)
		}
	}
	if in.MaxBytes() != 10_000_000 || (Input{Type: File, Max: bound(0.5)}).MaxBytes() != 500_000 {
		t.Error("MaxBytes is wrong")
	}
}

// TestSchemaAndCheckAgree draws forms and values: what the schema takes Check takes too, with the same values, and what Check returns keeps
// the schema. (Check takes more: strings for numbers, and empty fields for none.)
func TestSchemaAndCheckAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inputs := drawInputs(t)
		if wrong := CheckInputs(inputs); wrong != nil {
			t.Fatalf("drew a wrong form: %v", wrong)
		}
		sch := compiled(t, inputs)
		given := drawValues(t, inputs)
		raw, _ := json.Marshal(given)
		doc, _ := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		bySchema := sch.Validate(doc)
		got, err := Check(inputs, given)
		switch {
		case bySchema == nil && err != nil:
			t.Fatalf("the schema takes %s of %s, Check does not: %v", raw, Schema(inputs), fault.FieldsOf(err))
		case err == nil:
			if refused := sch.Validate(any(got)); refused != nil {
				t.Fatalf("Check returned %v, which the schema refuses: %v", got, refused)
			}
		case !fault.Is(err, fault.Invalid) || len(fault.FieldsOf(err)) == 0:
			t.Fatalf("Check(%s) = %v, want Invalid with fields", raw, err)
		}
		if bySchema != nil && err == nil && !lenient(inputs, given) {
			t.Fatalf("Check takes %s, the schema %s does not: %v", raw, Schema(inputs), bySchema)
		}
	})
}

// lenient says whether a value is there that Check understands and the schema does not: an empty one, or a text for another type.
func lenient(inputs []Input, given map[string]any) bool {
	for _, in := range inputs {
		v := given[in.Name]
		_, text := v.(string)
		if v, there := given[in.Name]; there && (v == nil || cleared(v)) || text && slices.Contains([]Type{Number, Boolean, Choices}, in.Type) {
			return true
		}
	}
	return false
}

func compiled(t interface{ Fatal(...any) }, inputs []Input) *jsonschema.Schema {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema(inputs)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("form:drawn", doc); err != nil {
		t.Fatal(err)
	}
	sch, err := c.Compile("form:drawn")
	if err != nil {
		t.Fatal(err)
	}
	return sch
}

var drawnChoices = []string{"red", "green", "blue"}

// drawInputs draws up to six inputs that depend on each other.
func drawInputs(t *rapid.T) []Input {
	var inputs []Input
	for i := range rapid.IntRange(1, 6).Draw(t, "inputs") {
		in := Input{Name: fmt.Sprintf("i%d", i), Type: rapid.SampledFrom([]Type{Text, Number, Boolean, Date, Choice, Choices, Customer, File}).Draw(t, "type")}
		if in.isChoice() {
			in.Choices = drawnChoices
		}
		if in.Type == Number || in.Type == Text || in.Type == Choices {
			in.Whole = in.Type == Number && rapid.Bool().Draw(t, "whole")
			if rapid.Bool().Draw(t, "bounded") {
				in.Min, in.Max = bound(1), bound(float64(rapid.IntRange(1, 4).Draw(t, "max")))
			}
		}
		in.Required = rapid.Bool().Draw(t, "required")
		if values := rightValues(in); !in.Required && len(values) > 0 && in.Type != File && rapid.Bool().Draw(t, "default") {
			in.Default = rapid.SampledFrom(values).Draw(t, "default value")
		}
		if i > 0 && rapid.Bool().Draw(t, "conditional") {
			on := inputs[rapid.IntRange(0, i-1).Draw(t, "on")]
			if values := rightValues(on.single()); on.Type != File {
				in.When = &When{Input: on.Name, Is: rapid.SliceOfNDistinct(rapid.SampledFrom(values), 1, 2, rapid.ID).Draw(t, "is")}
			}
		}
		inputs = append(inputs, in)
	}
	return inputs
}

func rightValues(in Input) []any {
	switch in.Type {
	case Number:
		return []any{1.0}
	case Boolean:
		return []any{true, false}
	case Date:
		return []any{"2026-11-24", "2026-11-25"}
	case Choice:
		return []any{"red", "green"}
	case Choices:
		return []any{[]any{"red"}}
	case File:
		return []any{upload}
	}
	return []any{"a", "b"}
}

// drawValues draws values, right and wrong, for some inputs and now and then for none.
func drawValues(t *rapid.T, inputs []Input) map[string]any {
	odd := []any{"", nil, "red", "blue", "x\ny", 0.0, 2.5, 1e300, true, []any{}, []any{"red", "blue"}, []any{"red", "red"}, []any{1.0}, map[string]any{}, "2026-02-30"}
	given := map[string]any{}
	for _, in := range inputs {
		switch rapid.IntRange(0, 3).Draw(t, "give "+in.Name) {
		case 0, 1:
			given[in.Name] = rapid.SampledFrom(rightValues(in)).Draw(t, "right")
		case 2:
			given[in.Name] = rapid.SampledFrom(odd).Draw(t, "odd")
		}
	}
	if rapid.IntRange(0, 9).Draw(t, "stray") == 0 {
		given["stray"] = 1.0
	}
	return given
}

// FuzzCheckTies holds that values of a form with conditions, choices, files and options stay right when they are checked again.
func FuzzCheckTies(f *testing.F) {
	for _, seed := range []string{`{"customer":"nordpank","reason":"refund","amount":"12"}`, `{"customer":"nordpank","reason":"other","words":"x","channels":["chat"],"room":"n"}`,
		`{"reason":null,"channels":[[]],"notify":"maybe"}`, `{"customer":"a\u0000b","session":{"$ref":"#"}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var given map[string]any
		if json.Unmarshal(raw, &given) != nil {
			return
		}
		once, err := Check(refund, given)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || len(fault.FieldsOf(err)) == 0 {
				t.Fatalf("Check(%s) = %v, want Invalid with fields", raw, err)
			}
			return
		}
		twice, err := Check(refund, once)
		if err != nil || !cmp.Equal(once, twice) {
			t.Fatalf("checked values %v checked again are %v, %v", once, twice, err)
		}
	})
}
