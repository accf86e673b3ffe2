package record

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/musterhq/muster/store/kv"
)

// auditsAre is what problems of the seals are about.
const auditsAre = "Audit Seal"

// sealed checks the chain of the audits' seals, each sealed row, and that no row is without a seal.
func (v *Verification) sealed() error {
	covered := &idSet{}
	rows, chain, err := v.blocks(covered)
	if err != nil {
		return err
	}
	v.Sealed, v.Chain = rows, chain
	head, err := readHead(v.tx)
	switch {
	case errors.Is(err, ErrDamaged):
		err = v.Wrong(auditsAre, StoreKey(AuditHead), "%v", err)
	case err == nil && (head.block != v.Blocks || head.rows != rows || !bytes.Equal(head.chain, chain)):
		err = v.Wrong(auditsAre, StoreKey(AuditHead), "%d blocks with %d audits were sealed, and %d with %d are there", head.block, head.rows, v.Blocks, rows)
	}
	if err != nil {
		return err
	}
	if err := v.marks(covered); err != nil {
		return err
	}
	return v.uncovered(covered)
}

// blocks checks the blocks and their rows, and returns how many rows they have and how the chain ends.
func (v *Verification) blocks(covered *idSet) (rows int, chain []byte, err error) {
	for seal, err := range AuditSeals.All(v.tx) {
		if err != nil {
			return rows, chain, v.Wrong(auditsAre, AuditSeals.Key(KindRecord, nil), "a block cannot be read, and those behind it are not looked at")
		}
		if v.Blocks++; seal.Block != v.Blocks {
			if err := v.Wrong(auditsAre, nil, "the blocks from %d to %d are gone", v.Blocks, seal.Block-1); err != nil {
				return rows, chain, err
			}
			v.Blocks = seal.Block
		} else if !bytes.Equal(seal.Chain, seal.chain(v.tx, chain)) {
			if err := v.Wrong(auditsAre, AuditSeals.Key(KindRecord, K(seal.Block)), "block %d was changed, or is not of this chain", seal.Block); err != nil {
				return rows, chain, err
			}
		}
		chain = seal.Chain
		for _, row := range seal.Sealed() {
			rows++
			if err := v.sealedRow(seal.Block, row, covered); err != nil {
				return rows, chain, err
			}
		}
	}
	return rows, chain, nil
}

// sealedRow checks that a row is as it was when it was sealed.
func (v *Verification) sealedRow(block int, row sealedRow, covered *idSet) error {
	key := Audits.Key(KindRecord, row.recordKey)
	raw, err := v.tx.Get(key)
	switch {
	case err != nil:
		return err
	case raw == nil:
		return v.Wrong(auditsAre, key, "%s %d of block %d was removed", Audits.name, row.AuditID(), block)
	case !bytes.Equal(v.tx.sealRow(row.recordKey, raw).mark, row.mark):
		err = v.Wrong(auditsAre, key, "%s %d was changed since it was sealed in block %d", Audits.name, row.AuditID(), block)
	}
	covered.add(row.AuditID())
	return err
}

// marks checks that each mark is of a row that is there and not sealed.
func (v *Verification) marks(covered *idSet) error {
	for id, err := range Unsealed(v.tx) {
		if err != nil {
			return err
		}
		v.Unsealed++
		wrong := ""
		if there, err := Audits.Has(v.tx, id); err != nil {
			return err
		} else if !there {
			wrong = fmt.Sprintf("%s %d was removed before it was sealed", Audits.name, id)
		} else if covered.has(id) {
			wrong = fmt.Sprintf("%s %d is sealed and says that it is not", Audits.name, id)
		}
		if wrong == "" {
			covered.add(id)
		} else if err := v.Wrong(auditsAre, UnsealedKey(id), "%s", wrong); err != nil {
			return err
		}
	}
	return nil
}

// uncovered finds rows that are neither sealed nor waiting for it.
func (v *Verification) uncovered(covered *idSet) error {
	prefix := Audits.Key(KindRecord, nil)
	keys := kv.Prefix(prefix)
	keys.KeysOnly = true
	for pair, err := range v.tx.Reader.Scan(keys) {
		if err != nil {
			return err
		}
		if len(pair.Key) != len(prefix)+SealedKey {
			continue // reported already
		}
		id := sealedRow{recordKey: pair.Key[len(prefix):]}.AuditID()
		if !covered.has(id) {
			if err := v.Wrong(auditsAre, pair.Key, "%s %d is not sealed and does not wait for it: it was put in otherwise than by muster", Audits.name, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// idSet is a set of ids, a bit for each up to the largest; ids beyond what a store can come to take more.
type idSet struct {
	bits []uint64
	rest map[int]bool
}

const denseIDs = 1 << 27

func (s *idSet) add(id int) {
	if id < 0 || id >= denseIDs {
		if s.rest == nil {
			s.rest = map[int]bool{}
		}
		s.rest[id] = true
		return
	}
	for id/64 >= len(s.bits) {
		s.bits = append(s.bits, 0)
	}
	s.bits[id/64] |= 1 << (id % 64)
}

func (s *idSet) has(id int) bool {
	if id < 0 || id >= denseIDs {
		return s.rest[id]
	}
	return id/64 < len(s.bits) && s.bits[id/64]&(1<<(id%64)) != 0
}
