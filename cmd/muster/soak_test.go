//go:build soak

package main

import (
	"os"
	"strconv"
	"testing"
)

// soakScale is how often a soak does what it does, unless its variable says otherwise.
func soakScale(t *testing.T, variable string, usual int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s: a number from 1 is expected, not %q", variable, text)
	}
	return n
}
