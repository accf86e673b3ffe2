package plugins

import "fmt"

// Skips tells an import of which all hosts are skipped from one that has done something: it has failed.
type Skips struct {
	skipped, taken int
	first          string
}

// Count takes note of a record that was emitted.
func (s *Skips) Count(r Record) {
	if r.Skip == "" {
		s.taken++
		return
	}
	if s.skipped++; s.skipped == 1 {
		s.first = r.Skipped()
	}
}

// Err returns an error with the first reason if there were hosts and all of them are skipped.
func (s *Skips) Err() error {
	if s.skipped == 0 || s.taken > 0 {
		return nil
	}
	return fmt.Errorf("every host is skipped: %d, the first: %s", s.skipped, s.first)
}

// Skipped says which host was not imported, and why: "srv01: skipped, no address".
func (r Record) Skipped() string {
	for _, name := range []string{r.IPAddress, r.DnsName, r.AssetName} {
		if name != "" {
			return fmt.Sprintf("%s: skipped, %s", name, r.Skip)
		}
	}
	return "a host without a name: skipped, " + r.Skip
}
