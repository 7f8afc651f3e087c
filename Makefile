# The commands of this project: `make` lists them. Needs git, make, Go and Node (20 or later, with npm); npm then brings the Node that
# the project itself runs on. Recipes stay one line: what is longer is TypeScript.

NODE := node_modules/.bin/node
INSTALLED := node_modules/.installed
SOURCES := $(shell find src -name '*.ts')
SANDBOX := $(NODE) sandbox/cli/main.ts

# Programs that start with "env node" get the project's Node, not the machine's; only npm ci, which replaces that Node, doesn't.
MACHINE_PATH := $(PATH)
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help demo test e2e e2e-tools up down sandbox bench bench-scale bench-rest contract verify-live fuzz generate format lint verify build tools clean
.DELETE_ON_ERROR:

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: dist/main.js ## Show a share from request to revoke, on a local cluster and an AWS stand-in
	@$(SANDBOX) demo

up: dist/main.js ## Start cluster, AWS stand-in and operator; SLUICE_DIR=<folder> keeps several apart (default .sluice)
	@$(SANDBOX) up

sandbox: $(INSTALLED) ## The same without the operator
	@$(SANDBOX) up --without-operator

down: $(INSTALLED) ## Stop all of that and remove what it left, also after a crash
	@$(SANDBOX) down

test: tools dist/main.js ## Everything that CI runs: types, lint, generated files, all tests
	@$(NODE) scripts/check.ts test

e2e: tools e2e-tools dist/main.js ## With the real Argo CD, a real node and promtool
	@$(NODE) scripts/check.ts e2e

e2e-tools: $(INSTALLED)
	@$(NODE) test/e2e/tools/main.ts

verify: $(INSTALLED) ## The same without the tests
	@$(NODE) scripts/check.ts verify

lint: $(INSTALLED) ## Lint, formatting, direction of imports
	@$(NODE) scripts/check.ts lint

format: $(INSTALLED) ## Mend formatting and what lint can mend
	@npm run --silent format

generate: $(INSTALLED) ## Write CRDs, chart and reference pages from src/api, and the list of differences in docs/contract.md
	@$(NODE) scripts/generate.ts
	@$(NODE) test/contract/page.ts

bench: tools ## The benchmarks, with a table
	@$(NODE) test/bench/main.ts

bench-scale: tools dist/main.js ## 10,000 shares at once, a restart, and how that idles; ITEMS=<n> for another number
	@$(NODE) test/bench/scale.ts $(if $(ITEMS),--items=$(ITEMS))

bench-rest: dist/main.js ## What ten thousand shares cost an operator at rest, as bounds; ITEMS=<n> for another number
	@$(NODE) test/bench/rest.ts $(if $(ITEMS),--items=$(ITEMS))

fuzz: $(INSTALLED) ## Random worlds until one fails, N of them (default 100000); SEED=<number> plays the same again
	@$(NODE) test/worlds/fuzz.ts --worlds $(or $(N),100000) $(if $(SEED),--seed $(SEED))

contract: $(INSTALLED) ## What Sluice takes AWS to do, asked of the AWS stand-in and of moto
	@vitest run --project contract

verify-live: $(INSTALLED) ## The same on two real AWS accounts: read docs/contract.md first; ARGS=--dry-run shows every call
	@$(NODE) test/contract/live/main.ts $(ARGS)

build: dist/main.js ## Compile the operator to dist/

tools: $(INSTALLED) ## Build etcd, Kubernetes and helm from Go modules, once per machine
	@$(SANDBOX) tools

clean: ## Remove what was built here (not the tools, which all checkouts share)
	rm -rf dist coverage node_modules/.cache

dist/main.js: $(INSTALLED) $(SOURCES) tsconfig.json tsconfig.build.json
	@echo "Compiling the operator (npm run build)"
	@npm run --silent build

# npm ci empties node_modules first, so the mark is gone when it is interrupted.
$(INSTALLED): package-lock.json
	@echo "Installing the npm packages of package-lock.json (npm ci): about half a minute"
	@PATH='$(MACHINE_PATH)' npm ci --no-audit --no-fund --loglevel=error
	@touch $@
