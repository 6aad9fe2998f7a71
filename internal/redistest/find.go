package redistest

import (
	"fmt"
	"os"
	"os/exec"
)

// serverEnv names the environment variable with the path of redis-server.
const serverEnv = "MILLSTREAM_REDIS_SERVER"

const advice = "install it (Debian/Ubuntu: apt-get install redis-server; macOS: brew install redis)" +
	" or set " + serverEnv + " to its path"

// Available returns why there is no redis-server to start here, or nil. Where none is
// installed that is [exec.ErrNotFound].
func Available() error {
	_, err := find()
	return err
}

// find returns the path of the redis-server to run.
func find() (string, error) {
	name := "redis-server"
	if path := os.Getenv(serverEnv); path != "" {
		name = path
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("redis-server not found: %s: %w", advice, err)
	}
	return path, nil
}
