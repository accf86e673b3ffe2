package store

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/musterhq/muster/store/record"
)

// Delivery is what one run of a subscription made (the document's "Subscription delivery").
type Delivery struct {
	ReportDeliveryId int
	ScheduleId       int
	UserID           int // the subscription's owner when it ran, as whom the report was made
	Filename         string
	ApplicationType  string // that of a Format
	Size             int    // of the file, in bytes
	CreateDate       Time
}

func (d *Delivery) Validate(tx *Tx) error {
	if err := required("Filename", d.Filename, 255); err != nil {
		return err
	}
	if !slices.ContainsFunc(Formats(), func(f Format) bool { return f.ApplicationType == d.ApplicationType }) {
		return Invalid("ApplicationType: a delivery cannot be %q", d.ApplicationType)
	}
	if d.CreateDate.IsZero() {
		d.CreateDate = tx.Now
	}
	return nil
}

// AfterWrite sweeps away the file of a deleted delivery.
func (d *Delivery) AfterWrite(tx *Tx, old *Delivery) error {
	if d != nil {
		return nil
	}
	return record.SweepLater(tx, sweepOfDelivery, old.ReportDeliveryId)
}

// deliveryPart is a piece of a delivery's file. The pieces have the order of their ids.
type deliveryPart struct {
	PartID           int
	ReportDeliveryId int
	Content          []byte
}

const (
	// MaxDelivery is how many bytes the file of a delivery may have.
	MaxDelivery = 64 << 20
	// partSize is how many of them are in one value, where they are base64, and in one transaction.
	partSize = 256 << 10
)

// clearDelivery clears away the parts of a delivery. It notes their ids, not what they hold.
func clearDelivery(b *record.SweepBatch, id int) error {
	return record.Each(b, partsOf(b.Tx, id, true), func(part *deliveryPart) func(*Tx) error {
		partID := part.PartID
		return func(tx *Tx) error { return record.Ignore(ErrNotFound, deliveryParts.Delete(tx, partID)) }
	})
}

// partsOf yields the parts of a delivery, without their content if only their ids are wanted.
func partsOf(tx *Tx, id int, idsOnly bool) iter.Seq2[*deliveryPart, error] {
	if !idsOnly {
		return deliveryParts.In(tx, K(id))
	}
	keys := deliveryParts.Span(K(id), K(id))
	keys.KeysOnly = true
	return func(yield func(*deliveryPart, error) bool) {
		for pair, err := range tx.Reader.Scan(keys) {
			part := &deliveryPart{ReportDeliveryId: id}
			if err == nil {
				part.PartID, _, err = record.CutInt(pair.Key[len(keys.From):])
			}
			if !yield(part, err) || err != nil {
				return
			}
		}
	}
}

// DeliveryIDs yields the ids of the deliveries that the actor may see, in order: members of Administrators see all,
// others their own.
func DeliveryIDs(tx *Tx) iter.Seq2[int, error] {
	visible := deliveriesByOwner.Each(tx, K(tx.By.UserID))
	if tx.By.Admin {
		visible = Deliveries.All(tx)
	}
	return func(yield func(int, error) bool) {
		for d, err := range visible {
			id := 0
			if err == nil {
				id = d.ReportDeliveryId
			}
			if !yield(id, err) || err != nil {
				return
			}
		}
	}
}

// DeliveryByID returns a delivery that the actor may see, or ErrNotFound.
func DeliveryByID(tx *Tx, id int) (*Delivery, error) {
	d, err := Deliveries.Get(tx, id)
	if err != nil {
		return nil, err
	}
	if !tx.By.Admin && d.UserID != tx.By.UserID {
		return nil, record.NotFound(Deliveries.Name(), id)
	}
	return d, nil
}

// File yields the file of a delivery in pieces of at most 256 KiB. One that is not whole ends with ErrDamaged.
func (d *Delivery) File(tx *Tx) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		size := 0
		for part, err := range partsOf(tx, d.ReportDeliveryId, false) {
			var content []byte
			if err == nil {
				content = part.Content
				size += len(content)
			}
			if !yield(content, err) || err != nil {
				return
			}
		}
		if size != d.Size {
			yield(nil, fmt.Errorf("%d bytes of %s %d are there, of %d: %w", size, Deliveries.Name(), d.ReportDeliveryId, d.Size, ErrDamaged))
		}
	}
}

// expireBatch is how many deliveries are deleted in one transaction.
const expireBatch = 50

// ExpireDeliveries deletes the deliveries that their subscriptions no longer keep.
func ExpireDeliveries(ctx context.Context, db *DB) error {
	old, err := View(ctx, db, System("subscriptions"), expired)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(old, expireBatch) {
		err := Change(ctx, db, System("subscriptions"), func(tx *Tx) error {
			for _, id := range some {
				if err := record.Ignore(ErrNotFound, Deliveries.Delete(tx, id)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// expired finds the deliveries to delete. Those of a subscription that is gone are kept as by default.
func expired(tx *Tx) (ids []int, err error) {
	kept := map[int]*Subscription{}
	for s, err := range Subscriptions.All(tx) {
		if err != nil {
			return nil, err
		}
		kept[s.ScheduleId] = s
	}
	newestFirst := Deliveries.Span(nil, nil)
	newestFirst.Reverse = true
	count := map[int]int{}
	for d, err := range Deliveries.Records(tx, newestFirst) {
		if err != nil {
			return nil, err
		}
		s := kept[d.ScheduleId]
		if s == nil {
			s = &Subscription{KeepCount: defaultKeepCount}
		}
		tooOld := s.KeepDays > 0 && d.CreateDate.Add(time.Duration(s.KeepDays)*24*time.Hour).Before(tx.Now)
		if count[d.ScheduleId]++; count[d.ScheduleId] > s.KeepCount || tooOld {
			ids = append(ids, d.ReportDeliveryId)
		}
	}
	return ids, nil
}

// DeliveryOf is a delivery to be of a subscription, with the name of its file: that of the subscription and the moment.
func DeliveryOf(tx *Tx, s *Subscription) (*Delivery, error) {
	format, err := FormatByName(s.Format)
	if err != nil {
		return nil, err
	}
	name := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || strings.ContainsRune(`<>:"/\|?*`, r) {
			return '_' // not in the names of files everywhere
		}
		return r
	}, s.Name)
	return &Delivery{
		ScheduleId: s.ScheduleId, UserID: s.UserID, ApplicationType: format.ApplicationType,
		Filename: name + " " + time.Time(tx.Now).Format("2006-01-02 150405") + format.Extension,
	}, nil
}
