package insight

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

func imports(s Services) []api.Route {
	return []api.Route{
		api.Do(http.MethodPost, "Imports", writesScans, "Queues a third-party import.", s.queueImport).Named("queueImport").
			Takes(importFields{}).Limit(s.bodyLimit()),
		api.Do(http.MethodPost, "Imports/QueueImportFile", writesScans, "Queues a Password Safe XML import using multi-part form-data content.", s.queueImportFile).Named("queueImportFile").
			Takes(importFileFields{}).File("The Password Safe XML file, as it is or in base64.").Limit(s.bodyLimit()).Deprecated(),
		api.GET("Imports", writesScans, "Returns a list of imports, latest first.", listImports),
		api.GET("Imports/{id}", writesScans, "Returns an import and how far it is.", importByID),
		api.Do(http.MethodDelete, "Imports/{id}", writesScans, "Cancels an import that waits or runs.", s.cancelImport).Refuses(http.StatusConflict).Named("cancelImport"),
	}
}

// bodyLimit bounds the body of an import: a byte may take four characters in a list of numbers, and the other
// members some more.
func (s Services) bodyLimit() int64 { return 4*s.ImportLimit + maxMembers }

// defaultImportType is what the document says a missing ImportType means.
const defaultImportType = "PASSWORDSAFE"

type importFields struct {
	// ID of the Workgroup to import the assets into.
	WorkgroupID int `binding:"required" example:"1"`
	// Type of import being queued (case-sensitive; default: PASSWORDSAFE). Formats of your own are types too.
	ImportType string `example:"NESSUS" enums:"MCAFEEVM,METASPLOIT,NESSUS,NESSUSSECCEN,NEXPOSE,PASSWORDSAFE,QUALYSGUARD,RETINARTD,TRIPWIRE" default:"PASSWORDSAFE"`
	// Asset selection filter: All Assets (default), a single IP address, a range a-b, CIDR notation, or the name of an address group.
	Filter string `example:"All Assets" default:"All Assets"`
	// Filename (including extension) of the import file.
	FileName string `binding:"max=255" example:"example.csv"`
	// The content of the import file: an array of numbers, each a byte, or base64 as one text. Provide either FileContents or Base64FileContents.
	FileContents string `example:"72,111,115,116" swaggertype:"array,integer" prefill:"-"`
	// The content of the import file in base64. Provide either FileContents or Base64FileContents.
	Base64FileContents string `example:"UGx1Z2luIElELENWRSxDVlNTLFJpc2ssSG9zdCxQcm90b2NvbCxQb3J0LE5hbWUsU3lub3BzaXMsRGVzY3JpcHRpb24sU29sdXRpb24sU2VlIEFsc28sUGx1Z2luIE91dHB1dAoxOTUwNiwsLE5vbmUsMTAuOTkuMC4yMCx0Y3AsMCxOZXNzdXMgU2NhbiBJbmZvcm1hdGlvbixBIHNjYW4sQSBzY2FuLG4vYSwsT2Ygb25lIGhvc3QK"`
}

type queuedImport struct {
	ImportID int `example:"2"` // ID of the import, for GET Imports/{id}.
}

type postedImport struct{ Body api.Stream }

// queueImport spools the content while it reads the body, so that no import is ever held in memory, and accepts the
// import once everything else about it is right.
func (s Services) queueImport(ctx context.Context, c api.Caller, in postedImport) (queuedImport, error) {
	return s.queue(ctx, c, func(w io.Writer) (body importFields, err error) {
		members, err := cutContents(in.Body, w)
		if err == nil {
			err = api.Decode(members, &body)
		}
		return body, err
	})
}

// queue spools the content that read finds in a body, and accepts the import that the rest of the body describes.
func (s Services) queue(ctx context.Context, c api.Caller, read func(io.Writer) (importFields, error)) (queuedImport, error) {
	if err := s.uploads.begin(c.By.UserID); err != nil {
		return queuedImport{}, err
	}
	defer s.uploads.end(c.By.UserID)
	var body importFields
	file, size, err := s.Spool(ctx, func(w io.Writer) (err error) {
		body, err = read(w)
		return err
	})
	if err != nil {
		return queuedImport{}, err
	}
	queued, err := s.accept(ctx, c, body, file, size)
	if err != nil {
		s.Discard(file)
		return queuedImport{}, err
	}
	s.Wake()
	return queued, nil
}

func (s Services) accept(ctx context.Context, c api.Caller, body importFields, file string, size int) (queuedImport, error) {
	i, err := s.check(body, size)
	if err != nil {
		return queuedImport{}, err
	}
	return api.Update(ctx, c, func(tx *store.Tx) (queuedImport, error) {
		if err := knownWorkgroup(tx, i.WorkgroupID); err != nil {
			return queuedImport{}, err
		}
		if err := s.knownType(tx, i.ImportType); err != nil {
			return queuedImport{}, err
		}
		if _, err := store.ImportFilterOf(tx, i.Filter); err != nil {
			return queuedImport{}, err
		}
		accepted := *i
		err := store.QueueImport(tx, &accepted, file)
		return queuedImport{accepted.ImportID}, err
	})
}

// check makes the import of the members that came with a file of the given size.
func (s Services) check(b importFields, size int) (*store.Import, error) {
	switch {
	case b.FileContents != "" && b.Base64FileContents != "":
		return nil, store.Invalid("FileContents and Base64FileContents: only one of them is expected")
	case size == 0:
		return nil, store.Invalid("FileContents or Base64FileContents is required")
	}
	i := &store.Import{
		WorkgroupID: b.WorkgroupID, ImportType: b.ImportType, FileName: store.Text(b.FileName),
		Filter: strings.TrimSpace(b.Filter), BytesTotal: size,
	}
	if i.ImportType == "" {
		i.ImportType = defaultImportType
	}
	if i.Filter == "" || strings.EqualFold(i.Filter, store.AllAssets) {
		i.Filter = store.AllAssets
	}
	return i, nil
}

// knownType checks that there is an importer for a type. Plugins come and go, so it is checked together with the rest.
func (s Services) knownType(tx *store.Tx, typ string) error {
	known, err := s.Importers(tx)
	if err == nil && !slices.Contains(known, typ) {
		err = store.Invalid("ImportType: there is no importer for %q; there is one for %s", typ, strings.Join(known, ", "))
	}
	return err
}

func listImports(tx *store.Tx, in api.Paging) (api.Page[store.Import], error) {
	return api.Of[store.Import](in, store.ListImports())
}

func importByID(tx *store.Tx, in byID) (*store.Import, error) { return store.ImportByID(tx, in.ID) }

func (s Services) cancelImport(ctx context.Context, c api.Caller, in byID) (api.None, error) {
	file, err := api.Update(ctx, c, func(tx *store.Tx) (string, error) { return store.CancelImport(tx, in.ID) })
	if err == nil {
		s.Stop(in.ID)
		s.Discard(file)
	}
	return api.None{}, err
}
