package metaaccess

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

var groups = []api.Route{
	api.POST("api/v3/groups", authz.Organization().And(authz.Reads(authz.AssetManagement)), "Get groups", getGroups).ReadOnly().Answers(http.StatusOK).Named("listGroups").
		Refuses(http.StatusNotAcceptable, http.StatusTooManyRequests),
}

type request struct{ Body groupsFields }

// groupsFields says which groups are wanted. Absent, it is {}.
type groupsFields struct {
	Limit  *int      `json:"limit" example:"10" minimum:"1" maximum:"50" default:"10"` // How many groups a page has at most: 1 to 50. Default: 10.
	Page   *int      `json:"page" example:"1" minimum:"1" default:"1"`                 // The page: 1 is the first. Default: 1.
	Search string    `json:"search" binding:"max=256" example:"Meridian"`              // A part of the name of the group, or of its policy, without regard to case. Max string length is 256.
	Sort   groupSort `json:"sort"`                                                     // The order of the groups.
}

type groupSort struct {
	Field string `json:"field" example:"group_name" enums:"group_name,domain_name,policy_name,number_of_devices,last_update" default:"group_name"` // group_name, domain_name, policy_name, number_of_devices or last_update. Default: group_name.
	Order string `json:"order" example:"asc" enums:"asc,desc" default:"asc"`                                                                       // asc or desc. Default: asc.
}

// TakesEmptyList has [] read as {}: clients whose language has one empty value for both send it.
func (groupsFields) TakesEmptyList() {}

// group is a Workgroup as this door shows it, in the order of the document.
type group struct {
	DomainName      string `json:"domain_name" example:"ad.meridian.lab.example"`    // The domain of the domain controller that the group is synchronized with.
	AutoJoin        bool   `json:"auto_join" example:"false"`                        // Whether a device may join the group when it registers.
	PolicyID        string `json:"policy_id" example:"2"`                            // The id of the group's policy, in digits.
	NumberOfDevices int    `json:"number_of_devices" example:"40"`                   // How many devices, the assets of the Workgroup, are in the group.
	GroupName       string `json:"group_name" example:"Meridian Data Center"`        // The name of the group.
	PolicyName      string `json:"policy_name" example:"Servers"`                    // The name of its policy.
	Description     string `json:"description" example:"What hums behind two doors"` // What the group is for.
	GroupID         string `json:"group_id" example:"2"`                             // The id of the group, in digits.
	CreatedDate     string `json:"created_date" example:"Mar 04, 2019 08:00:00 AM"`  // When it was made, in GMT.
	LastModified    string `json:"last_modified" example:"Mar 04, 2019 08:00:00 AM"` // When it was changed last, in GMT; what its devices do is no change of it.
}

// dateForm is how the vendor writes a moment, in GMT.
const dateForm = "Jan 02, 2006 03:04:05 PM"

func date(t store.Time) string {
	if t.IsZero() {
		return ""
	}
	return time.Time(t).UTC().Format(dateForm)
}

func show(g store.ListedDeviceGroup) group {
	return group{
		DomainName: string(g.DomainName), AutoJoin: g.AutoJoin, PolicyID: strconv.Itoa(g.PolicyID), NumberOfDevices: g.Devices,
		GroupName: g.Name, PolicyName: g.PolicyName, Description: string(g.Description), GroupID: strconv.Itoa(g.WorkgroupID),
		CreatedDate: date(g.CreatedDate), LastModified: date(g.LastModified),
	}
}

const (
	defaultLimit = 10
	maxLimit     = 50
)

// orders are the fields to sort by.
var orders = map[string]store.DeviceGroupOrder{
	"group_name": store.ByGroupName, "domain_name": store.ByDomainName, "policy_name": store.ByPolicyName,
	"number_of_devices": store.ByDevices, "last_update": store.ByLastModified,
}

func getGroups(tx *store.Tx, in request) ([]group, error) {
	q, err := in.Body.query()
	if err != nil {
		return nil, err
	}
	found, total, err := store.FindDeviceGroups(tx, q)
	if err != nil {
		return nil, err
	}
	if last := max(1, (total+q.Limit-1)/q.Limit); q.Page > last {
		return nil, fmt.Errorf("page %d: %w, %d is the last", q.Page, api.ErrBeyond, last)
	}
	shown := make([]group, len(found))
	for i, g := range found {
		shown[i] = show(g)
	}
	return shown, nil
}

// query checks what the body asks for.
func (b groupsFields) query() (q store.DeviceGroupQuery, err error) {
	q = store.DeviceGroupQuery{Search: b.Search, Page: or(b.Page, 1), Limit: or(b.Limit, defaultLimit)}
	switch {
	case q.Limit < 1:
		return q, store.Invalid("limit: 1 to %d is expected", maxLimit)
	case q.Limit > maxLimit:
		return q, fmt.Errorf("limit: %w: 1 to %d is expected", api.ErrTooLong, maxLimit)
	case q.Page < 1:
		return q, store.Invalid("page: 1 or more is expected")
	}
	if b.Sort.Field != "" {
		order, known := orders[strings.ToLower(b.Sort.Field)]
		if !known {
			return q, store.Invalid("sort.field: one of %s is expected", strings.Join(slices.Sorted(maps.Keys(orders)), ", "))
		}
		q.Order = order
	}
	switch strings.ToLower(b.Sort.Order) {
	case "", "asc":
	case "desc":
		q.Descending = true
	default:
		return q, store.Invalid("sort.order: asc or desc is expected")
	}
	return q, nil
}

func or(given *int, otherwise int) int {
	if given == nil {
		return otherwise
	}
	return *given
}
