package alert

import "time"

// Alert is something that happened to a service on a host.
type Alert struct {
	// ID is what makes it the same alert wherever it turns up again.
	ID       string    `json:"id"`
	Severity Severity  `json:"severity"`
	Host     string    `json:"host"`
	Service  string    `json:"service"`
	Summary  string    `json:"summary"`
	RaisedAt time.Time `json:"raised_at"`
}

// Origin is what a producer adds to drafts that leave it out.
type Origin struct {
	Host, Service string
	// NewID makes the id of an alert that has none.
	NewID func() string
	// Now is the time of an alert that has none.
	Now func() time.Time
}

// Complete returns the draft with what it lacks: id, host, service and time.
func (o Origin) Complete(draft Alert) Alert {
	if draft.ID == "" {
		draft.ID = o.NewID()
	}
	if draft.Host == "" {
		draft.Host = o.Host
	}
	if draft.Service == "" {
		draft.Service = o.Service
	}
	if draft.RaisedAt.IsZero() {
		draft.RaisedAt = o.Now().UTC()
	}
	return draft
}
