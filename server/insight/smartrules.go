package insight

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

var (
	readsRule          = authz.ReadsSmartRule()
	writesRule         = authz.WritesSmartRule()
	writesAccountRules = authz.Writes(authz.SmartRuleManagementManagedAccount)
)

var smartRules = []api.Route{
	api.POST("UserGroups/{userGroupId}/SmartRules/{smartRuleId}/AccessLevels", writesAccounts, "Sets the Access Level for a User Group Smart Rule.", setRuleLevel).Named("setUserGroupSmartRuleAccessLevel").Answers(200),
	api.GET("SmartRules/{id}/Assets", readsRule, "Returns a list of assets by Smart Rule ID.", assetsOfRule).
		Prints(assetMembers),
	api.POST("SmartRules/FilterSingleAccount", writesAccountRules, "Specialized action for creating a Managed Account-type Smart Rule for filtering a single Managed Account by System Name and Account Name.", createAccountRule).Named("createManagedAccountSmartRule").Deprecated(),
	api.GET("SmartRules", authz.Anyone, "Returns a list of Smart Rules to which the current user has at least read access.", listSmartRules),
	api.GET("SmartRules/{id}", readsRule, "Returns a Smart Rule by ID.", smartRuleByID),
	api.GET("UserGroups/{id}/SmartRules/", readsAccounts, "Returns a list of Smart Rules to which the given user group ID has at least read access.", listRulesOfGroup),
	api.GET("SmartRules?title", readsRule, "Returns a Smart Rule by title.", smartRuleByTitle),
	api.GET("Organizations/{orgID}/SmartRules?title", readsRule, "Returns a Smart Rule by organization ID and title.", smartRuleInOrganization),
	api.Do(http.MethodPost, "SmartRules/FilterAssetAttribute", writesAssets, "Specialized action for creating an asset type Smart Rule for filtering assets by attributes.", createAttributeRule).Named("createAssetSmartRule").Answers(201).
		Prints("SmartRuleID OrganizationID Title Description Category Status LastProcessedDate IsReadOnly"),
	api.Do(http.MethodPost, "SmartRules/{id}/Process", writesRule, "Process a Smart Rule by ID.", processRule).Refuses(http.StatusConflict).Named("processSmartRule"),
	api.DELETE("SmartRules/{id}", writesRule, "Deletes a Smart Rule by ID.", deleteRuleByID),
	api.DELETE("SmartRules?title", writesRule, "Deletes a Smart Rule by title.", deleteRuleByTitle),
	api.DELETE("Organizations/{orgID}/SmartRules?title", writesRule, "Deletes a Smart Rule by organization ID and title.", deleteRuleInOrganization),
}

type groupRuleLevel struct {
	GroupID int `uri:"userGroupId"` // ID of the user group.
	RuleID  int `uri:"smartRuleId"` // ID of the Smart Rule.
	Body    ruleLevel
}

type ruleLevel struct {
	AccessLevelID int `binding:"required" example:"3" enums:"0,1,3"` // Access level: 0 for None, 1 for Read, 3 for Read/Write.
}

func setRuleLevel(tx *store.Tx, in groupRuleLevel) (api.None, error) {
	level := authz.Level(in.Body.AccessLevelID)
	if !authz.ValidLevel(level) {
		return api.None{}, store.Invalid("AccessLevelID: 0, 1 or 3 is expected")
	}
	return api.None{}, store.SetRuleLevel(tx, in.GroupID, in.RuleID, level)
}

type assetsOfRuleID struct {
	byID
	api.Paging
}

func assetsOfRule(tx *store.Tx, in assetsOfRuleID) (assetPage, error) {
	r, err := store.SmartRuleByID(tx, in.ID)
	if err != nil {
		return assetPage{}, err
	}
	list, err := store.AssetsOfRule(tx, r)
	if err != nil {
		return assetPage{}, err
	}
	return api.Of[store.Asset](in.Paging, list)
}

type newAccountRule struct{ Body accountRuleFields }

type accountRuleFields struct {
	AccountID int    `binding:"required" example:"1"`           // ID of the managed account you want to filter by parent System Name and Account Name.
	Title     string `binding:"max=75" example:"Root on web01"` // The title/name of the new Smart Rule. If omitted, a unique title is auto-generated.
}

func createAccountRule(tx *store.Tx, in newAccountRule) (*store.SmartRule, error) {
	return store.InsertAccountRule(tx, in.Body.AccountID, in.Body.Title)
}

type ruleQuery struct {
	Type ruleType `form:"type" example:"asset"` // Type of Smart Rules to return (all, managed account, managed system, and asset; default: all).
}

// ruleType is a RuleType in any of the ways in which people write it; empty for all.
type ruleType string

// UnmarshalText takes the words of the document and the RuleTypes themselves.
func (t *ruleType) UnmarshalText(b []byte) error {
	switch strings.ToLower(strings.Join(strings.Fields(string(b)), "")) {
	case "all", "":
	case "asset":
		*t = store.AssetRule
	case "managedsystem":
		*t = store.ManagedSystemRule
	case "managedaccount":
		*t = store.ManagedAccountRule
	default:
		return store.Invalid("all, managed account, managed system or asset is expected")
	}
	return nil
}

func listSmartRules(tx *store.Tx, in ruleQuery) ([]*store.SmartRule, error) {
	return record.Collect(store.ReadableRules(tx, string(in.Type)))
}

func smartRuleByID(tx *store.Tx, in byID) (*store.SmartRule, error) {
	return store.SmartRuleByID(tx, in.ID)
}

