package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/musterhq/muster/store/kv"
)

// Audits are sealed so that a row cannot be removed, changed or exchanged unseen by somebody who can write to the engine but
// does not have the master key. Ids say nothing about the order of commits: they are leased in blocks, and a transaction that
// runs again takes another one. So each row is born with a mark, in the same transaction; SealAudits takes rows that have a mark,
// writes down in one block which they are, and removes their marks. Thus a row that was committed is in exactly one block or has its
// mark, and one that comes late with a small id is in a later block. Blocks are numbered and chained, and a head outside them
// says how many there are.
//
// What cannot be found: that a row was removed together with its mark before it was sealed, some seconds after it was written;
// and that the whole store was exchanged for an older copy of it.

// auditSeal is a block of sealed audits.
type auditSeal struct {
	Block int    // from 1, without gaps
	Rows  []byte // of each row: its tail in Audits, and the mark that it gets by the master key
	Chain []byte // the mark of Block, Rows and the Chain of the block before
}

// sealedRow is what Rows say of a row.
type sealedRow struct {
	tail Key    // <CreateDate:8><AuditID:8>
	mark []byte // sealedMark bytes
}

const (
	sealedTail = 16
	sealedMark = 16
)

func (s *auditSeal) rows() []sealedRow {
	var rows []sealedRow
	for row := range slices.Chunk(s.Rows, sealedTail+sealedMark) {
		if len(row) == sealedTail+sealedMark {
			rows = append(rows, sealedRow{tail: Key(row[:sealedTail]), mark: row[sealedTail:]})
		}
	}
	return rows
}

// id is the row's AuditID.
func (r sealedRow) id() int {
	id, _, _ := cutInt(r.tail[8:])
	return id
}

// sealRow returns what a block says of a row.
func (tx *Tx) sealRow(tail Key, raw []byte) sealedRow {
	return sealedRow{tail: tail, mark: tx.Vault().MAC("audit row", tail, raw)[:sealedMark]}
}

// chain returns what the Chain of a block has to be.
func (s *auditSeal) chain(tx *Tx, before []byte) []byte {
	return tx.Vault().MAC("audit block", K(s.Block), before, s.Rows)
}

// auditHead is where the store keeps which block is the last.
const auditHead = "audit-head"

// sealHead is the end of the chain.
type sealHead struct {
	block, rows int // how many there are
	chain       []byte
}

func (h *sealHead) encode(tx *Tx) []byte {
	k := append(K(h.block, h.rows), h.chain...)
	return append(k, tx.Vault().MAC("audit head", k)...)
}

// readHead returns the end of the chain, ErrDamaged unless it is one that SealAudits wrote.
func readHead(tx *Tx) (*sealHead, error) {
	raw, err := tx.get(storeKey(auditHead))
	if err != nil {
		return nil, err
	}
	const numbers, mark = 16, 32
	if len(raw) < numbers+mark || !bytes.Equal(raw[len(raw)-mark:], tx.Vault().MAC("audit head", raw[:len(raw)-mark])) {
		return nil, fmt.Errorf("the end of the audits' seals is gone or was changed: %w", ErrDamaged)
	}
	h := &sealHead{chain: raw[numbers : len(raw)-mark]}
	if h.block, raw, err = cutInt(raw); err == nil {
		h.rows, _, err = cutInt(raw)
	}
	return h, err
}

// kindUnsealed is the kind of the marks: <AuditID:8> → nothing.
const kindUnsealed = '~'

func unsealedKey(id int) []byte { return Audits.key(kindUnsealed, K(id)) }

// changed gives a new row its mark. No row is ever rewritten.
func (a *Audit) changed(tx *Tx, old *Audit) error {
	if old != nil {
		return fmt.Errorf("%s %d: audits are neither changed nor deleted", Audits.name, old.AuditID)
	}
	return tx.w.Set(unsealedKey(a.AuditID), nil)
}

const (
	// sealedRows and sealedBytes bound a block: how many rows it has, and how much of them is read for it.
	sealedRows  = 256
	sealedBytes = 1 << 20
)

// SealAudits seals all audits that wait for it, and returns how many it has sealed. It gets into no other transaction's way.
func SealAudits(ctx context.Context, db *DB) (int, error) {
	for sealed := 0; ; {
		n, err := Update(ctx, db, System("store"), sealBlock)
		if sealed += n; n == 0 || err != nil {
			return sealed, err
		}
	}
}

// sealBlock seals the next block and returns how many rows it has.
func sealBlock(tx *Tx) (int, error) {
	head, err := readHead(tx)
	if err != nil {
		return 0, err
	}
	rows, err := unsealedRows(tx)
	if len(rows) == 0 || err != nil {
		return 0, err
	}
	seal := &auditSeal{Block: head.block + 1}
	for _, row := range rows {
		seal.Rows = append(append(seal.Rows, row.tail...), row.mark...)
	}
	seal.Chain = seal.chain(tx, head.chain)
	if err := auditSeals.Insert(tx, seal); err != nil {
		return 0, err
	}
	for _, row := range rows {
		if err := tx.w.Delete(unsealedKey(row.id())); err != nil {
			return 0, err
		}
	}
	head = &sealHead{block: seal.Block, rows: head.rows + len(rows), chain: seal.Chain}
	return len(rows), tx.w.Set(storeKey(auditHead), head.encode(tx))
}

// unsealedRows returns the rows of the next block.
func unsealedRows(tx *Tx) (rows []sealedRow, err error) {
	size := 0
	for id, err := range unsealed(tx) {
		if err != nil {
			return nil, err
		}
		tail, err := tx.get(Audits.key(kindPointer, K(id)))
		if err != nil {
			return nil, err
		}
		raw, err := tx.get(Audits.key(kindRecord, tail))
		if err != nil {
			return nil, err
		}
		if len(tail) != sealedTail || raw == nil {
			return nil, fmt.Errorf("%s %d cannot be sealed: %w", Audits.name, id, ErrDamaged)
		}
		rows = append(rows, tx.sealRow(tail, raw))
		if size += len(raw); len(rows) == sealedRows || size > sealedBytes {
			break
		}
	}
	return rows, nil
}

// unsealed yields the ids of the audits that have a mark.
func unsealed(tx *Tx) func(func(int, error) bool) {
	prefix := Audits.key(kindUnsealed, nil)
	return func(yield func(int, error) bool) {
		for pair, err := range tx.r.Scan(kv.Prefix(prefix)) {
			id := 0
			if err == nil {
				id, _, err = cutInt(pair.Key[len(prefix):])
			}
			if !yield(id, err) || err != nil {
				return
			}
		}
	}
}
