package api

import (
	"bytes"
	"encoding/json"
	"io"
	"math"

	"github.com/musterhq/muster/store"
)

// Paging is what a caller says of the piece of a list that they want.
type Paging struct {
	Limit  *int `form:"limit"`  // Number of records to return (default: 100000; at most 100000).
	Offset *int `form:"offset"` // Number of records to skip before returning records (only together with limit).
}

// maxLimit is the most records in one answer, and the document's default.
const maxLimit = 100_000

// Page is a piece of a list, written within the transaction that reads it: a bare array, or {TotalCount, Data}.
// T is only for the Swagger page.
type Page[T any] struct {
	list          store.List
	limit, offset int
	counted       bool
}

// Of is the page of a list that the document shows bare unless the caller gives a limit.
func Of[T any](p Paging, list store.List) (Page[T], error) {
	page := Page[T]{list: list, limit: maxLimit}
	if p.Limit == nil {
		return page, nil
	}
	page.counted = true
	return page, p.fill(&page.limit, &page.offset)
}

// Bare is the page of a list that is bare whether or not the caller gives a limit, which is most unless they do. An offset counts
// alone, too.
func Bare[T any](p Paging, list store.List, most int) (Page[T], error) {
	page := Page[T]{list: list, limit: most}
	return page, p.fill(&page.limit, &page.offset)
}

// WholeList is a list that the document has no limit for, always all of it and bare.
type WholeList[T any] struct{ Page[T] }

// Whole is all of a list.
func Whole[T any](list store.List) WholeList[T] {
	return WholeList[T]{Page[T]{list: list, limit: math.MaxInt}}
}

// CountedPage is a Page that is {TotalCount, Data} whatever the caller says.
type CountedPage[T any] struct{ Page[T] }

// Counted is the page of a list that the document always shows with its TotalCount.
func Counted[T any](p Paging, list store.List, limit int) (CountedPage[T], error) {
	page := Page[T]{list: list, limit: limit, counted: true}
	err := p.fill(&page.limit, &page.offset)
	return CountedPage[T]{page}, err
}

// Piece is the limit and the offset that a caller gave for a list that is no Page, or an ErrInvalid.
func Piece(givenLimit, givenOffset *int, limit int) (int, int, error) {
	offset := 0
	err := Paging{givenLimit, givenOffset}.fill(&limit, &offset)
	return limit, offset, err
}

func (p Paging) fill(limit, offset *int) error {
	if p.Limit != nil {
		if *limit = *p.Limit; *limit < 1 || *limit > maxLimit {
			return store.Invalid("limit: 1 to %d is expected", maxLimit)
		}
	}
	if p.Offset != nil {
		if *offset = *p.Offset; *offset < 0 {
			return store.Invalid("offset: 0 or more is expected")
		}
	}
	return nil
}

var comma = []byte{','}

// write puts the page out; it is how the adapter knows an answer that must be written within its transaction.
func (p Page[T]) write(tx *store.Tx, w io.Writer, shown *printed) error {
	begin, end := "[", "]"
	if p.counted {
		n, err := p.list.Count(tx)
		if err != nil {
			return err
		}
		total, _ := json.Marshal(n)
		begin, end = `{"TotalCount":`+string(total)+`,"Data":[`, "]}"
	}
	if _, err := io.WriteString(w, begin); err != nil {
		return err
	}
	first := true
	for row, err := range p.list.Rows(tx, p.offset, p.limit) {
		if err != nil {
			return err
		}
		if !first {
			if _, err := w.Write(comma); err != nil {
				return err
			}
		}
		first = false
		if shown != nil {
			if row, _, err = shown.record(row); err != nil {
				return err
			}
		}
		if _, err := w.Write(row); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, end)
	return err
}

// Record is a stored record that is sent as it is. T is only for the Swagger page.
type Record[T any] struct{ json.RawMessage }

func (r Record[T]) stored() []byte { return r.RawMessage }

// encodeJSON writes an answer as the vendor does: without escaping what only HTML needs escaped.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
