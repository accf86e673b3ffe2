# The two that matter: make run, make test.

RACE := $(shell command -v $${CC:-cc} >/dev/null 2>&1 && echo -race)
DIR  ?= data

.PHONY: build run test soak lint docs upgrade-fixture bench-go

build: ## the binary, bin/muster
	go build -o bin/muster ./cmd/muster

run: build ## serve the demo lab from ./data
	./bin/muster serve --demo --dir $(DIR)

test: ## all tests, with the race detector where there is a C compiler for it
	@$(if $(RACE),echo "with the race detector",echo "without the race detector: it needs a C compiler")
	go test $(RACE) -timeout 30m ./...
	cd plugins/hostlist && go test $(RACE) ./...

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

docs: ## what is made from the code: Swagger documents, docs/keys.md, tables of docs/formats.md, the plugin protocol (needs protoc)
	go generate ./...
	go test ./store -run TestKeys -update
	go test ./importers/builtin -run TestFormats -update

upgrade-fixture: ## testdata/upgrade/VERSION, a folder as this version writes it, for the tests of all later ones
	go test ./cmd/muster -run TestMakeUpgradeFixture -count 1 -make-fixture $(VERSION)

bench-go: ## benchmarks of the inner parts
	go test -run '^$$' -bench . -benchmem ./store/... ./authz ./importers/...
