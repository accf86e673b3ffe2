package insight

import (
	"encoding/base64"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

var subscriptions = []api.Route{
	api.GET("Subscriptions/Delivery", readsReports,
		"Returns a list of IDs for all subscription deliveries that a user has access to. "+
			"Administrators have access to all deliveries while other users only have access to deliveries they created.", listDeliveries),
	api.POST("Subscriptions/Delivery/download", readsReports, "Returns the subscription delivery for the requested id.", downloadDelivery).
		ReadOnly().Answers(200).ManualList(),
}

var readsReports = authz.Reads(authz.AnalyticsAndReporting)

func listDeliveries(tx *store.Tx, _ api.None) ([]int, error) { return collect(store.DeliveryIDs(tx)) }

type deliveryID struct {
	ID *int `form:"id"` // The ID of the request for which to retrieve the subscription delivery. Required.
}

type delivery struct {
	ReportDeliveryId int    // The ID of this subscription delivery in the database.
	ScheduleId       int    // Schedule ID of the subscription associated with this subscription delivery.
	Filename         string // Name of the file.
	ApplicationType  string // The MIME type string identifying the format of the file.
	Snapshot         string // A Base64 string representing the byte array of the subscription delivery file itself.
}

func downloadDelivery(tx *store.Tx, in deliveryID) (delivery, error) {
	if in.ID == nil {
		return delivery{}, store.Invalid("id is required")
	}
	d, file, err := store.DeliveryByID(tx, *in.ID)
	if err != nil {
		return delivery{}, err
	}
	return delivery{d.ReportDeliveryId, d.ScheduleId, d.Filename, d.ApplicationType, base64.StdEncoding.EncodeToString(file)}, nil
}
