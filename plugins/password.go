package plugins

import (
	"encoding/json"
	"fmt"
	"io"
)

// hiddenPassword is what is printed of every password.
const hiddenPassword = "(hidden)"

// Password is a password that was found in a file. Whatever prints it, alone or within something else, with any verb or as
// JSON, prints "(hidden)"; Reveal alone tells it. The zero value says that none was found.
type Password struct {
	text *string // a pointer, since package fmt prints what lies in unexported members without asking the type
}

// NewPassword returns the password of a text, of which nothing is trimmed or cleaned. The empty text is none.
func NewPassword(text string) Password {
	if text == "" {
		return Password{}
	}
	return Password{&text}
}

// Reveal returns the text: for whoever seals it, and for the wire.
func (p Password) Reveal() string {
	if p.text == nil {
		return ""
	}
	return *p.text
}

// IsZero reports whether there is no password.
func (p Password) IsZero() bool { return p.text == nil }

// Equal reports whether two passwords are the same text.
func (p Password) Equal(other Password) bool { return p.Reveal() == other.Reveal() }

// String returns "(hidden)", or nothing if there is no password.
func (p Password) String() string {
	if p.IsZero() {
		return ""
	}
	return hiddenPassword
}

// Format implements fmt.Formatter for all verbs alike: with some of them, package fmt would pass String over.
func (p Password) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

// MarshalJSON implements json.Marshaler; it writes what String returns.
func (p Password) MarshalJSON() ([]byte, error) { return json.Marshal(p.String()) }

// UnmarshalJSON implements json.Unmarshaler, so that what MarshalJSON wrote can be read and compared.
func (p *Password) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	*p = NewPassword(s)
	return nil
}
