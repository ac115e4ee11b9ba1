package slack

import (
	"context"
	"net/mail"
	"regexp"
	"strings"

	api "github.com/slack-go/slack"

	"frontline/fault"
	"frontline/oncall"
	"frontline/plain"
)

// Pages is Slack as a way to reach a person: a direct message with buttons. An address is a member's id (U0123ABCD) or their mail address in
// Slack. It is never a channel: the message holds a link that acknowledges as that person.
type Pages struct{ *Client }

var _ oncall.Channel = Pages{}

// Name implements oncall.Channel.
func (Pages) Name() string { return "slack" }

var memberID = regexp.MustCompile(`^[UW][A-Z0-9]{2,29}$`)

// Check implements oncall.Channel.
func (Pages) Check(address string) error {
	if memberID.MatchString(address) {
		return nil
	}
	if a, err := mail.ParseAddress(address); err == nil && a.Name == "" && a.Address == address {
		return nil
	}
	return fault.Wrong("address", "That is no person in Slack. Write the member's id, like U0123ABCD, or their mail address in Slack, like liis.tamm@verity.example.")
}

// Send implements oncall.Channel. The receipt's id is where the message stands, so that it can be brought up to date.
func (p Pages) Send(ctx context.Context, address string, m oncall.Message) (oncall.Receipt, error) {
	if err := p.Check(address); err != nil {
		return oncall.Receipt{}, err
	}
	user := address
	if strings.Contains(address, "@") {
		u, err := p.userOf(ctx, address)
		if err != nil {
			return oncall.Receipt{}, err
		}
		user = u.id
	}
	at, err := p.post(ctx, user, pageMessage(m.Tidy()))
	if err != nil {
		return oncall.Receipt{}, err
	}
	return oncall.Receipt{ID: at.String(), Detail: "Slack took it as " + plain.Clip(plain.Line(at.String()), 100)}, nil
}

// What a press of a page's button does.
const (
	ackPage      = "page.acknowledge"
	resolvePage  = "page.resolve"
	escalatePage = "page.escalate"
)

// pageMessage is a page as it is sent.
func pageMessage(m oncall.Message) said {
	icon := ":rotating_light:"
	if m.Urgency == oncall.Low {
		icon = ":bell:"
	}
	out := said{text: strings.TrimSpace(m.Page + " " + fit(m.Title, mostTitle)), blocks: []api.Block{section(icon + " *" + fit(m.Title, mostTitle) + "*")}}
	if !plain.Blank(m.Body) {
		out.blocks = append(out.blocks, section(fit(m.Body, mostSection)))
	}
	if small := strings.Trim(line(m.Page, 40)+" · "+m.Began(), " ·"); small != "" {
		out.blocks = append(out.blocks, api.NewContextBlock("", mrkdwn(small)))
	}
	var keys []api.BlockElement
	if m.Page != "" {
		keys = pageKeys(plain.Clip(m.Page, 40), true)
	}
	seen := map[string]bool{}
	for i, b := range append(m.Buttons, oncall.Button{Label: "Open", URL: m.Link}) {
		if b.Post || b.URL == "" || seen[b.URL] || len(b.URL) > 3000 {
			continue
		}
		seen[b.URL] = true
		keys = append(keys, opens("open."+string(rune('a'+i)), b.Label, b.URL))
	}
	if len(keys) > 0 {
		out.blocks = append(out.blocks, api.NewActionBlock("page", keys...))
	}
	return out
}

// pageKeys are the buttons of a page that is not over.
func pageKeys(page string, open bool) []api.BlockElement {
	var keys []api.BlockElement
	if open {
		keys = append(keys, button(ackPage, "Acknowledge", page, api.StylePrimary))
	}
	resolve := button(resolvePage, "Resolve", page, api.StyleDefault)
	resolve.Confirm = sure("Resolve it?", "What it is about is closed for everybody.", "Resolve")
	return append(keys, resolve, button(escalatePage, "Escalate", page, api.StyleDefault))
}

func mrkdwn(s string) *api.TextBlockObject {
	return api.NewTextBlockObject(api.MarkdownType, s, false, true)
}
func words(s string) *api.TextBlockObject {
	return api.NewTextBlockObject(api.PlainTextType, s, false, false)
}
func section(s string) *api.SectionBlock { return api.NewSectionBlock(mrkdwn(s), nil, nil) }
func small(s string) *api.ContextBlock   { return api.NewContextBlock("", mrkdwn(s)) }

func button(action, label, value string, style api.Style) *api.ButtonBlockElement {
	return api.NewButtonBlockElement(action, value, words(plain.Clip(label, mostLabel))).WithStyle(style)
}

// opens is a button that opens an address.
func opens(action, label, url string) *api.ButtonBlockElement {
	b := button(action, label, "", api.StyleDefault)
	b.URL = url
	return b
}

func sure(title, text, yes string) *api.ConfirmationBlockObject {
	return api.NewConfirmationBlockObject(words(title), words(text), words(yes), words("Not now"))
}
