package store

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestMembersAreWhatBruteForceFinds plays any sequence of changes against a model that walks everything.
func TestMembersAreWhatBruteForceFinds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := newFixture(rt)
		m := &ruleModel{fixture: l, carries: map[int]map[int]bool{}, reads: map[int][]int{}, attributes: l.attributes(4)}
		m.workgroups = []int{firstWorkgroupID, l.workgroup("Other", "")}
		rt.Repeat(map[string]func(*rapid.T){
			"insert asset": m.insertAsset, "delete asset": m.deleteAsset, "move asset": m.moveAsset,
			"assign": m.assign, "take away": m.takeAway,
			"make rule": m.makeRule, "delete rule": m.deleteRule, "process": m.processRule,
			"refresh": func(*rapid.T) { l.settle() },
			"crash":   func(*rapid.T) { l.reopen() },
			"":        func(*rapid.T) {},
		})
		l.settle()
		m.compare()
	})
}

// ruleModel is what assets carry and rules read.
type ruleModel struct {
	*fixture
	attributes, workgroups []int
	carries                map[int]map[int]bool // asset → attributes
	reads                  map[int][]int        // rule → attributes
	made                   int
}

func pick[V any](rt *rapid.T, from map[int]V) int {
	if len(from) == 0 {
		rt.Skip("there is none")
	}
	var all []int
	for id := range from {
		all = append(all, id)
	}
	slices.Sort(all)
	return rapid.SampledFrom(all).Draw(rt, "id")
}

func (m *ruleModel) insertAsset(*rapid.T) {
	m.made++
	m.carries[m.asset(Asset{IPAddress: fmt.Sprintf("10.0.%d.%d", m.made/250, m.made%250)})] = map[int]bool{}
}

func (m *ruleModel) deleteAsset(rt *rapid.T) {
	id := pick(rt, m.carries)
	m.change(func(tx *Tx) error { return Assets.Delete(tx, id) })
	delete(m.carries, id)
}

func (m *ruleModel) moveAsset(rt *rapid.T) {
	id, to := pick(rt, m.carries), rapid.SampledFrom(m.workgroups).Draw(rt, "workgroup")
	m.change(func(tx *Tx) error {
		a, err := Assets.Get(tx, id)
		if err != nil {
			return err
		}
		a.WorkgroupID = to
		return Assets.Put(tx, a)
	})
}

func (m *ruleModel) assign(rt *rapid.T) {
	id, attribute := pick(rt, m.carries), rapid.SampledFrom(m.attributes).Draw(rt, "attribute")
	m.fixture.carry(id, attribute)
	m.carries[id][attribute] = true
}

func (m *ruleModel) takeAway(rt *rapid.T) {
	id, attribute := pick(rt, m.carries), rapid.SampledFrom(m.attributes).Draw(rt, "attribute")
	m.change(func(tx *Tx) error { _, err := AssetAttribute.Cut(tx, id, attribute); return err })
	delete(m.carries[id], attribute)
}

func (m *ruleModel) makeRule(rt *rapid.T) {
	m.made++
	read := rapid.SliceOfNDistinct(rapid.SampledFrom(m.attributes), 1, 3, rapid.ID).Draw(rt, "attributes")
	m.reads[m.rule(fmt.Sprintf("Rule %d", m.made), read...)] = read
}

func (m *ruleModel) deleteRule(rt *rapid.T) {
	id := pick(rt, m.reads)
	m.change(func(tx *Tx) error { r, err := SmartRules.Get(tx, id); return cmp.Or(err, DeleteSmartRule(tx, r)) })
	delete(m.reads, id)
}

func (m *ruleModel) processRule(rt *rapid.T) {
	if _, err := m.process(pick(rt, m.reads)); err != nil {
		rt.Fatalf("process: %v", err)
	}
}

func (m *ruleModel) compare() {
	for rule, read := range m.reads {
		want := []int{}
		for asset, carried := range m.carries {
			if slices.ContainsFunc(read, func(attribute int) bool { return carried[attribute] }) {
				want = append(want, asset)
			}
		}
		slices.Sort(want)
		m.mustHave(rule, want...)
	}
}
