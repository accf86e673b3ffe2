package api

import (
	"io"

	"github.com/musterhq/muster/store"
)

// Streamed is an answer that is written piece by piece within the transaction that reads it, for what is too large to be
// held: only rows that read may give it. What fails after the first 32 KiB cuts the connection. T is only for the Swagger page.
type Streamed[T any] struct {
	fill func(tx *store.Tx, w io.Writer) error
}

// StreamedBy is the answer that fill writes, as JSON.
func StreamedBy[T any](fill func(tx *store.Tx, w io.Writer) error) Streamed[T] {
	return Streamed[T]{fill}
}

// StreamedList is a list that is written like a Streamed, and {TotalCount, Data} where its row says so. T is only for the Swagger page.
type StreamedList[T any] struct{ Streamed[[]T] }

// StreamedListBy is the list that fill writes, as JSON.
func StreamedListBy[T any](fill func(tx *store.Tx, w io.Writer) error) StreamedList[T] {
	return StreamedList[T]{Streamed[[]T]{fill}}
}

// write ignores what the row prints: a part of an answer that is too large to be held cannot be left out.
func (a Streamed[T]) write(tx *store.Tx, w io.Writer, _ *printed) error { return a.fill(tx, w) }

// inArray puts an answer into a list of one.
func inArray(fill func(*store.Tx, io.Writer) error) func(*store.Tx, io.Writer) error {
	return func(tx *store.Tx, w io.Writer) error {
		if _, err := io.WriteString(w, "["); err != nil {
			return err
		}
		if err := fill(tx, w); err != nil {
			return err
		}
		_, err := io.WriteString(w, "]")
		return err
	}
}
