package statuspage

import (
	"encoding/xml"
	"fmt"
	"html"
	"net/url"
	"strings"
	"time"

	"frontline/incident"
)

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  string      `xml:"author>name"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID        string   `xml:"id"`
	Published string   `xml:"published"`
	Updated   string   `xml:"updated"`
	Link      atomLink `xml:"link"`
	Title     string   `xml:"title"`
	Content   atomText `xml:"content"`
}

type atomText struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

// atom is the history as an Atom feed (RFC 4287): an entry for each incident, updated with each update.
func (s shaper) atom() ([]byte, error) {
	p := s.from.Page
	feed := atomFeed{ID: s.tag("history", p.CreatedAt), Title: p.Name + " - Incident History", Updated: p.UpdatedAt.In(s.zone).Format(time.RFC3339), Author: p.Name,
		Links: []atomLink{{"alternate", "text/html", p.URL}, {"self", "application/atom+xml", p.URL + "/history.atom"}}}
	for _, i := range s.newest() {
		feed.Entries = append(feed.Entries, atomEntry{ID: s.tag("Incident/"+i.ID, i.CreatedAt), Published: i.CreatedAt.In(s.zone).Format(time.RFC3339),
			Updated: i.UpdatedAt.In(s.zone).Format(time.RFC3339), Link: atomLink{"alternate", "text/html", s.link(i)}, Title: i.Name, Content: atomText{"html", s.story(i)}})
	}
	return withHeader(feed)
}

type rssFeed struct {
	XMLName     xml.Name  `xml:"rss"`
	Version     string    `xml:"version,attr"`
	Title       string    `xml:"channel>title"`
	Link        string    `xml:"channel>link"`
	Description string    `xml:"channel>description"`
	PubDate     string    `xml:"channel>pubDate"`
	Items       []rssItem `xml:"channel>item"`
}

type rssItem struct {
	Title       string `xml:"title"`
	Description string `xml:"description"`
	PubDate     string `xml:"pubDate"`
	Link        string `xml:"link"`
	GUID        string `xml:"guid"`
}

// rss is the history as an RSS 2.0 feed.
func (s shaper) rss() ([]byte, error) {
	p := s.from.Page
	feed := rssFeed{Version: "2.0", Title: p.Name + " - Incident History", Link: p.URL, Description: "What happened, and what was said about it", PubDate: p.UpdatedAt.In(s.zone).Format(time.RFC1123Z)}
	for _, i := range s.newest() {
		feed.Items = append(feed.Items, rssItem{Title: i.Name, Description: s.story(i), PubDate: i.UpdatedAt.In(s.zone).Format(time.RFC1123Z), Link: s.link(i), GUID: s.link(i)})
	}
	return withHeader(feed)
}

func withHeader(feed any) ([]byte, error) {
	body, err := xml.MarshalIndent(feed, "", "  ")
	return append([]byte(xml.Header), body...), err
}

func (s shaper) newest() []incident.PublishedIncident {
	return s.from.Incidents[:min(most, len(s.from.Incidents))]
}

// tag is a name that stays the same wherever the page moves to (RFC 4151).
func (s shaper) tag(what string, since time.Time) string {
	host := "frontline.invalid"
	if u, err := url.Parse(s.from.Page.URL); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	return fmt.Sprintf("tag:%s,%d:%s", host, since.UTC().Year(), what)
}

// story is an incident's updates as HTML, newest first.
func (s shaper) story(i incident.PublishedIncident) string {
	var b strings.Builder
	for _, u := range i.Updates {
		text := strings.ReplaceAll(html.EscapeString(u.Body), "\n", "<br />")
		word := strings.ToUpper(string(u.State[:1])) + string(u.State[1:])
		fmt.Fprintf(&b, "<p><small>%s</small><br /><strong>%s</strong> - %s</p>", html.EscapeString(u.At.In(s.zone).Format("Jan 2, 15:04 MST")), html.EscapeString(word), text)
	}
	return b.String()
}
