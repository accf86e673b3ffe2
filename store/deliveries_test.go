package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/store/record"
)

func TestTheFileOfADeliveryComesBackWhole(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{
		"empty": 0, "one byte": 1, "exactly a part": partSize, "a part and a byte": partSize + 1, "many parts": 10*partSize + 7,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t)
			file := make([]byte, size)
			for i := range file {
				file[i] = byte(i * i >> 8)
			}
			s := l.subscription(administratorID)
			id := l.deliver(s, file)
			l.deliver(s, []byte("another"))
			if got := l.file(id); !bytes.Equal(got, file) {
				t.Errorf("%d bytes come back of %d, or others", len(got), len(file))
			}
		})
	}
}

func TestADeliveryIsNamedAfterItsSubscription(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	s := l.subscribe(Subscription{Name: "Ops: \"who/what\"\u202e", Format: FormatDOCX, UserID: administratorID})
	d, err := l.tryDeliver(s, func(io.Writer) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the name", d.Filename, "Ops_ _who_what__ 2024-12-06 175940.docx")
	same(t, "the type", d.ApplicationType, "application/msword")
}

func TestADeliveryThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	stopped := errors.New("stopped")
	filled := func(n int, then error) func(io.Writer) error {
		return func(w io.Writer) error {
			for range n / partSize {
				if _, err := w.Write(make([]byte, partSize)); err != nil {
					return err
				}
			}
			return then
		}
	}
	for name, c := range map[string]struct {
		write func(io.Writer) error
		want  error
	}{
		"the report fails at once":            {filled(0, stopped), stopped},
		"the report fails between two chunks": {filled(3*partSize, stopped), stopped},
		"the file is too large":               {filled(MaxDelivery+partSize, nil), ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t)
			s := l.subscription(administratorID)
			if _, err := l.tryDeliver(s, c.write); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			l.mustHoldNothingOf(0)
		})
	}
	t.Run("the work is stopped", func(t *testing.T) {
		t.Parallel()
		l := newFixture(t)
		s := l.subscription(administratorID)
		whole := l.ctx
		ctx, stop := context.WithCancel(l.ctx)
		l.ctx = ctx
		_, err := l.tryDeliver(s, func(w io.Writer) error {
			_, err := w.Write(make([]byte, partSize))
			stop()
			return errors.Join(err, ctx.Err())
		})
		l.ctx = whole
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		l.mustHoldNothingOf(0)
	})
}

// A delivery that a crash cut off is never seen, before or after, and its parts go with the next start.
func TestACrashBetweenChunks(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	s := l.subscription(administratorID)
	kept := l.deliver(s, []byte("kept"))
	w := &deliveryWriter{ctx: l.ctx, db: l.DB, delivery: Delivery{ScheduleId: s, UserID: administratorID}}
	if err := w.begin(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 5*partSize)); err != nil {
		t.Fatal(err)
	}
	equal(t, "deliveries while one is written", l.deliveries(), []int{kept})
	l.refused(ErrNotFound, func(tx *Tx) error { _, err := DeliveryByID(tx, w.delivery.ReportDeliveryId); return err })
	l.sweep()
	same(t, "parts while one is written", len(l.keys("dp=")), 6)

	l.reopen() // without a Close
	if err := ReclaimSubscriptions(l.ctx, l.DB); err != nil {
		t.Fatal(err)
	}
	l.mustHoldNothingOf(1)
	if _, err := w.Write(make([]byte, partSize)); !errors.Is(err, ErrNotFound) {
		t.Errorf("the lost writer goes on: %v", err)
	}
	same(t, "the whole delivery", string(l.file(kept)), "kept")
}

