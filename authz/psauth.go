package authz

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxPSAuth is the longest PS-Auth header in bytes.
const maxPSAuth = 8 << 10

// ErrCredential is wrapped by every error of ParsePSAuth. None of them quotes any part of the header.
var ErrCredential = errors.New("malformed credential")

// PSAuth is what the vendor's own scheme of the Authorization header carries. The values are as they were sent:
// nothing is folded, and the form of the key is not checked.
type PSAuth struct {
	unprintable
	Key         string // The key of an API registration.
	RunAs       string // The user: user, domain\user or user@domain.
	Password    string // The user's password, needed where the registration says so.
	HasPassword bool   // A password was given, be it an empty one.
}

// ParsePSAuth reads the value of an Authorization header of the scheme PS-Auth:
//
//	PS-Auth key=<key>; runas=<user>; pwd=[<password>]; challenge=<ignored>;
//
// Letter case of the scheme and of the names does not matter, nor do blanks and tabs around names and values, quotes around
// values, empty members and the order. key and runas are required and not empty; no member may come twice and no other may come. A password
// may also stand without brackets, if it holds no ";", has no blanks around it and does not begin with "[".
//
// A password in brackets is taken as it is and may hold ";" and "]". It ends at the first "]" with which the rest of
// the header makes sense: behind it is the end, or a ";" and then only members that have not come yet. So a password
// such as "x]; runas=administrator" stays a password as long as runas comes in its own place, wherever that is. Only
// the member challenge, which is ignored, can cut a password short.
//
// Every error is an ErrCredential.
func ParsePSAuth(header string) (PSAuth, error) {
	if len(header) > maxPSAuth {
		return PSAuth{}, fmt.Errorf("%w: longer than %d bytes", ErrCredential, maxPSAuth)
	}
	scheme, rest := CutScheme(header)
	if !strings.EqualFold(scheme, "PS-Auth") {
		return PSAuth{}, fmt.Errorf("%w: not PS-Auth", ErrCredential)
	}
	found := make(members)
	if err := found.read(rest); err != nil {
		return PSAuth{}, err
	}
	password, given := found["pwd"]
	auth := PSAuth{Key: found["key"], RunAs: found["runas"], Password: password, HasPassword: given}
	if auth.Key == "" || auth.RunAs == "" {
		return PSAuth{}, fmt.Errorf("%w: key and runas are required", ErrCredential)
	}
	return auth, nil
}

const blanks = " \t"

// CutScheme takes the value of an Authorization header apart: its scheme, and what comes behind the blanks or tabs after it.
func CutScheme(header string) (scheme, rest string) {
	header = strings.Trim(header, blanks)
	end := strings.IndexAny(header, blanks)
	if end < 0 {
		return header, ""
	}
	return header[:end], strings.TrimLeft(header[end:], blanks)
}

// members are the values that were read, by lower-case name.
type members map[string]string

// read adds the members of text.
func (m members) read(text string) error {
	for text != "" {
		var member string
		whole := text
		member, text, _ = strings.Cut(text, ";")
		name, value, found := strings.Cut(member, "=")
		name = strings.ToLower(strings.Trim(name, blanks))
		switch _, twice := m[name]; {
		case name == "" && !found:
			continue
		case twice:
			return fmt.Errorf("%w: a member comes twice", ErrCredential)
		case !slices.Contains([]string{"key", "runas", "pwd", "challenge"}, name):
			return fmt.Errorf("%w: unknown member", ErrCredential)
		}
		if value = strings.Trim(value, blanks); name == "pwd" && strings.HasPrefix(value, "[") {
			return m.readBracketed(whole[strings.Index(whole, "[")+1:])
		}
		m[name] = unquoted(name, value)
	}
	return nil
}

// unquoted takes a value out of the quotes that some clients put around it. A password keeps them: they may be a part of it.
func unquoted(name, value string) string {
	if n := len(value); name != "pwd" && n >= 2 && value[0] == '"' && value[n-1] == '"' {
		return value[1 : n-1]
	}
	return value
}

// readBracketed adds the password that text begins with, and the members behind it.
func (m members) readBracketed(text string) error {
	for end := range len(text) {
		if text[end] != ']' {
			continue
		}
		after := strings.TrimLeft(text[end+1:], blanks)
		if after != "" && after[0] != ';' {
			continue
		}
		both := maps.Clone(m)
		both["pwd"] = text[:end]
		if both.read(after) == nil {
			maps.Copy(m, both)
			return nil
		}
	}
	return fmt.Errorf("%w: the bracket is not closed", ErrCredential)
}
