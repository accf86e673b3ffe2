//go:build !linux

package host

import "os"

// freeze returns an open copy of a program in a private directory. Elsewhere than on Linux it is executed by its name.
func freeze(f *os.File, directory string) (*os.File, error) { return privateCopy(f, directory) }

func startPath(f *os.File) string { return f.Name() }
