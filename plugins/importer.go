// Package plugins is the kit for authors of import formats. A format is one function that reads a file and emits the
// hosts that it finds; its whole program is
//
//	func main() { plugins.Serve(plugins.Importer{Type: "HOSTLIST", Extensions: []string{".txt"}, Import: read}) }
//
// muster starts that program once for each import, in an empty environment and a private directory, feeds it the file
// and ends it. The formats that muster brings along are written the same way and run the same way.
package plugins

import (
	"context"
	"io"
	"strings"
)

// Importer is an import format.
type Importer struct {
	Type       string   // the ImportType as POST Imports names it: "NESSUS"
	Extensions []string // the usual file name extensions, in lower case: ".csv"
	Version    string   // of the importer, for those who ask which one they have: "1.2.0"; may be empty

	// Import reads f to its end and emits each host once, in any order, from one goroutine. It returns the first error
	// of emit as it is. Its own error fails the import, and its text is all that the user sees, so it names the place:
	// "line 3: quote not closed". What was emitted before an error counts. A host that cannot be imported is no
	// error: it is emitted with Skip. The content decides what a file is, not its name: Import fails for a file of
	// another kind, and LooksLike helps to say which.
	Import func(ctx context.Context, f File, emit func(Record) error) error
}

// File is the uploaded file. Reading blocks until more of it has arrived.
type File struct {
	Name string // as the user called it, without a folder; may be empty and proves nothing
	io.Reader
	warn func(string)
}

// NewFile returns a file whose warnings go to warn, which may be nil. Only tests and hosts of importers need it.
func NewFile(name string, content io.Reader, warn func(string)) File {
	return File{Name: name, Reader: content, warn: warn}
}

// Warn tells the user something that does not stop the import. Of an import the first 100 warnings are kept and the
// rest are counted, so warn of each kind of trouble rather than of each line. Like emit, it is for one goroutine.
func (f File) Warn(text string) {
	if f.warn != nil {
		f.warn(Sentence(text))
	}
}

// Record is a host, or a functional account. The members are those of an asset in the API, and an empty one is not known.
// They are normalised on their way, as Normalized says, so an importer passes on what the file holds.
type Record struct {
	IPAddress       string `json:",omitempty"` // the address, or several in one text
	AssetName       string `json:",omitempty"` // also DOMAIN\NAME
	DnsName         string `json:",omitempty"`
	DomainName      string `json:",omitempty"`
	MacAddress      string `json:",omitempty"` // in any of the usual spellings, or several in one text
	AssetType       string `json:",omitempty"`
	OperatingSystem string `json:",omitempty"`
	Description     string `json:",omitempty"`

	Skip string `json:",omitempty"` // why this host is not imported, in a few words: "no address"; such hosts are counted

	HostDetails       *HostDetails       `json:",omitempty"` // what there is on the host; nil: nothing that is known
	FunctionalAccount *FunctionalAccount `json:",omitempty"` // then the record is no host, is not counted, and has no other member
}

// Fill takes each member that r lacks from other, copied, so that r keeps no larger text in memory. Scanners tell of one
// host in many places: the first that knows a member wins, and each list of HostDetails counts as one member.
func (r *Record) Fill(other Record) {
	for _, m := range []struct{ have, found *string }{
		{&r.IPAddress, &other.IPAddress},
		{&r.AssetName, &other.AssetName},
		{&r.DnsName, &other.DnsName},
		{&r.DomainName, &other.DomainName},
		{&r.MacAddress, &other.MacAddress},
		{&r.AssetType, &other.AssetType},
		{&r.OperatingSystem, &other.OperatingSystem},
		{&r.Description, &other.Description},
		{&r.Skip, &other.Skip},
	} {
		if *m.have == "" && *m.found != "" {
			*m.have = strings.Clone(*m.found)
		}
	}
	if other.HostDetails != nil {
		details := new(HostDetails) // r's own may be shared with a copy of r
		if r.HostDetails != nil {
			*details = *r.HostDetails
		}
		details.fill(other.HostDetails)
		r.HostDetails = details
	}
}
