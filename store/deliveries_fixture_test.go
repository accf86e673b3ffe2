package store

import (
	"io"
	"slices"

	"github.com/musterhq/muster/store/record"
)

// deliver stores a delivery of a subscription, in pieces of an odd size, and returns its id.
func (l *fixture) deliver(subscription int, file []byte) int {
	l.t.Helper()
	d, err := l.tryDeliver(subscription, func(w io.Writer) error {
		for piece := range slices.Chunk(file, 100_001) {
			if _, err := w.Write(piece); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		l.t.Fatalf("%v", err)
	}
	return d.ReportDeliveryId
}

func (l *fixture) tryDeliver(subscription int, write func(io.Writer) error) (*Delivery, error) {
	l.t.Helper()
	d := view(l, func(tx *Tx) (*Delivery, error) {
		s, err := Subscriptions.Get(tx, subscription)
		if err != nil {
			return nil, err
		}
		return DeliveryOf(tx, s)
	})
	return d, Deliver(l.ctx, l.DB, d, write, func(*Tx, *Delivery) error { return nil })
}

func (l *fixture) file(delivery int) []byte {
	l.t.Helper()
	return view(l, func(tx *Tx) (file []byte, err error) {
		d, err := DeliveryByID(tx, delivery)
		if err != nil {
			return nil, err
		}
		for piece, err := range d.File(tx) {
			if err != nil {
				return nil, err
			}
			file = append(file, piece...)
		}
		return file, nil
	})
}

func (l *fixture) deliveries() []int {
	l.t.Helper()
	return view(l, func(tx *Tx) ([]int, error) { return record.Collect(DeliveryIDs(tx)) })
}

// mustHoldNothingOf holds the store to so many deliveries, and to nothing of others once it is swept.
func (l *fixture) mustHoldNothingOf(deliveries int) {
	l.t.Helper()
	same(l.t, "deliveries", len(l.deliveries()), deliveries)
	l.sweep()
	same(l.t, "drafts", len(l.keys("dd=")), 0)
	same(l.t, "parts", len(l.keys("dp=")), deliveries)
}
