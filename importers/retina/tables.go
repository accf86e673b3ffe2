package retina

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/musterhq/muster/importers/hosts"
	"github.com/musterhq/muster/plugins"
)

// maxCandidates is how many tables are read for hosts: the best one, and others that complete them.
const maxCandidates = 8

// readTables emits the hosts of a database. The table with the best score has the hosts. What the others say of the same
// addresses fills the holes; other addresses in them are those of an administrator, perhaps, or were left out of the scan.
func readTables(ctx context.Context, f plugins.File, tables iter.Seq2[table, error], emit func(plugins.Record) error) error {
	candidates, err := survey(tables)
	if err != nil {
		return err
	}
	best, others := candidates[0], candidates[1:]
	best.explain(f)
	var found hosts.List
	failure := best.read(ctx, f, found.Add)
	for _, other := range others {
		if failure == nil {
			failure = other.complete(ctx, f, &found)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := found.Emit(emit); err != nil {
		return err
	}
	return failure
}

// complete adds what the table knows of hosts that were found already.
func (c *candidate) complete(ctx context.Context, f plugins.File, found *hosts.List) error {
	foreign := 0
	err := c.read(ctx, plugins.File{}, func(r plugins.Record) error { // what it refuses is told of the table of the hosts alone
		ip, ok := plugins.Address(r.IPAddress)
		if ok && found.Has(ip) {
			return found.Add(r)
		}
		if ok {
			foreign++
		}
		return nil
	})
	if foreign > 0 {
		f.Warn(fmt.Sprintf("table %s: rows with addresses that are not in the table of the hosts are left out: %d", c.called(), foreign))
	}
	return err
}

// survey returns the tables that have hosts, the best first, and at least one.
func survey(tables iter.Seq2[table, error]) ([]*candidate, error) {
	var candidates []*candidate
	var names []string
	count := 0
	for t, err := range tables {
		if err != nil {
			return nil, err
		}
		if count++; len(names) < listed {
			names = append(names, quote(t.name))
		}
		c, err := examine(t)
		if err != nil {
			return nil, err
		}
		if c == nil {
			continue
		}
		candidates = append(candidates, c)
		slices.SortStableFunc(candidates, byScore)
		candidates = candidates[:min(len(candidates), maxCandidates)]
	}
	if len(candidates) == 0 {
		return nil, noHosts(names, count)
	}
	return candidates, nil
}

// listed is how many tables an error names.
const listed = 6

func noHosts(names []string, count int) error {
	tables := "there are no tables"
	if count > 0 {
		tables = "the tables are " + strings.Join(names, ", ")
	}
	if count > len(names) {
		tables += fmt.Sprintf(" and %d more", count-len(names))
	}
	return fmt.Errorf(`no host table: looked for a table with a column "IP", "IPAddress", "HostIP", "IPv4" or the like, or with addresses in "Host", "Address" or "Target"; %s`, tables)
}

// quote returns a name from the file in a shape fit for a sentence.
func quote(name string) string {
	if runes := []rune(name); len(runes) > 32 {
		name = string(runes[:32]) + "…"
	}
	return plugins.Quote(name)
}

func (c *candidate) called() string { return quote(c.name) }

// explain warns of numbers that are taken for addresses, since that may be wrong.
func (c *candidate) explain(f plugins.File) {
	for _, column := range c.addresses {
		if k := c.kinds[column]; k.numbers {
			f.Warn(fmt.Sprintf("the numbers in column %s of table %s are read as addresses: %d is %v",
				quote(c.columns[column]), c.called(), k.example, addressOf(k.example, k.lowestFirst)))
			return
		}
	}
}

// read gives the rows that name a host to add.
func (c *candidate) read(ctx context.Context, f plugins.File, add func(plugins.Record) error) error {
	columns := c.all()
	at := make([]int, len(c.columns)) // where in a row the value of a column is
	for i, column := range columns {
		at[column] = i
	}
	var homeless, strange hosts.Refused
	rows := 0
	for row, err := range c.rows(columns) {
		if err != nil {
			return err
		}
		if rows++; rows%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		r, refused := c.record(func(column int) any { return row[at[column]] })
		switch place := fmt.Sprintf("row %d", rows); {
		case r.IPAddress == "" && r.DnsName == "" && r.AssetName == "":
			homeless.Add(place, refused)
			continue
		case refused != "":
			strange.Add(place, refused)
		}
		if err := add(r); err != nil {
			return fmt.Errorf("table %s: %w", c.called(), err)
		}
	}
	homeless.Warn(f, fmt.Sprintf("table %s: rows of %d that name no host", c.called(), rows))
	strange.Warn(f, fmt.Sprintf("table %s: values in place of an address that hold none", c.called()))
	if rows > 0 && rows == homeless.Count {
		return fmt.Errorf("table %s: no row names a host: %s", c.called(), &homeless)
	}
	return nil
}

// record returns what a row says, and what is in place of its address, if that holds none.
func (c *candidate) record(value func(column int) any) (r plugins.Record, refused string) {
	first := func(r role, clean func(string) string) string {
		for _, column := range c.mapping[r] {
			if text := clean(plain(value(column))); text != "" {
				return text
			}
		}
		return ""
	}
	r = plugins.Record{
		AssetName: first(netBIOS, plugins.AssetName), DomainName: first(domain, plugins.Text), DnsName: first(dns, plugins.DNSName),
		MacAddress: first(mac, plugins.MAC), OperatingSystem: first(system, plugins.Text),
	}
	var addresses []string
	for _, column := range c.addresses {
		v := value(column)
		text := c.kinds[column].addressIn(v)
		_, isNumber := number(v) // of a row somewhere else
		isTarget := slices.Contains(c.mapping[target], column)
		switch _, isAddress := plugins.Address(text); {
		case isAddress:
			addresses = append(addresses, text)
		case !isNumber && r.DnsName == "" && isTarget && isWord(text):
			r.DnsName = plugins.DNSName(text)
		case !isNumber && refused == "" && !(isTarget && isWord(text)) && text != "0":
			refused = plugins.Text(text)
		}
	}
	r.IPAddress = strings.Join(addresses, " ")
	return r, refused
}

// isWord reports whether a text may be a name: what has blanks in it is prose.
func isWord(text string) bool { return len(strings.Fields(text)) == 1 }
