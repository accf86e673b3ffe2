package insight

import (
	"strings"

	"github.com/musterhq/muster/store"
)

// secret is a secret as answers show it. What a version does not have is left out.
type secret struct {
	Id                    string           `example:"3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a203"`                             // ID of the secret.
	Title                 string           `example:"root of web01"`                                                    // Title of the secret.
	Description           store.Text       `example:"Break glass"`                                                      // Description of the secret.
	SecretType            string           `example:"Credential" enums:"Credential,Text,File"`                          // What it is.
	Username              store.Text       `example:"root"`                                                             // User name of a credential.
	Password              *string          `json:",omitempty" example:"anchor-and-rope"`                                // The password of a credential or the text of a text; not without decrypt.
	Text                  *string          `json:",omitempty" example:"a text"`                                         // The text of a text; not without decrypt.
	FileName              store.Text       `example:"id_ed25519"`                                                       // Name of a file.
	FileHash              store.Text       `example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"` // SHA-256 of a file.
	FolderId              string           `example:"3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a202"`                             // ID of its folder.
	Folder                string           `example:"Servers"`                                                          // Name of its folder.
	FolderPath            string           `example:"Operations/Servers"`                                               // Names on the way to its folder.
	OwnerId               *int             `json:",omitempty" example:"2"`                                              // ID of the user group that owns it, or 0; of version 3.0.
	Owner                 *string          `json:",omitempty" example:"olga"`                                           // Name of the first owner; of version 3.0.
	OwnerType             string           `example:"User"`                                                             // User or Group.
	Owners                []shownOwner     // Who owns it.
	Notes                 store.Text       `example:"changed by hand"` // Notes.
	Urls                  []shownSecretURL // Where it is used.
	CreatedOn             store.Time       `example:"2026-05-04T08:15:30.123Z"`                   // When it was made.
	CreatedBy             string           `example:"olga"`                                       // Name of the user who made it.
	ModifiedOn            store.Time       `example:"2026-05-04T08:15:30.123Z"`                   // When it was changed last.
	ModifiedBy            string           `example:"olga"`                                       // Name of the user who changed it last.
	SecretValueModifiedOn *store.Time      `json:",omitempty" example:"2026-05-04T08:15:30.123Z"` // When its value was changed last; of version 3.2.
}

// shownOwner is an owner: with the members of all versions in 3.0.
type shownOwner struct {
	OwnerId *int       `json:",omitempty" example:"3"`       // ID of the user or the user group; of version 3.0.
	Owner   *string    `json:",omitempty" example:"olga"`    // Name of the user or the user group; of version 3.0.
	GroupId *int       `example:"2"`                         // ID of the user group; null for a user.
	UserId  *int       `example:"3"`                         // ID of the user; null for a user group.
	Name    string     `example:"olga"`                      // Name of the user or the user group.
	Email   store.Text `example:"olga@meridian.lab.example"` // Address of the user.
}

type shownSecretURL struct {
	Id           string `example:"3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a204"` // ID of the URL.
	CredentialId string `example:"3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a203"` // ID of the secret.
	Url          string `example:"https://web01.lab.example"`            // The URL.
}

// number is the minor version that the caller wants; one that is not known is as the next lower one.
func (v secretVersion) number() (int, error) {
	switch strings.TrimSpace(v.Version) {
	case "", "3", "3.0":
		return 0, nil
	case "3.1":
		return 1, nil
	case "3.2":
		return 2, nil
	}
	return 0, store.Invalid("version: 3.0, 3.1 or 3.2 is expected")
}

// shower shows secrets.
type shower struct {
	look    *store.SafesLook
	version int
	decrypt bool
}

func (h shower) show(tx *store.Tx, s *store.Secret) (secret, error) {
	f, err := h.look.Folder(s.FolderID)
	if err != nil {
		return secret{}, err
	}
	path, err := h.look.PathOf(f)
	if err != nil {
		return secret{}, err
	}
	shown := secret{
		Id: s.ID, Title: s.Title, Description: s.Description, SecretType: s.SecretType, Username: s.Username, FileName: s.FileName,
		FileHash: s.FileHash, FolderId: s.FolderID, Folder: f.Name, FolderPath: path, Notes: s.Notes, Urls: []shownSecretURL{},
		CreatedOn: s.CreatedOn, CreatedBy: s.CreatedBy, ModifiedOn: s.ModifiedOn, ModifiedBy: s.ModifiedBy,
	}
	for _, u := range s.Urls {
		shown.Urls = append(shown.Urls, shownSecretURL{u.ID, s.ID, u.URL})
	}
	if h.version == 2 {
		shown.SecretValueModifiedOn = &s.SecretValueModifiedOn
	}
	if err := h.owners(tx, s, &shown); err != nil || !h.decrypt {
		return shown, err
	}
	value, err := s.Value(tx)
	shown.Password = &value
	if s.SecretType == store.TextSecret {
		shown.Text = &value
	}
	return shown, err
}

func (h shower) owners(tx *store.Tx, s *store.Secret, shown *secret) error {
	owners, err := store.OwnersOf(tx, s.SecretID)
	if err != nil {
		return err
	}
	shown.OwnerType, shown.Owners = "Group", []shownOwner{}
	groupID, name := 0, ""
	for i, o := range owners {
		one, err := ownerShown(tx, o)
		if err != nil {
			return err
		}
		if o.UserID != 0 {
			shown.OwnerType = "User"
		} else if groupID == 0 {
			groupID = o.GroupID
		}
		if i == 0 {
			name = one.Name
		}
		if h.version == 0 {
			one.OwnerId, one.Owner = new(max(o.UserID, o.GroupID)), &one.Name
		}
		shown.Owners = append(shown.Owners, one)
	}
	if shown.OwnerType == "User" || len(owners) == 0 {
		shown.OwnerType, groupID = "User", 0
	}
	if h.version == 0 {
		shown.OwnerId, shown.Owner = &groupID, &name
	}
	return nil
}

func ownerShown(tx *store.Tx, o store.SecretPrincipal) (shownOwner, error) {
	if o.UserID != 0 {
		u, err := store.Users.Get(tx, o.UserID)
		if err != nil {
			return shownOwner{}, err
		}
		return shownOwner{UserId: &o.UserID, Name: u.UserName, Email: u.EmailAddress}, nil
	}
	g, err := store.UserGroups.Get(tx, o.GroupID)
	if err != nil {
		return shownOwner{}, err
	}
	return shownOwner{GroupId: &o.GroupID, Name: g.Name}, nil
}
