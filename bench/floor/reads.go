package floor

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/dgraph-io/badger/v4"
)

func id(q *http.Request) (int, error) { return strconv.Atoi(q.PathValue("id")) }

func (r *raw) asset(w http.ResponseWriter, q *http.Request) error {
	id, err := id(q)
	if err != nil {
		return err
	}
	return r.db.View(func(txn *badger.Txn) error {
		at, err := txn.Get(number([]byte(pointer), id))
		if err != nil {
			return err
		}
		return at.Value(func(tail []byte) error { return writeRecord(txn, w, recordKey(tail)) })
	})
}

func writeRecord(txn *badger.Txn, w io.Writer, key []byte) error {
	item, err := txn.Get(key)
	if err != nil {
		return err
	}
	return item.Value(func(record []byte) error {
		_, err := w.Write(record)
		return err
	})
}

var writers = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, 64<<10) }}

// list streams records between brackets. The next record comes by add, which puts the comma before it.
func (r *raw) list(w io.Writer, begin, end string, each func(txn *badger.Txn, out *bufio.Writer, comma func()) error) error {
	out := writers.Get().(*bufio.Writer)
	out.Reset(w)
	defer writers.Put(out)
	out.WriteString(begin)
	first := true
	comma := func() {
		if !first {
			out.WriteByte(',')
		}
		first = false
	}
	if err := r.db.View(func(txn *badger.Txn) error { return each(txn, out, comma) }); err != nil {
		return err
	}
	out.WriteString(end)
	return out.Flush()
}

// assets lists a Workgroup by one scan of its records, which lie one behind the other.
func (r *raw) assets(w http.ResponseWriter, q *http.Request) error {
	workgroup, err := id(q)
	if err != nil {
		return err
	}
	limit, offset, begin, end := 100_000, 0, "[", "]"
	if text := q.URL.Query().Get("limit"); text != "" {
		limit, _ = strconv.Atoi(text)
		offset, _ = strconv.Atoi(q.URL.Query().Get("offset"))
		begin, end = fmt.Sprintf(`{"TotalCount":%d,"Data":[`, r.count(workgroup).Load()), "]}"
	}
	return r.list(w, begin, end, func(txn *badger.Txn, out *bufio.Writer, comma func()) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: number([]byte(record), workgroup)})
		defer it.Close()
		for it.Rewind(); it.Valid() && limit > 0; it.Next() {
			if offset--; offset >= 0 {
				continue
			}
			limit--
			comma()
			if err := it.Item().Value(func(record []byte) error { _, err := out.Write(record); return err }); err != nil {
				return err
			}
		}
		return nil
	})
}

// search answers what is measured: by name, and by addresses in any form.
func (r *raw) search(w http.ResponseWriter, q *http.Request) error {
	var wanted struct{ AssetName, IPAddress string }
	if err := json.NewDecoder(q.Body).Decode(&wanted); err != nil {
		return err
	}
	var prefix []byte
	var ranges []keyRange
	if wanted.AssetName != "" {
		prefix = text([]byte(byName), wanted.AssetName)
		ranges = []keyRange{{prefix, append(slices.Clone(prefix), 0xff)}}
	} else {
		var err error
		if ranges, err = addressRanges(wanted.IPAddress); err != nil {
			return err
		}
		prefix = common(ranges[0].from, ranges[len(ranges)-1].to)
	}
	return r.list(w, "[", "]", func(txn *badger.Txn, out *bufio.Writer, comma func()) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
		defer it.Close()
		key := []byte(record)
		for _, rg := range ranges {
			for it.Seek(rg.from); it.Valid() && bytes.Compare(it.Item().Key(), rg.to) < 0; it.Next() {
				entry := it.Item().Key()
				key = append(key[:len(record)], entry[len(entry)-tailSize:]...)
				comma()
				if err := writeRecord(txn, out, key); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// common returns what two keys both begin with. It leaves out the tables of other keys.
func common(a, b []byte) []byte {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return a[:n]
}

type keyRange struct{ from, to []byte }

// addressRanges reads one address, several between commas, a range or a CIDR, in the order of the addresses.
func addressRanges(s string) (ranges []keyRange, err error) {
	between := func(from, to netip.Addr) keyRange {
		return keyRange{address([]byte(byAddress), from), address([]byte(byAddress), to.Next())}
	}
	for part := range strings.SplitSeq(s, ",") {
		if network, err := netip.ParsePrefix(part); err == nil {
			last := network.Addr().As4()
			binary.BigEndian.PutUint32(last[:], binary.BigEndian.Uint32(last[:])|(1<<(32-network.Bits())-1))
			ranges = append(ranges, between(network.Addr(), netip.AddrFrom4(last)))
			continue
		}
		first, last, isRange := strings.Cut(part, "-")
		from, err := netip.ParseAddr(first)
		to := from
		if err == nil && isRange {
			to, err = netip.ParseAddr(last)
		}
		if err != nil {
			return nil, err
		}
		ranges = append(ranges, between(from, to))
	}
	slices.SortFunc(ranges, func(a, b keyRange) int { return bytes.Compare(a.from, b.from) })
	return ranges, nil
}

// members lists those of a rule.
func (r *raw) members(w http.ResponseWriter, q *http.Request) error {
	rule, err := id(q)
	if err != nil {
		return err
	}
	return r.list(w, "[", "]", func(txn *badger.Txn, out *bufio.Writer, comma func()) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: number([]byte(ruleHas), rule)})
		defer it.Close()
		key := []byte(record)
		for it.Rewind(); it.Valid(); it.Next() {
			member := it.Item().Key()
			if err := it.Item().Value(func(workgroup []byte) error { key = append(key[:len(record)], workgroup...); return nil }); err != nil {
				return err
			}
			key = append(key, member[len(member)-8:]...)
			comma()
			if err := writeRecord(txn, out, key); err != nil {
				return err
			}
		}
		return nil
	})
}

// process scans the keys of those that carry a rule's attribute, which nobody can do without who works out its members.
func (r *raw) process(w http.ResponseWriter, q *http.Request) error {
	rule, err := id(q)
	if err != nil {
		return err
	}
	n := 0
	err = r.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: number([]byte(carriedBy), rule)})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			n++
		}
		return nil
	})
	if err == nil {
		_, err = fmt.Fprintf(w, `{"SmartRuleID":%d,"Members":%d}`, rule, n)
	}
	return err
}
