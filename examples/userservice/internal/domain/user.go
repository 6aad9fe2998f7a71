package domain

import (
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const maxName = 100 // characters

// User is somebody who registered.
type User struct {
	ID           string
	Name         string
	Email        Email
	RegisteredAt time.Time
}

// UserRegistered tells that somebody registered. What reads it must bear to get it twice:
// EventID says that it is the same.
type UserRegistered struct {
	EventID      string    `json:"event_id"`
	UserID       string    `json:"user_id"`
	Name         string    `json:"name"`
	Email        Email     `json:"email"`
	RegisteredAt time.Time `json:"registered_at"`
}

// IDs are the new ids that a registration needs: no two are ever the same.
type IDs struct{ User, Event string }

// Register makes a user of what somebody entered, and the event that tells of it. The
// error consists of the [Faults] of all that is wrong.
func Register(ids IDs, name, email string, now time.Time) (User, UserRegistered, error) {
	named, nameErr := parseName(name)
	address, emailErr := ParseEmail(email)
	if err := errors.Join(nameErr, emailErr); err != nil {
		return User{}, UserRegistered{}, err
	}
	now = now.UTC().Truncate(time.Millisecond)
	user := User{ids.User, named, address, now}
	return user, UserRegistered{ids.Event, ids.User, named, address, now}, nil
}

// parseName returns a name without the spaces around it.
func parseName(text string) (string, error) {
	name := strings.TrimSpace(text)
	switch {
	case name == "":
		return "", Fault{"name", "is missing"}
	case !utf8.ValidString(name):
		return "", Fault{"name", "is not UTF-8"}
	case utf8.RuneCountInString(name) > maxName:
		return "", Fault{"name", "is longer than 100 characters"}
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsGraphic(r) }):
		return "", Fault{"name", "has characters that cannot be shown"}
	}
	return name, nil
}
