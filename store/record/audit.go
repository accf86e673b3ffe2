package record

import (
	"fmt"
	"iter"
	"reflect"
	"slices"
)

// Action is an audit's ActionType.
type Action string

// The ActionTypes.
const (
	ActionAdd            Action = "Add"
	ActionEdit           Action = "Edit"
	ActionDelete         Action = "Delete"
	ActionLogin          Action = "Login"
	ActionLogout         Action = "Logout"
	ActionAccessDenied   Action = "AccessDenied"
	ActionImport         Action = "Import"
	ActionProcess        Action = "Process"
	ActionView           Action = "View"           // a secret was read
	ActionPasswordAccess Action = "PasswordAccess" // a secret was given out
	ActionQuarantine     Action = "Quarantine"
	ActionLockout        Action = "Lockout"
	ActionUnlock         Action = "Unlock"
)

// SectionAuthentication is the Section of sign-ins and their refusals; that of a changed record is its name.
const SectionAuthentication = "Authentication"

// UserAudit is one row of GET UserAudits.
type UserAudit struct {
	AuditID    int    `example:"691"`                      // ID of the audit.
	ActionType Action `example:"Add"`                      // What was done.
	Section    string `example:"Asset"`                    // What it was done to.
	UserID     int    `example:"1"`                        // ID of the user who did it; 0: nobody who is known.
	UserName   string `example:"administrator"`            // Name of the user, or what was given for it.
	IPAddress  string `example:"192.0.2.1"`                // Address that the request came from.
	CreateDate Time   `example:"2026-05-04T08:15:30.123Z"` // When it was done.
}

// UserAuditDetail is one row of GET UserAudits/{auditId}/UserAuditDetails.
type UserAuditDetail struct {
	AuditDetailsID int    `example:"101"`       // ID of the detail.
	Name           string `example:"AssetName"` // The member that changed; Door and Registration come first.
	OldValue       string `example:"web01"`     // What it was.
	NewValue       string `example:"web02"`     // What it became.
}

// Audit is an audit with its details, which are kept in one record since nobody asks for details alone.
type Audit struct {
	UserAudit
	Details []UserAuditDetail
}

// maxDetails bounds the details of an audit, and detailsPerAudit gives each one an id of its own.
const (
	maxDetails      = 99
	detailsPerAudit = 100
)

// hidden stands for the value of a secret.
const hidden = "(hidden)"

// Audit writes the audit row of an act, with the door and the registration of the actor before the given details.
// Collection.Replace does it forevery change of a record. Call it for an act that is more or less than one record.
func (tx *Tx) Audit(action Action, section string, details ...UserAuditDetail) error {
	if tx.quiet {
		return nil
	}
	id, err := tx.NextID(Audits.tag, Audits.lowest)
	if err != nil {
		return err
	}
	a := &Audit{UserAudit: UserAudit{
		AuditID: id, ActionType: action, Section: section,
		UserID: tx.By.UserID, UserName: tx.By.UserName, IPAddress: tx.By.IPAddress, CreateDate: tx.Now,
	}}
	a.Details = append([]UserAuditDetail{
		{Name: "Door", NewValue: tx.By.Door},
		{Name: "Registration", NewValue: tx.By.Registration},
	}, details...)
	a.Details = a.Details[:min(len(a.Details), maxDetails)]
	for i := range a.Details {
		a.Details[i].AuditDetailsID = id*detailsPerAudit + i + 1
	}
	return Audits.Replace(tx, nil, a)
}

// Detail is an audit detail of two values as they are printed.
func Detail(name string, old, value any) UserAuditDetail {
	return UserAuditDetail{Name: name, OldValue: AuditText(old), NewValue: AuditText(value)}
}

// AuditText prints a value for an audit, no longer than what a person reads.
func AuditText(v any) string {
	if v == nil {
		return ""
	}
	s := []rune(fmt.Sprint(v))
	return string(s[:min(len(s), 1024)])
}

