# Two commands are enough: `make run` and `make test`. The others are their parts.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

APP ?= codebook
DATA ?= mainstay-data/$(APP)
LISTEN ?= 127.0.0.1:8080
TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: help run build dist web test bench tidy openapi clean

help: ## Show what can be made.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: build ## Build, then serve APP (codebook) with its data under mainstay-data/.
	$(TARGET)/release/mainstay serve apps/$(APP) --data $(DATA) --listen $(LISTEN)

build: web ## Build target/release/mainstay with the interface in it.
	cargo build --release --locked -p mainstay

dist: web ## Build target/dist/mainstay, which does more with a core and takes longer to build: for servers.
	scripts/dist

web: web/dist/index.html ## Build the interface into web/dist.

web/dist/index.html: $(shell find web/src web/index.html web/package.json web/vite.config.ts -type f 2>/dev/null)
	scripts/need node
	cd web && { [ -d node_modules ] && [ node_modules -nt package-lock.json ] || npm ci --no-audit --no-fund; } && npm run build
	@touch $@

test: ## Everything: format, lints, both databases, the interface in a browser, the five minutes of a new user.
	scripts/test

tidy: ## Only the checks of structure.
	cargo xtask tidy

openapi: ## Take web/openapi.json from the server, and the interface's types from that.
	document=$$(cargo run -q -p mainstay -- openapi --built-in) && printf '%s\n' "$$document" >web/openapi.json
	cd web && { [ -d node_modules ] && [ node_modules -nt package-lock.json ] || npm ci --no-audit --no-fund; } && npm run api

bench: build ## Measure; prints figures, writes bench/results/.
	bench/run

clean: ## Remove what was built, keep the data.
	cargo clean
	rm -rf web/dist web/node_modules
