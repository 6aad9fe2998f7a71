package reliability

import (
	"context"
	"fmt"
	"os/exec"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/redistest"
)

func restarted() Fault {
	const count, at = 200, 50
	return Fault{
		Name:  "restarted",
		Title: "Redis is killed and comes back, with an append-only file",
		How: fmt.Sprintf("%d messages, handled in 2 milliseconds each. As %d have an output the server is killed (SIGKILL) and started again at once. "+
			"It runs with appendonly yes and appendfsync always. Whether stock doubles an output depends on the moment.", count, at),
		server: []redistest.Option{redistest.AOF(), redistest.Supervised()},
		happen: func(ctx context.Context, s *scene) (Seen, error) {
			all := ids("m", count)
			if err := s.publish(ctx, all...); err != nil {
				return Seen{}, err
			}
			if _, err := s.start(s.settings("only"), func(*message.Message) error {
				return pause(ctx, 2*time.Millisecond)
			}); err != nil {
				return Seen{}, err
			}
			if err := s.until(ctx, "some are delivered", func() (bool, error) {
				n, err := s.client.XLen(ctx, s.out).Result()
				return n >= at, err
			}); err != nil {
				return Seen{}, err
			}
			start := time.Now()
			kill := s.server.KillCommand()
			if err := exec.CommandContext(ctx, kill[0], kill[1:]...).Run(); err != nil {
				return Seen{}, fmt.Errorf("kill the server: %w", err)
			}
			away := time.Since(start)
			if err := s.until(ctx, "all are delivered", s.delivered(ctx, all)); err != nil {
				return Seen{}, err
			}
			seen := Seen{Recovered: time.Since(start), Runs: s.runs.of(all...)}
			if err := s.until(ctx, "all are acknowledged", s.settled(ctx)); err != nil {
				return Seen{}, err
			}
			account, err := s.account(ctx, all)
			seen.Measured = fmt.Sprintf("%d doubled this time; the server was away for %.2f s", account.Doubled, away.Seconds())
			seen.Account = &account
			// An output whose reply did not come is sent again. Millstream's then
			// changes nothing.
			seen.DoubledVaries = s.contender.Name() == Stock
			seen.Outcome = "the consumer goes on by itself"
			return seen, err
		},
	}
}
