package chain

import (
	"context"
	"fmt"
)

const (
	// pageSize and pageBytes are how many entries, and how many bytes of payload, are
	// written or looked at in one go.
	pageSize, pageBytes = 1000, 4 << 20
)

// page returns how many messages of a size that is.
func page(size int) int { return max(1, min(pageSize, pageBytes/size)) }

// preload puts messages into a chain before it runs.
func preload(ctx context.Context, e Ends, p payloads, messages int) error {
	for first := 0; first < messages; first += page(p.size) {
		if err := e.Feed(ctx, p.span(first, min(first+page(p.size), messages))...); err != nil {
			return fmt.Errorf("preload %d messages: %w", messages, err)
		}
	}
	return nil
}
