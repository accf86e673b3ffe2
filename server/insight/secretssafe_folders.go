package insight

import (
	"net/http"
	"strings"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

var secretsFolders = []api.Route{
	api.GET("Secrets-Safe/Folders", readsSafe, "Returns a list of the folders and safes that the caller may read, each after the one that it is in.", listFolders).Named("listFolders").Beyond(seenLive),
	api.GET("Secrets-Safe/Folders/{id}", readsSafe, "Returns a folder by its id.", folderByID).Named("getFolder").Beyond(vendorPage),
	api.POST("Secrets-Safe/Folders", makesFolders, "Creates a folder; without a ParentId a safe, which takes Secrets Safe (Read/Write).", createFolder).
		Form().Refuses(http.StatusNotFound).Named("createFolder").Beyond(seenLive),
	api.PUT("Secrets-Safe/Folders/{id}", editsFolders, "Changes the name and the description of a folder; of a safe it takes Manage.", changeFolder).Named("updateFolder").Beyond(vendorPage),
	api.PUT("Secrets-Safe/Folders/{id}/Move", editsFolders.And(authz.Safe("Create")), "Moves a folder with all that is in it into another one.", moveFolder).
		FillIn("the ID of another folder").Refuses(http.StatusConflict).Named("moveFolder").Beyond(vendorPage),
	api.DELETE("Secrets-Safe/Folders/{id}", deletesFolders, "Deletes a folder in which there is nothing; a safe takes Manage.", deleteFolder).
		Answers(http.StatusNoContent).Refuses(http.StatusConflict).Named("deleteFolder").Beyond(vendorPage),
}

type secretsFolder struct {
	Id            string     `example:"3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a202"` // ID of the folder.
	Name          string     `example:"Servers"`                              // Name of the folder.
	Description   store.Text `example:"What runs on servers"`                 // Description of the folder.
	ParentId      store.Text `example:"3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a201"` // ID of the folder that it is in; null for a safe.
	UserGroupId   int        `example:"0"`                                    // ID of the user group whose safe it is; 0: no group's.
	UserId        *int       `example:"3"`                                    // Always null: nobody has a folder of their own.
	FolderOwnerId *int       `example:"1"`                                    // ID of the user who made it; null if a lab file did.
}

func asFolder(f *store.SecretsFolder) secretsFolder {
	shown := secretsFolder{f.ID, f.Name, f.Description, store.Text(f.ParentID), f.UserGroupID, nil, nil}
	if f.OwnerID != 0 {
		shown.FolderOwnerId = &f.OwnerID
	}
	return shown
}

// secretsLimit is how many records are shown when the caller does not say.
const secretsLimit = 1000

type folderQuery struct {
	FolderName        string `form:"FolderName" example:"Serv"`               // A part of the name.
	FolderPath        string `form:"FolderPath" example:"Operations/Servers"` // Names on the way to a folder, with slashes between them: that one, and those in it.
	IncludeSubfolders *bool  `form:"IncludeSubfolders" default:"true"`        // Whether those in the folder of FolderPath are shown.
	RootOnly          bool   `form:"RootOnly" default:"false"`                // Whether only safes are shown.
	FolderOwnerID     int    `form:"FolderOwnerId"`                           // ID of the user who made it.
	Limit             *int   `form:"Limit" default:"1000"`                    // Number of records to return (default: 1000; at most 100000).
	Offset            *int   `form:"Offset"`                                  // Number of records to skip before returning records.
}

func listFolders(tx *store.Tx, in folderQuery) ([]secretsFolder, error) {
	limit, offset, err := api.Piece(in.Limit, in.Offset, secretsLimit)
	if err != nil {
		return nil, err
	}
	all := []secretsFolder{}
	for f, err := range in.folders(store.LookInSafes(tx), tx) {
		if err != nil {
			return nil, err
		}
		if !in.wants(f) {
			continue
		}
		if offset--; offset >= 0 {
			continue
		}
		if all = append(all, asFolder(f)); len(all) == limit {
			break
		}
	}
	return all, nil
}

// folders are those among which the caller looks.
func (in folderQuery) folders(look *store.SafesLook, tx *store.Tx) func(func(*store.SecretsFolder, error) bool) {
	if in.FolderPath == "" {
		return look.Folders()
	}
	return func(yield func(*store.SecretsFolder, error) bool) {
		f, err := store.FolderAt(tx, in.FolderPath, "/")
		if err == nil {
			f, err = look.Folder(f.ID)
		}
		switch {
		case record.Ignore(store.ErrNotFound, err) != nil:
			yield(nil, err)
		case err != nil:
		case in.IncludeSubfolders != nil && !*in.IncludeSubfolders:
			yield(f, nil)
		default:
			look.Below(f, yield)
		}
	}
}

func (in folderQuery) wants(f *store.SecretsFolder) bool {
	return (!in.RootOnly || f.IsSafe()) && (in.FolderOwnerID == 0 || f.OwnerID == in.FolderOwnerID) &&
		strings.Contains(record.Fold(f.Name), record.Fold(in.FolderName))
}

func folderByID(tx *store.Tx, in byGUID) (secretsFolder, error) {
	f, err := store.LookInSafes(tx).Folder(in.ID)
	if err != nil {
		return secretsFolder{}, err
	}
	return asFolder(f), nil
}

type folderFields struct {
	Name        string     `binding:"required,max=256" example:"Servers"`               // Name of the folder.
	Description store.Text `binding:"max=256" example:"Break glass"`                    // Description of the folder.
	ParentId    string     `example:"3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a201" prefill:"-"` // ID of the folder to make it in; a safe is made unless it is given.
}

type newFolder struct{ Body folderFields }

// noGUID is how clients spell an id that they do not have.
const noGUID = "00000000-0000-0000-0000-000000000000"

func createFolder(tx *store.Tx, in newFolder) (secretsFolder, error) {
	f := &store.SecretsFolder{Name: in.Body.Name, Description: in.Body.Description, ParentID: strings.ToLower(in.Body.ParentId)}
	if f.ParentID != "" && f.ParentID != noGUID {
		err := store.CreateFolder(tx, f)
		return asFolder(f), err
	}
	level, err := store.PermissionLevel(tx, authz.SecretsSafe)
	if err == nil && !level.Includes(authz.ReadWrite) {
		err = store.Denied(makesSafes.Required())
	}
	if err != nil {
		return secretsFolder{}, err
	}
	err = store.CreateSafe(tx, f)
	return asFolder(f), err
}

type changedFolder struct {
	byGUID
	Body safeFields
}

func changeFolder(tx *store.Tx, in changedFolder) (secretsFolder, error) {
	f, err := store.ChangeFolder(tx, in.ID, in.Body.Name, in.Body.Description)
	if err != nil {
		return secretsFolder{}, err
	}
	return asFolder(f), nil
}

func deleteFolder(tx *store.Tx, in byGUID) (api.None, error) {
	return api.None{}, store.DeleteFolder(tx, in.ID)
}

type movedFolder struct {
	byGUID
	Body moveFields
}

// moveFields say where something goes.
type moveFields struct {
	DestinationFolderId string `binding:"required" example:"3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a201"` // ID of the folder to move it into.
	DuplicateNameAction string `binding:"required" example:"Stop" enums:"Stop,Rename,Skip"`        // What happens if the name exists there: Stop (409), Rename (a number behind it) or Skip (it stays).
}

func moveFolder(tx *store.Tx, in movedFolder) (secretsFolder, error) {
	action, err := store.MoveAction(in.Body.DuplicateNameAction)
	if err != nil {
		return secretsFolder{}, err
	}
	f, err := store.MoveFolder(tx, in.ID, in.Body.DestinationFolderId, action)
	if err != nil {
		return secretsFolder{}, err
	}
	return asFolder(f), nil
}
