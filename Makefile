PYTHON ?= python3
STEPS ?= 1000000
EDITS ?= 10000
CASES ?= 100000
N ?= 5000
VENV := .venv
VENV20 := .venv-sa20
BIN := $(VENV)/bin
APPS := $(patsubst %/pyproject.toml,%,$(wildcard apps/*/pyproject.toml))

.DEFAULT_GOAL := help
.PHONY: help demo demo-apps test test-new test-old test-apps lint prove faults harmless suites bench docs clean

help:  ## tell what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s  %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.installed  ## check a leaky shop, then a real package from PyPI
	@$(BIN)/python -m demo.run

demo-apps: $(VENV)/.installed  ## start the four applications and tell their addresses
	@$(BIN)/python -m demo.apps

test: test-new test-old test-apps  ## run the tests: everything on SQLAlchemy 2.1, what rests on it on 2.0, the applications; `make -j2 test` takes half the time

test-new: $(VENV)/.installed
	$(BIN)/python -m pytest -q tests

test-old: $(VENV20)/.installed
	$(VENV20)/bin/python -m pytest -q tests/lifecycle tests/hazards tests/messages tests/projections tests/watch
	$(VENV20)/bin/python -m pytest -q --hermetic tests/scopes tests/integrations

test-apps: $(VENV)/.installed
	$(BIN)/python -m pytest -q --hermetic apps

lint: $(VENV)/.installed  ## ruff, mypy --strict, pyrefly, import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pyrefly check
	$(BIN)/lint-imports

prove: $(VENV)/.installed $(VENV20)/.installed  ## run the model beside real SQLAlchemy, STEPS=1000000 on each version; then the cache after EDITS=10000 edits; projections beside the ORM, CASES=100000 on each version and database
	$(VENV20)/bin/python -m tests.lifecycle.prove --steps $(STEPS) --jobs 2
	$(BIN)/python -m tests.lifecycle.prove --steps $(STEPS) --jobs 2
	$(BIN)/python -m tests.check.prove --edits $(EDITS) --jobs 2
	$(VENV20)/bin/python -m tests.projections.prove --cases $(CASES) --jobs 2
	$(VENV20)/bin/python -m tests.projections.prove --cases $(CASES) --jobs 2 --url postgresql
	$(BIN)/python -m tests.projections.prove --cases $(CASES) --jobs 2
	$(BIN)/python -m tests.projections.prove --cases $(CASES) --jobs 2 --url postgresql

faults: $(VENV)/.installed  ## break connections, commits, servers and clients under a bank, N=5000 times, and write docs/why/reliability.md
	$(BIN)/python -m tests.faults --faults $(N) --write docs/why/reliability.md

harmless: $(VENV)/.installed $(VENV20)/.installed  ## run SQLAlchemy's own tests with and without the watcher, on 2.0 and on 2.1
	$(VENV20)/bin/python -m tests.watch.harmless
	$(BIN)/python -m tests.watch.harmless

suites: $(VENV)/.installed  ## run the tests of eight projects from PyPI as they are and under hermetic run
	$(BIN)/python -m tests.watch.suites

bench: $(VENV)/.installed $(VENV20)/.installed  ## time checking, projections and watching beside what people use otherwise
	@for script in benchmarks/*.py; do $(BIN)/python -m benchmarks.$$(basename $$script .py) || exit 1; done

docs: $(VENV)/.installed  ## write the hazards reference and the README's table from the pages, and the site into site/
	$(BIN)/python docs/generate.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

clean:  ## remove the virtual environments and caches
	rm -rf $(VENV) $(VENV20) .demo .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/.installed: EXTRAS = test,apps,docs,lint,bench
$(VENV)/.installed: MEMBERS = $(foreach app,$(APPS),-e '$(app)[test]')
$(VENV)/.installed: SQLALCHEMY = >=2.1,<2.2
$(VENV20)/.installed: EXTRAS = test,rivals
$(VENV20)/.installed: SQLALCHEMY = >=2.0.40,<2.1

# The stamp is older than pyproject.toml exactly when something may be missing.
$(VENV)/.installed: $(APPS:%=%/pyproject.toml)
$(VENV)/.installed $(VENV20)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Hermetic needs Python 3.11 or newer; name one: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -e '.[$(EXTRAS)]' $(MEMBERS) 'SQLAlchemy[asyncio]$(SQLALCHEMY)'
	@touch $@
