package store

import "github.com/musterhq/muster/store/record"

// unlessEmpty is the folded key of a text that may be absent.
func unlessEmpty(t Text) Key {
	if t == "" {
		return nil
	}
	return K(record.Fold(string(t)))
}

// whileOpen is the key of a request that is open.
func whileOpen(r *Request, key Key) Key {
	if r.isOpen() {
		return key
	}
	return nil
}

// onceClosed is the key of a request that is over.
func onceClosed(r *Request, key Key) Key {
	if r.isOpen() {
		return nil
	}
	return key
}

// unlessNil is the key of a number that may be absent.
func unlessNil(n *int) Key {
	if n == nil {
		return nil
	}
	return K(*n)
}
