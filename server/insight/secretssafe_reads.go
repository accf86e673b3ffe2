package insight

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// secretView is how a caller wants to see secrets.
type secretView struct {
	secretVersion
	Decrypt *bool `form:"decrypt"` // Whether passwords and texts are shown: true unless it is given; under --contract manual false.
}

// shower returns what shows secrets to a caller, to be given a look within a transaction.
func (v secretView) shower(c api.Caller) (shower, error) {
	version, err := v.number()
	decrypt := !c.Manual
	if v.Decrypt != nil {
		decrypt = *v.Decrypt
	}
	return shower{version: version, decrypt: decrypt}, err
}

// within runs fn in a snapshot, or where something secret is shown, so that it leaves an audit row, in a transaction.
func (h shower) within(ctx context.Context, c api.Caller, fn func(*store.Tx) error) error {
	run := api.View[struct{}]
	if h.decrypt {
		run = api.Update[struct{}]
	}
	_, err := run(ctx, c, func(tx *store.Tx) (struct{}, error) { return struct{}{}, fn(tx) })
	return err
}

// noStore is the header of answers that nobody may keep.
func noStore() http.Header { return http.Header{"Cache-Control": {"no-store"}} }

type secretQuery struct {
	byGUID
	secretView
}

func secretByID(ctx context.Context, c api.Caller, in secretQuery) (api.Reply[secret], error) {
	return in.read(ctx, c, "")
}

func secretText(ctx context.Context, c api.Caller, in secretQuery) (api.Reply[secret], error) {
	return in.read(ctx, c, store.TextSecret)
}

func secretFile(ctx context.Context, c api.Caller, in secretQuery) (api.Reply[secret], error) {
	return in.read(ctx, c, store.FileSecret)
}

// read shows a secret of a kind, empty for any.
func (q secretQuery) read(ctx context.Context, c api.Caller, kind string) (answer api.Reply[secret], err error) {
	h, err := q.shower(c)
	if err != nil {
		return answer, err
	}
	err = h.within(ctx, c, func(tx *store.Tx) error {
		s, err := secretOfKind(tx, q.ID, kind)
		if err != nil {
			return err
		}
		h.look = store.LookInSafes(tx)
		if answer.Body, err = h.show(tx, s); err != nil || !h.decrypt || s.SecretType == store.FileSecret {
			return err
		}
		return store.AuditShown(tx, s)
	})
	answer.Header = noStore()
	return answer, err
}

type secretSearch struct {
	secretView
	Path       string `form:"path" example:"Operations/Servers"`        // Names on the way to a folder: the secrets right in it.
	FolderPath string `form:"folderpath"`                               // The same as path.
	FolderID   string `form:"folderId"`                                 // ID of a folder: the secrets right in it.
	Title      string `form:"title" example:"root of web01"`            // Title of the secret, in any letter case.
	Separator  string `form:"separator" default:"/"`                    // The character between the names of path.
	AfterDate  string `form:"afterdate" example:"2026-01-31T18:00:00Z"` // Only those made or changed then or later.
	Limit      *int   `form:"limit" default:"1000"`                     // Number of records to return (default: 1000; at most 100000).
	Offset     *int   `form:"offset"`                                   // Number of records to skip before returning records.
}

// The longest members of a search, in code points.
const (
	maxSecretPath   = 1798
	maxSecretLevels = 7
	maxSearchTitle  = 256
)

// search checks what a caller looks for.
func (q secretSearch) search() (s store.SecretSearch, err error) {
	s = store.SecretSearch{Path: q.Path, Separator: q.Separator, Title: q.Title, FolderID: q.FolderID}
	if s.Path == "" {
		s.Path = q.FolderPath
	}
	if s.Separator == "" {
		s.Separator = "/"
	}
	switch {
	case len([]rune(s.Separator)) != 1:
		return s, store.Invalid("separator: one character is expected")
	case len([]rune(s.Path)) > maxSecretPath:
		return s, store.Invalid("path is longer than %d characters", maxSecretPath)
	case strings.Count(strings.Trim(s.Path, s.Separator), s.Separator) >= maxSecretLevels:
		return s, store.Invalid("path: at most %d levels are expected", maxSecretLevels)
	case len([]rune(s.Title)) > maxSearchTitle:
		return s, store.Invalid("title is longer than %d characters", maxSearchTitle)
	}
	if q.AfterDate != "" {
		at, _, err := parseDate(q.AfterDate)
		if err != nil {
			return s, store.Invalid("afterdate: %v", err)
		}
		s.After = record.At(at)
	}
	return s, nil
}

