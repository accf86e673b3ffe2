package main

import (
	"testing"

	"github.com/musterhq/muster/plugins/importertest"
)

func TestCases(t *testing.T) { importertest.Run(t, importer, "testdata") }

func FuzzCases(f *testing.F) { importertest.Fuzz(f, importer, "testdata") }
