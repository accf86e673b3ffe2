package record

import (
	"encoding/json"
	"iter"

	"github.com/musterhq/muster/store/kv"
)

// List is records as they are stored and sent, read only when they are asked for, within the transaction that
// asks.
type List struct {
	// Count says how many there are.
	Count func(tx *Tx) (int, error)
	// Rows yields at most limit of them after the first offset. A row is valid until the next step.
	Rows func(tx *Tx, offset, limit int) iter.Seq2[json.RawMessage, error]
}

// ListIn is the List of a collection's records whose places begin with a prefix.
func ListIn[ID int | string, T any](c *Collection[ID, T], prefix Key) List {
	return ListBetween(c.Span(prefix, prefix))
}

// ListBetween is the List of the records whose keys lie in a range.
func ListBetween(r kv.Range) List {
	return List{
		Count: func(tx *Tx) (int, error) {
			n, keys := 0, r
			keys.KeysOnly = true
			for _, err := range tx.Reader.Scan(keys) {
				if err != nil {
					return 0, err
				}
				n++
			}
			return n, nil
		},
		Rows: func(tx *Tx, offset, limit int) iter.Seq2[json.RawMessage, error] {
			return func(yield func(json.RawMessage, error) bool) {
				from, err := skip(tx, r, offset)
				if err != nil {
					yield(nil, err)
					return
				}
				for pair, err := range Piece(tx.Reader.Scan(kv.Range{From: from, To: r.To}), 0, limit) {
					if !yield(pair.Value, err) || err != nil {
						return
					}
				}
			}
		},
	}
}

// skip returns the key in a range that has n others of it before it, or the range's end.
func skip(tx *Tx, r kv.Range, n int) ([]byte, error) {
	if n == 0 {
		return r.From, nil
	}
	r.KeysOnly = true
	for pair, err := range tx.Reader.Scan(r) {
		if err != nil {
			return nil, err
		}
		if n--; n < 0 {
			return append([]byte(nil), pair.Key...), nil
		}
	}
	return r.To, nil
}

// Of is the List of records that are at hand.
func Of[T any](records []T) List {
	return List{
		Count: func(*Tx) (int, error) { return len(records), nil },
		Rows: func(_ *Tx, offset, limit int) iter.Seq2[json.RawMessage, error] {
			return func(yield func(json.RawMessage, error) bool) {
				records := records[min(offset, len(records)):]
				for i := range records[:min(limit, len(records))] {
					row, err := Encode(records[i])
					if !yield(row, err) || err != nil {
						return
					}
				}
			}
		},
	}
}

// CountOf walks records to their end.
func CountOf[T any](records iter.Seq2[T, error]) (int, error) {
	n := 0
	for _, err := range records {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// page encodes the records from offset on, limit at most.
func page[T any](records iter.Seq2[T, error], offset, limit int) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		for record, err := range Piece(records, offset, limit) {
			var row json.RawMessage
			if err == nil {
				row, err = Encode(record)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// Piece yields what comes from offset on, limit at most, and takes no step behind the last.
func Piece[T any](all iter.Seq2[T, error], offset, limit int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if limit <= 0 {
			return
		}
		for one, err := range all {
			if err == nil && offset > 0 {
				offset--
				continue
			}
			if limit--; !yield(one, err) || err != nil || limit == 0 {
				return
			}
		}
	}
}

// Collect returns what a sequence yields, an empty slice for nothing, or its first error.
func Collect[T any](all iter.Seq2[T, error]) ([]T, error) {
	found := []T{}
	for one, err := range all {
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, nil
}

// Where yields what keep says yes to of a sequence. The first error, of either, is the last that it yields.
func Where[T any](all iter.Seq2[T, error], keep func(T) (bool, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for one, err := range all {
			kept := false
			if err == nil {
				kept, err = keep(one)
			}
			if (kept || err != nil) && !yield(one, err) || err != nil {
				return
			}
		}
	}
}

// Filtered is the List of what a sequence of records yields, walked again for each use.
func Filtered[T any](records func(*Tx) iter.Seq2[T, error]) List {
	return List{
		Count: func(tx *Tx) (int, error) { return CountOf(records(tx)) },
		Rows: func(tx *Tx, offset, limit int) iter.Seq2[json.RawMessage, error] {
			return page(records(tx), offset, limit)
		},
	}
}
