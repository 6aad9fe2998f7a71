GOLANGCI_LINT = go tool -modfile=tools/go.mod golangci-lint

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Run the example pipeline of an order system
	go run ./examples/orders

.PHONY: test
test: ## Run all tests, against a real Redis and with the race detector
	./scripts/ensure-test-tools.sh
	CGO_ENABLED=1 go test -race -shuffle=on -timeout 14m ./...
	# Watermill's reconnect test has a race of its own, so the detector is off for it.
	go test -run TestWatermillUniversalSuite/TestReconnect ./streams
	# The files behind docker-compose.yml; apart, for its dependencies are no business of a user's.
	go -C deploy test -shuffle=on ./...

.PHONY: lint
lint: ## Check formatting, code, modules and import rules
	go mod tidy -diff
	go -C tools mod tidy -diff
	go -C deploy mod tidy -diff
	./scripts/check-imports.sh
	go vet ./...
	$(GOLANGCI_LINT) run
	cd deploy && go vet ./... && go tool -modfile=../tools/go.mod golangci-lint run

.PHONY: fmt
fmt: ## Format the code
	$(GOLANGCI_LINT) fmt

.PHONY: bench
bench: ## Measure a chain of stages end to end
	go run ./cmd/millstream bench chain

.PHONY: bench-middleware
bench-middleware: ## Measure what each part of the middleware costs
	go run ./cmd/millstream bench middleware --rounds 7

.PHONY: bench-live
bench-live: ## Measure what Pub/Sub and Streams cost Redis: memory, processor time, replay
	go test -run '^$$' -bench . -benchtime 5x ./benchmarks/live

.PHONY: bench-tracing
bench-tracing: ## Measure what tracing and metrics cost
	go run ./cmd/millstream bench tracing --rounds 9

.PHONY: drain
drain: ## Measure the memory it takes to work off a backlog of 5 million
	go run ./benchmarks/cmd/drain

.PHONY: jaeger-check
jaeger-check: ## Check that a running Jaeger shows the example's traces (JAEGER_URL=http://localhost:16686)
	go run ./scripts/jaegercheck

.PHONY: chaos
chaos: ## Run a pipeline while everything fails (DURATION=60s SEED=7)
	go run ./benchmarks/cmd/chaos $(if $(DURATION),-duration $(DURATION)) $(if $(SEED),-seed $(SEED))

.PHONY: reliability
reliability: ## Make faults happen to stock Watermill and Millstream, and write docs/reliability.md
	go run ./benchmarks/cmd/reliability -write
