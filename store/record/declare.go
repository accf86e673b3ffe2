package record

// NewCollection declares a kind of record in a registry. The tag is two letters that no other declaration has; id names the
// member that holds a record's id.
func NewCollection[ID int | string, T any](r *Registry, tag, name string, id func(*T) *ID) *Collection[ID, T] {
	c := &Collection[ID, T]{tag: tag, name: name, id: id}
	r.declared = append(r.declared, c)
	return c
}

// SortedBy declares what lists of the records are ordered by before the id.
func (c *Collection[ID, T]) SortedBy(prefix func(*T) Key) *Collection[ID, T] {
	c.sortPrefix = prefix
	return c
}

// LowestID declares the first id that the collection gives out; those below are the store's own.
func (c *Collection[ID, T]) LowestID(id int) *Collection[ID, T] {
	c.lowest = id
	return c
}

// Unaudited declares that changes of the records are no acts of their own.
func (c *Collection[ID, T]) Unaudited() *Collection[ID, T] {
	c.silent = true
	return c
}

// Secret declares that audits say that a record changed, never how.
func (c *Collection[ID, T]) Secret() *Collection[ID, T] {
	c.secret = true
	return c
}

// GivenIDs declares that a record gets no other id than the store gives out, so that Insert does not look a new one up. A
// caller that inserts a record with an id must have it from the store.
func (c *Collection[ID, T]) GivenIDs() *Collection[ID, T] {
	c.given = true
	return c
}

// NewLink declares a relation in a registry. The tag is two letters that no other declaration has; from and to are what audits
// call the two ids.
func NewLink[A, B int | string](r *Registry, tag, name, from, to string) *Link[A, B] {
	l := &Link[A, B]{tag: tag, name: name, from: from, to: to}
	r.declared = append(r.declared, l)
	return l
}

// Value declares what audits call the value of a pair.
func (l *Link[A, B]) Value(name string) *Link[A, B] {
	l.value = name
	return l
}

// AfterWrite declares what follows from a change, in the same transaction.
func (l *Link[A, B]) AfterWrite(do func(tx *Tx, a A, b B) error) *Link[A, B] {
	l.changed = do
	return l
}

// Joins declares the records that a link joins, and the sweeps that clear it away after those of a side are deleted.
func (l *Link[A, B]) Joins(from Records[A], fromSweep SweepKind, to Records[B], toSweep SweepKind) *Link[A, B] {
	l.ends = func() (lives[A], lives[B]) {
		return lives[A]{of: from.Name(), has: from.Has, sweep: fromSweep}, lives[B]{of: to.Name(), has: to.Has, sweep: toSweep}
	}
	return l
}
