package slack

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	api "github.com/slack-go/slack"

	"frontline/catalog"
	"frontline/desk"
	"frontline/fault"
	"frontline/form"
	"frontline/people"
	"frontline/plain"
)

// The forms that we open, by their callback ids.
const (
	askForm      = "ask"
	incidentForm = "incident"
	updateForm   = "incident.update"
	refuseForm   = "run.refuse"
	thanksForm   = "thanks"
)

// Fields and buttons of forms.
const (
	fieldType    = "type"
	fieldTitle   = "title"
	fieldText    = "text"
	fieldInput   = "in." // and the input's name
	chooseType   = "form.type"
	writeTitle   = "form.title"
	helpedInForm = "form.helped"
	inputAction  = "value"
	noType       = "-"

	mostOptions = 100
	mostWritten = 3000
)

// origin is where a form came from, kept in the form itself.
type origin struct {
	Channel string `json:"c,omitempty"` // where it was opened
	TS      string `json:"t,omitempty"` // the message that it is made of
	Thread  string `json:"h,omitempty"` // the thread of that message
	Author  string `json:"a,omitempty"` // who wrote that message
	Of      string `json:"o,omitempty"` // what the form is about
}

func (o origin) String() string {
	raw, err := json.Marshal(o)
	if err != nil { // it is a plain struct of strings
		return ""
	}
	return string(raw)
}

func originOf(meta string) (o origin) {
	_ = json.Unmarshal([]byte(meta), &o) // an empty one opens the form without a message
	return o
}

// modal is a form with a title, its blocks and what sends it.
func modal(id string, from origin, title, send string, blocks ...api.Block) api.ModalViewRequest {
	v := api.ModalViewRequest{Type: api.VTModal, CallbackID: id, PrivateMetadata: from.String(), Title: words(plain.Clip(title, 24)), Close: words("Cancel"), Blocks: api.Blocks{BlockSet: blocks}}
	if send != "" {
		v.Submit = words(send)
	} else {
		v.Close = words("Close")
	}
	return v
}

func (c *Client) open(ctx context.Context, trigger string, v api.ModalViewRequest) error {
	ctx, cancel := c.limited(ctx)
	defer cancel()
	_, err := c.api.OpenViewContext(ctx, trigger, v)
	return failure(err)
}

func (c *Client) redraw(ctx context.Context, view, hash string, v api.ModalViewRequest) error {
	ctx, cancel := c.limited(ctx)
	defer cancel()
	_, err := c.api.UpdateViewContext(ctx, v, "", hash, view)
	return failure(err)
}

// written is a text field.
func written(block, action, label, hint, value string, lines bool) *api.InputBlock {
	in := api.NewPlainTextInputBlockElement(nil, action).WithMultiline(lines).WithMaxLength(mostWritten).WithInitialValue(plain.Clip(value, mostWritten))
	b := api.NewInputBlock(block, words(plain.Clip(label, 1900)), nil, in)
	if hint != "" {
		b.Hint = words(plain.Clip(hint, 1900))
	}
	return b
}

// asking is what the form of /ask shows.
type asking struct {
	from        origin
	kind        desk.Type // the empty one when none was chosen
	title, text string
	offers      []desk.Offer
}

// askView is the form of /ask: the type in the asker's words, its inputs, and what is known already.
func askView(book Book, q asking) api.ModalViewRequest {
	var blocks []api.Block
	if types := book.RequestTypes(); len(types) > 0 {
		blocks = append(blocks, typeBlock(types, q.kind))
	}
	title := written(fieldTitle, writeTitle, "What do you need?", "", q.title, false).WithDispatchAction(true)
	title.Element.(*api.PlainTextInputBlockElement).WithMaxLength(150).WithDispatchActionConfig(&api.DispatchActionConfig{TriggerActionsOn: []string{"on_enter_pressed"}})
	title.Hint = words("One line. Press Enter to see whether the answer is known already.")
	blocks = append(blocks, title)
	for _, o := range q.offers {
		blocks = append(blocks, offerBlocks(o, button(helpedInForm, "This helped", o.Name(), api.StyleDefault))...)
	}
	for _, in := range q.kind.Inputs {
		blocks = append(blocks, inputBlock(book, in))
	}
	more := written(fieldText, "text", "More about it", "What you see, since when, whom it concerns. Files can be added in the thread.", q.text, true)
	more.Optional = true
	return modal(askForm, q.from, "Ask "+short(teamName(book, q.kind.Team), 18), "Ask", append(blocks, more)...)
}

