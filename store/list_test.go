package store

import (
	"encoding/json"
	"fmt"
	"iter"
	"testing"

	"github.com/musterhq/muster/store/record"
)

// rows reads a piece of a list.
func rows[T any](tx *Tx, list List, offset, limit int) ([]T, error) {
	found := []T{}
	for raw, err := range list.Rows(tx, offset, limit) {
		var row T
		if err == nil {
			err = json.Unmarshal(raw, &row)
		}
		if err != nil {
			return nil, err
		}
		found = append(found, row)
	}
	return found, nil
}

func TestAPieceOfAList(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	const n = 5
	all := []Asset{}
	other := l.workgroup("Floor 1", "")
	for i := range n {
		id := l.asset(Asset{AssetName: fmt.Sprint("srv", i), IPAddress: "10.0.0.1", Description: "<&>"})
		all = append(all, *get(l, Assets, id))
		l.asset(Asset{WorkgroupID: other, IPAddress: fmt.Sprint("10.0.1.", i)})
	}
	for name, list := range map[string]List{
		"by place": AssetsIn(firstWorkgroupID),
		"at hand":  record.Of(all),
		"filtered": record.Filtered(func(tx *Tx) iter.Seq2[*Asset, error] { return assetsByAddress.Each(tx, K(all[0].address())) }),
	} {
		t.Run(name, func(t *testing.T) {
			l := l.in(t)
			if got := view(l, list.Count); got != n {
				t.Errorf("there are %d, want %d", got, n)
			}
			for offset := range n + 2 {
				for limit := range n + 2 {
					want := all[min(offset, n):min(offset+limit, n)]
					got := view(l, func(tx *Tx) ([]Asset, error) { return rows[Asset](tx, list, offset, limit) })
					equal(t, fmt.Sprintf("%d from %d on", limit, offset), got, want)
				}
			}
		})
	}
}

func TestAnEmptyList(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	for name, list := range map[string]List{"by place": AssetsIn(17), "at hand": record.Of([]Asset(nil)), "imports": ListImports()} {
		t.Run(name, func(t *testing.T) {
			l := l.in(t)
			if got := view(l, list.Count); got != 0 {
				t.Errorf("there are %d", got)
			}
			equal(t, "rows", view(l, func(tx *Tx) ([]Asset, error) { return rows[Asset](tx, list, 0, 10) }), nil)
		})
	}
}

func TestRowsAreSentAsTheyAreStored(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	id := l.asset(Asset{AssetName: "srv01", IPAddress: "10.0.0.1", Description: "<b> & c"})
	want := view(l, func(tx *Tx) (string, error) { raw, err := Assets.Raw(tx, id); return string(raw), err })
	got := view(l, func(tx *Tx) (string, error) {
		for row, err := range AssetsIn(firstWorkgroupID).Rows(tx, 0, 1) {
			return string(row), err
		}
		return "", nil
	})
	const sent = `{"WorkgroupID":1,"AssetID":1,"AssetName":"srv01","AssetType":null,"DnsName":null,"DomainName":null,"IPAddress":"10.0.0.1","MacAddress":null,` +
		`"OperatingSystem":null,"Description":"<b> & c","CreateDate":"2024-12-06T17:59:40.36Z","LastUpdateDate":"2024-12-06T17:59:40.36Z"}`
	if got != want || got != sent {
		t.Errorf("sent   %s\nstored %s\nwant   %s", got, want, sent)
	}
}
