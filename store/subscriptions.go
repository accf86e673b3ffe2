package store

import (
	"iter"
	"slices"

	"github.com/musterhq/muster/store/kv"
)

// Subscription has a report made on a schedule.
type Subscription struct {
	ScheduleId int
	Report     string
	Format     string
	Schedule   string
	UserID     int // its owner
}

func (s *Subscription) check(tx *Tx) error {
	if err := required("Report", s.Report, 256); err != nil {
		return err
	}
	known, err := Users.Has(tx, s.UserID)
	if err == nil && !known {
		err = Invalid("UserID: there is no User %d", s.UserID)
	}
	return err
}

// Delivery is one run of a subscription (the document's "Subscription delivery").
type Delivery struct {
	ReportDeliveryId int
	ScheduleId       int
	UserID           int // the subscription's owner when it ran
	Filename         string
	ApplicationType  string // one of ApplicationTypes
	Size             int    // of the file, in bytes
	CreateDate       Time
}

// ApplicationTypes returns the MIME types that a delivery's file may have: Word, Excel, PDF, TIFF and CSV. The slice is
// the caller's.
func ApplicationTypes() []string {
	return []string{
		"application/msword",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		"application/pdf",
		"image/tiff",
		"text/csv",
	}
}

func (d *Delivery) check(tx *Tx) error {
	if err := required("Filename", d.Filename, 255); err != nil {
		return err
	}
	if !slices.Contains(ApplicationTypes(), d.ApplicationType) {
		return Invalid("ApplicationType: a delivery cannot be %q", d.ApplicationType)
	}
	if d.CreateDate.IsZero() {
		d.CreateDate = tx.Now
	}
	return nil
}

// deliveryPart is a piece of a delivery's file. The pieces have the order of their ids.
type deliveryPart struct {
	PartID           int
	ReportDeliveryId int
	Content          []byte
}

const (
	// MaxDelivery is how many bytes the file of a delivery may have: what fits a transaction.
	MaxDelivery = 512 << 10
	// partSize is how many of them are in one value, where they are base64.
	partSize = 256 << 10
)

// AddDelivery stores what a subscription's run made. The delivery is the subscription's and its owner's. It returns
// ErrInvalid for a file that is too large and ErrNotFound for an unknown subscription.
func AddDelivery(tx *Tx, d *Delivery, file []byte) error {
	if len(file) > MaxDelivery {
		return Invalid("the file of a delivery is larger than %d bytes", MaxDelivery)
	}
	s, err := Subscriptions.Get(tx, d.ScheduleId)
	if err != nil {
		return err
	}
	d.UserID, d.Size = s.UserID, len(file)
	if err := Deliveries.Insert(tx, d); err != nil {
		return err
	}
	for content := range slices.Chunk(file, partSize) {
		if err := deliveryParts.Insert(tx, &deliveryPart{ReportDeliveryId: d.ReportDeliveryId, Content: content}); err != nil {
			return err
		}
	}
	return nil
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

// DeliveryByID returns a delivery that the actor may see and its file, or ErrNotFound.
func DeliveryByID(tx *Tx, id int) (*Delivery, []byte, error) {
	d, err := Deliveries.Get(tx, id)
	if err != nil {
		return nil, nil, err
	}
	if !tx.By.Admin && d.UserID != tx.By.UserID {
		return nil, nil, absent(Deliveries.name, id)
	}
	file := make([]byte, 0, d.Size)
	for part, err := range partsOf(tx, id) {
		if err != nil {
			return nil, nil, err
		}
		file = append(file, part.Content...)
	}
	return d, file, nil
}

func partsOf(tx *Tx, id int) iter.Seq2[*deliveryPart, error] {
	return deliveryParts.records(tx, kv.Prefix(deliveryParts.key(kindRecord, K(id))))
}