func short(s string, n int) string {
	if s == "" {
		return "for help"
	}
	return plain.Clip(s, n)
}

func teamName(book Book, id string) string {
	t, _ := book.Team(id)
	return t.Name
}

func typeBlock(types []desk.Type, chosen desk.Type) api.Block {
	var options []*api.OptionBlockObject
	for _, t := range types[:min(len(types), mostOptions-1)] {
		o := api.NewOptionBlockObject(t.ID, words(plain.Clip(t.Title, 74)), nil)
		if t.Help != "" {
			o.Description = words(plain.Clip(t.Help, 74))
		}
		options = append(options, o)
	}
	options = append(options, api.NewOptionBlockObject(noType, words("Something else"), nil))
	pick := api.NewOptionsSelectBlockElement(api.OptTypeStatic, words("Choose"), chooseType, options...)
	for _, o := range options {
		if o.Value == chosen.ID {
			pick.InitialOption = o
		}
	}
	return api.NewInputBlock(fieldType, words("What is it about?"), nil, pick).WithOptional(true).WithDispatchAction(true)
}

// offerBlocks show a known answer with buttons.
func offerBlocks(o desk.Offer, keys ...api.BlockElement) []api.Block {
	text := ":bulb: *" + line(o.Title, mostTitle) + "*\n" + markdown(o.Body, 1200)
	return []api.Block{section(text), api.NewActionBlock("", keys...)}
}

// inputBlock is one input of a type's form.
func inputBlock(book Book, in form.Input) api.Block {
	var element api.BlockElement
	label, hint := in.Title(), in.Help
	switch in.Type {
	case form.Boolean:
		element = picking(api.OptTypeStatic, []option{{"true", "Yes"}, {"false", "No"}})
	case form.Date:
		element = api.NewDatePickerBlockElement(inputAction)
	case form.Choices:
		element = api.NewOptionsMultiSelectBlockElement(api.MultiOptTypeStatic, words("Choose"), inputAction, objects(plainOptions(in.Choices))...)
	case form.Choice:
		element = picking(api.OptTypeStatic, plainOptions(in.Choices))
	case form.Customer, form.Service:
		if all := listed(book, in.Type); len(all) > 0 && len(all) <= mostOptions {
			element = picking(api.OptTypeStatic, all)
		}
	}
	if element == nil {
		text := api.NewPlainTextInputBlockElement(nil, inputAction).WithMultiline(in.Multiline).WithMaxLength(mostWritten)
		if in.Example != "" {
			text.Placeholder = words(plain.Clip("Such as "+in.Example, 140))
		}
		if v, ok := in.Default.(string); ok {
			text.InitialValue = plain.Clip(v, mostWritten)
		}
		element = text
	}
	b := api.NewInputBlock(fieldInput+in.Name, words(plain.Clip(label, 1900)), nil, element).WithOptional(!in.Required || in.When != nil)
	if hint != "" {
		b.Hint = words(plain.Clip(hint, 1900))
	}
	return b
}

type option struct{ value, label string }

func plainOptions(all []string) (out []option) {
	for _, c := range all {
		out = append(out, option{c, c})
	}
	return out
}

func objects(all []option) (out []*api.OptionBlockObject) {
	for _, o := range all[:min(len(all), mostOptions)] {
		out = append(out, api.NewOptionBlockObject(plain.Clip(o.value, 140), words(plain.Clip(o.label, 74)), nil))
	}
	return out
}

