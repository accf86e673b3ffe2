package store

import (
	"cmp"
	"iter"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
)

// The Types of an address.
const (
	SingleAddress = 1
	AddressRange  = 2
	AddressCIDR   = 3
	NamedHost     = 4
)

// Address is a rule of an address group (the document's "Addresses"): it adds addresses to the group, or keeps them out.
// Its Type and Value together are unique within the group.
type Address struct {
	AddressID       int    `example:"1"`                        // ID of the address.
	AddressGroupID  int    `example:"1"`                        // ID of the address group that the address belongs to.
	Omit            bool   `example:"false"`                    // True to leave the address out of the group, otherwise false.
	Type            int    `example:"3" enums:"1,2,3,4"`        // Kind of the address: 1 for a single IP address, 2 for an IP address range, 3 for CIDR notation, 4 for a named host.
	Value           string `example:"10.250.0.0/16"`            // The address, range, CIDR or host name.
	LastUpdatedDate Time   `example:"2026-05-04T08:15:30.123Z"` // When the address was changed last.
	LastUpdateDate  Time   `example:"2026-05-04T08:15:30.123Z"` // The same as LastUpdatedDate. The vendor's document spells it one way here and the other there.
}

// MaxAddressValue is how many code points the value of an address may have.
const MaxAddressValue = 225

// Validate brings the value into its one spelling, so that what means the same is the same, and makes sure that the
// address has not been deleted meanwhile.
func (a *Address) SetDates(now Time, old *Address) {
	if old != nil {
		a.LastUpdatedDate, a.LastUpdateDate = old.LastUpdatedDate, old.LastUpdateDate
	}
	if old == nil || *a != *old {
		a.LastUpdatedDate, a.LastUpdateDate = now, now
	}
}

func (a *Address) Validate(tx *Tx) (err error) {
	if err := required("Value", a.Value, MaxAddressValue); err != nil {
		return err
	}
	if a.Value, err = canonicalValue(a.Type, a.Value); err != nil {
		return err
	}
	if known, err := AddressGroups.Has(tx, a.AddressGroupID); err != nil || !known {
		return cmp.Or(err, record.NotFound(AddressGroups.Name(), a.AddressGroupID))
	}
	last, err := lastCleared(tx, a.AddressGroupID)
	if err != nil {
		return err
	}
	if a.AddressID <= last {
		return record.NotFound(Addresses.Name(), a.AddressID)
	}
	return a.makeWay(tx, last)
}

// makeWay removes the address with the same type and value if it is deleted already and only waits to be swept.
func (a *Address) makeWay(tx *Tx, last int) error {
	other, err := addressByValue.One(tx, K(a.AddressGroupID, a.Type, record.Fold(a.Value)), a.Value)
	if err != nil || other.AddressID > last {
		return record.Ignore(ErrNotFound, err)
	}
	return Addresses.Replace(tx.Unaudited(), other, nil)
}

// canonicalValue reads the value of an address of the given Type.
func canonicalValue(kind int, value string) (string, error) {
	value = strings.TrimSpace(value)
	switch kind {
	case SingleAddress:
		addr, err := parseAddress(value)
		if err != nil {
			return "", Invalid("Value: %q is not an IP address, as Type %d wants", record.AuditText(value), kind)
		}
		return addr.String(), nil
	case AddressRange:
		span, err := parseSpan(value)
		if err != nil {
			return "", Invalid("Value: %v", err)
		}
		return span.String(), nil
	case AddressCIDR:
		prefix, err := parseCIDR(value)
		if err != nil {
			return "", Invalid("Value: %v", err)
		}
		return prefix.String(), nil
	case NamedHost:
		if !isHostName(value) {
			return "", Invalid("Value: %q is not a host name", record.AuditText(value))
		}
		return value, nil
	}
	return "", Invalid("Type: %d (single IP address), %d (IP address range), %d (CIDR) or %d (named host) is expected",
		SingleAddress, AddressRange, AddressCIDR, NamedHost)
}