// Wherever a delivery is killed, it is there whole or not at all.
func TestADeliveryThatIsKilledAnywhere(t *testing.T) {
	t.Parallel()
	file := bytes.Repeat([]byte("0123456789"), partSize*3/10)
	for lives := range 12 {
		l := newFixture(t)
		s := l.subscription(administratorID)
		l.under.Engine = &mortal{Engine: l.under.Engine, lives: lives}
		_, err := l.tryDeliver(s, func(w io.Writer) error { _, err := w.Write(file); return err })
		l.reopen()
		if err := ReclaimSubscriptions(l.ctx, l.DB); err != nil {
			t.Fatal(err)
		}
		if err == nil {
			same(t, "the size of what is there", len(l.file(l.deliveries()[0])), len(file))
			return
		}
		if !errors.Is(err, errKilled) {
			t.Fatalf("after %d transactions: %v", lives, err)
		}
		l.mustHoldNothingOf(0)
	}
	t.Error("no delivery came about")
}

func TestDeliveriesExpire(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	three := l.subscribe(Subscription{UserID: administratorID, KeepCount: 3})
	week := l.subscribe(Subscription{UserID: administratorID, KeepDays: 7})
	gone := l.subscribe(Subscription{UserID: administratorID})
	var byCount, byDays, byDefault []int
	for range 10 {
		byCount = append(byCount, l.deliver(three, []byte("c")))
		byDays = append(byDays, l.deliver(week, []byte("d")))
		l.clock.step(24 * time.Hour)
	}
	for range defaultKeepCount + 2 {
		byDefault = append(byDefault, l.deliver(gone, []byte("e")))
	}
	l.change(func(tx *Tx) error { return Subscriptions.Delete(tx, gone) })
	if err := ExpireDeliveries(l.ctx, l.DB); err != nil {
		t.Fatal(err)
	}
	want := slices.Concat(byCount[7:], byDays[3:], byDefault[2:])
	slices.Sort(want)
	equal(t, "deliveries", l.deliveries(), want)
	l.mustHoldNothingOf(len(want))
}

func TestADeliveryThatCannotBe(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	for says, d := range map[string]Delivery{
		"ApplicationType": {Filename: "a.exe", ApplicationType: "application/x-msdownload"},
		"Filename":        {ApplicationType: "application/pdf"},
	} {
		err := Deliver(l.ctx, l.DB, &d, func(io.Writer) error { return nil }, func(*Tx, *Delivery) error { return nil })
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v does not say that %s is wrong", err, says)
		}
	}
	l.mustHoldNothingOf(0)
}

func TestDeliveriesAreTheirOwners(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	for _, owner := range []int{administratorID, applicationID, administratorID} {
		l.deliver(l.subscription(owner), nil)
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
		seen, err := View(l.ctx, l.DB, c.by, func(tx *Tx) ([]int, error) { return record.Collect(DeliveryIDs(tx)) })
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "deliveries", seen, c.want)
		for id := range 4 {
			_, err := View(l.ctx, l.DB, c.by, func(tx *Tx) (*Delivery, error) { return DeliveryByID(tx, id) })
			if found := err == nil; found != slices.Contains(c.want, id) || !found && !errors.Is(err, ErrNotFound) {
				t.Errorf("user %d asks for delivery %d: %v", c.by.UserID, id, err)
			}
		}
	}
}

// What an owner has received stays when he is deleted, for administrators; his subscription fails from then on.
func TestADeletedOwnerLeavesHisDeliveries(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	rosa := l.user("rosa")
	s := l.subscription(rosa)
	id := l.deliver(s, []byte("hers"))
	l.change(func(tx *Tx) error { return DeleteUser(tx, rosa) })
	l.sweep()
	same(t, "the file", string(l.file(id)), "hers")
	same(t, "the owner's name", l.state(s).Owner, "")
	l.clock.step(time.Hour)
	same(t, "due", l.run("User not authenticated"), s)
}

func TestADamagedDeliveryIsNotTakenForWhole(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	id := l.deliver(l.subscription(administratorID), make([]byte, 2*partSize))
	l.change(func(tx *Tx) error { return deliveryParts.Delete(tx, 2) })
	l.refused(ErrDamaged, func(tx *Tx) error {
		d, err := DeliveryByID(tx, id)
		if err != nil {
			return err
		}
		for _, err = range d.File(tx) {
		}
		return err
	})
}
