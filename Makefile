# Two commands do everything from a bare checkout: `make book` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Nothing is kept in a checkout of somebody else's.
KEEP := $(shell test -w . || echo --no-cache)

.PHONY: help setup book test check fuzz lab lint bench lock clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

setup: $(VENV)/.ready  ## create the environment from the lock (nothing to do when it is up to date)

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else "soilnb needs Python 3.11 or newer; $(PYTHON) is %d.%d (set PYTHON=...)" % v[:2])'
	$(PYTHON) -m venv $(VENV) && $(BIN)/pip install --quiet uv
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	$(BIN)/python -m compileall -q soilnb
	@touch $@

book: setup  ## run the notebooks (size quick) and compile the book
	$(BIN)/soilnb book

test: setup  ## the whole suite: science, command line, notebooks, browser
	$(BIN)/python -m pytest -n auto

check: lint  ## a minute at most: lint, and the tests that your changes can reach
	$(BIN)/python -m pytest -n auto -q --reach

fuzz: setup  ## 100,000 hostile cases; killed runs and random parameters, ten times as many as in the suite (SOILNB_FUZZ)
	$(BIN)/python tests/hostile/campaign.py --seed $${SEED:-$$$$}
	SOILNB_FUZZ=$${SOILNB_FUZZ:-10} $(BIN)/python -m pytest -q tests/hostile tests/running/test_kills.py
	NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR=.pytest_cache/bounds_checked $(BIN)/python tests/pore/random_runs.py 200

lab: setup  ## open the notebooks in JupyterLab
	$(BIN)/soilnb lab

lint: setup  ## style and the floors of the house
	$(BIN)/ruff check $(KEEP) . && $(BIN)/ruff format $(KEEP) --check . && $(BIN)/lint-imports --no-logo $(KEEP)

bench: setup  ## speed, each against a named peer in the same run
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --group bench 2>/dev/null \
	  || echo "CHOLMOD is left out: it is built against SuiteSparse (Debian: libsuitesparse-dev)"
	$(BIN)/python -m pytest benchmarks -p no:randomly --benchmark-only --benchmark-columns=median,iqr,rounds

lock:  ## compile requirements.lock from pyproject.toml
	$(PYTHON) -m venv $(VENV) && $(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	  --extra lab --extra book --extra cluster --extra proda --extra dashboard --group dev \
	  --custom-compile-command "make lock" -o requirements.lock pyproject.toml

clean:  ## remove what was built (the environment stays)
	rm -rf results book/_build book/_vendor .benchmarks .pytest_cache .hypothesis
