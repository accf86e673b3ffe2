package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math"
	"strconv"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// door is how the transactions of reports name themselves.
const door = "reports"

// report is a kind of report: what its owner needs to receive it, which is what the API asks for the same data, and the
// table of what they may see.
type report struct {
	needs authz.Need
	table func(tx *store.Tx, s *store.Subscription) (Table, error)
}

func reportOf(name string) (report, error) {
	switch name {
	case store.ReportEntitlements:
		return report{authz.Reads(authz.AnalyticsAndReporting), entitlements}, nil
	case store.ReportAssets:
		return report{authz.Reads(authz.AssetManagement), assets}, nil
	case store.ReportUserAudits:
		return report{authz.Reads(authz.UserAuditManagement), userAudits}, nil
	case store.ReportRuleMembers:
		return report{authz.ReadsSmartRule(), ruleMembers}, nil
	}
	return report{}, store.Invalid("invalid Report %q", name)
}

// Make writes the report of a subscription as its owner may see it, by what they may do in the moment of the transaction. It
// returns ErrSignIn for an owner who cannot sign in, and ErrDenied or ErrNotFound for one who lacks what the report needs.
// Scratch is as in Write.
func Make(tx *store.Tx, w io.Writer, s *store.Subscription, scratch Scratch) error {
	r, err := reportOf(s.Report)
	if err != nil {
		return err
	}
	owner, err := store.As(tx, s.UserID, door, r.needs)
	if err != nil {
		return err
	}
	t, err := r.table(owner, s)
	if err != nil {
		return err
	}
	t.Made = time.Time(tx.Now)
	t.Note = fmt.Sprintf("%s, for %s", s.Name, owner.By.UserName)
	return Write(w, s.Format, t, scratch)
}

// rowsOf makes a row of each record of a list, which is read as it is stored.
func rowsOf[T any](tx *store.Tx, list store.List, cells func(*T) ([]string, error)) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for raw, err := range list.Rows(tx, 0, math.MaxInt) {
			var row []string
			record := new(T)
			if err == nil {
				err = json.Unmarshal(raw, record)
			}
			if err == nil {
				row, err = cells(record)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

func entitlements(tx *store.Tx, _ *store.Subscription) (Table, error) {
	// What a row of store.Entitlements holds of interest to people.
	type entitlement struct {
		Name, Title, AccessLevel, RoleName, UserName          string
		AccountName, RationalizedSystemName, AccessPolicyName string
		IsAdministratorGroup                                  bool
	}
	return Table{
		Title: "Entitlements",
		Columns: []Column{
			{"User Group", 3}, {"Administrators", 2}, {"User", 3}, {"Smart Rule", 4}, {"Access Level", 2}, {"Role", 3},
			{"Managed System", 4}, {"Managed Account", 4}, {"Access Policy", 3},
		},
		Rows: rowsOf(tx, store.Entitlements(nil, true), func(e *entitlement) ([]string, error) {
			return []string{
				e.Name, yes(e.IsAdministratorGroup), e.UserName, e.Title, e.AccessLevel, e.RoleName,
				e.RationalizedSystemName, e.AccountName, e.AccessPolicyName,
			}, nil
		}),
	}, nil
}

func yes(b bool) string {
	if b {
		return "Yes"
	}
	return "No"
}

func assets(tx *store.Tx, _ *store.Subscription) (Table, error) {
	return assetTable(tx, "Assets", store.AllAssetsVisible()), nil
}

// assetTable is a table of assets with the names of their Workgroups.
func assetTable(tx *store.Tx, title string, list store.List) Table {
	workgroups := map[int]string{}
	return Table{
		Title: title,
		Columns: []Column{
			{"Asset ID", 2}, {"Workgroup", 4}, {"Asset", 4}, {"IP Address", 3}, {"Type", 2}, {"DNS Name", 4}, {"Domain", 3},
			{"MAC Address", 3}, {"Operating System", 4}, {"Description", 4}, {"Created", 3}, {"Updated", 3},
		},
		Rows: rowsOf(tx, list, func(a *store.Asset) ([]string, error) {
			workgroup, known := workgroups[a.WorkgroupID]
			if !known {
				w, err := store.WorkgroupByID(tx, a.WorkgroupID)
				if err != nil {
					return nil, err
				}
				workgroup, workgroups[a.WorkgroupID] = w.Name, w.Name
			}
			return []string{
				strconv.Itoa(a.AssetID), workgroup, a.AssetName, a.IPAddress, string(a.AssetType), string(a.DnsName), string(a.DomainName),
				string(a.MacAddress), string(a.OperatingSystem), string(a.Description), a.CreateDate.String(), a.LastUpdateDate.String(),
			}, nil
		}),
	}
}

func userAudits(tx *store.Tx, _ *store.Subscription) (Table, error) {
	return Table{
		Title: "User Audits",
		Columns: []Column{
			{"Audit ID", 2}, {"Date", 4}, {"Action", 2}, {"Section", 4}, {"User ID", 2}, {"User", 4}, {"IP Address", 3},
		},
		Rows: mapped(record.FindAudits(tx, store.AuditFilter{}), func(a *store.Audit) []string {
			return []string{
				strconv.Itoa(a.AuditID), a.CreateDate.String(), string(a.ActionType), a.Section, strconv.Itoa(a.UserID), a.UserName, a.IPAddress,
			}
		}),
	}, nil
}

// mapped makes a row of each record of a sequence.
func mapped[T any](records iter.Seq2[T, error], cells func(T) []string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for record, err := range records {
			var row []string
			if err == nil {
				row = cells(record)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// ruleMembers lists the assets or the managed accounts that a Smart Rule selects. For accounts the owner also needs what the
// API asks of who lists them.
func ruleMembers(tx *store.Tx, s *store.Subscription) (Table, error) {
	rule, err := store.SmartRuleByID(tx, s.SmartRuleID)
	if err != nil {
		return Table{}, err
	}
	title := "Members of " + rule.Title
	switch rule.RuleType {
	case store.AssetRule:
		members, err := store.AssetsOfRule(tx, rule)
		return assetTable(tx, title, members), err
	case store.ManagedAccountRule:
		if tx, err = store.As(tx, s.UserID, door, authz.Reads(authz.PasswordSafeAccountManagement)); err != nil {
			return Table{}, err
		}
		members, err := store.AccountsOfRule(tx, rule)
		return accountTable(title, members), err
	}
	return Table{}, store.Invalid("Smart Rule %d selects what this report has no columns for: %s", rule.SmartRuleID, rule.RuleType)
}

func accountTable(title string, members iter.Seq2[*store.AccountOnSystem, error]) Table {
	return Table{
		Title: title,
		Columns: []Column{
			{"Account ID", 2}, {"Managed System", 5}, {"Domain", 3}, {"Managed Account", 5}, {"Description", 5}, {"API Enabled", 2}, {"Last Change", 3},
		},
		Rows: mapped(members, func(a *store.AccountOnSystem) []string {
			return []string{
				strconv.Itoa(a.ManagedAccountID), a.System.SystemName, string(a.DomainName), a.AccountName, string(a.Description),
				yes(a.ApiEnabled), a.LastChangeDate.String(),
			}
		}),
	}
}
