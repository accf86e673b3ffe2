package floor

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/dgraph-io/badger/v4"

	"github.com/musterhq/muster/bench/fleet"
)

func (r *raw) create(w http.ResponseWriter, q *http.Request) error {
	workgroup, err := id(q)
	if err != nil {
		return err
	}
	var a fleet.Asset
	if err := json.NewDecoder(q.Body).Decode(&a); err != nil {
		return err
	}
	a.WorkgroupID = workgroup
	if a.AssetID, err = r.nextID(); err != nil {
		return err
	}
	a.CreateDate = now()
	a.LastUpdateDate = a.CreateDate
	text, err := json.Marshal(&a)
	if err != nil {
		return err
	}
	if err := r.db.Update(func(txn *badger.Txn) error { return put(&a, text, txn.Set) }); err != nil {
		return err
	}
	r.count(workgroup).Add(1)
	w.WriteHeader(http.StatusCreated)
	_, err = w.Write(text)
	return err
}

// imports parses a scan where it stands and writes its hosts, without a look at what is there, in transactions as large as
// Badger takes them. It answers when they are synced.
func (r *raw) imports(w http.ResponseWriter, q *http.Request) error {
	var body struct {
		WorkgroupID        int
		Base64FileContents []byte
	}
	if err := json.NewDecoder(q.Body).Decode(&body); err != nil {
		return err
	}
	batch := r.db.NewWriteBatch()
	defer batch.Cancel()
	hosts, err := scanned(body.Base64FileContents)
	if err != nil {
		return err
	}
	for _, a := range hosts {
		a.WorkgroupID = body.WorkgroupID
		if a.AssetID, err = r.nextID(); err != nil {
			return err
		}
		if err := insert(a, batch.Set); err != nil {
			return err
		}
	}
	if err := batch.Flush(); err != nil {
		return err
	}
	r.count(body.WorkgroupID).Add(int64(len(hosts)))
	w.WriteHeader(http.StatusCreated)
	_, err = fmt.Fprintf(w, `{"Created":%d}`, len(hosts))
	return err
}

// scanned reads the hosts of a scan, whose findings are rows of their own, in the order of the file.
func scanned(file []byte) ([]*fleet.Asset, error) {
	rows := csv.NewReader(bytes.NewReader(file))
	rows.ReuseRecord = true
	header, err := rows.Read()
	if err != nil {
		return nil, err
	}
	column := map[string]int{}
	for i, name := range header {
		column[strings.Clone(name)] = i
	}
	at := func(name string) int { return column[name] }
	ip, fqdn, name, system, mac, typ := at("IP Address"), at("FQDN"), at("NetBios"), at("OS"), at("MAC Address"), at("System Type")
	known := map[string]bool{}
	var hosts []*fleet.Asset
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return hosts, nil
		}
		if err != nil {
			return nil, err
		}
		if known[row[ip]] {
			continue
		}
		a := &fleet.Asset{
			IPAddress: strings.Clone(row[ip]), DnsName: strings.Clone(row[fqdn]), AssetName: strings.Clone(row[name]),
			OperatingSystem: strings.Clone(row[system]), MacAddress: strings.Clone(row[mac]), AssetType: strings.Clone(row[typ]),
		}
		known[a.IPAddress] = true
		hosts = append(hosts, a)
	}
}