type rulesOfGroup struct {
	byID
	AccessLevel levels `form:"accessLevel" example:"1,3"` // User group Smart Rule access level: a single value or a comma-delimited list of values, 0: None, 1: Read, 3: Read/Write (default: 1,3).
}

// levels are access levels between commas.
type levels []authz.Level

// UnmarshalText takes the ids of levels, blanks around them or not.
func (l *levels) UnmarshalText(b []byte) error {
	for part := range strings.SplitSeq(string(b), ",") {
		id, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || !authz.ValidLevel(authz.Level(id)) {
			return store.Invalid("0, 1 or 3, or several of them between commas, is expected")
		}
		*l = append(*l, authz.Level(id))
	}
	return nil
}

func listRulesOfGroup(tx *store.Tx, in rulesOfGroup) ([]*store.RuleOfGroup, error) {
	if in.AccessLevel == nil {
		in.AccessLevel = levels{authz.Read, authz.ReadWrite}
	}
	rules, err := store.RulesOfGroup(tx, in.ID, in.AccessLevel)
	if err != nil {
		return nil, err
	}
	return record.Collect(rules)
}

type ruleTitle struct {
	Title string `form:"title" example:"Row A"` // Title of the Smart Rule.
}

func smartRuleByTitle(tx *store.Tx, in ruleTitle) (*store.SmartRule, error) {
	return store.GlobalRule(tx, in.Title)
}

type ruleInOrganization struct {
	OrganizationID string `uri:"orgID"` // ID of the organization.
	ruleTitle
}

func smartRuleInOrganization(tx *store.Tx, in ruleInOrganization) (*store.SmartRule, error) {
	return store.SmartRuleIn(tx, in.OrganizationID, in.Title)
}

type newAttributeRule struct{ Body attributeRuleFields }

type attributeRuleFields struct {
	AttributeIDs       []int  `binding:"required" example:"10006"`                         // A list of attribute IDs to filter by. All the attributes must be of the same attribute type.
	Title              string `binding:"required,max=75" example:"Example infrastructure"` // The title/name of the new Smart Rule. Must be unique across all Smart Rules.
	Category           string `binding:"required,max=50" example:"Quick Rules"`            // The category in which to place the Smart Rule.
	Description        string `example:"Made in Swagger UI"`                               // The Smart Rule description.
	ProcessImmediately *bool  `example:"true" default:"true"`                              // True to process the Smart Rule immediately, otherwise false to defer processing to the background Smart Rule processor (default: true).
}

func createAttributeRule(ctx context.Context, c api.Caller, in newAttributeRule) (*store.SmartRule, error) {
	b := in.Body
	deferred := b.ProcessImmediately != nil && !*b.ProcessImmediately
	r, err := api.Update(ctx, c, func(tx *store.Tx) (*store.SmartRule, error) {
		r := &store.SmartRule{Title: b.Title, Category: b.Category, Description: b.Description, Status: store.RuleProcessing}
		if deferred {
			r.Status = store.RuleQueued
		}
		return r, store.InsertAttributeRule(tx, r, b.AttributeIDs)
	})
	if err != nil || deferred {
		return r, err
	}
	return store.ProcessRule(ctx, c.DB, c.By, r.SmartRuleID)
}

type ruleToProcess struct {
	byID
	Queue bool `form:"Queue"` // True to queue the Smart Rule for processing; false to process the Smart Rule immediately (default: false).
}

// queueRule leaves the processing of a rule to the background, whose own audit row names nobody who asked for it.
func queueRule(tx *store.Tx, r *store.SmartRule) error {
	if err := store.QueueRule(tx, r); err != nil {
		return err
	}
	return tx.Audit(record.ActionProcess, store.SmartRules.Name(), record.Detail("SmartRuleID", r.SmartRuleID, r.SmartRuleID),
		record.Detail("Title", r.Title, r.Title), record.Detail("Queued", false, true))
}

func processRule(ctx context.Context, c api.Caller, in ruleToProcess) (*store.SmartRule, error) {
	r, err := api.Update(ctx, c, func(tx *store.Tx) (*store.SmartRule, error) {
		r, err := writableRule(tx)(store.SmartRuleByID(tx, in.ID))
		switch {
		case err != nil:
			return nil, err
		case in.Queue:
			return r, queueRule(tx, r)
		}
		return r, store.ClaimRule(tx, r)
	})
	if err != nil || in.Queue {
		return r, err
	}
	return store.ProcessRule(ctx, c.DB, c.By, r.SmartRuleID)
}

// writableRule passes on a rule that was found if the caller may write it.
func writableRule(tx *store.Tx) func(*store.SmartRule, error) (*store.SmartRule, error) {
	return func(r *store.SmartRule, err error) (*store.SmartRule, error) {
		if err == nil {
			err = r.Writable(tx)
		}
		return r, err
	}
}

func deleteRuleByID(tx *store.Tx, in byID) (api.None, error) {
	return deleteRule(tx)(store.SmartRuleByID(tx, in.ID))
}

func deleteRuleByTitle(tx *store.Tx, in ruleTitle) (api.None, error) {
	return deleteRule(tx)(store.GlobalRule(tx, in.Title))
}

func deleteRuleInOrganization(tx *store.Tx, in ruleInOrganization) (api.None, error) {
	return deleteRule(tx)(store.SmartRuleIn(tx, in.OrganizationID, in.Title))
}

// deleteRule deletes a rule that was found if the caller may.
func deleteRule(tx *store.Tx) func(*store.SmartRule, error) (api.None, error) {
	return func(r *store.SmartRule, err error) (api.None, error) {
		if r, err = writableRule(tx)(r, err); err != nil {
			return api.None{}, err
		}
		return api.None{}, store.DeleteSmartRule(tx, r)
	}
}
