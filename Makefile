# Everything here is also a plain go command; the names save typing.
.PHONY: build test lint demo bench bench-parts fuzz chaos ci

build: ## bin/snowdrift
	go build -trimpath -tags minicore_disabled -o bin/snowdrift ./cmd/snowdrift

test:
	go test -timeout 30m ./...

lint:
	go vet ./...
	go run honnef.co/go/tools/cmd/staticcheck@v0.7.0 ./...

demo:
	go run ./cmd/snowdrift demo

ISSUES ?= 9800,98000
bench: ## loads of simulated sites against floors, ISSUES sizes, SCENARIOS (default all)
	go run -trimpath -tags minicore_disabled ./internal/bench/cmd/snowdrift-bench -issues $(ISSUES) $(SCENARIOS)

bench-parts: ## the parts, ready for benchstat
	go test -run '^$$' -bench . -benchmem ./internal/rawjson ./internal/jira ./stages/... ./internal/adf ./internal/jiratime

FUZZTIME ?= 60s
# What is found is hardly minimized: issues are long, and by default each takes a minute.
fuzz: ## every decoder, FUZZTIME each
	for d in $$(git grep -l 'func Fuzz' -- '*_test.go' | xargs -n1 dirname | sort -u); do \
	  for f in $$(grep -hoE 'func Fuzz[A-Za-z0-9_]+' $$d/*_test.go | sed 's/func //'); do \
	    go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x ./$$d || exit 1; done; done

STEPS ?= 1000000
SEED ?= 1
chaos: ## STEPS random steps, in worlds of SEED and the seeds that follow
	SNOWDRIFT_CHAOS_STEPS=$(STEPS) SNOWDRIFT_CHAOS_SEED=$(SEED) go test -run 'TestChaos$$' -timeout 0 -v ./pipeline

ci:
	.ci/run