// audit writes the row that a change of a record leaves.
func (c *Collection[ID, T]) audit(tx *Tx, old, record *T) error {
	if c.silent || tx.quiet {
		return nil
	}
	action := ActionEdit
	switch {
	case old == nil:
		action = ActionAdd
	case record == nil:
		action = ActionDelete
	}
	if c.secret {
		if action != ActionEdit {
			return nil // the row of the record that owns the secret says it
		}
		return tx.Audit(action, c.name, Detail(c.idName(), *c.id(record), *c.id(record)), Detail("Secret", hidden, hidden))
	}
	details := differences(old, record, c.idName())
	if owner, ok := any(old).(interface {
		CascadeSummary(*Tx) ([]UserAuditDetail, error)
	}); ok && record == nil {
		along, err := owner.CascadeSummary(tx)
		if err != nil {
			return err
		}
		details = append(details, along...)
	}
	return tx.Audit(action, c.name, details...)
}

// CascadeDetail is the audit detail of how many of something go with a deleted record, none for nothing.
func CascadeDetail[T any](what string, all iter.Seq2[T, error]) ([]UserAuditDetail, error) {
	n, err := CountOf(all)
	if n == 0 || err != nil {
		return nil, err
	}
	return []UserAuditDetail{Detail(what, n, "")}, nil
}

// idName is the name of the member that holds a record's id.
func (c *Collection[ID, T]) idName() string {
	record := new(T)
	v, id := reflect.ValueOf(record).Elem(), reflect.ValueOf(c.id(record)).Pointer()
	for _, f := range reflect.VisibleFields(v.Type()) {
		if !f.Anonymous && v.FieldByIndex(f.Index).Addr().Pointer() == id {
			return f.Name
		}
	}
	return ""
}

// differences lists the members in which two records differ, and the one that holds their id, by which a reader finds
// them; of a new or deleted record, those that are set.
func differences[T any](old, record *T, id string) []UserAuditDetail {
	var details []UserAuditDetail
	t := reflect.TypeFor[T]()
	for i := range t.NumField() {
		before, after := member(old, i), member(record, i)
		if before != after || t.Field(i).Name == id {
			details = append(details, UserAuditDetail{Name: t.Field(i).Name, OldValue: before, NewValue: after})
		}
	}
	return details
}

func member[T any](record *T, i int) string {
	if record == nil {
		return ""
	}
	v := reflect.ValueOf(record).Elem().Field(i)
	if v.IsZero() && v.Kind() != reflect.Bool || v.Kind() == reflect.Slice && v.Len() == 0 {
		return ""
	}
	v = reflect.Indirect(v)
	return AuditText(v.Interface())
}

// AuditFilter narrows a list of audits; an empty member does not. Text compares without regard to case.
type AuditFilter struct {
	UserName, ActionType, Section string
	From, To                      Time // both inclusive
}

// FindAudits returns the audits that a filter lets through, newest first.
func FindAudits(tx *Tx, f AuditFilter) iter.Seq2[*Audit, error] {
	from, to := f.From, f.To
	if from.IsZero() {
		from = MinTime
	}
	if to.IsZero() {
		to = MaxTime
	}
	newestFirst := Audits.Span(K(from), K(to))
	newestFirst.Reverse = true
	return func(yield func(*Audit, error) bool) {
		for a, err := range Audits.Records(tx, newestFirst) {
			if err == nil && !f.matches(a) {
				continue
			}
			if !yield(a, err) {
				return
			}
		}
	}
}

func (f AuditFilter) matches(a *Audit) bool {
	return !slices.ContainsFunc([][2]string{
		{f.UserName, a.UserName}, {f.ActionType, string(a.ActionType)}, {f.Section, a.Section},
	}, func(p [2]string) bool { return p[0] != "" && Fold(p[0]) != Fold(p[1]) })
}
