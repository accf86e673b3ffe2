package store

import (
	"encoding/json"
	"fmt"
	"iter"

	"github.com/musterhq/muster/store/record"
)

// How many assets are read at a time: few at first, so that an answer begins early, and never more than what is small
// beside the buffers of a connection.
const (
	firstRows = 16
	mostRows  = 256
)

// crowded says when some assets lie so close together that it costs less to read all that lies between them.
const crowded = 8

// assetRows yields the assets at some places as they are stored, in that order and limit at most. One that is not
// there is left out, or ends the rows with gone.
func assetRows(tx *Tx, places iter.Seq2[assetRef, error], limit int, gone error) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		if limit <= 0 {
			return
		}
		b := &rowBatch{tx: tx, size: firstRows, left: limit, gone: gone, yield: yield}
		for m, err := range places {
			if err != nil {
				if b.flush() {
					yield(nil, err)
				}
				return
			}
			if b.places = append(b.places, m); len(b.places) >= min(b.size, b.left) && !b.flush() {
				return
			}
		}
		b.flush()
	}
}

// rowBatch is some assets that are read at a time.
type rowBatch struct {
	tx     *Tx
	places []assetRef
	size   int // how many to gather
	left   int // how many may be yielded
	gone   error
	yield  func(json.RawMessage, error) bool
}

// flush yields what was gathered and reports whether to go on.
func (b *rowBatch) flush() bool {
	rows, err := b.read()
	if err != nil {
		b.yield(nil, err)
		return false
	}
	for i, row := range rows {
		if row == nil && b.gone == nil {
			continue
		}
		if row == nil {
			b.yield(nil, fmt.Errorf("asset %d: %w", b.places[i].asset, b.gone))
			return false
		}
		if b.left--; !b.yield(row, nil) || b.left == 0 {
			return false
		}
	}
	b.places, b.size = b.places[:0], min(2*b.size, mostRows)
	return true
}

// read returns what is stored at the places, nil for nothing.
func (b *rowBatch) read() ([][]byte, error) {
	if b.crowded() {
		return b.sweep()
	}
	keys := make([][]byte, len(b.places))
	for i, m := range b.places {
		keys[i] = Assets.Key(record.KindRecord, K(m.workgroup, m.asset))
	}
	return b.tx.Reader.Get(keys...)
}

// crowded reports whether the places ascend within one Workgroup, with little between them.
func (b *rowBatch) crowded() bool {
	n := len(b.places)
	if n < firstRows || b.places[n-1].asset-b.places[0].asset > crowded*n {
		return false
	}
	for i := range n - 1 {
		if b.places[i].workgroup != b.places[i+1].workgroup || b.places[i].asset >= b.places[i+1].asset {
			return false
		}
	}
	return true
}

// sweep reads all that lies between the first place and the last, and keeps what was asked for.
func (b *rowBatch) sweep() ([][]byte, error) {
	rows := make([][]byte, len(b.places))
	first, last := b.places[0], b.places[len(b.places)-1]
	prefix := len(Assets.Key(record.KindRecord, nil))
	at := 0
	for pair, err := range b.tx.Reader.Scan(Assets.Span(K(first.workgroup, first.asset), K(last.workgroup, last.asset))) {
		if err != nil {
			return nil, err
		}
		m, err := assetRefAt(pair.Key[prefix:])
		if err != nil {
			return nil, err
		}
		for at < len(b.places) && b.places[at].asset < m.asset {
			at++
		}
		if at < len(b.places) && b.places[at] == m {
			rows[at] = append([]byte(nil), pair.Value...)
		}
	}
	return rows, nil
}

// behind leaves out the first places.
func behind(places iter.Seq2[assetRef, error], offset int) iter.Seq2[assetRef, error] {
	if offset == 0 {
		return places
	}
	return func(yield func(assetRef, error) bool) {
		left := offset
		for m, err := range places {
			if err == nil && left > 0 {
				left--
				continue
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}
