package store

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
)

// TestVerifyFindsTamperedAudits changes the audits as somebody could who can write to the engine and does not have the
// master key.
func TestVerifyFindsTamperedAudits(t *testing.T) {
	t.Parallel()
	tail := func(l *fixture, id int) Key { return record.Audits.RecordKey(get(l, record.Audits, id)) }
	row := func(l *fixture, id int) []byte { return record.Audits.Key(record.KindRecord, tail(l, id)) }
	remove := func(l *fixture, w kv.Txn, id int) error {
		return errors.Join(w.Delete(row(l, id)), w.Delete(record.Audits.Key(record.KindPointer, K(id))))
	}
	for _, tampering := range []struct {
		name string
		do   func(l *fixture, w kv.Txn, last int) error
		want []string
	}{
		{"a row is removed", func(l *fixture, w kv.Txn, _ int) error { return remove(l, w, 3) },
			[]string{"User Audit 3 of block 1 was removed"}},
		{"a row is changed", func(l *fixture, w kv.Txn, _ int) error {
			a := get(l, record.Audits, 3)
			a.UserName = "somebody else"
			return w.Set(row(l, 3), mustEncode(a))
		}, []string{"User Audit 3 was changed since it was sealed in block 1"}},
		{"two rows are exchanged", func(l *fixture, w kv.Txn, _ int) error {
			a, b := get(l, record.Audits, 3), get(l, record.Audits, 4)
			a.AuditID, b.AuditID = 4, 3
			return errors.Join(w.Set(row(l, 3), mustEncode(b)), w.Set(row(l, 4), mustEncode(a)))
		}, []string{"User Audit 3 was changed", "User Audit 4 was changed"}},
		{"a row is put in", func(l *fixture, w kv.Txn, _ int) error {
			a := get(l, record.Audits, 3)
			a.AuditID = 5000
			return errors.Join(w.Set(record.Audits.Key(record.KindRecord, record.Audits.RecordKey(a)), mustEncode(a)), w.Set(record.Audits.Key(record.KindPointer, K(5000)), record.Audits.RecordKey(a)))
		}, []string{"User Audit 5000 is not sealed and does not wait for it"}},
		{"a row is removed that was not sealed yet", func(l *fixture, w kv.Txn, last int) error { return remove(l, w, last) },
			[]string{"was removed before it was sealed"}},
		{"a row and its seal are removed", func(l *fixture, w kv.Txn, _ int) error {
			seal := get(l, record.AuditSeals, 1)
			at := bytes.Index(seal.Rows, tail(l, 3))
			seal.Rows = slices.Delete(seal.Rows, at, at+record.SealedKey+record.SealedMark)
			return errors.Join(remove(l, w, 3), w.Set(record.AuditSeals.Key(record.KindRecord, K(1)), mustEncode(seal)))
		}, []string{"block 1 was changed", "audits were sealed"}},
		{"the last block and its rows are removed", func(l *fixture, w kv.Txn, _ int) error {
			errs := w.Delete(record.AuditSeals.Key(record.KindRecord, K(3)))
			for _, row := range get(l, record.AuditSeals, 3).Sealed() {
				errs = errors.Join(errs, remove(l, w, row.AuditID()))
			}
			return errs
		}, []string{"3 blocks with"}},
		{"the first block is removed", func(l *fixture, w kv.Txn, _ int) error {
			return w.Delete(record.AuditSeals.Key(record.KindRecord, K(1)))
		},
			nil},
		{"the end of the chain is removed", func(l *fixture, w kv.Txn, _ int) error { return w.Delete(record.StoreKey(record.AuditHead)) },
			[]string{"the end of the audits' seals is gone or was changed"}},
		{"the end of the chain is put back to the first block", func(l *fixture, w kv.Txn, _ int) error {
			s := get(l, record.AuditSeals, 1)
			h := append(K(1, len(s.Sealed())), s.Chain...)
			return w.Set(record.StoreKey(record.AuditHead), append(h, make([]byte, 32)...))
		}, []string{"the end of the audits' seals is gone or was changed"}},
	} {
		t.Run(tampering.name, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t)
			l.unsound = true
			for n := range 2 {
				l.asset(Asset{IPAddress: fmt.Sprintf("10.0.0.%d", n)})
				if _, err := l.DB.SealAudits(l.ctx); err != nil {
					t.Fatal(err)
				}
			}
			l.change(func(tx *Tx) error { return tx.Audit(record.ActionAdd, "Test") })
			equal(t, "problems before", l.verified(false), nil)
			last := l.lastAudit()
			l.raw(func(w kv.Txn) error { return tampering.do(l, w, last) })
			if got := l.verified(false); tampering.want != nil {
				mustSay(t, got, tampering.want)
			} else if len(got) == 0 {
				t.Error("it is not found")
			}
		})
	}
}

// TestSealsTakeLateRows seals while rows come whose ids are smaller than those that are sealed already: each row is in one
// block.
func TestSealsTakeLateRows(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	for _, id := range []int{900, 700, 800, 650} {
		l.change(func(tx *Tx) error {
			return record.Audits.Replace(tx, nil, &Audit{UserAudit: UserAudit{AuditID: id, CreateDate: tx.Now}})
		})
		if n, err := l.DB.SealAudits(l.ctx); n < 1 || err != nil {
			t.Errorf("audit %d: %d rows sealed, %v", id, n, err)
		}
	}
	for range 2 * record.SealedRows {
		l.change(func(tx *Tx) error { return tx.Audit(record.ActionAdd, "Test") })
	}
	if n, err := l.DB.SealAudits(l.ctx); n != 2*record.SealedRows || err != nil {
		t.Errorf("%d rows sealed, %v", n, err)
	}
	equal(t, "problems", l.verified(false), nil)
	err := Change(l.ctx, l.DB, olga, func(tx *Tx) error {
		a, err := record.Audits.Get(tx, 900)
		if err != nil {
			return err
		}
		a.UserName = "somebody else"
		return record.Audits.Put(tx, a)
	})
	if err == nil || !strings.Contains(err.Error(), "neither changed nor deleted") {
		t.Errorf("a row is rewritten: %v", err)
	}
}
