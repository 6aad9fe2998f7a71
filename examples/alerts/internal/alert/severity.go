package alert

// Severity says how soon somebody has to look.
type Severity string

// The severities.
const (
	// Critical pages somebody at once.
	Critical Severity = "critical"
	// Warning goes into a ticket with the others of its service.
	Warning Severity = "warning"
	// Info is recorded, and nobody is told.
	Info Severity = "info"
)

// Severities returns all of them, the most severe first.
func Severities() []Severity { return []Severity{Critical, Warning, Info} }

// Known reports whether it is one of them.
func (s Severity) Known() bool { return s == Critical || s == Warning || s == Info }