func listSecrets(ctx context.Context, c api.Caller, in secretSearch) (answer api.Reply[api.StreamedList[secret]], err error) {
	search, err := in.search()
	if err != nil {
		return answer, err
	}
	h, err := in.shower(c)
	if err != nil {
		return answer, err
	}
	limit, offset, err := api.Piece(in.Limit, in.Offset, secretsLimit)
	if err != nil {
		return answer, err
	}
	return h.list(ctx, c, search, limit, offset)
}

type secretsOfFolder struct {
	byGUID
	secretView
}

func secretsInFolder(ctx context.Context, c api.Caller, in secretsOfFolder) (answer api.Reply[api.StreamedList[secret]], err error) {
	h, err := in.shower(c)
	if err != nil {
		return answer, err
	}
	if _, err := api.View(ctx, c, func(tx *store.Tx) (*store.SecretsFolder, error) { return store.LookInSafes(tx).Folder(in.ID) }); err != nil {
		return answer, err
	}
	return h.list(ctx, c, store.SecretSearch{FolderID: in.ID}, -1, 0)
}

// list finds the secrets in one transaction, which leaves the audit row if anything secret is shown, and writes them while
// they are read in a snapshot: so none of them is shown that the row does not speak of, however many there are.
func (h shower) list(ctx context.Context, c api.Caller, search store.SecretSearch, limit, offset int) (answer api.Reply[api.StreamedList[secret]], err error) {
	var page []int
	total := 0
	err = h.within(ctx, c, func(tx *store.Tx) error {
		var shown []*store.Secret
		page, total = nil, 0
		for s, err := range store.LookInSafes(tx).Find(search) {
			if err != nil {
				return err
			}
			if total++; total <= offset {
				continue
			}
			if len(page) == limit {
				if h.version < 2 {
					break
				}
				continue
			}
			if page = append(page, s.SecretID); h.decrypt && s.SecretType != store.FileSecret {
				shown = append(shown, &store.Secret{ID: s.ID})
			}
		}
		return store.AuditShown(tx, shown...)
	})
	answer.Header = noStore()
	answer.Body = api.StreamedListBy[secret](func(_ *store.Tx, w io.Writer) error {
		_, err := api.View(ctx, c, func(tx *store.Tx) (none struct{}, err error) { return none, h.write(tx, w, page, total) })
		return err
	})
	return answer, err
}

// write writes the secrets that are still there.
func (h shower) write(tx *store.Tx, w io.Writer, ids []int, total int) error {
	begin, end := "[", "]"
	if h.version == 2 {
		begin, end = fmt.Sprintf(`{"TotalCount":%d,"Data":[`, total), "]}"
	}
	if _, err := io.WriteString(w, begin); err != nil {
		return err
	}
	h.look = store.LookInSafes(tx)
	separator := ""
	for _, id := range ids {
		s, err := store.Secrets.Get(tx, id)
		if record.Ignore(store.ErrNotFound, err) != nil {
			return err
		}
		if err != nil {
			continue
		}
		shown, err := h.show(tx, s)
		if err != nil {
			if record.Ignore(store.ErrNotFound, err) != nil {
				return err
			}
			continue
		}
		if err := writeSecret(w, separator, shown); err != nil {
			return err
		}
		separator = ","
	}
	_, err := io.WriteString(w, end)
	return err
}

func writeSecret(w io.Writer, separator string, shown secret) error {
	text, err := record.Encode(shown)
	if err != nil {
		return err
	}
	_, err = w.Write(append([]byte(separator), text...))
	return err
}

// downloadSecretFile leaves the audit row before anything is written.
func downloadSecretFile(ctx context.Context, c api.Caller, in byGUID) (answer api.Reply[api.Streamed[string]], err error) {
	s, err := api.Update(ctx, c, func(tx *store.Tx) (*store.Secret, error) {
		s, err := secretOfKind(tx, in.ID, store.FileSecret)
		if err != nil {
			return nil, err
		}
		return s, store.AuditShown(tx, s)
	})
	if err != nil {
		return answer, err
	}
	answer.Header = noStore()
	answer.Header.Set("Content-Type", "application/octet-stream")
	answer.Header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": string(s.FileName)}))
	answer.Body = api.StreamedBy[string](func(_ *store.Tx, w io.Writer) error {
		_, err := api.View(ctx, c, func(tx *store.Tx) (none struct{}, err error) {
			for piece, err := range s.File(tx) {
				if err != nil {
					return none, err
				}
				if _, err := w.Write(piece); err != nil {
					return none, err
				}
			}
			return none, nil
		})
		return err
	})
	return answer, nil
}
