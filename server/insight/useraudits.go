package insight

import (
	"iter"
	"strings"
	"time"

	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

var userAudits = []api.Route{
	api.GET("UserAudits", readsAudits, "Returns a list of user audits, latest entries first.", listUserAudits),
	api.GET("UserAudits/{auditId}/UserAuditDetails", readsAudits, "Returns a list of user audit details.", listUserAuditDetails).Named("listUserAuditDetails"),
}

// auditLimit is how many audits, and details of one, are shown when the caller does not say.
const auditLimit = 1000

// auditPaging is api.Paging with what holds for audits.
type auditPaging struct {
	Limit  *int `form:"limit"`  // Number of records to return (default: 1000; at most 100000).
	Offset *int `form:"offset"` // Number of records to skip before returning records.
}

type auditQuery struct {
	UserName   string    `form:"username" example:"administrator"`       // User name.
	ActionType string    `form:"actiontype" example:"Login"`             // Action type.
	Section    string    `form:"section" example:"Asset"`                // Section.
	StartDate  dateStart `form:"startdate" example:"2026-01-31"`         // Start date: audits from this moment or day on.
	EndDate    dateEnd   `form:"enddate" example:"2026-01-31T18:00:00Z"` // End date: audits up to this moment, or to the end of this day.
	auditPaging
}

func listUserAudits(tx *store.Tx, in auditQuery) (api.CountedPage[store.UserAudit], error) {
	filter := store.AuditFilter{
		UserName: in.UserName, ActionType: in.ActionType, Section: in.Section,
		From: store.Time(in.StartDate), To: store.Time(in.EndDate),
	}
	return api.Counted[store.UserAudit](api.Paging(in.auditPaging), record.Filtered(func(tx *store.Tx) iter.Seq2[*store.UserAudit, error] {
		return func(yield func(*store.UserAudit, error) bool) {
			for a, err := range record.FindAudits(tx, filter) {
				if err != nil {
					yield(nil, err)
					return
				}
				if !yield(&a.UserAudit, nil) {
					return
				}
			}
		}
	}), auditLimit)
}

type auditDetailsOf struct {
	AuditID int `uri:"auditId"` // Audit ID.
	auditPaging
}

func listUserAuditDetails(tx *store.Tx, in auditDetailsOf) (api.CountedPage[store.UserAuditDetail], error) {
	a, err := record.Audits.Get(tx, in.AuditID)
	if err != nil {
		return api.CountedPage[store.UserAuditDetail]{}, err
	}
	return api.Counted[store.UserAuditDetail](api.Paging(in.auditPaging), record.Of(a.Details), auditLimit)
}

// dateStart and dateEnd are the two ends of a span of time, both inclusive: a date alone means the whole day.
type (
	dateStart store.Time
	dateEnd   store.Time
)

func (d *dateStart) UnmarshalText(b []byte) error {
	t, _, err := parseDate(string(b))
	*d = dateStart(record.At(t))
	return err
}

func (d *dateEnd) UnmarshalText(b []byte) error {
	t, day, err := parseDate(string(b))
	if day {
		t = t.Add(24*time.Hour - time.Millisecond)
	}
	*d = dateEnd(record.At(t))
	return err
}

// parseDate reads what the API prints, the same without zone, and a plain date, whatever blanks surround it.
func parseDate(s string) (t time.Time, day bool, err error) {
	s = strings.TrimSpace(s)
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999"} {
		if t, err = time.Parse(form, s); err == nil {
			return t, false, nil
		}
	}
	if t, err = time.Parse(time.DateOnly, s); err == nil {
		return t, true, nil
	}
	return t, false, store.Invalid("a date like 2024-12-06 or 2024-12-06T17:59:40Z is expected")
}
