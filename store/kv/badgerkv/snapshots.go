package badgerkv

import (
	"cmp"
	"slices"
)

// snapshots counts how many transactions read which snapshot. Snapshots are held in the order of their numbers.
type snapshots []heldSnapshot

type heldSnapshot struct {
	snapshot uint64
	count    int
}

// hold adds a reader of a snapshot that is no older than those before.
func (p *snapshots) hold(snapshot uint64) {
	if n := len(*p); n > 0 && (*p)[n-1].snapshot == snapshot {
		(*p)[n-1].count++
		return
	}
	*p = append(*p, heldSnapshot{snapshot, 1})
}

// release takes back one hold.
func (p *snapshots) release(snapshot uint64) {
	i, _ := slices.BinarySearchFunc(*p, snapshot, func(q heldSnapshot, s uint64) int { return cmp.Compare(q.snapshot, s) })
	if (*p)[i].count--; (*p)[i].count == 0 {
		*p = slices.Delete(*p, i, i+1)
	}
}

// oldest returns the oldest snapshot that is held, newest if none is older.
func (p snapshots) oldest(newest uint64) uint64 {
	if len(p) == 0 {
		return newest
	}
	return min(p[0].snapshot, newest)
}
