package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// dataFormat is the version of what lies in DIR and how: the folders, the files beside the store and the engine that keeps it.
// Any change that an older muster would not understand raises it. What the store holds has a version of its own,
// store.SchemaVersion.
const dataFormat = 1

// formatFile says the version of a folder; a folder without it has the first.
func (c *config) formatFile() string { return filepath.Join(c.dir, "format") }

// storeFolder is where the engine keeps the store.
func (c *config) storeFolder() string { return filepath.Join(c.dir, "store") }

// checkFormat refuses a folder that a later muster has written.
func (c *config) checkFormat() error {
	text, err := os.ReadFile(c.formatFile())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	format, err := strconv.Atoi(strings.TrimSpace(string(text)))
	switch {
	case err != nil || format < 1:
		return fmt.Errorf("%s: the version of the folder is expected, a number", c.formatFile())
	case format > dataFormat:
		return fmt.Errorf("%s was written by a newer muster (format %d, this one knows %d)", c.dir, format, dataFormat)
	}
	return nil
}

// writeFormat says which version a folder has that says nothing of it.
func (c *config) writeFormat() error {
	if known, err := exists(c.formatFile()); known || err != nil {
		return err
	}
	err := writeWhole(c.formatFile(), []byte(strconv.Itoa(dataFormat)+"\n"))
	reached("format")
	return err
}
