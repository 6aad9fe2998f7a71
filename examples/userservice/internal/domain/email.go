package domain

import (
	"net/mail"
	"strings"
)

// How long an address may be, by RFC 5321 (with its erratum 1690) and RFC 1035.
const (
	maxAddress = 254
	maxLocal   = 64
	maxLabel   = 63
)

// Email is a valid e-mail address in its normal form: two that mail programs take for the
// same are equal. The zero value is no address.
type Email struct{ address string }

// ParseEmail makes one of text. It takes a plain address as people have them: no name
// before it, nothing quoted, ASCII only, at a domain with a dot. Letters become lower
// case; that of what is before the @ matters by the standard, and to no mail system.
func ParseEmail(text string) (Email, error) {
	address := strings.ToLower(strings.TrimSpace(text))
	switch {
	case address == "":
		return Email{}, Fault{"email", "is missing"}
	case len(address) > maxAddress:
		return Email{}, Fault{"email", "is longer than 254 bytes"}
	case !isPlain(address):
		return Email{}, Fault{"email", "is not a plain address such as ada@example.com"}
	}
	at := strings.LastIndexByte(address, '@')
	switch {
	case at > maxLocal:
		return Email{}, Fault{"email", "has more than 64 bytes before the @"}
	case !isHost(address[at+1:]):
		return Email{}, Fault{"email", "has no domain behind the @ such as example.com"}
	}
	return Email{address}, nil
}

// isPlain reports whether an address is one and nothing besides.
func isPlain(address string) bool {
	for i := range len(address) {
		if c := address[i]; c <= ' ' || c > '~' {
			return false
		}
	}
	parsed, err := mail.ParseAddress(address)
	// A name, a comment or quotes would make a difference.
	return err == nil && parsed.Address == address && parsed.Name == ""
}

// isHost reports whether a name is that of a host, with a dot.
func isHost(name string) bool {
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range label {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return len(labels) > 1
}

// String returns the address.
func (e Email) String() string { return e.address }

// Domain returns what is behind the @.
func (e Email) Domain() string {
	_, domain, _ := strings.Cut(e.address, "@")
	return domain
}

// Masked returns the address as strangers may see it: they can tell whose it is only if
// they know it.
func (e Email) Masked() string {
	if e.address == "" {
		return ""
	}
	return e.address[:1] + "…@" + e.Domain()
}

// MarshalText implements [encoding.TextMarshaler].
func (e Email) MarshalText() ([]byte, error) { return []byte(e.address), nil }

// UnmarshalText implements [encoding.TextUnmarshaler]. It takes what ParseEmail takes.
func (e *Email) UnmarshalText(text []byte) error {
	parsed, err := ParseEmail(string(text))
	if err != nil {
		return err
	}
	*e = parsed
	return nil
}
