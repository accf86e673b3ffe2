package insight

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

// importFileFields are the members of the JSON part of a deprecated import; another part is the file.
type importFileFields struct {
	WorkgroupID int    `binding:"required" example:"1"`                   // ID of the Workgroup to import the assets into.
	FileName    string `binding:"required,max=255" example:"example.xml"` // Filename (including extension) of the import file.
}

// queueImportFile is POST Imports with a body of two parts, for Password Safe files only.
func (s Services) queueImportFile(ctx context.Context, c api.Caller, in postedImport) (queuedImport, error) {
	return s.queue(ctx, c, func(w io.Writer) (body importFields, err error) {
		members, err := readParts(in.Body, w)
		if err != nil {
			return body, err
		}
		var fields importFileFields
		err = api.Decode(members, &fields)
		return importFields{WorkgroupID: fields.WorkgroupID, FileName: fields.FileName, ImportType: defaultImportType}, err
	})
}

// readParts writes the file of a multipart body to w and returns the JSON part. The file may be raw or base64.
func readParts(body api.Stream, w io.Writer) (members []byte, err error) {
	_, parameters, err := mime.ParseMediaType(body.ContentType)
	if err != nil || parameters["boundary"] == "" {
		return nil, api.WrongMediaType("multipart/form-data: the members as JSON or as parts named WorkgroupID and FileName, and the file")
	}
	form := map[string]string{}
	parts, found := multipart.NewReader(body, parameters["boundary"]), false
	for {
		part, err := parts.NextRawPart()
		switch {
		case errors.Is(err, io.EOF) && !found:
			return nil, store.Invalid("the import file was not found in the body of the request")
		case errors.Is(err, io.EOF) && members == nil:
			return json.Marshal(form)
		case errors.Is(err, io.EOF):
			return members, nil
		case err != nil:
			return nil, unreadable(err)
		}
		content := bufio.NewReader(readable{part})
		if isMembers(part, content) {
			if members, err = io.ReadAll(io.LimitReader(content, maxMembers)); err != nil {
				return nil, err
			}
			continue
		}
		if name := part.FormName(); part.FileName() == "" && (strings.EqualFold(name, "WorkgroupID") || strings.EqualFold(name, "FileName")) {
			text, err := io.ReadAll(io.LimitReader(content, maxMembers))
			if err != nil {
				return nil, unreadable(err)
			}
			form[name] = string(text)
			continue
		}
		if found {
			return nil, store.Invalid("the body has more than one import file")
		}
		found = true
		if err := copyFile(w, content); err != nil {
			return nil, err
		}
	}
}

// readable is a part whose errors say what is wrong with the body.
type readable struct{ io.Reader }

func (r readable) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = unreadable(err)
	}
	return n, err
}

// unreadable words what is wrong with a multipart body. One that does not arrive says so itself.
func unreadable(err error) error {
	if api.StatusOf(err) != http.StatusInternalServerError {
		return err
	}
	return store.Invalid("the body cannot be read as parts: %v", err)
}

// isMembers tells the JSON part, which may have no type of its own.
func isMembers(part *multipart.Part, content *bufio.Reader) bool {
	if media, _, err := mime.ParseMediaType(part.Header.Get("Content-Type")); err == nil && media == "application/json" {
		return true
	}
	first, err := content.Peek(1)
	return err == nil && first[0] == '{' && part.FileName() == ""
}

// copyFile writes a file as it is, or decoded if it is base64: XML begins with < or with what may stand before it.
func copyFile(w io.Writer, content *bufio.Reader) error {
	first, err := content.Peek(1)
	if errors.Is(err, io.EOF) {
		return nil // an empty file is no file, as everywhere
	}
	if err != nil {
		return err
	}
	var in io.Reader = content
	switch first[0] {
	case '<', ' ', '\t', '\r', '\n', 0xef, 0xfe, 0xff:
	default:
		in = base64.NewDecoder(base64.StdEncoding, content)
	}
	_, err = io.Copy(w, in)
	if corrupt, ok := errors.AsType[base64.CorruptInputError](err); ok {
		return store.Invalid("the import file is neither XML nor base64, at character %d", int64(corrupt)+1)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) { // a body that ends early has another error, see readable
		return store.Invalid("the import file: the base64 is cut short")
	}
	return err
}
