# Everything a developer or CI runs. `make help` lists it.

GO  ?= go
NPM ?= $(shell command -v npm)

# How long each fuzz target runs with `make fuzz`.
FUZZTIME ?= 10s

# What esbuild starts from; it follows their imports.
SCREENS := $(wildcard web/assets/app.js web/assets/app.css)

.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help build screens check lint vulnerabilities prepare test demo bench fuzz fmt clean

help: ## list what make can do
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: screens ## build bin/frontline; without npm its screens do not update by themselves
	$(GO) build -trimpath -o bin/frontline ./cmd/frontline

check: lint vulnerabilities ## what to run before every commit: formatting, linters, import rule, tests without neighbours
	$(GO) test -short ./...

test: prepare node_modules/.package-lock.json screens lint ## everything, with the race detector, against real neighbours; installs them first
	@rm -f bin/flaky
	@mkdir -p bin
	$(GO) tool gotestsum --format=standard-quiet --rerun-fails=1 --rerun-fails-max-failures=3 --rerun-fails-run-root-test --rerun-fails-abort-on-data-race \
	  --rerun-fails-report=bin/flaky --packages=./... -- -race -count=1 -timeout=45m
	@if [ -s bin/flaky ]; then echo "Flaky: these failed and passed when run again. Each is a defect to mend."; cat bin/flaky; fi

demo: build ## one night in a small company, for real, on this machine
	bin/frontline demo

bench: ## signals a second, time to page and first byte of each screen, as tables
	$(GO) test -count=1 -timeout=30m -v -run '^$$' -bench . ./bench/...

fuzz: ## run every fuzz target for FUZZTIME (10s)
	@grep -rl --include='*_test.go' '^func Fuzz' . | while read -r file; do \
	  grep -oE '^func Fuzz[A-Za-z0-9_]*' "$$file" | while read -r _ target; do \
	    echo "$$(dirname "$$file") $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")" </dev/null || exit 1; \
	  done || exit 1; \
	done

fmt: ## format the Go files
	gofmt -w $(GOFILES)

clean: ## remove what was built and downloaded here
	rm -rf bin node_modules
	find web/dist -mindepth 1 ! -name .keep -delete

lint: ## formatting, go vet, staticcheck
	@wrong=$$(gofmt -l $(GOFILES)); \
	  if [ -n "$$wrong" ]; then echo "These files are not formatted; run make fmt:"; echo "$$wrong"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

vulnerabilities: ## known vulnerabilities in what we use; says so when their database cannot be reached
	@scripts/vulnerabilities

prepare: ## install and build the neighbours that tests need (as root, on Debian), or say what is missing
	@scripts/prepare

# The Go files, without what tests plant and what npm brings.
GOFILES = $(shell find . -name '*.go' -not -path './node_modules/*' -not -path '*/testdata/*')

ifeq ($(NPM),)
screens:
	@echo "npm is not here: the screens work, but do not update by themselves. Install Node.js and npm for that."

node_modules/.package-lock.json:
	@echo "npm is not here: install Node.js and npm, the tests take axe-core from there." >&2; exit 1
else
screens: node_modules/.package-lock.json
	$(if $(SCREENS),node_modules/.bin/esbuild $(SCREENS) --bundle --minify --log-level=warning --outdir=web/dist)

node_modules/.package-lock.json: package-lock.json
	$(NPM) ci --no-progress --loglevel=error
	@touch $@
endif
