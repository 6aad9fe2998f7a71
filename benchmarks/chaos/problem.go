package chaos

import (
	"fmt"
	"strings"
)

// Problem is something in a history that must not be.
type Problem struct {
	// Where is the stage or the topic.
	Where string
	What  string
	// IDs are of the items that it is about, with their entries.
	IDs []string
}

// String names the problem, and some of the items.
func (p Problem) String() string {
	const most = 20
	text := p.Where + ": " + p.What
	if len(p.IDs) == 0 {
		return text
	}
	text += fmt.Sprintf(" (%d): %s", len(p.IDs), strings.Join(p.IDs[:min(most, len(p.IDs))], ", "))
	if len(p.IDs) > most {
		text += ", ..."
	}
	return text
}
