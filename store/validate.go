package store

import "unicode/utf8"

// required checks a text that must be there and its length in code points.
func required(member, value string, limit int) error {
	if value == "" {
		return Invalid("%s is required", member)
	}
	return short(member, value, limit)
}

// short checks the length of a text in code points. What is no text would come back as another one, and its index
// entries would not be found again.
func short(member, value string, limit int) error {
	if !utf8.ValidString(value) {
		return Invalid("%s is not UTF-8", member)
	}
	if n := utf8.RuneCountInString(value); n > limit {
		return Invalid("%s is longer than %d characters", member, limit)
	}
	return nil
}
