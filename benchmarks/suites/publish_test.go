package suites

import "testing"

func TestAllThatIsPublishedIsFound(t *testing.T) {
	requireAllExact(t, publishSuite(), &Config{Redis: options, Messages: 2500, Size: MinSize})
}
