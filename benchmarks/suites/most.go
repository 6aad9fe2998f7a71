package suites

const (
	// mostBytes is how much Redis is given to hold in a round, however many messages
	// somebody asks for: not all that fits into a count fits into memory.
	mostBytes = 256 << 20
	// pageSize and pageBytes are how many messages, and how many bytes of payload, are
	// written or read in one go by whoever prepares a round and accounts for it.
	pageSize, pageBytes = 1000, 4 << 20
)

// most returns how many messages of a size a round has at most.
func (c *Config) most(size int) int {
	return max(1, min(or(c.Messages, defaultMessages), mostBytes/size))
}

// page returns how many messages of a size are written or read in one go.
func page(size int) int { return max(1, min(pageSize, pageBytes/size)) }
