package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// SectionAuthorization is the Section of what was refused to somebody who is known.
const SectionAuthorization = "Authorization"

// RefusedPage is the page of the documentation that says what a refused caller can do.
const RefusedPage = "docs/refused.md"

// Refusal is a request that was refused, as the audit tells it.
type Refusal struct {
	Section string            // SectionAuthentication or SectionAuthorization
	Reason  string            // what repeats have in common besides who asks; of a small set, never what a stranger sends
	Details []UserAuditDetail // of the row, after Door and Registration
	Alone   int               // how many in a minute have a row each before the others share one; 0 counts as 1
	Weak    bool              // anybody can cause it in any number: no user, key or secret of this store is in it
}

// strength ranks what deserves a row: first what is told of known users, last what any stranger can cause.
func (r *Refusal) strength(by Actor) int {
	switch {
	case by.UserID != 0:
		return known
	case r.Weak:
		return weak
	}
	return tried
}

const (
	weak = iota
	tried
	known
	strengths
)

// IsWeak reports whether any stranger can cause refusals for a reason.
func IsWeak(reason authz.Reason) bool {
	switch reason {
	case authz.NoCredential, authz.UnreadableCredential, authz.InvalidToken, authz.ForeignToken, authz.CrossSite,
		authz.UnknownKey, authz.UnknownUser, authz.UnknownClient, authz.LockedAccount, authz.LockedAddress:
		return true
	}
	return false
}

func (r *Refusal) audit(tx *Tx) error {
	return tx.Audit(record.ActionAccessDenied, r.Section, r.Details...)
}

// NoteRefusal leaves the audit row of a refusal. Repeats, which have the actor's door, user or address, and the reason in common,
// share a row that is written when their minute is over: an audit row is never changed, and a flood of refusals must not
// become a flood of synced writes.
func NoteRefusal(ctx context.Context, db *DB, by Actor, r Refusal) error {
	if !db.refusals.note(db.Now(), by, r) {
		return nil
	}
	return db.owe(Change(context.WithoutCancel(ctx), db, by, r.audit), owedAct{by: by, do: r.audit})
}

// refusals counts the repeats that have no row yet.
type refusals struct {
	mu    sync.Mutex
	kinds map[refusalKind]*repeats
	over  []*repeats // their minute ended, and they are to be written
	begun time.Time  // of the minute that the following count in
	alone int        // rows that were not shared
	told  int        // rows that were
}

type refusalKind struct {
	door, from      string
	user            int
	section, reason string
}

// repeats are the refusals of a kind within a minute.
type repeats struct {
	by      Actor // of the first
	refusal Refusal
	strong  int // as strength has it
	begun   time.Time
	told    int // rows of their own
	count   int // those without
	names   []string
}

// The bounds of what is remembered and written, whoever floods from however many addresses. The weaker share the smaller
// part, so that a flood of them leaves the rest to the stronger.
const (
	refusalTime  = time.Minute
	maxTriedName = 20  // names in a shared row
	maxShared    = 399 // rows a minute that are shared, besides the one of all further kinds
)

var (
	maxAlone = [strengths]int{weak: 200, tried: 400, known: 600} // rows a minute that are not shared, those of the weaker included
	maxKinds = [strengths]int{weak: 4000, tried: 7000, known: 10_000}
)

// isOver reports whether a minute has ended. One that has yet to begin was begun by a clock that ran ahead.
func isOver(begun, now time.Time) bool { return now.Sub(begun) >= refusalTime || now.Before(begun) }

// note takes in a refusal and reports whether it is to have a row of its own.
func (m *refusals) note(now time.Time, by Actor, r Refusal) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.count(now)
	kind, same := m.repeatsOf(now, by, r)
	if same.told < max(r.Alone, 1) && m.alone < maxAlone[same.strong] && kind != crowd {
		same.told++
		m.alone++
		return true
	}
	same.count++
	same.name(by.UserName)
	return false
}

// name notes a name that was tried.
func (s *repeats) name(tried string) {
	if !slices.Contains(s.names, tried) && len(s.names) < maxTriedName && tried != "" {
		s.names = append(s.names, tried)
	}
}

