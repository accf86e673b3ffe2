package insight

import (
	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

// epmPolicies has one endpoint by two paths: the first is the document's, the second what clients call.
var epmPolicies = []api.Route{
	api.POST("{id}/epmapplications/add", writesPolicies, addsApplication, addEPMApplication).Answers(200).Named("addEpmApplication"),
	api.POST("epmpolicies/{id}/epmapplications/add", writesPolicies, addsApplication, addEPMApplication).Answers(200).Named("addEpmApplicationToPolicy"),
}

var writesPolicies = authz.Writes(authz.EPM).And(authz.Writes(authz.EPMPolicy))

const addsApplication = "Adds an application to a policy."

type newEPMApplication struct {
	PolicyGUID string `uri:"id"` // Policy Guid.
	Body       epmApplicationFields
}

type epmApplicationFields struct {
	GroupName            string `binding:"required,max=256" example:"Administration"`                       // The group of the policy that the application is added to. If the policy has none by that name, it is made.
	Name                 string `binding:"required,max=256" example:"Event Viewer"`                         // Name of the application.
	Path                 string `binding:"required,max=1024" example:"C:\\Windows\\System32\\eventvwr.exe"` // Path of its executable.
	Publisher            string `binding:"required,max=256" example:"Microsoft Windows"`                    // Its publisher.
	ChildrenInheritToken bool   `binding:"required" example:"false"`                                        // Whether processes that it starts inherit its token.
}

// emptyObject is the document's {<empty>}.
type emptyObject struct{}

func addEPMApplication(tx *store.Tx, in newEPMApplication) (emptyObject, error) {
	b := in.Body
	return emptyObject{}, store.AddEPMApplication(tx, in.PolicyGUID, &store.EPMApplication{
		GroupName: b.GroupName, Name: b.Name, Path: b.Path, Publisher: b.Publisher, ChildrenInheritToken: b.ChildrenInheritToken,
	})
}
