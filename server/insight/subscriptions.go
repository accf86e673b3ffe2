package insight

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

var subscriptions = []api.Route{
	api.GET("Subscriptions/Delivery", readsReports,
		"Returns the IDs of the subscription deliveries that the caller created, for administrators those of all.", listDeliveries).Named("listDeliveries"),
	api.POST("Subscriptions/Delivery/download", readsReports, "Returns the subscription delivery for the requested id.", downloadDelivery).Refuses(http.StatusNotFound).Named("downloadDelivery").
		FillIn("an ID that Subscriptions/Delivery lists: there is none before a subscription has run").ReadOnly().Answers(200).ManualList(),
}

var readsReports = authz.Reads(authz.AnalyticsAndReporting)

func listDeliveries(tx *store.Tx, _ api.None) ([]int, error) {
	return record.Collect(store.DeliveryIDs(tx))
}

type deliveryID struct {
	ID *int `form:"id" binding:"required" example:"1"` // The ID of the request for which to retrieve the subscription delivery. Required.
}

type delivery struct {
	ReportDeliveryId int    `example:"1"`             // The ID of this subscription delivery in the database.
	ScheduleId       int    `example:"2"`             // Schedule ID of the subscription associated with this subscription delivery.
	Filename         string `example:"Inventory.csv"` // Name of the file.
	ApplicationType  string `example:"text/csv"`      // The MIME type string identifying the format of the file.
	Snapshot         string `example:"V29ya2dyb3Vw"`  // A Base64 string representing the byte array of the subscription delivery file itself.
}

func downloadDelivery(tx *store.Tx, in deliveryID) (answer api.Streamed[delivery], err error) {
	if in.ID == nil {
		return answer, store.Invalid("id is required")
	}
	d, err := store.DeliveryByID(tx, *in.ID)
	if err != nil {
		return answer, err
	}
	return api.StreamedBy[delivery](func(tx *store.Tx, w io.Writer) error { return writeDelivery(tx, w, d) }), nil
}

// writeDelivery writes a delivery while its file is read: the Snapshot comes last, and is never held whole.
func writeDelivery(tx *store.Tx, w io.Writer, d *store.Delivery) error {
	var head bytes.Buffer
	encoder := json.NewEncoder(&head)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(delivery{d.ReportDeliveryId, d.ScheduleId, d.Filename, d.ApplicationType, ""}); err != nil {
		return err
	}
	const end = `"}`
	if _, err := w.Write(bytes.TrimSuffix(head.Bytes(), []byte(end+"\n"))); err != nil {
		return err
	}
	snapshot := base64.NewEncoder(base64.StdEncoding, w)
	for piece, err := range d.File(tx) {
		if err != nil {
			return err
		}
		if _, err := snapshot.Write(piece); err != nil {
			return err
		}
	}
	if err := snapshot.Close(); err != nil {
		return err
	}
	_, err := io.WriteString(w, end)
	return err
}
