package drain

import (
	"fmt"
	"io"
)

// WriteTo writes the result as a table.
func (r *Result) WriteTo(w io.Writer) (int64, error) {
	const mib = 1 << 20
	n, err := fmt.Fprintf(w, `
backlog            %12d messages, %.1f MiB in Redis
worked off in      %12.1f s, %.0f msg/s
worker             %12.1f MiB resident at most
stream afterwards  %12d entries, %.3f MiB
`,
		r.Messages, float64(r.Full)/mib,
		r.Elapsed.Seconds(), float64(r.Handled)/r.Elapsed.Seconds(),
		float64(r.WorkerRSS)/mib,
		r.Left, float64(r.Drained)/mib)
	return int64(n), err
}
