package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
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
}

func (r *Refusal) audit(tx *Tx) error {
	return tx.Audit(ActionAccessDenied, r.Section, r.Details...)
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
	begun time.Time  // of the minute that alone counts in
	alone int        // rows that were not shared in it
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
	begun   time.Time
	told    int // rows of their own
	count   int // those without
	names   []string
}

// The bounds of what is remembered and written, whoever floods from however many addresses.
const (
	refusalTime  = time.Minute
	maxKinds     = 10_000
	maxTriedName = 20  // names in a shared row
	maxAlone     = 600 // rows a minute that are not shared
)

// note takes in a refusal and reports whether it is to have a row of its own.
func (m *refusals) note(now time.Time, by Actor, r Refusal) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now.Sub(m.begun) >= refusalTime || now.Before(m.begun) {
		m.begun, m.alone = now, 0
	}
	kind, same := m.repeatsOf(now, by, r)
	if same.told < max(r.Alone, 1) && m.alone < maxAlone && kind != crowd {
		same.told++
		m.alone++
		return true
	}
	same.count++
	if !slices.Contains(same.names, by.UserName) && len(same.names) < maxTriedName && by.UserName != "" {
		same.names = append(same.names, by.UserName)
	}
	return false
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
		if now.Sub(same.begun) < refusalTime {
			return kind, same
		}
		m.end(kind, same)
	}
	if len(m.kinds) >= maxKinds {
		by = Actor{}
		r.Details = []UserAuditDetail{Detail("Reason", "", crowd.reason)}
		if kind = crowd; m.kinds[kind] != nil {
			return kind, m.kinds[kind]
		}
	}
	by.Session, by.SignsOut, by.Groups = nil, "", nil
	same := &repeats{by: by, refusal: r, begun: now}
	m.kinds[kind] = same
	return kind, same
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
	for kind, same := range m.kinds {
		if all || now.Sub(same.begun) >= refusalTime {
			m.end(kind, same)
		}
	}
	taken := m.over
	m.over = nil
	return taken
}

func (m *refusals) giveBack(left []*repeats) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.over = append(m.over, left...)
}

// TellRefusals writes the shared rows of the minutes that are over, with all also of those that go on. What could not be
// written is tried again by the next call.
func TellRefusals(ctx context.Context, db *DB, all bool) error {
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
	r.Details = append(slices.Clip(r.Details), Detail("Since", "", At(s.begun)), Detail("Repeated", "", s.count))
	if len(s.names) > 0 {
		r.Details = append(r.Details, Detail("Names", "", strings.Join(s.names, ", ")))
	}
	return r.audit(&as)
}
