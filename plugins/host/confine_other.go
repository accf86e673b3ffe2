//go:build !linux

package host

// limit bounds nothing here: elsewhere than on Linux an external importer has the limits of its host.
func limit(uint64) error { return nil }

// Nor has it a group that could be ended without ending the host's.

func startWatch() error { return nil }

func watch(string) error { return errByHand }
