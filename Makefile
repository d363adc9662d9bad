# Two commands are all there is: `make report` and `make test`. Both start from nothing.

PYTHON ?= python3
WEEK   ?= 2026-W47
BIN    := .venv/bin
SUPPORTED = $(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
  { echo "ys-analytics needs Python 3.11, 3.12 or 3.13; name one: make PYTHON=python3.11" >&2; exit 1; }
COMPILE = $(BIN)/uv pip compile pyproject.toml -q --universal --python-version 3.11 \
          --generate-hashes --no-emit-index-url --custom-compile-command "make lock"

# Compiled modules are kept, whatever the machine says: each process would otherwise compile two thousand of them anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: report test test-servers bench docs lab check lock clean help
.DEFAULT_GOAL := help

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

report: .venv/report ## from an empty machine to a weekly PDF
	@$(BIN)/ys browser
	@$(BIN)/ys up
	@$(BIN)/ys migrate up
	@$(BIN)/ys demo --if-empty
	@$(BIN)/ys report --week $(WEEK) --portfolio "Alder Reserve"

test: .venv/ready ## every test, on real engines
	@$(BIN)/ys browser
	@$(BIN)/python -m pytest -q -n 3 --dist loadfile

test-servers: .venv/ready ## faults of real servers: needs Debian's postgresql, pgbouncer, haproxy, redis, stunnel4
	@$(BIN)/python -m pytest -q -m servers tests

bench: .venv/bench ## what the speed claims rest on, beside the peers
	@$(BIN)/python -m benchmarks

check: .venv/ready ## lint and types, as CI runs them inside the tests
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

docs: .venv/ready ## the documentation as a static site in site/, which opens without a network
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "site/index.html"

lab: .venv/ready ## JupyterLab with the stores up
	@$(BIN)/ys lab

lock: .venv/ready ## resolve the dependencies anew, with hashes and without an index
	@$(COMPILE) --extra dev -o requirements.lock
	@$(COMPILE) --extra build -c requirements.lock -o report.lock
	@$(COMPILE) --extra dev --extra bench -o benchmarks/requirements.lock

clean: ## stop the embedded stores and remove what these commands made
	@test ! -x $(BIN)/ys || $(BIN)/ys down
	@rm -rf .venv .ys reports/out site

# Installed anew only when a lock or the project's own declaration changes. A report needs neither JupyterLab nor what
# developers use; where those are installed, it needs nothing more.
.venv/ready: requirements.lock pyproject.toml install.sh
	@$(SUPPORTED)
	@echo "installing the locked dependencies into .venv" >&2
	@./install.sh $(PYTHON) requirements.lock
	@touch $@ .venv/report

.venv/report: report.lock pyproject.toml install.sh
	@$(SUPPORTED)
	@echo "installing what a report needs into .venv" >&2
	@./install.sh $(PYTHON) report.lock
	@touch $@

.venv/bench: .venv/ready benchmarks/requirements.lock
	@./install.sh $(PYTHON) benchmarks/requirements.lock
	@touch $@
