package insight

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

var secretsUpload = []api.Route{
	api.Do(http.MethodPost, "Secrets-Safe/Folders/{id}/Upload", usesSecrets.And(authz.Safe("Create")), "Creates credentials in a folder from the lines of a CSV file.", uploadSecrets).
		Takes(api.None{}).File("The CSV file, whose first line is url,username,password,totp,extra,name,grouping,fav; at most 1,000 others.").Limit(uploadLimit).
		FillIn("a CSV file").Answers(http.StatusCreated).Refuses(http.StatusNotFound).Named("uploadSecrets").Beyond(vendorPage),
}

// What an upload of secrets may have.
const (
	uploadLimit = 4 << 20 // bytes
	uploadLines = 1000
)

type secretsUploaded struct {
	TotalNumber      int           `json:"totalNumber" example:"2"`      // Number of lines with secrets.
	Errors           []uploadError `json:"errors"`                       // What was wrong with the others.
	SuccessfulImport int           `json:"successfulImport" example:"2"` // Number of secrets that were made.
}

type uploadError struct {
	LineNumber int    `json:"lineNumber" example:"3"`                    // Number of the line, from 1.
	Error      string `json:"error" example:"Title name already exists"` // What was wrong with it.
}

type postedSecrets struct {
	byGUID
	Body api.Stream
}

// uploadSecrets stores a secret a transaction, so that a line that is refused leaves nothing and the others stay.
func uploadSecrets(ctx context.Context, c api.Caller, in postedSecrets) (answer secretsUploaded, err error) {
	if _, err := api.View(ctx, c, func(tx *store.Tx) (none struct{}, err error) {
		return none, store.MayStoreSecret(tx, &store.Secret{FolderID: in.ID})
	}); err != nil {
		return answer, err
	}
	lines, err := readUpload(in.Body)
	answer.Errors = []uploadError{}
	if err != nil {
		return answer, err
	}
	for _, line := range lines {
		answer.TotalNumber++
		_, err := api.Update(ctx, c, func(tx *store.Tx) (*store.Secret, error) {
			if line.fields.Username == "" {
				return nil, store.Invalid("Username is required")
			}
			n, err := line.fields.into(store.Secret{FolderID: in.ID, SecretType: store.CredentialSecret})
			if err != nil {
				return nil, err
			}
			return store.CreateSecret(tx, n)
		})
		switch status := api.StatusOf(err); {
		case err == nil:
			answer.SuccessfulImport++
		case status == http.StatusBadRequest || status == http.StatusConflict:
			answer.Errors = append(answer.Errors, uploadError{line.number, err.Error()})
		default:
			return answer, err
		}
	}
	return answer, nil
}

type uploadedLine struct {
	number int
	fields secretCredentialFields
}

// readUpload reads the CSV file of a multipart body, by the names of its columns.
func readUpload(body api.Stream) (lines []uploadedLine, err error) {
	media, parameters, err := mime.ParseMediaType(body.ContentType)
	if err != nil || !strings.HasPrefix(media, "multipart/") || parameters["boundary"] == "" {
		return nil, api.WrongMediaType("multipart/form-data: the CSV file in the part form-data")
	}
	parts := multipart.NewReader(body, parameters["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil, store.Invalid("The multipart Request is missing parts: form-data: False")
		}
		if err != nil {
			return nil, unreadable(err)
		}
		if isFilePart(part.FormName()) {
			return readSecretLines(csv.NewReader(readable{part}))
		}
	}
}

func readSecretLines(in *csv.Reader) (lines []uploadedLine, err error) {
	in.FieldsPerRecord = -1
	columns, err := in.Read()
	if err != nil {
		return nil, uploadFault(err)
	}
	for i := range columns {
		columns[i] = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(columns[i], "\ufeff")))
	}
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return nil, uploadFault(err)
		}
		if len(lines) == uploadLines {
			return nil, store.Invalid("the file has more than %d lines with secrets", uploadLines)
		}
		line := uploadedLine{}
		line.number, _ = in.FieldPos(0)
		line.fill(columns, cells)
		lines = append(lines, line)
	}
}

// uploadFault names the line that is no CSV, and not what is in it.
func uploadFault(err error) error {
	if fault, ok := errors.AsType[*csv.ParseError](err); ok {
		return store.Invalid("line %d of the file is not CSV: %v", fault.Line, fault.Err)
	}
	if errors.Is(err, io.EOF) {
		return store.Invalid("the file is empty")
	}
	return err
}

func (l *uploadedLine) fill(columns, cells []string) {
	for i, cell := range cells[:min(len(cells), len(columns))] {
		switch columns[i] {
		case "name":
			l.fields.Title = cell
		case "username":
			l.fields.Username = cell
		case "password":
			l.fields.Password = &cell
		case "url":
			if cell != "" {
				l.fields.Urls = []secretURLRef{{Url: cell}}
			}
		}
	}
}
