# make setup | demo | test | lint | fmt | bench | lock      (README.md says what each is for)

PYTHON ?= python3
PORT ?= 8000
WORKERS ?= 2
JOBS ?= 2
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint fmt bench lock dev clean

help:
	@echo "make setup   make .venv from the lock"
	@echo "make demo    load the demonstration and serve it on http://127.0.0.1:$(PORT) (PORT=8080 make demo for another port)"
	@echo "make test    all tests, on SQLite and on PostgreSQL"
	@echo "make lint    style, types, imports, templates, migrations, deployment settings"
	@echo "make fmt     format the code"
	@echo "make bench   the benchmark"
	@echo "make lock    write the two locks in deploy/ anew from pyproject.toml"

setup: $(VENV)/.installed

dev: $(VENV)/.installed-dev

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || { \
	  echo "Tongxin needs Python 3.11, 3.12 or 3.13; $(PYTHON) is `$(PYTHON) --version 2>&1`. Name another one: make setup PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This Python cannot make virtual environments. On Debian or Ubuntu: sudo apt-get install python3-venv; then make setup again." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: deploy/requirements.txt | $(VENV)/bin/python
	$(PIP) install --quiet --require-hashes -r deploy/requirements.txt
	@touch $@

$(VENV)/.installed-dev: deploy/requirements-dev.txt $(VENV)/.installed
	$(PIP) install --quiet --require-hashes -r deploy/requirements-dev.txt
	@touch $@

demo: setup
	@BIN=$(BIN) PORT=$(PORT) WORKERS=$(WORKERS) deploy/demo

test: dev
	@BIN=$(BIN) deploy/install-test-tools
	$(BIN)/python -m pytest --db=sqlite -n $(JOBS) --dist loadscope --no-loadscope-reorder
	$(BIN)/python -m pytest --db=postgres -n $(JOBS) --dist loadscope --no-loadscope-reorder

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint templates --lint --quiet
	DEBUG=true $(BIN)/mypy
	$(BIN)/lint-imports
	@BIN=$(BIN) deploy/check-django

fmt: dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: dev
	$(BIN)/python -m tests.benchmarks.run

lock: dev
	@BIN=$(BIN) deploy/lock

clean:
	rm -rf $(VENV) staticfiles .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
