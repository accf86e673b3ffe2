package record

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

// AuditSeal is a block of sealed audits.
type AuditSeal struct {
	Block int    // from 1, without gaps
	Rows  []byte // of each row: its record key in Audits, and the mark that it gets by the master key
	Chain []byte // the mark of Block, Rows and the Chain of the block before
}

// sealedRow is what Rows say of a row.
type sealedRow struct {
	recordKey Key    // <CreateDate:8><AuditID:8>
	mark      []byte // sealedMark bytes
}

const (
	SealedKey  = 16
	SealedMark = 16
)

func (s *AuditSeal) Sealed() []sealedRow {
	var rows []sealedRow
	for row := range slices.Chunk(s.Rows, SealedKey+SealedMark) {
		if len(row) == SealedKey+SealedMark {
			rows = append(rows, sealedRow{recordKey: Key(row[:SealedKey]), mark: row[SealedKey:]})
		}
	}
	return rows
}

// AuditID is the row's AuditID.
func (r sealedRow) AuditID() int {
	id, _, _ := CutInt(r.recordKey[8:])
	return id
}

// sealRow returns what a block says of a row.
func (tx *Tx) sealRow(recordKey Key, raw []byte) sealedRow {
	return sealedRow{recordKey: recordKey, mark: tx.Vault().MAC("audit row", recordKey, raw)[:SealedMark]}
}

// chain returns what the Chain of a block has to be.
func (s *AuditSeal) chain(tx *Tx, before []byte) []byte {
	return tx.Vault().MAC("audit block", K(s.Block), before, s.Rows)
}

// AuditHead is where the store keeps which block is the last.
const AuditHead = "audit-head"

// sealHead is the end of the chain.
type sealHead struct {
	block, rows int // how many there are
	chain       []byte
}

func (h *sealHead) encode(tx *Tx) []byte {
	k := append(K(h.block, h.rows), h.chain...)
	return append(k, tx.Vault().MAC("audit head", k)...)
}

// readHead returns the end of the chain, ErrDamaged unless it is one that DB.SealAudits wrote.
func readHead(tx *Tx) (*sealHead, error) {
	raw, err := tx.Get(StoreKey(AuditHead))
	if err != nil {
		return nil, err
	}
	const numbers, mark = 16, 32
	if len(raw) < numbers+mark || !bytes.Equal(raw[len(raw)-mark:], tx.Vault().MAC("audit head", raw[:len(raw)-mark])) {
		return nil, fmt.Errorf("the end of the audits' seals is gone or was changed: %w", ErrDamaged)
	}
	h := &sealHead{chain: raw[numbers : len(raw)-mark]}
	if h.block, raw, err = CutInt(raw); err == nil {
		h.rows, _, err = CutInt(raw)
	}
	return h, err
}

// kindUnsealed is the kind of the marks: <AuditID:8> → nothing.
const kindUnsealed = '~'

func UnsealedKey(id int) []byte { return Audits.Key(kindUnsealed, K(id)) }

// AfterWrite gives a new row its mark. No row is ever rewritten.
func (a *Audit) AfterWrite(tx *Tx, old *Audit) error {
	if old != nil {
		return fmt.Errorf("%s %d: audits are neither changed nor deleted", Audits.name, old.AuditID)
	}
	return tx.Writer.Set(UnsealedKey(a.AuditID), nil)
}

const (
	// SealedRows and sealedBytes bound a block: how many rows it has, and how much of them is read for it.
	SealedRows  = 256
	sealedBytes = 1 << 20
)

// SealAudits seals all audits that wait for it, and returns how many it has sealed. It gets into no other transaction's way.
func (db *DB) SealAudits(ctx context.Context) (int, error) {
	for sealed := 0; ; {
		n, err := Update(ctx, db, System("store"), SealBlock)
		if sealed += n; n == 0 || err != nil {
			return sealed, err
		}
	}
}

// SealBlock seals the next block and returns how many rows it has.
func SealBlock(tx *Tx) (int, error) {
	head, err := readHead(tx)
	if err != nil {
		return 0, err
	}
	rows, err := unsealedRows(tx)
	if len(rows) == 0 || err != nil {
		return 0, err
	}
	seal := &AuditSeal{Block: head.block + 1}
	for _, row := range rows {
		seal.Rows = append(append(seal.Rows, row.recordKey...), row.mark...)
	}
	seal.Chain = seal.chain(tx, head.chain)
	if err := AuditSeals.Insert(tx, seal); err != nil {
		return 0, err
	}
	for _, row := range rows {
		if err := tx.Writer.Delete(UnsealedKey(row.AuditID())); err != nil {
			return 0, err
		}
	}
	head = &sealHead{block: seal.Block, rows: head.rows + len(rows), chain: seal.Chain}
	return len(rows), tx.Writer.Set(StoreKey(AuditHead), head.encode(tx))
}

// unsealedRows returns the rows of the next block.
func unsealedRows(tx *Tx) (rows []sealedRow, err error) {
	size := 0
	for id, err := range Unsealed(tx) {
		if err != nil {
			return nil, err
		}
		recordKey, err := tx.Get(Audits.Key(KindPointer, K(id)))
		if err != nil {
			return nil, err
		}
		raw, err := tx.Get(Audits.Key(KindRecord, recordKey))
		if err != nil {
			return nil, err
		}
		if len(recordKey) != SealedKey || raw == nil {
			return nil, fmt.Errorf("%s %d cannot be sealed: %w", Audits.name, id, ErrDamaged)
		}
		rows = append(rows, tx.sealRow(recordKey, raw))
		if size += len(raw); len(rows) == SealedRows || size > sealedBytes {
			break
		}
	}
	return rows, nil
}

// Unsealed yields the ids of the audits that have a mark.
func Unsealed(tx *Tx) func(func(int, error) bool) {
	prefix := Audits.Key(kindUnsealed, nil)
	return func(yield func(int, error) bool) {
		for pair, err := range tx.Reader.Scan(kv.Prefix(prefix)) {
			id := 0
			if err == nil {
				id, _, err = CutInt(pair.Key[len(prefix):])
			}
			if !yield(id, err) || err != nil {
				return
			}
		}
	}
}
