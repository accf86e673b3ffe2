package main

// Operations that take more than a turn.
const (
	opFiftyLists = "50 lists at once"
	opAgain      = "import of the same file again"
	opDuring     = "get during an import"
	opChanged    = "one changed asset"
	opMade       = "make a rule of as many members"
	opOrderly    = "start after SIGTERM"
	opCrashed    = "start after SIGKILL"
)

// Metrics of theirs.
const (
	growth     = "growth of anonymous memory"
	growthPart = "growth of anonymous memory over the reply"
	took       = "seconds"
)

// importOperation is a file that is imported.
type importOperation struct {
	name        string
	hosts, rows int
	must, reach float64
}

func importOperations() []importOperation {
	return []importOperation{
		{"import of 20,000 hosts × 5 rows", 20_000, 5, 0.6, 0.8},
		{"import of 2,000 hosts × 50 rows", 2_000, 50, 0.45, 0.7},
		{"import of 50,000 hosts × 1 row", 50_000, 1, 0.6, 0.8},
	}
}

// Bounds of the memory, by the size of the fleet.
const (
	mostOfMany = 320 << 20
	mostOfFew  = 256 << 20
	reachOfAll = 192 << 20
	million    = 1_000_000
)

// wholeTargets are those of the run as a whole. That of the memory for 1,000,000 assets is put in its place by forFleet.
func wholeTargets() []target {
	return []target{
		{row: "anonymous memory", figure: "the most over the whole bench, after the filling", over: of{muster, mostMemory, ""}, must: atMost(mostOfFew), reach: atMost(reachOfAll), unit: mebibytes},
		{row: "first answer after SIGTERM", figure: "from the start of the process, over Badger's open", over: of{muster, took, opOrderly}, under: of{rawBadger, took, opOrderly}, must: atMost(3), reach: atMost(1.5), million: true},
		{row: "first answer after SIGKILL", figure: "from the start of the process", over: of{muster, took, opCrashed}, must: atMost(1), reach: atMost(0.25), unit: seconds, million: true},
		{row: "disk per asset", figure: "after the filling and an orderly end, over rawbadger's", over: of{muster, diskPerAsset, ""}, under: of{rawBadger, diskPerAsset, ""}, must: atMost(1.2), million: true},
	}
}

// forFleet returns a target as it is for a fleet of n assets.
func (t target) forFleet(n int) target {
	if t.over.metric == mostMemory && n >= million {
		t.must = atMost(mostOfMany)
		t.reach = none
	}
	return t
}
