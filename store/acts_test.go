package store

import (
	"errors"
	"fmt"
	"strings"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
)

// view reads as muster.
func view[R any](l *fixture, fn func(*Tx) (R, error)) R {
	l.t.Helper()
	result, err := View(l.ctx, l.DB, System("test"), fn)
	if err != nil {
		l.t.Fatalf("%v", err)
	}
	return result
}

// update writes as muster.
func update[R any](l *fixture, fn func(*Tx) (R, error)) R {
	l.t.Helper()
	result, err := Update(l.ctx, l.DB, System("test"), fn)
	if err != nil {
		l.t.Fatalf("%v", err)
	}
	return result
}

// change writes as muster.
func (l *fixture) change(fn func(*Tx) error) {
	l.t.Helper()
	if err := Change(l.ctx, l.DB, System("test"), fn); err != nil {
		l.t.Fatalf("%v", err)
	}
}

// refused writes as muster, fails the test unless that is refused for the given reason, and returns the words of the refusal.
func (l *fixture) refused(kind error, fn func(*Tx) error) string {
	l.t.Helper()
	err := Change(l.ctx, l.DB, System("test"), fn)
	if !errors.Is(err, kind) {
		l.t.Fatalf("the error is %v, want one that is: %v", err, kind)
	}
	return err.Error()
}

// get reads one record.
func get[ID int | string, T any](l *fixture, c *Collection[ID, T], id ID) *T {
	l.t.Helper()
	return view(l, func(tx *Tx) (*T, error) { return c.Get(tx, id) })
}

// asset inserts an asset in the first Workgroup, unless it names another, and returns its id.
func (l *fixture) asset(a Asset) int {
	l.t.Helper()
	if a.WorkgroupID == 0 {
		a.WorkgroupID = firstWorkgroupID
	}
	l.change(func(tx *Tx) error { return Assets.Insert(tx, &a) })
	return a.AssetID
}

// workgroup inserts a Workgroup, in the default Organization unless another is given, and returns its id.
func (l *fixture) workgroup(name, organization string) int {
	l.t.Helper()
	return update(l, func(tx *Tx) (int, error) {
		w := &Workgroup{Name: name, OrganizationID: organization}
		if organization == "" {
			var err error
			if w.OrganizationID, err = DefaultOrganization(tx); err != nil {
				return 0, err
			}
		}
		err := Workgroups.Insert(tx, w)
		return w.ID, err
	})
}

// keys lists the keys that begin with a prefix, as they read in a dump, but those of counts, which belong to no
// single record.
func (l *fixture) keys(prefix string) (found []string) {
	l.t.Helper()
	err := l.engine.View(l.ctx, func(r kv.Reader) error {
		for pair, err := range r.Scan(kv.Prefix([]byte(prefix))) {
			if err != nil {
				return err
			}
			if len(pair.Key) < 3 || pair.Key[2] != record.KindCount {
				found = append(found, string(pair.Key))
			}
		}
		return nil
	})
	if err != nil {
		l.t.Fatalf("%v", err)
	}
	return found
}

// audits lists the audit rows that fn leaves, oldest first, each as one line:
//
//	Edit Workgroup: Name "Floor 1" → "Floor 2"
//
// Door and Registration, with which the details of every row begin, have a test of their own and are left out.
func (l *fixture) audits(fn func()) []string {
	l.t.Helper()
	before := l.lastAudit()
	fn()
	rows := []string{}
	for _, a := range view(l, func(tx *Tx) ([]*Audit, error) { return record.Collect(record.Audits.All(tx)) }) {
		if a.AuditID > before {
			rows = append(rows, lineOf(a))
		}
	}
	return rows
}

func (l *fixture) lastAudit() int {
	l.t.Helper()
	last := 0
	for _, a := range view(l, func(tx *Tx) ([]*Audit, error) { return record.Collect(record.Audits.All(tx)) }) {
		last = max(last, a.AuditID)
	}
	return last
}

func lineOf(a *Audit) string {
	line := fmt.Sprintf("%s %s:", a.ActionType, a.Section)
	for i, d := range a.Details[min(2, len(a.Details)):] {
		if i > 0 {
			line += ","
		}
		line += fmt.Sprintf(" %s %q → %q", d.Name, d.OldValue, d.NewValue)
	}
	return strings.TrimSuffix(line, ":")
}

// dump is all that the store holds but for the sequences.
func (l *fixture) dump() map[string]string {
	l.t.Helper()
	all := map[string]string{}
	err := l.engine.View(l.ctx, func(r kv.Reader) error {
		for pair, err := range r.Scan(kv.Range{}) {
			if err != nil {
				return err
			}
			if pair.Key[2] != record.KindSequence {
				all[string(pair.Key)] = string(pair.Value)
			}
		}
		return nil
	})
	if err != nil {
		l.t.Fatalf("%v", err)
	}
	return all
}
