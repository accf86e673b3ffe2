package record

import (
	"iter"

	"github.com/musterhq/muster/store/kv"
)

// Link is a relation between two kinds of record: pairs of their ids, kept in both directions, each with a small
// value of its own (an access level, say; 0 where the pair says it all).
type Link[A, B int | string] struct {
	tag     string
	name    string // the section of its audit rows
	from    string // what the two sides are called in audits
	to      string
	value   string // what the value is called in audits; empty: there is none
	changed func(tx *Tx, a A, b B) error
	ends    func() (lives[A], lives[B]) // see Joins
}

const (
	KindForth = '>' // <a><b> → value
	KindBack  = '<' // <b><a> → value
)

func (l *Link[A, B]) Key(kind byte, k Key) []byte {
	return append(append(append(make([]byte, 0, 3+len(k)), l.tag...), kind), k...)
}

// Name returns what audits call a pair of the link.
func (l *Link[A, B]) Name() string { return l.name }

// Tag returns the two letters that begin each key of the link.
func (l *Link[A, B]) Tag() string { return l.tag }

// Get returns the value of a pair and whether the pair is linked.
func (l *Link[A, B]) Get(tx *Tx, a A, b B) (value int, linked bool, err error) {
	raw, err := tx.Get(l.Key(KindForth, K(a, b)))
	if raw == nil || err != nil {
		return 0, false, err
	}
	value, _, err = CutInt(raw)
	return value, true, err
}

// Set links a pair, or gives a linked one another value. Whether both records exist is the caller's to check.
func (l *Link[A, B]) Set(tx *Tx, a A, b B, value int) error {
	old, linked, err := l.Get(tx, a, b)
	if err != nil || linked && old == value {
		return err
	}
	if err := tx.Writer.Set(l.Key(KindForth, K(a, b)), K(value)); err != nil {
		return err
	}
	if err := tx.Writer.Set(l.Key(KindBack, K(b, a)), K(value)); err != nil {
		return err
	}
	action := ActionAdd
	if linked {
		action = ActionEdit
	}
	return l.follow(tx, action, a, b, old, value)
}

// Cut unlinks a pair and reports whether it was linked.
func (l *Link[A, B]) Cut(tx *Tx, a A, b B) (bool, error) {
	old, linked, err := l.Get(tx, a, b)
	if err != nil || !linked {
		return false, err
	}
	if err := tx.Writer.Delete(l.Key(KindForth, K(a, b))); err != nil {
		return true, err
	}
	if err := tx.Writer.Delete(l.Key(KindBack, K(b, a))); err != nil {
		return true, err
	}
	return true, l.follow(tx, ActionDelete, a, b, old, 0)
}

// From yields the ids linked from a, in order, with their values.
func (l *Link[A, B]) From(tx *Tx, a A) iter.Seq2[Linked[B], error] {
	return linked[B](tx, l.Key(KindForth, K(a)))
}

// To yields the ids linked to b, in order, with their values.
func (l *Link[A, B]) To(tx *Tx, b B) iter.Seq2[Linked[A], error] {
	return linked[A](tx, l.Key(KindBack, K(b)))
}

// IDsFrom appends the ids that From yields, read by their keys alone.
func (l *Link[A, B]) IDsFrom(tx *Tx, ids []B, a A) ([]B, error) {
	return linkedByKeys(tx, ids, l.Key(KindForth, K(a)))
}

// IDsTo appends the ids that To yields, read by their keys alone.
func (l *Link[A, B]) IDsTo(tx *Tx, ids []A, b B) ([]A, error) {
	return linkedByKeys(tx, ids, l.Key(KindBack, K(b)))
}

func linkedByKeys[ID int | string](tx *Tx, ids []ID, prefix []byte) ([]ID, error) {
	keys := kv.Prefix(prefix)
	keys.KeysOnly = true
	for pair, err := range tx.Reader.Scan(keys) {
		if err != nil {
			return nil, err
		}
		id, _, err := CutID[ID](pair.Key[len(prefix):])
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// Linked is the other side of a pair.
type Linked[ID int | string] struct {
	ID    ID
	Value int
}

func linked[ID int | string](tx *Tx, prefix []byte) iter.Seq2[Linked[ID], error] {
	return func(yield func(Linked[ID], error) bool) {
		for pair, err := range tx.Reader.Scan(kv.Prefix(prefix)) {
			var other Linked[ID]
			if err == nil {
				other.ID, _, err = CutID[ID](pair.Key[len(prefix):])
			}
			if err == nil {
				other.Value, _, err = CutInt(pair.Value)
			}
			if !yield(other, err) || err != nil {
				return
			}
		}
	}
}

// follow writes the audit row of a change and does what follows from it.
func (l *Link[A, B]) follow(tx *Tx, action Action, a A, b B, old, value int) error {
	details := []UserAuditDetail{
		Detail(l.from, a, a),
		Detail(l.to, b, b),
	}
	switch {
	case action == ActionAdd:
		details[0].OldValue, details[1].OldValue = "", ""
	case action == ActionDelete:
		details[0].NewValue, details[1].NewValue = "", ""
	}
	if l.value != "" {
		details = append(details, Detail(l.value, old, value))
	}
	if err := tx.Audit(action, l.name, details...); err != nil || l.changed == nil {
		return err
	}
	return l.changed(tx, a, b)
}
