# The two that matter: make run, make test.

# The race detector does not look into scrypt, which is arithmetic without a second goroutine and ten times slower under its eyes.
RACE := $(shell command -v $${CC:-cc} >/dev/null 2>&1 && echo -race -gcflags=golang.org/x/crypto/scrypt=-race=false)
DIR  ?= data

# Without this, every process that ends waits a second for the race detector: the tests start hundreds.
export GORACE ?= atexit_sleep_ms=0

# What these measure, memory and how long a request takes, is another thing beside other tests and with the race detector: they run alone.
MEASURED := ^Test(BodiesInParallel|SlowCallers|HostileFiles|Memory|MemoryOfNames)$$

# The tests of cmd/muster start hundreds of processes, each several times as slow with the detector. What works side by side within
# them is tested with it by the packages that they are made of, and by these:
SIDE_BY_SIDE := ^Test(StopUnderLoad|BackupWhileServing|KillDuringImport|NoPluginOutlivesTheServer|FullDisk)$$

# These ask one thing after another, thousands of times. The detector has nothing to find in that and makes them up to thirty times slower.
IN_TURN := ^Test(ToTheLetter|TheServerKeepsTheDocumentedLengths|EveryChangeIsAudited|PagesAreThoseOfAWalk|CountsAreThoseOfAWalk|AssetsAgreeWithAModel|ATypeWithManyAssignmentsDiesAtOnceAndIsSweptInSmallTransactions|MembersAreWhatBruteForceFinds|AttributesAreWhatAModelSays|EntitlementsAreWhatBruteForceFinds|Converge|Damage|EveryFormatOfEveryTable|ALargeWorkbookLeavesNothing)$$

.PHONY: build run test soak lint docs upgrade-fixture fuzz bench bench-test bench-million bench-plot bench-go

build: ## the binary, bin/muster
	go build -o bin/muster ./cmd/muster

run: build ## serve the demo lab from ./data
	./bin/muster serve --demo --dir $(DIR)

test: ## all tests, with the race detector where there is a C compiler for it
	@$(if $(RACE),echo "with the race detector",echo "without the race detector: it needs a C compiler")
	go test -p 1 -run '$(MEASURED)' ./cmd/muster ./importers/...
	go test -run '$(IN_TURN)' -timeout 30m ./server ./store/... ./importers/runner ./importers/retina/jet ./reports
	go test $(RACE) -skip '$(MEASURED)|$(IN_TURN)' -timeout 30m $$(go list ./... | grep -v /cmd/muster$$) ./testdata/soak
	go test -skip '$(MEASURED)' -timeout 30m ./cmd/muster
	$(if $(RACE),go test $(RACE) -run '$(SIDE_BY_SIDE)' ./cmd/muster)
	cd plugins/hostlist && go test $(RACE) ./...
	cd server/idaas/clienttest && go test ./...

# One of them alone: make soak SOAK=TestSoakDeletedStaysDeleted PACKAGES=./store
SOAK     ?= ^TestSoak
PACKAGES ?= ./...
soak: ## the long tests, one package at a time, and a table of what they promise and have seen
	@go test -tags soak -run '$(SOAK)' -count 1 -p 1 -timeout 12h -json $(PACKAGES) | go run ./testdata/soak

lint: ## what CI checks besides the tests
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w on these"; exit 1; }
	go vet -tags soak ./... ./testdata/soak
	go tool staticcheck -tags soak ./... ./testdata/soak
	cd plugins/hostlist && go vet ./... && $$(cd ../.. && go tool -n staticcheck) ./...
	cd server/idaas/clienttest && go vet ./...
	cd bench && go vet ./... && $$(cd .. && go tool -n staticcheck) ./...

fuzz: ## every fuzz target for a minute; FUZZTIME=10s for less
	.ci/fuzz

docs: ## what is made from the code: Swagger documents and a client of one, docs/keys.md, docs/lab.schema.json, tables of docs/formats.md, the plugin protocol (needs protoc)
	go generate ./...
	cd server/idaas/clienttest && go test -run TestTheClientIsCurrent -update
	go test ./store -run TestKeys -update
	go test ./lab -run TestTheDocuments -update
	go test ./importers/builtin -run TestFormats -update

upgrade-fixture: ## testdata/upgrade/VERSION, a folder as this version writes it, for the tests of all later ones
	go test ./cmd/muster -run TestMakeUpgradeFixture -count 1 -make-fixture $(VERSION)

# Filled stores are kept below bin from run to run; BENCH=... adds flags, such as BENCH='-assets 20000 -rounds 2 -only search'.
bench: build ## muster against its floors at 200,000 assets, under 15 minutes
	go build -C bench -o ../bin/bench .
	./bin/bench -muster bin/muster -cache bin/bench-cache -report bin/bench.md $(BENCH)

bench-test: ## that the benchmark itself is right: it notices wrong answers and finds a figure for every target
	cd bench && go test ./...

bench-million: ## the same at 1,000,000 assets
	$(MAKE) bench BENCH='-assets 1000000 -report bin/bench-million.md $(BENCH)'

bench-plot: build ## draw how the times grow from 10,000 to 1,000,000 assets
	go build -C bench -o ../bin/bench .
	./bin/bench -muster bin/muster -cache bin/bench-cache -plot docs/performance.svg $(BENCH)

bench-go: ## benchmarks of the inner parts, in a form that benchstat reads
	go test -run '^$$' -bench . -benchmem ./store/... ./authz ./importers/... ./server
