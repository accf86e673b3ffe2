package runner

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/store"
)

// progress is what a transaction makes of an import.
type progress struct {
	store.ImportCounts // of this transaction alone
	workgroup          int
	warnings           []string      // with those that there were
	host               store.Outcome // of the host that is being brought in
	late               []late        // names that were not taken yet
	unchanged          []int         // the assets of hosts that are counted as unchanged
	renamed            []int         // assets of such hosts that have got another name since

	poster    store.Poster
	elsewhere map[int]bool // functional accounts that are not the poster's to change; nil: not looked for yet
}

// warn keeps a warning, once.
func (p *progress) warn(format string, args ...any) {
	text := plugins.Sentence(fmt.Sprintf(format, args...))
	if len(p.warnings) < store.MaxWarnings && !slices.Contains(p.warnings, text) {
		p.warnings = append(p.warnings, text)
	}
}

// came counts what came of something on the host. Whatever changes there, the host was updated.
func (p *progress) came(o store.Outcome) {
	if o != store.Unchanged && p.host == store.Unchanged {
		p.host = store.Updated
	}
}

// refused makes a warning of an error that refuses only what it is about; any other is returned.
func (p *progress) refused(err error, format string, args ...any) error {
	if errors.Is(err, store.ErrInvalid) || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrExists) {
		p.warn("%s: %v", fmt.Sprintf(format, args...), err)
		return nil
	}
	return err
}

// may reports whether the poster may bring in a piece, which needs what its row needs. If not, it is left out with a warning.
func (p *progress) may(need authz.Need, format string, args ...any) bool {
	if p.poster.May(need) {
		return true
	}
	p.warn("%s: %s", fmt.Sprintf(format, args...), need.Required())
	return false
}

// count counts the host, once all of it is in the store.
func (p *progress) count(more bool, as *int) {
	if more {
		return
	}
	p.Read++
	*as++
	p.host = store.Unchanged
}

// lets reports whether a host becomes an asset.
func (i *running) lets(r plugins.Record, address netip.Addr) bool {
	return r.Skip == "" && r.FunctionalAccount == nil && i.filter.Lets(address, r.DnsName, r.AssetName)
}

// bring is one host: filtered, skipped or an asset. Or it is a functional account, which is not counted, or a name.
func (i *running) upsert(tx *store.Tx, p *progress, r part) error {
	if r.name != nil {
		return i.settleName(tx, p, r.name)
	}
	if r.FunctionalAccount != nil {
		return p.upsertFunctionalAccount(tx, r.FunctionalAccount)
	}
	address, err := netip.ParseAddr(r.IPAddress)
	switch {
	case r.Skip != "" || err != nil:
		p.warn("%s", r.Skipped())
		p.count(r.more, &p.Skipped)
		return nil
	case !i.lets(r.Record, address):
		p.count(r.more, &p.Filtered)
		return nil
	}
	asset, outcome, err := store.UpsertAsset(tx, p.workgroup, store.Facts{
		Address: address, AssetName: r.AssetName, DnsName: r.DnsName, DomainName: r.DomainName,
		MacAddress: r.MacAddress, AssetType: r.AssetType, OperatingSystem: r.OperatingSystem, Description: r.Description,
	})
	if err != nil {
		return err
	}
	if outcome == store.Created {
		p.host = store.Created
	}
	p.came(outcome)
	if r.HostDetails != nil {
		if err := p.upsertHostDetails(tx, asset, r.HostDetails); err != nil {
			return err
		}
	}
	if r.more {
		return nil
	}
	switch p.host {
	case store.Created:
		p.count(false, &p.Created)
	case store.Updated:
		p.count(false, &p.Updated)
	default:
		p.count(false, &p.Unchanged)
		p.unchanged = append(p.unchanged, asset.AssetID)
	}
	return p.miss(tx, asset, r.AssetName, address)
}
