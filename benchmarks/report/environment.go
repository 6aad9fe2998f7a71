package report

import (
	"strings"
	"time"
)

// Environment is where something was measured. What is zero is not known.
type Environment struct {
	Time time.Time `json:"time"`
	OS   string    `json:"os"`
	Arch string    `json:"arch"`
	// Kernel is its release.
	Kernel string `json:"kernel,omitempty"`
	CPU    string `json:"cpu,omitempty"`
	// Cores are those of the machine, GOMAXPROCS those that Go uses.
	Cores      int `json:"cores"`
	GOMAXPROCS int `json:"gomaxprocs"`
	// Memory is that of the machine in bytes.
	Memory uint64 `json:"memory,omitempty"`
	Go     string `json:"go"`
	// Modules are the versions of what took part, by the last part of their names. That
	// of millstream is a revision, with "+changes" if it was not measured as committed.
	Modules map[string]string `json:"modules,omitempty"`
	Redis   Redis             `json:"redis"`
	// Noise, if it was looked for, is what else the machine did.
	Noise *Noise `json:"noise,omitempty"`
}

// Redis is the server that was measured on.
type Redis struct {
	// Description is its name, its version and whose it is. It has no credentials.
	Description string `json:"description"`
	// Embedded is set if it is an imitation, whose figures say nothing about Redis.
	Embedded bool `json:"embedded,omitempty"`
	// Settings are those that matter to speed, as CONFIG GET shows them.
	Settings map[string]string `json:"settings,omitempty"`
}

// Noise is what else the machine did.
type Noise struct {
	// LoadBefore and LoadAfter are load averages of one minute.
	LoadBefore float64 `json:"load_before"`
	LoadAfter  float64 `json:"load_after"`
	// StealPercent is the share of the time in which the machine had no processor.
	StealPercent float64 `json:"steal_percent"`
	// SpinSpreadPercent is how much longer the slowest of some pieces of the same work
	// took than the fastest.
	SpinSpreadPercent float64 `json:"spin_spread_percent"`
	// Noisy is set if that is too much to trust the figures, for the Reasons.
	Noisy   bool     `json:"noisy,omitempty"`
	Reasons []string `json:"reasons,omitempty"`
}

// String says what the noise means for the figures.
func (n *Noise) String() string {
	if !n.Noisy {
		return "The machine was quiet."
	}
	text := "The machine was noisy: differences may be its doing, not the contenders'."
	if len(n.Reasons) > 0 {
		text = "The machine was noisy (" + strings.Join(n.Reasons, "; ") + "): differences may be its doing, not the contenders'."
	}
	return text
}
