package intake

import (
	"fmt"
	"math/rand/v2"

	"github.com/millstream-go/millstream/examples/alerts/internal/alert"
)

// Generator makes up alerts. It is for one goroutine.
type Generator struct {
	// Services are what the alerts are of; the last one is rare.
	Services []string
	Origin   alert.Origin
}

// kinds are what happens, with how often in a hundred.
var kinds = []struct {
	share    int
	severity alert.Severity
	summary  string
}{
	{12, alert.Critical, "error rate above 5 %% for %d minutes"},
	{8, alert.Critical, "no answer for %d s"},
	{18, alert.Warning, "disk will be full in %d h"},
	{12, alert.Warning, "p99 latency %d00 ms"},
	{30, alert.Info, "deployed, %d instances"},
	{20, alert.Info, "certificate renewed, %d days left"},
}

// rare is how often in a thousand an alert is of the rare service.
const rare = 15

// Next returns another alert.
func (g *Generator) Next() alert.Alert {
	service := g.Services[rand.IntN(max(len(g.Services)-1, 1))]
	if rand.IntN(1000) < rare {
		service = g.Services[len(g.Services)-1]
	}
	at := rand.IntN(100)
	for _, kind := range kinds {
		if at -= kind.share; at < 0 {
			return g.Origin.Complete(alert.Alert{
				Severity: kind.severity, Service: service, Summary: fmt.Sprintf(kind.summary, 1+rand.IntN(9)),
			})
		}
	}
	panic("the shares of all kinds are a hundred")
}
