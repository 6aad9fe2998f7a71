package chaos

import (
	"encoding/json"
	"strconv"

	"github.com/ThreeDotsLabs/watermill/message"
)

// Item is what the topics carry. Its id says which input it comes from, and by
// which way.
type Item struct {
	ID string `json:"id"`
}

// newInput returns the n-th input. Whoever publishes it, however often, its
// message is the same.
func newInput(n int) (*message.Message, error) {
	id := strconv.Itoa(n)
	if isMalformed(n) {
		return message.NewMessage(id, []byte(id)), nil
	}
	payload, err := json.Marshal(Item{ID: id})
	return message.NewMessage(id, payload), err
}

// contentID returns the id of the item in a payload; that of one that cannot be
// decoded is all there is.
func contentID(payload []byte) string {
	var item Item
	if err := json.Unmarshal(payload, &item); err != nil {
		return string(payload)
	}
	return item.ID
}
