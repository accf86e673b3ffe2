package record

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"

	"github.com/musterhq/muster/store/kv"
)

func (l *Link[A, B]) prefixes() []string {
	return []string{string(l.Key(KindForth, nil)), string(l.Key(KindBack, nil))}
}

// verify checks that each pair is there in both directions with the same value. The way forth counts: a way back alone is
// no link.
func (l *Link[A, B]) verify(v *Verification) error {
	var wanted sum
	pairs := true // whether all are
	for pair, err := range v.tx.Reader.Scan(kv.Prefix(l.Key(KindForth, nil))) {
		if err != nil {
			return err
		}
		v.Links++
		v.advance(l.name)
		back, err := turned[A, B](l.Key(KindBack, nil), pair)
		pairs = pairs && err == nil
		wanted = wanted.plus(v, back, pair.Value)
	}
	if there, err := v.sumOf(kv.Prefix(l.Key(KindBack, nil))); err != nil || pairs && there == wanted {
		return err
	}
	return l.verifyEach(v)
}

// verifyEach looks at every pair.
func (l *Link[A, B]) verifyEach(v *Verification) error {
	both := 0
	for pair, err := range v.tx.Reader.Scan(kv.Prefix(l.Key(KindForth, nil))) {
		if err != nil {
			return err
		}
		v.advance(l.name)
		back, err := turned[A, B](l.Key(KindBack, nil), pair)
		if err != nil {
			if err := v.Wrong(l.name, pair.Key, "%v", err); err != nil {
				return err
			}
			continue
		}
		want := bytes.Clone(pair.Value)
		value, err := v.tx.Get(back)
		switch {
		case err != nil:
			return err
		case value == nil:
			v.cut = v.cut || v.repair
			err = v.repairable(l.name, back, want, "is missing, and is the way back of "+KeyText(pair.Key))
		case !bytes.Equal(value, want):
			both++
			v.cut = v.cut || v.repair
			err = v.repairable(l.name, back, want, "has another value than "+KeyText(pair.Key))
		default:
			both++
		}
		if err != nil {
			return err
		}
	}
	return l.verifyBack(v, both)
}

// verifyBack finds the ways back that belong to no pair, if there are more of them than do.
func (l *Link[A, B]) verifyBack(v *Verification, both int) error {
	all := kv.Prefix(l.Key(KindBack, nil))
	if n, err := v.count(all); err != nil || n == both {
		return err
	}
	for pair, err := range v.tx.Reader.Scan(all) {
		if err != nil {
			return err
		}
		forth, wrong := turned[B, A](l.Key(KindForth, nil), pair)
		var value []byte
		if wrong == nil {
			if value, err = v.tx.Get(forth); err != nil {
				return err
			}
		}
		if value != nil || v.named[string(pair.Key)] {
			continue
		}
		v.cut = v.cut || v.repair
		if err := v.repairable(l.name, pair.Key, nil, "is a way back, and nothing leads forth"); err != nil {
			return err
		}
	}
	return nil
}

// turned is the key of the other direction of a pair; prefix is what it begins with.
func turned[A, B int | string](prefix []byte, pair kv.Pair) ([]byte, error) {
	a, rest, err := CutID[A](bytes.Clone(pair.Key[len(prefix):]))
	if err != nil {
		return nil, errNoPair
	}
	b, rest, err := CutID[B](rest)
	if err != nil || len(rest) > 0 {
		return nil, errNoPair
	}
	if _, rest, err := CutInt(pair.Value); err != nil || len(rest) > 0 {
		return nil, errors.New("has a value that is no number")
	}
	return append(prefix, K(b, a)...), nil
}

var errNoPair = errors.New("is no pair of ids")

// verifyEnds looks whether the records that are linked exist.
func (l *Link[A, B]) verifyEnds(v *Verification) error {
	a, b := l.ends()
	prefix := l.Key(KindForth, nil)
	keys := kv.Prefix(prefix)
	keys.KeysOnly = true
	for pair, err := range v.tx.Reader.Scan(keys) {
		if err != nil {
			return err
		}
		idA, rest, err := CutID[A](bytes.Clone(pair.Key[len(prefix):]))
		if err != nil {
			continue // reported already
		}
		idB, _, err := CutID[B](rest)
		if err != nil {
			continue
		}
		if err := cmp.Or(a.check(v, l.name, pair.Key, idA), b.check(v, l.name, pair.Key, idB)); err != nil {
			return err
		}
	}
	return nil
}

// lives checks whether what something belongs to is there, or is deleted and waits to be swept. It remembers the last one: what
// belongs together lies together.
type lives[ID int | string] struct {
	of    string
	has   func(*Tx, ID) (bool, error)
	sweep SweepKind // empty: everything goes with it at once

	last  ID
	knows bool
}

// there reports whether the record with the id is there.
func (l *lives[ID]) there(v *Verification, id ID) (bool, error) {
	if l.knows && l.last == id {
		return true, nil
	}
	there, err := l.has(v.tx, id)
	l.last, l.knows = id, there
	return there, err
}

func (l *lives[ID]) check(v *Verification, what string, key []byte, id ID) error {
	there, err := l.there(v, id)
	if err != nil || there {
		return err
	}
	if there, err = v.waits(l.sweep, id); err != nil || there {
		return err
	}
	return v.Wrong(what, key, "belongs to %s %v, which is not there", l.of, id)
}

// waits reports whether what a deleted record left is queued to be swept.
func (v *Verification) waits(kind SweepKind, id any) (bool, error) {
	number, ok := id.(int)
	if kind == "" || !ok {
		return false, nil
	}
	if v.swept == nil {
		v.swept = map[SweepKind]map[int]bool{}
		for job, err := range Jobs.All(v.tx) {
			if err != nil {
				return false, fmt.Errorf("read the queue: %w", err)
			}
			of := v.swept[SweepKind(job.Kind)]
			if of == nil {
				of = map[int]bool{}
				v.swept[SweepKind(job.Kind)] = of
			}
			of[job.Subject] = true
		}
	}
	return v.swept[kind][number], nil
}
