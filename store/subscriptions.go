package store

import (
	"errors"
	"slices"
	"strings"

	"github.com/musterhq/muster/store/record"
)

// The reports that a subscription may have. What each shows, and what its owner needs for it, says package reports.
const (
	ReportEntitlements = "Entitlements"
	ReportAssets       = "Assets"
	ReportUserAudits   = "User Audits"
	ReportRuleMembers  = "Smart Rule members"
)

// Reports returns the reports that there are. The slice is the caller's.
func Reports() []string {
	return []string{ReportEntitlements, ReportAssets, ReportUserAudits, ReportRuleMembers}
}

// Format is a kind of file that a report may be made as.
type Format struct {
	Name            string // as a subscription names it
	Extension       string // of the file's name, with its dot
	ApplicationType string // the MIME type that a delivery shows
}

// The Formats.
const (
	FormatCSV  = "CSV"
	FormatXLSX = "XLSX"
	FormatPDF  = "PDF"
	FormatDOCX = "DOCX"
	FormatTIFF = "TIFF"
)

// Formats returns the formats that there are; the document says what ApplicationType each has. The slice is the caller's.
func Formats() []Format {
	return []Format{
		{FormatCSV, ".csv", "text/csv"},
		{FormatXLSX, ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
		{FormatPDF, ".pdf", "application/pdf"},
		{FormatDOCX, ".docx", "application/msword"},
		{FormatTIFF, ".tiff", "image/tiff"},
	}
}

// FormatByName returns a format, without regard to case, or ErrInvalid.
func FormatByName(name string) (Format, error) {
	formats := Formats()
	i := slices.IndexFunc(formats, func(f Format) bool { return strings.EqualFold(f.Name, name) })
	if i < 0 {
		return Format{}, Invalid("invalid Format %q; there are CSV, XLSX, PDF, DOCX and TIFF", name)
	}
	return formats[i], nil
}

// Subscription has a report made on a schedule, for its owner: the report shows what they may see when it is made. It
// comes in through the lab file.
type Subscription struct {
	ScheduleId  int
	Name        string // unique, without regard to case
	Report      string // one of Reports
	SmartRuleID int    // whose members the report Smart Rule members lists; 0 for the other reports
	Format      string // the name of one of Formats
	Schedule    string // as ParseSchedule reads it
	UserID      int    // its owner
	KeepCount   int    // how many deliveries are kept, the newest; 0 becomes 30
	KeepDays    int    // how long a delivery is kept at most; 0: as long as KeepCount lets it be
}

// The limits of a subscription.
const (
	maxSubscriptionName = 128
	defaultKeepCount    = 30
	maxKeepCount        = 1000
	maxKeepDays         = 3660
)

func (s *Subscription) Validate(tx *Tx) error {
	if err := required("Name", s.Name, maxSubscriptionName); err != nil {
		return err
	}
	format, err := FormatByName(s.Format)
	if err != nil {
		return err
	}
	s.Format = format.Name
	if _, err := ParseSchedule(s.Schedule); err != nil {
		return record.Error(ErrInvalid, "Schedule: %v", err)
	}
	if s.KeepCount == 0 {
		s.KeepCount = defaultKeepCount
	}
	switch {
	case s.KeepCount < 1 || s.KeepCount > maxKeepCount:
		return Invalid("KeepCount: 1 to %d is expected", maxKeepCount)
	case s.KeepDays < 0 || s.KeepDays > maxKeepDays:
		return Invalid("KeepDays: 0 to %d is expected", maxKeepDays)
	}
	if err := s.checkReport(tx); err != nil {
		return err
	}
	known, err := Users.Has(tx, s.UserID)
	if err == nil && !known {
		err = Invalid("UserID: there is no User %d", s.UserID)
	}
	return err
}

// checkReport brings the report into the spelling of Reports, and holds its parameter to what there is.
func (s *Subscription) checkReport(tx *Tx) error {
	reports := Reports()
	i := slices.IndexFunc(reports, func(r string) bool { return strings.EqualFold(r, s.Report) })
	if i < 0 {
		return Invalid("invalid Report %q; there are %s", s.Report, strings.Join(reports, ", "))
	}
	s.Report = reports[i]
	switch {
	case s.Report != ReportRuleMembers && s.SmartRuleID != 0:
		return Invalid("SmartRuleID: only for the report %s", ReportRuleMembers)
	case s.Report != ReportRuleMembers:
		return nil
	case s.SmartRuleID == 0:
		return Invalid("SmartRuleID is required for the report %s", ReportRuleMembers)
	}
	known, err := SmartRules.Has(tx, s.SmartRuleID)
	if err == nil && !known {
		err = Invalid("SmartRuleID: there is no Smart Rule %d", s.SmartRuleID)
	}
	return err
}

// AfterWrite brings the subscription's place in the queue up to date. What a deleted one has delivered stays, as long as
// the defaults keep it.
func (s *Subscription) AfterWrite(tx *Tx, old *Subscription) error {
	switch {
	case s == nil:
		return unschedule(tx, old.ScheduleId)
	case old == nil:
		return scheduleFirst(tx, s)
	case s.Schedule != old.Schedule:
		return reschedule(tx, s)
	}
	return nil
}

// SubscriptionByName returns a subscription, without regard to case, or ErrNotFound.
func SubscriptionByName(tx *Tx, name string) (*Subscription, error) {
	return subscriptionByName.One(tx, K(record.Fold(name)), name)
}

// PutSubscription stores a subscription by its Name: the one of that name becomes as given, unless it is already; its
// ScheduleId is set. Text that names a report or a format is taken without regard to case. An ErrInvalid names the member
// that is wrong.
func PutSubscription(tx *Tx, s *Subscription) error {
	known, err := SubscriptionByName(tx, s.Name)
	if errors.Is(err, ErrNotFound) {
		s.ScheduleId = 0
		return Subscriptions.Insert(tx, s)
	}
	if err != nil {
		return err
	}
	s.ScheduleId = known.ScheduleId
	return Subscriptions.Put(tx, s)
}
