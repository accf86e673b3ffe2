package store

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// equal fails the test unless two lists are the same.
func equal[T comparable](t tb, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s\n got %v\nwant %v", what, lines(got), lines(want))
	}
}

func lines[T any](list []T) string {
	var b strings.Builder
	for _, item := range list {
		fmt.Fprintf(&b, "\n     %v", item)
	}
	return b.String()
}

// atOnce runs fn in n goroutines that begin together, and returns their errors.
func atOnce(n int, fn func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	all.Wait()
	return errs
}

// oneIn is rapid.Check with one in n of its cases, for a property of which every case opens a store.
func oneIn(n int, t *testing.T, property func(*rapid.T)) {
	t.Helper()
	checks, err := strconv.Atoi(flag.Lookup("rapid.checks").Value.String())
	if err != nil {
		t.Fatal(err)
	}
	left := max(1, checks/n)
	rapid.Check(t, func(t *rapid.T) {
		if left == 0 {
			return
		}
		left--
		passed := false
		defer func() {
			if !passed || t.Failed() {
				left = -1 // no end: rapid looks for a smaller case that fails
			}
		}()
		property(t)
		passed = true
	})
}
