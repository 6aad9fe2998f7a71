package suites

// mostBytes is how much Redis is given to hold in a round, unless somebody asks for so
// many messages.
const mostBytes = 256 << 20

// most returns how many messages of a size a round has at most.
func (c *Config) most(size int) int {
	return or(c.Messages, max(1, min(defaultMessages, mostBytes/size)))
}
