package host

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"time"

	"github.com/musterhq/muster/plugins/importerpb"
)

// What an importer may say of itself. It is printed on terminals, so it is printable ASCII.
var (
	validType      = regexp.MustCompile(`^[A-Z0-9_-]{1,64}$`)
	validExtension = regexp.MustCompile(`^\.[a-z0-9_+-]{1,16}$`)
	validVersion   = regexp.MustCompile(`^[ -~]{0,64}$`)
)

const (
	maxExtensions = 20
	describeTime  = 30 * time.Second // for an importer to start and describe itself
)

// Describe starts a program, confined as for an import, and returns the pin of what it says of itself, without Overrides.
// It is the one time that a program runs that is not pinned, so it is for those who are about to pin it.
// The error is one of Import's.
func (h *Host) Describe(ctx context.Context, file string) (Pin, error) {
	ctx, cancel := withDeadline(ctx, min(describeTime, h.options.Deadline))
	defer cancel()
	pin := Pin{File: file}
	c, err := h.prepare(filepath.Base(file), h.external(file, func(sum string) error {
		pin.SHA256 = sum
		return nil
	}))
	if err != nil {
		return Pin{}, err
	}
	defer c.remove()
	importer, err := c.connect(ctx)
	if err == nil {
		pin.Info, err = describe(ctx, importer)
	}
	if err != nil {
		return Pin{}, c.explain(err)
	}
	return pin, nil
}

// describe asks an importer and checks its answer.
func describe(ctx context.Context, importer importerpb.ImporterClient) (Info, error) {
	d, err := importer.Describe(ctx, &importerpb.DescribeRequest{})
	if err != nil {
		return Info{}, reason(ctx, err)
	}
	switch {
	case !validType.MatchString(d.Type):
		return Info{}, fmt.Errorf("%w: its type is %.70q, where 1 to 64 of A-Z, 0-9, _ and - are expected", ErrProtocol, d.Type)
	case len(d.Extensions) > maxExtensions:
		return Info{}, fmt.Errorf("%w: it has %d extensions, more than %d", ErrProtocol, len(d.Extensions), maxExtensions)
	case !validVersion.MatchString(d.Version):
		return Info{}, fmt.Errorf("%w: its version is %.70q, where at most 64 characters of ASCII are expected", ErrProtocol, d.Version)
	}
	for _, e := range d.Extensions {
		if !validExtension.MatchString(e) {
			return Info{}, fmt.Errorf("%w: one of its extensions is %.20q, where lower case like \".csv\" is expected", ErrProtocol, e)
		}
	}
	return Info{Type: d.Type, Extensions: d.Extensions, Version: d.Version}, nil
}