// isHostName reports whether a text may be the name of a host: labels of letters and digits of any script, hyphens
// within and underscores, of which the last is no number, or it would be a mistyped address.
func isHostName(s string) bool {
	labels := strings.Split(strings.TrimSuffix(s, "."), ".")
	for _, label := range labels {
		if n := utf8.RuneCountInString(label); n == 0 || n > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if r != '-' && r != '_' && !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) {
				return false
			}
		}
	}
	return strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

// addressClearing says which addresses of a group are deleted although their records are still there: those up to
// Last. Ids only grow, so whatever is added afterwards lives.
type addressClearing struct {
	AddressGroupID int
	Last           int
}

// lastCleared returns up to which id the addresses of a group are deleted; 0 if none is.
func lastCleared(tx *Tx, groupID int) (int, error) {
	c, err := addressClearings.Get(tx, groupID)
	if err != nil {
		return 0, record.Ignore(ErrNotFound, err)
	}
	return c.Last, nil
}

// addressRange is where the addresses of a group lie that have ids from first to last.
func addressRange(groupID, first, last int) kv.Range {
	return Addresses.Span(K(groupID, first), K(groupID, last))
}

// AddressesIn lists the addresses of a group in the order of their ids.
func AddressesIn(tx *Tx, groupID int) (List, error) {
	last, err := lastCleared(tx, groupID)
	return record.ListBetween(addressRange(groupID, last+1, math.MaxInt)), err
}

func countAddresses(tx *Tx, groupID int) (int, error) {
	addresses, err := AddressesIn(tx, groupID)
	if err != nil {
		return 0, err
	}
	return addresses.Count(tx)
}

// AddressByID returns an address of a group that the actor may see, or ErrNotFound.
func AddressByID(tx *Tx, id int) (*Address, error) {
	a, err := Addresses.Get(tx, id)
	if err != nil {
		return nil, err
	}
	if _, err := AddressGroupByID(tx, a.AddressGroupID); err != nil {
		return nil, cmp.Or(record.Ignore(ErrNotFound, err), record.NotFound(Addresses.Name(), id))
	}
	last, err := lastCleared(tx, a.AddressGroupID)
	if err == nil && id <= last {
		err = record.NotFound(Addresses.Name(), id)
	}
	return a, err
}

// DeleteAddresses deletes all addresses of a group that the actor may see. It leaves one audit row, which counts them,
// or none if there are none.
func DeleteAddresses(tx *Tx, groupID int) error {
	if _, err := AddressGroupByID(tx, groupID); err != nil {
		return err
	}
	n, err := countAddresses(tx, groupID)
	if err != nil || n == 0 {
		return err
	}
	last, err := Addresses.NextID(tx)
	if err != nil {
		return err
	}
	if err := record.Ignore(ErrNotFound, addressClearings.Delete(tx, groupID)); err != nil {
		return err
	}
	if err := addressClearings.Insert(tx, &addressClearing{AddressGroupID: groupID, Last: last}); err != nil {
		return err
	}
	if err := record.SweepLater(tx, sweepOfAddressGroup, groupID); err != nil {
		return err
	}
	return tx.Audit(record.ActionDelete, Addresses.Name(), record.Detail("AddressGroupID", groupID, ""), record.Detail("Addresses", n, ""))
}

// AddressIn returns the address of an address group that has a type and a value, in whatever spelling; ErrInvalid is for a
// value that the type does not have.
func AddressIn(tx *Tx, groupID, kind int, value string) (*Address, error) {
	canonical, err := canonicalValue(kind, value)
	if err != nil {
		return nil, err
	}
	a, err := addressByValue.One(tx, K(groupID, kind, record.Fold(canonical)), value)
	if err != nil {
		return nil, err
	}
	if last, err := lastCleared(tx, groupID); err != nil || a.AddressID <= last {
		return nil, cmp.Or(err, record.NotFound(Addresses.Name(), value))
	}
	return a, nil
}

// AddressesOf yields the addresses of an address group.
func AddressesOf(tx *Tx, groupID int) iter.Seq2[*Address, error] {
	return func(yield func(*Address, error) bool) {
		last, err := lastCleared(tx, groupID)
		if err != nil {
			yield(nil, err)
			return
		}
		for a, err := range Addresses.Records(tx, addressRange(groupID, last+1, math.MaxInt)) {
			if !yield(a, err) || err != nil {
				return
			}
		}
	}
}
