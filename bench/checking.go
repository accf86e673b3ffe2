package main

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/musterhq/muster/bench/fleet"
)

// ids are assets of a fleet whose ids on a server are known.
type ids struct{ list []known }

type known struct{ index, id int }

// knownIDs is about how many of them are learned, from all over the store.
const knownIDs = 20_000

// pageOf is the answer of a list with a limit.
type pageOf struct {
	TotalCount int
	Data       []fleet.Asset
}

// check compares what a server answers with what the fleet is, record by record: before the first turn, since what is
// measured must be right, and after the last, since it must have stayed so. It learns ids on the way.
func (s *server) check() error {
	if s.name == ginJWT {
		return nil
	}
	for _, c := range []struct {
		what  string
		check func() error
	}{
		{"pages", s.checkPages}, {"the list", s.checkList}, {"searches", s.checkSearches},
		{"members", s.checkMembers}, {"what was added", s.checkAdded},
	} {
		if err := c.check(); err != nil {
			return fmt.Errorf("%s answers wrongly: %s: %w", s.label, c.what, err)
		}
	}
	return nil
}

// checkAdded counts what was created and imported, of which nothing that was acknowledged may be missing, and compares some.
func (s *server) checkAdded() error {
	for _, added := range []struct {
		what      string
		workgroup int
		want      int
		asset     func(int) fleet.Asset
	}{{"created", s.newcomers, s.posted, fleet.Newcomer}, {"imported", s.imports, s.scanned, scannedAsset}} {
		total, err := s.total(added.workgroup)
		if err != nil {
			return err
		}
		if total != added.want {
			return fmt.Errorf("%d assets were %s, and there are %d", added.want, added.what, total)
		}
		if err := s.compareAdded(added.workgroup, total, added.asset); err != nil {
			return fmt.Errorf("%s: %w", added.what, err)
		}
	}
	return nil
}

// scannedAsset is what a scan tells of an imported host.
func scannedAsset(i int) fleet.Asset {
	a := fleet.Imported(i)
	a.DomainName, a.Description = "", ""
	return a
}

// compareAdded compares the last ones of a Workgroup.
func (s *server) compareAdded(workgroup, total int, asset func(int) fleet.Asset) error {
	const some = 20
	var p pageOf
	if err := s.call("GET", fmt.Sprintf("Workgroups/%d/Assets?limit=%d&offset=%d", workgroup, some, max(0, total-some)), nil, &p); err != nil {
		return err
	}
	for _, a := range p.Data {
		_, number, _ := strings.Cut(a.AssetName, "-")
		i, err := strconv.Atoi(number)
		if err != nil {
			return fmt.Errorf("there is one by the name %q", a.AssetName)
		}
		want := asset(i)
		want.WorkgroupID, want.AssetID, want.CreateDate, want.LastUpdateDate = workgroup, a.AssetID, a.CreateDate, a.LastUpdateDate
		if a != want {
			return fmt.Errorf("%+v, want %+v", a, want)
		}
	}
	return nil
}

// checkPages reads pages from all over the Workgroup.
func (s *server) checkPages() error {
	const limit = 1000
	pages := max(1, min(knownIDs, s.fleet.N)/limit)
	learned := &ids{}
	for k := range pages {
		var p pageOf
		offset := k * (s.fleet.N / pages)
		if err := s.call("GET", fmt.Sprintf("Workgroups/%d/Assets?limit=%d&offset=%d", s.workgroup, limit, offset), nil, &p); err != nil {
			return err
		}
		if p.TotalCount != s.fleet.N || len(p.Data) != min(limit, s.fleet.N-offset) {
			return fmt.Errorf("%d assets, %d at offset %d; want %d", p.TotalCount, len(p.Data), offset, s.fleet.N)
		}
		for i := range p.Data {
			index, err := s.recognise(&p.Data[i])
			if err != nil {
				return err
			}
			learned.list = append(learned.list, known{index, p.Data[i].AssetID})
		}
	}
	if s.ids != nil && !slices.Equal(s.ids.list, learned.list) {
		return fmt.Errorf("the pages have other assets than before")
	}
	s.ids = learned
	return nil
}

// recognise returns the index of an asset, every member of which must be right.
func (s *server) recognise(a *fleet.Asset) (int, error) {
	addr, err := netip.ParseAddr(a.IPAddress)
	if err != nil {
		return 0, err
	}
	index := fleet.Index(addr)
	if index < 0 || index >= s.fleet.N {
		return 0, fmt.Errorf("%s is not of the fleet", addr)
	}
	want := s.fleet.Asset(index)
	want.WorkgroupID, want.AssetID, want.CreateDate, want.LastUpdateDate = s.workgroup, a.AssetID, a.CreateDate, a.LastUpdateDate
	if *a != want || a.AssetID == 0 || a.CreateDate == "" {
		return 0, fmt.Errorf("asset %d is %+v, want %+v", index, *a, want)
	}
	return index, nil
}

// answered asks for assets and returns their indexes, ascending. A list with one twice is refused.
func (s *server) answered(method, path string, body any) ([]int, error) {
	var raw []fleet.Asset
	if err := s.call(method, path, body, &raw); err != nil {
		return nil, err
	}
	indexes := make([]int, len(raw))
	for i := range raw {
		var err error
		if indexes[i], err = s.recognise(&raw[i]); err != nil {
			return nil, err
		}
	}
	slices.Sort(indexes)
	if len(slices.Compact(slices.Clone(indexes))) != len(indexes) {
		return nil, fmt.Errorf("%s has an asset twice", path)
	}
	return indexes, nil
}

func (s *server) checkList() error {
	indexes, err := s.answered("GET", fmt.Sprintf("Workgroups/%d/Assets", s.workgroup), nil)
	if want := min(mostListed, s.fleet.N); err == nil && len(indexes) != want {
		err = fmt.Errorf("%d assets, want %d", len(indexes), want)
	}
	return err
}

func (s *server) checkSearches() error {
	for _, kind := range []string{fleet.ByName, fleet.ByAddress, fleet.ByFifty, fleet.ByRange, fleet.ByNet24, fleet.ByNet20} {
		for _, search := range s.fleet.Searches(kind, 3) {
			found, err := s.answered("POST", "Assets/Search", json.RawMessage(search.Body()))
			if err != nil {
				return err
			}
			if !slices.Equal(found, search.Found) {
				return fmt.Errorf("by %s: %d assets, want %d, or other ones", kind, len(found), len(search.Found))
			}
		}
	}
	return nil
}

func (s *server) checkMembers() error {
	for rule := range fleet.Rules {
		found, err := s.answered("GET", fmt.Sprintf("SmartRules/%d/Assets", s.rules[rule]), nil)
		if err != nil {
			return err
		}
		if len(found) != s.fleet.Members(rule) {
			return fmt.Errorf("rule %s has %d members, want %d", fleet.Attribute(rule), len(found), s.fleet.Members(rule))
		}
		for _, i := range found {
			if !s.fleet.Carries(i, rule) {
				return fmt.Errorf("rule %s has asset %d, which it should not", fleet.Attribute(rule), i)
			}
		}
	}
	return nil
}

// total returns how many assets a Workgroup has.
func (s *server) total(workgroup int) (int, error) {
	var p pageOf
	err := s.call("GET", fmt.Sprintf("Workgroups/%d/Assets?limit=1", workgroup), nil, &p)
	return p.TotalCount, err
}
