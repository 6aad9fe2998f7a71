package bench

import "fmt"

// Account is what became of the messages of a round. Each message that was sent is,
// for each of its receivers, received or lost: Sent × receivers = Received + Lost.
type Account struct {
	// Sent are the messages whose sending succeeded, Failed those whose sending ended
	// with an error. Some of the latter may have been sent all the same; they count in
	// no other field.
	Sent, Failed int
	// Received are those that came at least once, Lost those that did not.
	Received, Lost int
	// Doubled is how often a message came once more.
	Doubled int
	// Spoilt is what came and had not been sent like that.
	Spoilt int
}

// Exact reports whether each message came exactly once and as it was sent.
func (a Account) Exact() bool { return a.Lost == 0 && a.Doubled == 0 && a.Spoilt == 0 }

func (a Account) String() string {
	text := fmt.Sprintf("%d sent, %d received, %d lost, %d doubled", a.Sent, a.Received, a.Lost, a.Doubled)
	if a.Failed > 0 {
		text += fmt.Sprintf(", %d failed", a.Failed)
	}
	if a.Spoilt > 0 {
		text += fmt.Sprintf(", %d spoilt", a.Spoilt)
	}
	return text
}

// Plus returns the sum of two accounts.
func (a Account) Plus(b Account) Account {
	return Account{
		Sent: a.Sent + b.Sent, Failed: a.Failed + b.Failed,
		Received: a.Received + b.Received, Lost: a.Lost + b.Lost,
		Doubled: a.Doubled + b.Doubled, Spoilt: a.Spoilt + b.Spoilt,
	}
}