func picking(sort string, all []option) api.BlockElement {
	return api.NewOptionsSelectBlockElement(sort, words("Choose"), inputAction, objects(all)...)
}

// listed are the customers or services, by name.
func listed(book Book, t form.Type) (out []option) {
	if t == form.Customer {
		for _, c := range book.Customers() {
			out = append(out, option{c.ID, c.Name})
		}
		return out
	}
	for _, s := range book.Services() {
		out = append(out, option{s.ID, s.Name})
	}
	return out
}

// filled reads what somebody put into the form of a type. A customer or service may be written by name; what is not asked for is left out.
func filled(book Book, inputs []form.Input, state *api.ViewState) map[string]any {
	values := map[string]any{}
	for _, in := range inputs {
		v, ok := state.Values[fieldInput+in.Name][inputAction]
		if !ok {
			continue
		}
		got := valueOf(v)
		if s, isText := got.(string); isText && (in.Type == form.Customer || in.Type == form.Service) {
			got = idOf(book, in.Type, s)
		}
		if got != nil && form.Applies(inputs, in, values) {
			values[in.Name] = got
		}
	}
	return values
}

// valueOf is what an element of a form holds; nil when nothing.
func valueOf(v api.BlockAction) any {
	switch {
	case v.SelectedOption.Value != "":
		return v.SelectedOption.Value
	case len(v.SelectedOptions) > 0:
		var all []any
		for _, o := range v.SelectedOptions {
			all = append(all, o.Value)
		}
		return all
	case v.SelectedDate != "":
		return v.SelectedDate
	case strings.TrimSpace(v.Value) != "":
		return v.Value
	}
	return nil
}

func idOf(book Book, t form.Type, s string) string {
	for _, o := range listed(book, t) {
		if o.value == s || strings.EqualFold(o.label, strings.TrimSpace(s)) {
			return o.value
		}
	}
	return s
}

// stated is what a text field of a form holds.
func stated(state *api.ViewState, block string) string {
	if state == nil {
		return ""
	}
	for _, v := range state.Values[block] {
		return strings.TrimSpace(v.Value)
	}
	return ""
}

// chosenType is the type that the form has.
func chosenType(book Book, state *api.ViewState) desk.Type {
	if state == nil {
		return desk.Type{}
	}
	id := state.Values[fieldType][chooseType].SelectedOption.Value
	at := slices.IndexFunc(book.RequestTypes(), func(t desk.Type) bool { return t.ID == id })
	if at < 0 {
		return desk.Type{}
	}
	return book.RequestTypes()[at]
}

// wrongFields shows a fault in the form, each sentence at its field; what has no field stands at the first one.
func wrongFields(err error, first string, there map[string]string) *api.ViewSubmissionResponse {
	at := map[string]string{}
	for _, f := range fault.FieldsOf(err) {
		block, ok := there[f.Name]
		if !ok {
			block = first
		}
		at[block] = strings.TrimSpace(at[block] + " " + f.Say)
	}
	if len(at) == 0 {
		at[first] = fault.Sentence(err)
	}
	for k, v := range at {
		if utf8.RuneCountInString(v) > 150 {
			at[k] = plain.Clip(v, 150)
		}
	}
	return api.NewErrorsViewSubmissionResponse(at)
}

// offers are published answers for everybody that may be what somebody asks for. What is for the desk alone is never shown in a channel.
func (a *App) offers(ctx context.Context, by people.Actor, text string, n int) ([]desk.Offer, error) {
	if plain.Blank(text) {
		return nil, nil
	}
	all, err := a.Desk.Offer(ctx, by, text, n+5)
	all = slices.DeleteFunc(all, func(o desk.Offer) bool { return o.Audience != desk.ForEveryone })
	return all[:min(len(all), n)], err
}

// services are the catalog's, for the form of an incident.
func services(book Book) []option {
	var out []option
	for _, s := range book.Services() {
		out = append(out, optionOf(s))
	}
	return out
}

func optionOf(s catalog.Service) option { return option{s.ID, s.Name} }
