# Kinofarm: the commands of the house. `make help` lists them.
#
# Everything lives in .venv, made from a lock with hashes; nothing is installed outside this folder.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
PIP    := $(BIN)/python -m pip --disable-pip-version-check --no-input
QUIET  := -qq --root-user-action=ignore

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup demo test acceptance faults soak check format docs bench scale live looking lock clean

help:  ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(STAMP)  ## make .venv with all that the other commands need
	@echo "Ready: $(BIN)/kinofarm"

# One rule makes the environment. It runs again when the lock or the project's declaration changes.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Kinofarm needs Python 3.11 or later; '$(PYTHON)' is $$($(PYTHON) -V 2>&1)."; \
	  echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "Setting up $(VENV) with $$($(PYTHON) -V) (about a minute, once)"
	@$(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  $(PYTHON) -m venv --clear $(VENV) || { \
	  echo "This Python cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@rm -f $(STAMP)
	@$(PIP) install $(QUIET) --no-compile --no-deps --require-hashes -r requirements.lock
	@$(PIP) install $(QUIET) --no-compile --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib apps flows tasks infra >/dev/null 2>&1 || true
	@touch $(STAMP)

demo: $(STAMP)  ## render the demo film: out/demo.mp4, its manifest and a contact sheet
	@$(BIN)/kinofarm demo

test: $(STAMP)  ## run the tests, side by side on every core (with ARGS="..." for pytest)
	@$(BIN)/python -m pytest -n auto $(ARGS)

acceptance: $(STAMP)  ## run the long tests, which `make test` leaves out (with ARGS="..." for pytest)
	@$(BIN)/python -m pytest -m long --timeout=1800 $(ARGS)

faults: $(STAMP)  ## break a farm of two machines in 38 ways and times (root: with networks, disks, clocks of their own)
	@KINOFARM_SOAK_ROUNDS=$${ROUNDS:-38} KINOFARM_SOAK_SEED=$${SEED:-0} $(BIN)/python -m pytest -v -s tests/soak/test_faults.py $(ARGS)

soak: $(STAMP)  ## 100 rounds of faults, and 1000 jobs at once; the figures go into bench/RESULTS.md (about two hours)
	@KINOFARM_SOAK_KEEP=1 KINOFARM_SOAK_ROUNDS=$${ROUNDS:-100} KINOFARM_SOAK_JOBS=$${JOBS:-1000} KINOFARM_SOAK_SEED=$${SEED:-0} \
	  $(BIN)/python -m pytest -v -s tests/soak $(ARGS)

scale: $(STAMP)  ## measure what the parts of a farm cost, on a quiet machine (about six minutes); then: make docs
	@$(BIN)/python -m bench.scale

live: $(STAMP)  ## measure how soon 50 pages show a chunk of 20 jobs; the rows go into bench/RESULTS.md (about ten minutes)
	@$(BIN)/python -m bench.live $(ARGS)

looking: $(STAMP)  ## measure recognition, analyses and scans, on a quiet machine; the rows go into bench/RESULTS.md (about five minutes)
	@$(BIN)/python -m bench.looking $(ARGS)

check: $(STAMP)  ## lint, types, layers, docs
	@$(BIN)/ruff check --quiet . && echo "lint    ok"
	@$(BIN)/ruff format --quiet --check . && echo "format  ok" || { echo "run: make format"; exit 1; }
	@$(BIN)/mypy --no-error-summary && echo "types   ok"
	@$(BIN)/lint-imports >/dev/null && echo "layers  ok" || { $(BIN)/lint-imports; exit 1; }
	@$(BIN)/python -m docs.build --check && echo "docs    ok"

format: $(STAMP)  ## sort imports and format the code
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .

docs: $(STAMP)  ## regenerate the pages of docs/ that are made from the code
	@$(BIN)/python -m docs.build

bench: $(STAMP)  ## compare the farm with raw ffmpeg and write bench/RESULTS.md (ARGS="--help")
	@$(BIN)/python -m bench $(ARGS)

lock: $(STAMP)  ## resolve pyproject.toml into requirements.lock
	@$(BIN)/python -c 'import uv' 2>/dev/null || $(PIP) install $(QUIET) uv
	@$(BIN)/python -m uv pip compile --quiet --universal --no-emit-index-url --generate-hashes --no-strip-extras \
	  --python-version 3.11 --group dev \
	  --custom-compile-command "make lock" pyproject.toml -o requirements.lock
	@echo "requirements.lock is written; make setup installs it"

clean:  ## remove what the commands made in this folder
	@rm -rf $(VENV) out .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
