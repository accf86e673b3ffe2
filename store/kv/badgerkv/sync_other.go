//go:build !linux

package badgerkv

import "os"

func syncData(f *os.File) error { return f.Sync() }
