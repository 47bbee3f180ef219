# The two commands that matter: `make demo` and `make test`. Both set everything up first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONUNBUFFERED = 1

.PHONY: help setup setup-test setup-train demo serve test test-all lint bench screenshots clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.serve: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.serve
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[test]'
	@touch $@

$(VENV)/.train: $(VENV)/.serve
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[train]'
	@touch $@

setup: $(VENV)/.serve  ## Make .venv with the command `vexascope`

setup-test: $(VENV)/.test  ## ... and what the tests need
	@sh .ci/install-browser
	@sh .ci/install-node

setup-train: $(VENV)/.train  ## ... and what training needs (torch for the CPU)

demo: setup  ## Seed four demonstration cases and serve them
	$(BIN)/vexascope demo

serve: setup  ## Run the server
	$(BIN)/vexascope serve

lint: setup-test  ## Check style, types, layers and templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --exclude '^app/training/'
	$(BIN)/lint-imports
	$(BIN)/djlint --quiet --check --lint templates app/training
	$(BIN)/hadolint Dockerfile

test: lint  ## Run the checks and all tests but the slow ones
	$(BIN)/pytest -m 'not slow' -n 2 --dist loadgroup

test-all: test setup-train  ## ... and the slow ones, and those of training, which need torch
	$(BIN)/mypy
	$(BIN)/pytest -m slow -n 2 --dist loadgroup
	$(BIN)/pytest -m 'not slow' -n 2 --dist loadgroup tests/training tests/cli/test_training.py

bench: setup-test  ## Run the benchmarks
	$(BIN)/python -m tests.benchmarks
	$(BIN)/python -m tests.benchmarks.worklist
	$(BIN)/python -m tests.benchmarks.pages
	$(BIN)/python -m tests.benchmarks.access
	$(BIN)/python -m tests.benchmarks.audit
	$(BIN)/python -m tests.benchmarks.statistics
	$(BIN)/python -m tests.benchmarks.drift
	$(BIN)/python -m tests.benchmarks.delivery
	$(BIN)/python -m tests.benchmarks.delivery_hl7

screenshots: setup-test  ## Take pictures of the pages into screenshots/
	$(BIN)/python -m tests.screenshots

clean:  ## Remove what make has made
	rm -rf $(VENV) build dist *.egg-info
