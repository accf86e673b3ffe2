package store

import (
	"cmp"
	"context"
	"io"

	"github.com/musterhq/muster/store/record"
)

// deliveryDraft stands for a delivery that is being written. Its parts lie there already; the delivery itself, by which
// they are found, comes with the last of them.
type deliveryDraft struct {
	ReportDeliveryId int
	ScheduleId       int
}

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
		return cmp.Or(err, w.abandon())
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
		if w.delivery.ReportDeliveryId, err = Deliveries.NextID(tx); err != nil {
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
		return record.Ignore(ErrNotFound, err)
	}
	return record.SweepLater(tx, sweepOfDelivery, id)
}
