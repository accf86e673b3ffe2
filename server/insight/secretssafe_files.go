package insight

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"strings"

	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

// fileBodyLimit is how many bytes a body with the file of a secret may have.
const fileBodyLimit = store.MaxSecretFile + 1<<20

type secretFileFields struct {
	secretFields
	FileName string `binding:"required,max=256" example:"id_ed25519"` // Name of the file.
}

// fileParts are the parts of a body beside the file, for documents.
type fileParts struct {
	Metadata string `json:"secretmetadata" binding:"required"` // The members of the secret as JSON: Title, FileName, Description, Notes, Urls and its owners.
}

const fillInFile = "a file, and for secretmetadata something like {Title: key of web01, FileName: id_ed25519} as JSON"

type postedSecretFile struct {
	byGUID
	secretVersion
	Body api.Stream
}

func (s Services) createFile(ctx context.Context, c api.Caller, in postedSecretFile) (secret, error) {
	return s.storeFile(ctx, c, in, func(*store.Tx) (*store.Secret, error) {
		return &store.Secret{FolderID: in.ID, SecretType: store.FileSecret}, nil
	}, store.CreateSecret)
}

func (s Services) changeFile(ctx context.Context, c api.Caller, in postedSecretFile) (api.None, error) {
	_, err := s.storeFile(ctx, c, in, func(tx *store.Tx) (*store.Secret, error) {
		return secretOfKind(tx, in.ID, store.FileSecret)
	}, store.ChangeSecret)
	return api.None{}, err
}

// storeFile keeps the file of a body as a draft, and stores the secret with it. A caller who may not is refused before the file
// is read.
func (s Services) storeFile(ctx context.Context, c api.Caller, in postedSecretFile, of func(*store.Tx) (*store.Secret, error),
	put func(*store.Tx, store.NewSecret) (*store.Secret, error)) (shown secret, err error) {
	if _, err := in.number(); err != nil {
		return shown, err
	}
	if _, err := api.View(ctx, c, func(tx *store.Tx) (none struct{}, err error) {
		secret, err := of(tx)
		if err != nil {
			return none, err
		}
		return none, store.MayStoreSecret(tx, secret)
	}); err != nil {
		return shown, err
	}
	if err := s.uploads.begin(c.By.UserID); err != nil {
		return shown, err
	}
	defer s.uploads.end(c.By.UserID)
	fields, file, err := readSecretFile(ctx, c, in.Body)
	if err == nil {
		shown, err = in.publish(ctx, c, fields, file, of, put)
	}
	if err != nil && file.ID != 0 {
		err = errors.Join(err, store.DropSecretDraft(context.WithoutCancel(ctx), c.DB, file.ID))
	}
	return shown, err
}

func (in postedSecretFile) publish(ctx context.Context, c api.Caller, fields secretFileFields, file store.WrittenFile, of func(*store.Tx) (*store.Secret, error),
	put func(*store.Tx, store.NewSecret) (*store.Secret, error)) (secret, error) {
	return api.Update(ctx, c, func(tx *store.Tx) (secret, error) {
		s, err := of(tx)
		if err != nil {
			return secret{}, err
		}
		with := *s
		with.FileName, with.FileHash, with.FileID = store.Text(fields.FileName), store.Text(file.Hash), file.ID
		n, err := fields.into(with)
		return storedSecret(tx, in.secretVersion, n, err, put)
	})
}

// readSecretFile reads a body of two parts in any order: the members, and the file, which becomes a draft.
func readSecretFile(ctx context.Context, c api.Caller, body api.Stream) (fields secretFileFields, file store.WrittenFile, err error) {
	media, parameters, err := mime.ParseMediaType(body.ContentType)
	if err != nil || !strings.HasPrefix(media, "multipart/") || parameters["boundary"] == "" {
		return fields, file, api.WrongMediaType("multipart/form-data: the part secretmetadata with the members as JSON, and the file")
	}
	parts, hasFields := multipart.NewReader(body, parameters["boundary"]), false
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fields, file, unreadable(err)
		}
		switch name := part.FormName(); {
		case strings.EqualFold(name, "secretmetadata") && !hasFields:
			hasFields, err = true, readFileFields(part, &fields)
		case isFilePart(name) && file.ID == 0:
			file, err = store.WriteSecretFile(ctx, c.DB, readable{part})
		case isFilePart(name) || strings.EqualFold(name, "secretmetadata"):
			err = store.Invalid("the part %s is given twice", strings.ToLower(name))
		}
		if err != nil {
			return fields, file, err
		}
	}
	if !hasFields || file.ID == 0 {
		return fields, file, store.Invalid("The multipart Request is missing parts: secretmetadata: %s, file: %s", truth(hasFields), truth(file.ID != 0))
	}
	return fields, file, nil
}

// isFilePart reports whether a part is the file, by the names that clients have for it.
func isFilePart(name string) bool {
	return strings.EqualFold(name, "file") || strings.EqualFold(name, "form-data")
}

func truth(is bool) string {
	text := fmt.Sprint(is)
	return strings.ToUpper(text[:1]) + text[1:]
}

func readFileFields(part io.Reader, fields *secretFileFields) error {
	members, err := io.ReadAll(io.LimitReader(readable{part}, maxMembers+1))
	if err != nil {
		return err
	}
	if len(members) > maxMembers {
		return store.Invalid("secretmetadata: at most %d bytes are expected", maxMembers)
	}
	return api.Decode(members, fields)
}
