package config

import "frontline/chat"

// Chats lists the messenger's channels in which we work, by title.
func (b *Book) Chats() []chat.Channel {
	return list(b, "chat", func(c chat.Channel) string { return c.Title })
}

// ChatOf finds the channel with the messenger's own id.
func (b *Book) ChatOf(place string) (chat.Channel, bool) {
	for _, c := range b.Chats() {
		if c.Channel == place {
			return c, true
		}
	}
	return chat.Channel{}, false
}
