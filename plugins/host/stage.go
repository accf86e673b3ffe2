package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

var validName = regexp.MustCompile(`^` + Prefix + `[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$`)

// CheckName checks the name of an external importer's file, without its folder.
func CheckName(name string) error {
	if !validName.MatchString(name) {
		return fmt.Errorf("the file of a plugin is called %sNAME, where NAME has 1 to 64 letters, digits and . _ + -; this one is called %q", Prefix, name)
	}
	return nil
}

// Stage copies a program from elsewhere into a folder of external importers, but out of sight, and returns the path of
// the copy, which nobody may write to. It lies in a folder of its own, which goes when the program is renamed to
// its place, or is not wanted after all. A link, or a file that everybody may write to, is not copied.
func Stage(file, folder string) (staged string, err error) {
	refused := func(err error) (string, error) {
		return "", fmt.Errorf("%w: %s: %w", ErrRefused, filepath.Base(file), err)
	}
	if err := checkFolder(folder); err != nil {
		return refused(err)
	}
	f, err := openProgram(file, true)
	if err != nil {
		return refused(err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return refused(err)
	}
	if info.Mode().Perm()&0o002 != 0 {
		return refused(fmt.Errorf("everybody may write to it (its mode is %s)", info.Mode()))
	}
	own, err := os.MkdirTemp(folder, ".new-")
	if err != nil {
		return "", err
	}
	staged = filepath.Join(own, filepath.Base(file))
	if err := writeProgram(staged, f); err != nil {
		return "", errors.Join(err, os.RemoveAll(own))
	}
	return staged, nil
}
