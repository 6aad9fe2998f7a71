package commit

import "fmt"

// KeyError is Redis's refusal of what a commit was to do with a key. It wraps a
// redis.Error.
type KeyError struct {
	Key string
	Err error
}

func (e *KeyError) Error() string { return e.Key + ": " + e.Err.Error() }
func (e *KeyError) Unwrap() error { return e.Err }

// refusal is a reply that came through a script, as a redis.Error.
type refusal string

func (r refusal) Error() string { return string(r) }
func (refusal) RedisError()     {}

// keyError reads {key, error}.
func keyError(reply []any) error {
	if len(reply) != 2 {
		return errUnexpected
	}
	return &KeyError{Key: fmt.Sprint(reply[0]), Err: refusal(fmt.Sprint(reply[1]))}
}