// count begins the minute that rows are counted in, if it is time.
func (m *refusals) count(now time.Time) {
	if isOver(m.begun, now) {
		m.begun, m.alone, m.told = now, 0, 0
	}
}

// crowd is the kind of all refusals that are of too many kinds.
var crowd = refusalKind{reason: "of many kinds"}

// repeatsOf finds what a refusal repeats.
func (m *refusals) repeatsOf(now time.Time, by Actor, r Refusal) (refusalKind, *repeats) {
	kind := refusalKind{door: by.Door, user: by.UserID, section: r.Section, reason: r.Reason}
	if kind.from = addressKey(by.IPAddress); by.UserID != 0 {
		kind.from = ""
	}
	if same := m.kinds[kind]; same != nil {
		if !isOver(same.begun, now) {
			return kind, same
		}
		m.end(kind, same)
	}
	strong := r.strength(by)
	if len(m.kinds) >= maxKinds[strong] {
		return crowd, m.crowd(now)
	}
	by.Session, by.SignsOut, by.Groups = nil, "", nil
	same := &repeats{by: by, refusal: r, strong: strong, begun: now}
	m.kinds[kind] = same
	return kind, same
}

// crowd are the refusals that have no row of their kind.
func (m *refusals) crowd(now time.Time) *repeats {
	if m.kinds[crowd] == nil {
		r := Refusal{Section: record.SectionAuthentication, Details: []UserAuditDetail{record.Detail("Reason", "", crowd.reason)}}
		m.kinds[crowd] = &repeats{refusal: r, begun: now}
	}
	return m.kinds[crowd]
}

// end ends the minute of a kind.
func (m *refusals) end(kind refusalKind, same *repeats) {
	delete(m.kinds, kind)
	if same.count > 0 {
		m.over = append(m.over, same)
	}
}

// take returns what is to be written, with all also that whose minute goes on.
func (m *refusals) take(now time.Time, all bool) []*repeats {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.count(now)
	for kind, same := range m.kinds {
		if kind != crowd && (all || isOver(same.begun, now)) {
			m.end(kind, same)
		}
	}
	taken := m.strongest(now)
	m.over = nil
	m.told += len(taken)
	if same := m.kinds[crowd]; same != nil && (all || isOver(same.begun, now)) {
		m.end(crowd, same)
		taken, m.over = append(taken, m.over...), nil
	}
	return taken
}

// strongest are those of what is over that have a row each. The crowd gets the rest.
func (m *refusals) strongest(now time.Time) []*repeats {
	room := max(maxShared-m.told, 0)
	if len(m.over) <= room {
		return m.over
	}
	slices.SortStableFunc(m.over, func(a, b *repeats) int {
		return cmp.Or(cmp.Compare(b.strong, a.strong), cmp.Compare(b.count, a.count))
	})
	all := m.crowd(now)
	for _, same := range m.over[room:] {
		all.count += same.count
		for _, name := range same.names {
			all.name(name)
		}
	}
	return m.over[:room]
}

// giveBack takes back what could not be written.
func (m *refusals) giveBack(left []*repeats) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.over = append(m.over, left...)
	m.told = max(m.told-len(left), 0)
}

// FlushRefusals writes the shared rows of the minutes that are over, with all also of those that go on. What could not be
// written is tried again by the next call.
func FlushRefusals(ctx context.Context, db *DB, all bool) error {
	taken := db.refusals.take(db.Now(), all)
	var failed error
	for some := range slices.Chunk(taken, 200) {
		err := Change(ctx, db, System("store"), func(tx *Tx) error {
			for _, one := range some {
				if err := one.audit(tx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			db.refusals.giveBack(some)
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// audit writes the row that the repeats share.
func (s *repeats) audit(tx *Tx) error {
	as := *tx
	as.By = s.by
	r := s.refusal
	r.Details = append(slices.Clip(r.Details), record.Detail("Since", "", record.At(s.begun)), record.Detail("Repeated", "", s.count))
	if len(s.names) > 0 {
		r.Details = append(r.Details, record.Detail("Names", "", strings.Join(s.names, ", ")))
	}
	return r.audit(&as)
}
