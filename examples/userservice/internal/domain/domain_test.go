package domain_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/userservice/internal/domain"
)

func TestAddressesAreTakenInTheirNormalForm(t *testing.T) {
	for text, want := range map[string]string{
		"ada@example.com":                      "ada@example.com",
		" Ada.Lovelace+news@Example.COM\n":     "ada.lovelace+news@example.com",
		"o'neil@sub.example.co.uk":             "o'neil@sub.example.co.uk",
		strings.Repeat("a", 64) + "@b.example": strings.Repeat("a", 64) + "@b.example",
	} {
		email, err := domain.ParseEmail(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, email.String())
	}
}

func TestWhatIsNoPlainAddressIsRefused(t *testing.T) {
	long := strings.Repeat("b.", 95)
	for text, reason := range map[string]string{
		"":                      "is missing",
		" ":                     "is missing",
		"ada":                   "is not a plain address",
		"@example.com":          "is not a plain address",
		"ada@":                  "is not a plain address",
		"ada@@example.com":      "is not a plain address",
		"Ada <ada@example.com>": "is not a plain address",
		"<ada@example.com>":     "is not a plain address",
		"ada@example.com (Ada)": "is not a plain address",
		`"a b"@example.com`:     "is not a plain address",
		"a,b@example.com":       "is not a plain address",
		"ada@example.com\r\nBcc: eve@example.com":        "is not a plain address",
		"ädä@example.com":                                "is not a plain address",
		"ada@exämple.com":                                "is not a plain address",
		"ada\x00@example.com":                            "is not a plain address",
		"ada@[127.0.0.1]":                                "", // either way
		"ada@localhost":                                  "has no domain",
		"ada@example..com":                               "",
		"ada@-example.com":                               "has no domain",
		"ada@exam_ple.com":                               "has no domain",
		"ada@" + strings.Repeat("b", 64) + ".com":        "has no domain",
		strings.Repeat("a", 65) + "@example.com":         "has more than 64 bytes",
		strings.Repeat("a", 64) + "@" + long + "example": "is longer than 254 bytes",
	} {
		_, err := domain.ParseEmail(text)
		require.Error(t, err, text)
		assert.Contains(t, err.Error(), "email "+reason, text)
		if text != "" {
			assert.NotContains(t, err.Error(), text+" ", "what somebody entered is not said again")
		}
	}
}

func FuzzAnAddressThatIsTakenStaysAsItIs(f *testing.F) {
	f.Add("Ada@example.com")
	f.Fuzz(func(t *testing.T, text string) {
		email, err := domain.ParseEmail(text)
		if err != nil {
			return
		}
		again, err := domain.ParseEmail(email.String())
		if err != nil || again != email {
			t.Fatalf("%q becomes %q, and that %q (%v)", text, email, again, err)
		}
		if strings.ContainsAny(email.String(), "\r\n<> ") || strings.Count(email.String(), "@") != 1 {
			t.Fatalf("%q would break a mail's header", email)
		}
	})
}

func TestStrangersSeeNoAddress(t *testing.T) {
	email, err := domain.ParseEmail("ada@example.com")
	require.NoError(t, err)
	assert.Equal(t, "a…@example.com", email.Masked())
	assert.Equal(t, "example.com", email.Domain())
	assert.Empty(t, domain.Email{}.Masked())
}

func TestARegistrationIsAUserAndAnEvent(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 1_999_999, time.FixedZone("", 7200))
	user, event, err := domain.Register(domain.IDs{User: "u", Event: "e"}, " Ada ", "ADA@example.com", now)
	require.NoError(t, err)
	at := time.Date(2026, 5, 1, 10, 0, 0, 1_000_000, time.UTC)
	assert.Equal(t, "u Ada ada@example.com", fmt.Sprint(user.ID, " ", user.Name, " ", user.Email))
	assert.Equal(t, at, user.RegisteredAt)
	assert.Equal(t, domain.UserRegistered{EventID: "e", UserID: "u", Name: "Ada", Email: user.Email, RegisteredAt: at}, event)

	text, err := json.Marshal(event)
	require.NoError(t, err)
	assert.JSONEq(t, `{"event_id":"e","user_id":"u","name":"Ada","email":"ada@example.com","registered_at":"2026-05-01T10:00:00.001Z"}`, string(text))
	var read domain.UserRegistered
	require.NoError(t, json.Unmarshal(text, &read))
	assert.Equal(t, event, read)
	require.Error(t, json.Unmarshal([]byte(`{"email":"nonsense"}`), &read))
}

func TestAllThatIsWrongIsSaidAtOnce(t *testing.T) {
	for name, reason := range map[string]string{
		"":                       "is missing",
		"a\nb":                   "has characters that cannot be shown",
		"\xff":                   "is not UTF-8",
		strings.Repeat("ä", 101): "is longer than 100 characters",
	} {
		_, _, err := domain.Register(domain.IDs{}, name, "nonsense", time.Now())
		assert.Equal(t, []domain.Fault{
			{Field: "name", Reason: reason},
			{Field: "email", Reason: "is not a plain address such as ada@example.com"},
		}, domain.Faults(err))
		// Wrapped they are found, too.
		assert.Len(t, domain.Faults(fmt.Errorf("register: %w", err)), 2)
	}
	assert.Empty(t, domain.Faults(fmt.Errorf("something else")))
	assert.Empty(t, domain.Faults(nil))
}
