package lab

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// step is the loading of a piece of the file.
type step struct {
	item placed
	do   func(*loader) error
}

// run does the step and says where an error lies.
func (s step) run(p *loader) error {
	err := s.do(p)
	if err == nil || !known(err) {
		return err
	}
	if _, placed := errors.AsType[*Error](err); placed {
		return err
	}
	return s.item.place().wrong(err)
}

// known reports whether an error is about what the file says.
func known(err error) bool {
	for _, kind := range []error{store.ErrInvalid, store.ErrNotFound, store.ErrExists, store.ErrBusy, store.ErrDenied} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// loader is one walk through steps, in a transaction. It may run again.
type loader struct {
	tx      *store.Tx
	changes *[]Change         // what was done, for a rehearsal; nil in earnest
	seen    map[string]*Place // what has been loaded, for a rehearsal
}

// Change is something that a load does, or would do.
type Change struct {
	Line    int // of the file
	Action  string
	What    string   // Workgroup "Data Center"
	Members []string // that an edit touches
}

// Text says what is done: add Workgroup "Data Center"; edit Asset "Data Center / srv01": AssetType.
func (c Change) Text() string {
	text := c.Action + " " + c.What
	if len(c.Members) > 0 {
		text += ": " + strings.Join(c.Members, ", ")
	}
	return text
}

// What is done to records.
const (
	add  = "add"
	edit = "edit"
)

// say notes a change.
func (p *loader) say(at placed, action, what string, members ...string) {
	if p.changes != nil {
		*p.changes = append(*p.changes, Change{at.place().line, action, what, members})
	}
}

// once refuses what the file has loaded before, by whatever spelling.
func (p *loader) once(at placed, what string, id any) error {
	if p.seen == nil {
		return nil
	}
	key := fmt.Sprintf("%s %v", what, id)
	if before := p.seen[key]; before != nil {
		return store.Invalid("given twice, first in line %d", before.line)
	}
	p.seen[key] = at.place()
	return nil
}

// kept says how records of a collection are inserted and changed, where that is more than the collection does.
type kept[T any] struct {
	insert, put func(*store.Tx, *T) error
}

// put brings an item into the record that its name found, or into a new one if there is none, and returns it. Then come
// what else the item has for the record, and the checks of the store.
func put[ID int | string, T any](p *loader, c *store.Collection[ID, T], item placed, what string, found *T, err error, and ...func(r *T, isNew bool) error) (*T, error) {
	return putIn(p, c, kept[T]{c.Insert, c.Put}, item, what, found, err, and...)
}

func putIn[ID int | string, T any](p *loader, c *store.Collection[ID, T], in kept[T], item placed, what string, found *T, err error, and ...func(r *T, isNew bool) error) (*T, error) {
	isNew := errors.Is(err, store.ErrNotFound)
	if err != nil && !isNew {
		return nil, err
	}
	what = c.Name() + " " + what
	record := new(T)
	if !isNew {
		*record = *found
	}
	fill(record, item, isNew)
	if !isNew && !strings.EqualFold(fmt.Sprint(c.ID(record)), fmt.Sprint(c.ID(found))) {
		return nil, store.Invalid("%s: that of %s is %v and stays", idName(c, found), what, c.ID(found))
	}
	for _, do := range and {
		if err := do(record, isNew); err != nil {
			return nil, err
		}
	}
	if isNew {
		if err := in.insert(p.tx, record); err != nil {
			return nil, err
		}
		p.say(item, add, what)
		return record, p.once(item, c.Name(), c.ID(record))
	}
	if err := p.once(item, c.Name(), c.ID(found)); err != nil {
		return nil, err
	}
	if err := in.put(p.tx, record); err != nil {
		return nil, err
	}
	if members := changes(found, record); len(members) > 0 || !reflect.DeepEqual(found, record) {
		p.say(item, edit, what, members...)
	}
	return record, nil
}

// idName is the name of the member that holds a record's id.
func idName[ID int | string, T any](c *store.Collection[ID, T], record *T) string {
	v := reflect.ValueOf(record).Elem()
	for i := range v.NumField() {
		if v.Field(i).Interface() == any(c.ID(record)) {
			return v.Type().Field(i).Name
		}
	}
	return "ID"
}

// link links a pair.
func link[A, B int | string](p *loader, l *record.Link[A, B], a A, b B, at placed, what string) error {
	_, linked, err := l.Get(p.tx, a, b)
	if err != nil || linked {
		return err
	}
	p.say(at, add, what)
	return l.Set(p.tx, a, b, 0)
}

// refer is the record that a name in the file refers to. One that there is not is an ErrInvalid with the member's name.
func refer[T any](member string, found *T, err error) (*T, error) {
	if errors.Is(err, store.ErrNotFound) {
		return nil, store.Invalid("%s: %v", member, err)
	}
	return found, err
}

// organization is the Organization that a member names; empty is the id for none.
func (p *loader) organization(member string, name *string) (id string, err error) {
	if name == nil || *name == "" {
		return "", nil
	}
	o, err := store.OrganizationByName(p.tx, *name)
	if o, err = refer(member, o, err); err != nil {
		return "", err
	}
	return o.OrganizationID, nil
}

// platform is the id of the platform that a member names.
func (p *loader) platform(member, name string) (int, error) {
	found, err := store.PlatformByName(p.tx, name)
	if found, err = refer(member, found, err); err != nil {
		return 0, err
	}
	return found.PlatformID, nil
}

// quoted joins names as changes and errors print them.
func quoted(names ...string) string { return fmt.Sprintf("%q", strings.Join(names, " / ")) }

// or is what a pointer points at, or something else.
func or[T any](given *T, otherwise T) T {
	if given == nil {
		return otherwise
	}
	return *given
}
