package directory

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-ldap/ldap/v3"
)

// walk gathers the members of a group and of the groups within it. What was seen is not looked at again, so that groups
// which contain each other come to an end.
type walk struct {
	s         *session
	groups    []string        // distinguished names of groups that are still to be read
	seen      map[string]bool // values that were looked at
	users     map[string]bool // ids
	found     Found
	elsewhere int // values that lead to other servers
}

func (s *session) members(ctx context.Context, group Entry) (Found, error) {
	w := &walk{s: s, groups: []string{group.DN}, seen: map[string]bool{foldDN(group.DN): true}, users: map[string]bool{}}
	for len(w.groups) > 0 {
		dn := w.groups[0]
		w.groups = w.groups[1:]
		if err := w.read(ctx, dn); err != nil {
			return Found{}, err
		}
	}
	if len(w.found.Users) == 0 && w.elsewhere > 0 {
		return Found{}, fmt.Errorf("%w: it lets nobody see any of the members, or refers to other servers", ErrRefused)
	}
	return w.found, nil
}

// read takes up the members of one group.
func (w *walk) read(ctx context.Context, dn string) error {
	attribute := w.s.config.MembershipAttribute
	if w.s.config.Kind == ActiveDirectory {
		attribute = "member"
		if err := w.primary(ctx, dn); err != nil {
			return err
		}
	}
	values, err := w.s.values(ctx, dn, attribute)
	if err != nil {
		return err
	}
	var fresh []string
	for _, value := range values {
		if value = memberName(value); value != "" && !w.seen[foldDN(value)] {
			w.seen[foldDN(value)] = true
			fresh = append(fresh, value)
		}
	}
	if len(w.seen) > w.s.client.Members+1 {
		return fmt.Errorf("%w: more than %d members", ErrTooMany, w.s.client.Members)
	}
	if strings.EqualFold(attribute, "memberUid") {
		return w.byAccount(ctx, fresh)
	}
	return w.byName(ctx, fresh)
}

// values reads all values of an attribute that holds members. Active Directory sends them in ranges: an answer to
// "member" may be named "member;range=0-1499", and the last one ends in "*".
func (s *session) values(ctx context.Context, dn, attribute string) ([]string, error) {
	var all []string
	ask := attribute
	for {
		e, err := s.at(ctx, dn, []string{ask})
		if err != nil {
			return nil, err
		}
		part, next, err := members(e, attribute, len(all))
		if err != nil {
			return nil, err
		}
		if all = append(all, part...); len(all) > s.client.Members {
			return nil, fmt.Errorf("%w: more than %d members", ErrTooMany, s.client.Members)
		}
		if next < 0 {
			return all, nil
		}
		ask = fmt.Sprintf("%s;range=%d-*", attribute, next)
	}
}

// members are the values of an attribute in an answer, and where the next range begins, -1 behind the last one. A server that
// does not get on is refused.
func members(e *ldap.Entry, attribute string, from int) (values []string, next int, err error) {
	for _, a := range e.Attributes {
		name, option, ranged := strings.Cut(a.Name, ";")
		if !strings.EqualFold(name, attribute) {
			continue
		}
		if !ranged {
			return a.Values, -1, nil
		}
		limits, ok := strings.CutPrefix(strings.ToLower(option), "range=")
		if !ok {
			continue
		}
		low, high, _ := strings.Cut(limits, "-")
		first, err := strconv.Atoi(low)
		if err != nil || first != from {
			return nil, 0, fmt.Errorf("%w: a range of members that was not asked for", ErrRefused)
		}
		if high == "*" {
			return a.Values, -1, nil
		}
		last, err := strconv.Atoi(high)
		if err != nil || last != first+len(a.Values)-1 || len(a.Values) == 0 {
			return nil, 0, fmt.Errorf("%w: a range of members that does not hold what it says", ErrRefused)
		}
		return a.Values, last + 1, nil
	}
	return nil, -1, nil
}

// memberName is the distinguished name in a value of uniqueMember, which may carry an identifier behind it.
func memberName(value string) string {
	if at := strings.LastIndex(value, "#'"); at > 0 && strings.HasSuffix(value, "'B") {
		return value[:at]
	}
	return value
}

// foldDN is the spelling by which distinguished names are compared.
func foldDN(dn string) string {
	parsed, err := ldap.ParseDN(dn)
	if err != nil {
		return strings.ToLower(dn)
	}
	return strings.ToLower(parsed.String())
}

// take adds an entry: a user to the members, a group to what is to be read.
func (w *walk) take(e *ldap.Entry) {
	if isOf(e, groupClasses) {
		w.seen[foldDN(e.DN)] = true
		w.groups = append(w.groups, e.DN)
		return
	}
	u, err := w.s.userEntry(e)
	switch {
	case err != nil || isOf(e, otherClasses):
		w.found.Passed++
	case !w.users[u.ID]:
		w.users[u.ID] = true
		w.found.Users = append(w.found.Users, u)
	}
}

// together is how many entries are asked for at the same time: the way there and back takes longer than the answer.
const together = 8

// byName reads the entries with the given distinguished names.
func (w *walk) byName(ctx context.Context, dns []string) error {
	for some := range slices.Chunk(dns, 16*together) {
		entries, errs := make([]*ldap.Entry, len(some)), make([]error, len(some))
		var all sync.WaitGroup
		for first := range min(together, len(some)) {
			all.Go(func() {
				for i := first; i < len(some); i += together {
					entries[i], errs[i] = w.s.at(ctx, some[i], w.s.userAttributes())
				}
			})
		}
		all.Wait()
		for i, e := range entries {
			switch err := errs[i]; {
			case errors.Is(err, ErrNotFound):
				w.found.Passed++
			case errors.Is(err, ErrRefused):
				w.found.Passed++
				w.elsewhere++
			case err != nil:
				return err
			default:
				w.take(e)
			}
		}
	}
	return nil
}

// byAccount finds the users whose account names a group of POSIX lists.
func (w *walk) byAccount(ctx context.Context, names []string) error {
	for some := range slices.Chunk(names, 50) {
		var filter strings.Builder
		filter.WriteString("(|")
		for _, name := range some {
			filter.WriteString("(" + w.s.config.AccountAttribute + "=" + ldap.EscapeFilter(name) + ")")
		}
		filter.WriteString(")")
		found, err := w.s.everywhere(ctx, filter.String(), w.s.userAttributes())
		if err != nil {
			return err
		}
		for _, e := range found {
			if !isOf(e, groupClasses) {
				w.take(e)
			}
		}
		w.found.Passed += max(len(some)-len(found), 0)
	}
	return nil
}

// primary adds the users whose primary group it is: Active Directory does not list them as members.
func (w *walk) primary(ctx context.Context, dn string) error {
	e, err := w.s.at(ctx, dn, []string{"objectSid"})
	if err != nil {
		return err
	}
	sid := e.GetEqualFoldRawAttributeValue("objectSid")
	if len(sid) < 12 || len(sid)%4 != 0 {
		return nil
	}
	id := binary.LittleEndian.Uint32(sid[len(sid)-4:])
	found, err := w.s.everywhere(ctx, fmt.Sprintf("(&(objectCategory=person)(primaryGroupID=%d))", id), w.s.userAttributes())
	if err != nil {
		return err
	}
	for _, e := range found {
		w.take(e)
	}
	return nil
}
