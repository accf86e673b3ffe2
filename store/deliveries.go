package store

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/musterhq/muster/store/kv"
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

func (d *Delivery) check(tx *Tx) error {
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

// changed sweeps away the file of a deleted delivery.
func (d *Delivery) changed(tx *Tx, old *Delivery) error {
	if d != nil {
		return nil
	}
	return sweepLater(tx, sweepOfDelivery, old.ReportDeliveryId)
}

// deliveryPart is a piece of a delivery's file. The pieces have the order of their ids.
type deliveryPart struct {
	PartID           int
	ReportDeliveryId int
	Content          []byte
}

// deliveryDraft stands for a delivery that is being written. Its parts lie there already; the delivery itself, by which
// they are found, comes with the last of them.
type deliveryDraft struct {
	ReportDeliveryId int
	ScheduleId       int
}

const (
	// MaxDelivery is how many bytes the file of a delivery may have.
	MaxDelivery = 64 << 20
	// partSize is how many of them are in one value, where they are base64, and in one transaction.
	partSize = 256 << 10
)

// Deliver stores the delivery whose file write writes. The file comes in over many transactions; nobody sees any of it before
// it is whole, and in the transaction that makes it seen, ended is called with the delivery, which has its id by then.
// On an error of write or of ended, and for a file above MaxDelivery (ErrInvalid), nothing is delivered.
func Deliver(ctx context.Context, db *DB, d *Delivery, write func(io.Writer) error, ended func(*Tx, *Delivery) error) error {
	w := &deliveryWriter{ctx: ctx, db: db, delivery: *d}
	if err := w.begin(); err != nil {
		return err
	}
	err := write(w)
	if err == nil {
		err = w.publish(ended)
	}
	if err != nil {
		return orElse(err, w.abandon())
	}
	*d = w.delivery
	return nil
}

type deliveryWriter struct {
	ctx      context.Context
	db       *DB
	delivery Delivery
	rest     []byte // what was written and is not stored yet
}

func (w *deliveryWriter) change(fn func(*Tx) error) error {
	return Change(w.ctx, w.db, System("subscriptions"), fn)
}

func (w *deliveryWriter) begin() error {
	return w.change(func(tx *Tx) (err error) {
		if w.delivery.ReportDeliveryId, err = tx.db.nextID(tx.ctx, Deliveries.tag, Deliveries.lowest); err != nil {
			return err
		}
		return deliveryDrafts.Insert(tx, &deliveryDraft{w.delivery.ReportDeliveryId, w.delivery.ScheduleId})
	})
}

// Write implements io.Writer.
func (w *deliveryWriter) Write(p []byte) (int, error) {
	if w.delivery.Size+len(p) > MaxDelivery {
		return 0, Invalid("the file is larger than %d MiB, which a delivery may have", MaxDelivery>>20)
	}
	w.delivery.Size += len(p)
	w.rest = append(w.rest, p...)
	for len(w.rest) >= partSize {
		if err := w.change(func(tx *Tx) error { return w.addPart(tx, w.rest[:partSize]) }); err != nil {
			return 0, err
		}
		w.rest = append(w.rest[:0], w.rest[partSize:]...)
	}
	return len(p), nil
}

// addPart adds to a draft that there is: of one that was dropped, nothing is kept.
func (w *deliveryWriter) addPart(tx *Tx, content []byte) error {
	if _, err := deliveryDrafts.Get(tx, w.delivery.ReportDeliveryId); err != nil {
		return err
	}
	return deliveryParts.Insert(tx, &deliveryPart{ReportDeliveryId: w.delivery.ReportDeliveryId, Content: content})
}

func (w *deliveryWriter) publish(ended func(*Tx, *Delivery) error) error {
	return w.change(func(tx *Tx) error {
		if err := w.addPart(tx, w.rest); err != nil {
			return err
		}
		if err := deliveryDrafts.Delete(tx, w.delivery.ReportDeliveryId); err != nil {
			return err
		}
		d := w.delivery
		if err := Deliveries.Insert(tx, &d); err != nil {
			return err
		}
		w.delivery = d
		return ended(tx, &d)
	})
}

// abandon drops the draft, also when the work was stopped. What fails here is done at the next start.
func (w *deliveryWriter) abandon() error {
	ctx := context.WithoutCancel(w.ctx)
	return Change(ctx, w.db, System("subscriptions"), func(tx *Tx) error { return dropDraft(tx, w.delivery.ReportDeliveryId) })
}

// dropDraft ends a delivery that will never be whole, and has its parts swept.
func dropDraft(tx *Tx, id int) error {
	err := deliveryDrafts.Delete(tx, id)
	if err != nil {
		return unless(ErrNotFound, err)
	}
	return sweepLater(tx, sweepOfDelivery, id)
}

// clearDelivery clears away the parts of a delivery. It notes their ids, not what they hold.
func clearDelivery(b *batch, id int) error {
	return each(b, partsOf(b.tx, id, true), func(part *deliveryPart) func(*Tx) error {
		partID := part.PartID
		return func(tx *Tx) error { return unless(ErrNotFound, deliveryParts.Delete(tx, partID)) }
	})
}

// partsOf yields the parts of a delivery, without their content if only their ids are wanted.
func partsOf(tx *Tx, id int, idsOnly bool) iter.Seq2[*deliveryPart, error] {
	prefix := deliveryParts.key(kindRecord, K(id))
	if !idsOnly {
		return deliveryParts.records(tx, kv.Prefix(prefix))
	}
	keys := kv.Prefix(prefix)
	keys.KeysOnly = true
	return func(yield func(*deliveryPart, error) bool) {
		for pair, err := range tx.r.Scan(keys) {
			part := &deliveryPart{ReportDeliveryId: id}
			if err == nil {
				part.PartID, _, err = cutInt(pair.Key[len(prefix):])
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
		return nil, absent(Deliveries.name, id)
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
			yield(nil, fmt.Errorf("%d bytes of %s %d are there, of %d: %w", size, Deliveries.name, d.ReportDeliveryId, d.Size, ErrDamaged))
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
				if err := unless(ErrNotFound, Deliveries.Delete(tx, id)); err != nil {
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
	newestFirst := kv.Prefix(Deliveries.key(kindRecord, nil))
	newestFirst.Reverse = true
	count := map[int]int{}
	for d, err := range Deliveries.records(tx, newestFirst) {
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
