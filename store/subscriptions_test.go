package store

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

// subscription makes one for a user and returns its id.
func (l *lab) subscription(owner int) int {
	l.t.Helper()
	s := &Subscription{Report: "Assets", Format: "PDF", Schedule: "daily", UserID: owner}
	l.change(func(tx *Tx) error { return Subscriptions.Insert(tx, s) })
	return s.ScheduleId
}

func TestTheFileOfADeliveryComesBackWhole(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{
		"empty": 0, "one byte": 1, "exactly a part": partSize, "a part and a byte": partSize + 1, "as large as may be": MaxDelivery,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			file := make([]byte, size)
			for i := range file {
				file[i] = byte(i * i >> 8)
			}
			d := &Delivery{ScheduleId: l.subscription(administratorID), Filename: "assets.pdf", ApplicationType: "application/pdf"}
			other := &Delivery{ScheduleId: d.ScheduleId, Filename: "other.csv", ApplicationType: "text/csv"}
			l.change(func(tx *Tx) error { return AddDelivery(tx, d, file) })
			l.change(func(tx *Tx) error { return AddDelivery(tx, other, []byte("another")) })
			got := view(l, func(tx *Tx) ([]byte, error) {
				_, got, err := DeliveryByID(tx, d.ReportDeliveryId)
				return got, err
			})
			if !bytes.Equal(got, file) {
				t.Errorf("%d bytes come back of %d, or others", len(got), len(file))
			}
		})
	}
}

func TestADeliveryThatCannotBe(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	s := l.subscription(administratorID)
	for name, c := range map[string]struct {
		d    Delivery
		size int
		kind error
	}{
		"too large":               {Delivery{ScheduleId: s, Filename: "a.pdf", ApplicationType: "application/pdf"}, MaxDelivery + 1, ErrInvalid},
		"an unknown type":         {Delivery{ScheduleId: s, Filename: "a.exe", ApplicationType: "application/x-msdownload"}, 1, ErrInvalid},
		"no file name":            {Delivery{ScheduleId: s, ApplicationType: "application/pdf"}, 1, ErrInvalid},
		"an unknown subscription": {Delivery{ScheduleId: s + 1, Filename: "a.pdf", ApplicationType: "application/pdf"}, 1, ErrNotFound},
	} {
		if text := l.refused(c.kind, func(tx *Tx) error { return AddDelivery(tx, &c.d, make([]byte, c.size)) }); text == "" {
			t.Errorf("%s: no reason is given", name)
		}
	}
	l.refused(ErrInvalid, func(tx *Tx) error { return Subscriptions.Insert(tx, &Subscription{Report: "Assets", UserID: 99}) })
}

func TestDeliveriesAreTheirOwners(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, owner := range []int{administratorID, applicationID, administratorID} {
		s := l.subscription(owner)
		l.change(func(tx *Tx) error {
			return AddDelivery(tx, &Delivery{ScheduleId: s, Filename: "a.csv", ApplicationType: "text/csv"}, nil)
		})
	}
	for _, c := range []struct {
		by   Actor
		want []int
	}{
		{Actor{UserID: administratorID, Admin: true}, []int{1, 2, 3}},
		{Actor{UserID: administratorID}, []int{1, 3}},
		{Actor{UserID: applicationID}, []int{2}},
		{Actor{UserID: 99}, []int{}},
	} {
		seen, err := View(l.ctx, l.DB, c.by, func(tx *Tx) ([]int, error) { return gather(DeliveryIDs(tx)) })
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "deliveries", seen, c.want)
		for id := range 4 {
			_, err := View(l.ctx, l.DB, c.by, func(tx *Tx) (*Delivery, error) {
				d, _, err := DeliveryByID(tx, id)
				return d, err
			})
			if found := err == nil; found != slices.Contains(c.want, id) || !found && !errors.Is(err, ErrNotFound) {
				t.Errorf("user %d asks for delivery %d: %v", c.by.UserID, id, err)
			}
		}
	}
}
