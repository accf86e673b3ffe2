package lab

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/store"
)

// large writes a lab file of systems with a hundred managed accounts each, and of groups with twenty users each and access to
// all accounts.
func large(systems, groups int) string {
	var b strings.Builder
	b.WriteString("muster: 1\nWorkgroups:\n  - Name: Large\n    Assets:\n")
	for s := range systems {
		fmt.Fprintf(&b, "      - IPAddress: 10.0.%d.%d\n        AssetName: srv%d\n        ManagedSystems:\n          - Platform: Linux\n            Accounts:\n", s/250, s%250, s)
		for a := range 100 {
			fmt.Fprintf(&b, "              - {AccountName: account%d, ApiEnabled: true}\n", a)
		}
	}
	b.WriteString("UserGroups:\n")
	for g := range groups {
		fmt.Fprintf(&b, "  - {Name: group%d, SmartRules: [{SmartRule: All Managed Accounts, AccessLevel: Read, Roles: [Auditor]}]}\n", g)
	}
	b.WriteString("Users:\n")
	for u := range 20 * groups {
		fmt.Fprintf(&b, "  - {UserName: user%d, FirstName: U, EmailAddress: u%d@lab.example, Groups: [group%d]}\n", u, u, u/20)
	}
	return b.String()
}

// BenchmarkLargeLab loads 10,000 managed accounts and 1,000 users in 50 groups, and reads their entitlements: ten million rows.
// It reports seconds, and the megabytes that the heap grew by while the rows were streamed.
func BenchmarkLargeLab(b *testing.B) {
	text := large(100, 50)
	for b.Loop() {
		db := newStore(b)
		began := time.Now()
		f, err := Parse("large.yaml", []byte(text))
		check(b, err)
		b.ReportMetric(time.Since(began).Seconds(), "s/parse")
		began = time.Now()
		changes, err := Load(b.Context(), db, f, LoadOptions{DryRun: true})
		check(b, err)
		b.ReportMetric(time.Since(began).Seconds(), "s/rehearsal")
		began = time.Now()
		_, err = Load(b.Context(), db, f, LoadOptions{})
		check(b, err)
		b.ReportMetric(time.Since(began).Seconds(), "s/load")
		b.ReportMetric(float64(len(changes)), "changes")
		began = time.Now()
		rows, grown := streamed(b, db)
		b.ReportMetric(time.Since(began).Seconds(), "s/entitlements")
		b.ReportMetric(float64(rows), "rows")
		b.ReportMetric(grown/1e6, "MB-heap")
	}
}

// streamed reads all entitlements and returns how many there are, and by how many bytes the heap grew at most.
func streamed(b *testing.B, db *store.DB) (rows int, grown float64) {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before := m.HeapAlloc
	_, err := store.View(b.Context(), db, system, func(tx *store.Tx) (struct{}, error) {
		for _, err := range store.Entitlements(nil, true).Rows(tx, 0, math.MaxInt) {
			if err != nil {
				return struct{}{}, err
			}
			if rows++; rows%500_000 == 0 {
				runtime.ReadMemStats(&m)
				grown = max(grown, float64(m.HeapAlloc)-float64(before))
			}
		}
		return struct{}{}, nil
	})
	check(b, err)
	return rows, grown
}
