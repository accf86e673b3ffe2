package record

import (
	"encoding/json"
	"fmt"
	"time"
)

// Time is a moment as the API prints it: UTC, at most three fraction digits, trailing zeros dropped
// (2024-12-06T17:59:40.36Z). The zero Time is null.
type Time time.Time

const timeForm = "2006-01-02T15:04:05.999Z"

// At returns t in the precision that a Time is printed and stored with, milliseconds.
func At(t time.Time) Time { return Time(t.UTC().Truncate(time.Millisecond)) }

// IsZero reports whether t is the moment that prints as null.
func (t Time) IsZero() bool { return time.Time(t).IsZero() }

// Before reports whether t is earlier than u.
func (t Time) Before(u Time) bool { return time.Time(t).Before(time.Time(u)) }

// Add returns the moment d after t, in milliseconds: what is stored must come back as the same moment, or the index
// entries that were made of it are not found again.
func (t Time) Add(d time.Duration) Time { return At(time.Time(t).Add(d)) }

// InSeconds returns the second that t lies in, for doors whose dates have no fractions.
func (t Time) InSeconds() Time { return Time(time.Time(t).Truncate(time.Second)) }

// Sub returns how long t is after u.
func (t Time) Sub(u Time) time.Duration { return time.Time(t).Sub(time.Time(u)) }

// String returns t as it is printed, without quotes; the zero Time is the empty string.
func (t Time) String() string {
	if t.IsZero() {
		return ""
	}
	return time.Time(t).UTC().Format(timeForm)
}

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return []byte(`"` + t.String() + `"`), nil
}

// UnmarshalJSON implements json.Unmarshaler. It takes null and RFC 3339, the years 0 to 9999 in UTC.
func (t *Time) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*t = Time{}
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	p, err := time.Parse(time.RFC3339Nano, s)
	if year := p.UTC().Year(); err != nil || year < 0 || year > 9999 {
		return fmt.Errorf("date %q: %w", s, ErrInvalid)
	}
	*t = At(p)
	return nil
}

// Text is a string that the API prints as null when it is empty.
type Text string

// MarshalJSON implements json.Marshaler.
func (t Text) MarshalJSON() ([]byte, error) {
	if t == "" {
		return []byte("null"), nil
	}
	return Encode(string(t))
}
