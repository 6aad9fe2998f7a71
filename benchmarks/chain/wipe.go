package chain

import (
	"context"
	"errors"
	"fmt"
)

func (e *ends) Close(ctx context.Context) error {
	if e.feeder != nil {
		defer e.feeder.Close()
	}
	return errors.Join(e.wipe(context.WithoutCancel(ctx)), e.client.Close())
}

// wipe deletes all keys of the chain. It waits for it: memory that the server
// frees on the side would cost the next round.
func (e *ends) wipe(ctx context.Context) error {
	var keys []string
	scan := e.client.Scan(ctx, 0, "{"+e.chain.Name+"}:*", pageSize).Iterator()
	for scan.Next(ctx) {
		keys = append(keys, scan.Val())
	}
	if err := scan.Err(); err != nil {
		return fmt.Errorf("look for the keys of a round: %w", err)
	}
	if len(keys) == 0 {
		return nil
	}
	if err := e.client.Del(ctx, keys...).Err(); err != nil {
		return fmt.Errorf("delete the keys of a round: %w", err)
	}
	return nil
}
