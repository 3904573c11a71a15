# `make` alone lists the targets. Each one sets up what it needs; nothing has to be installed first but Python and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.8
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
# Two workers at least: a suite that runs in one process proves nothing about running in several.
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); test "$$n" -gt 2 && echo "$$n" || echo 2)
PYTEST_ARGS ?=
DEMO_PAGE := build/demo-audit.html
DOCS_ARGS ?=
# Material prints a page about its successor at each build; mkdocs is held below 2 in pyproject.toml.
export NO_MKDOCS_2_WARNING := 1
# Where it is set, each of the thousands of processes that the suite starts compiles the plugins of pytest again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test meta sabotage mutants check static lint types docstrings generated self verify docs hooks-try compat assure serve bench format lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*  ## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*  ## (.*)/  make \1\t\2/' | expand -t 20

# --- set-up: a stamp per lock, older than neither its lock nor pyproject.toml while the environment is up to date ---

# The backend comes from the lock too, so the build is not isolated and downloads nothing on its own.
define install
@echo "Setting up $(VENV) from $(1) (again only when it or pyproject.toml changes)"
@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
@$(PIP) install --require-hashes --requirement $(1)
@$(PIP) install --no-deps --no-build-isolation --editable .
@touch $@
endef

$(BIN)/python:
	@command -v "$(PYTHON)" >/dev/null || { echo "$(PYTHON) not found: hermetic needs Python 3.11 or newer. Name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is $$("$(PYTHON)" -V 2>&1): hermetic needs Python 3.11 or newer. Name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -m venv $(VENV)

$(VENV)/.dev-installed: requirements/dev.txt pyproject.toml | $(BIN)/python
	$(call install,requirements/dev.txt)

$(VENV)/.demo-installed: requirements/demo.txt pyproject.toml | $(BIN)/python
	$(call install,requirements/demo.txt)

# --- for everyone ---

# Findings (1) are what the demo is for. A clean run (0) or an error (2) is a broken demo.
demo: $(VENV)/.demo-installed  ## see hermetic find what is wrong with a small suite, and who harms whom
	@$(BIN)/hermetic check examples/member_api/polluted; status=$$?; \
	if [ $$status -ne 1 ]; then echo "demo: expected findings (exit 1), got exit $$status" >&2; exit 1; fi
	@echo
	@echo "Now the tests themselves, in several orders and in parallel, on copies, for at most five minutes:"
	@mkdir -p build
	@cd examples/member_api && "$(CURDIR)/$(BIN)/hermetic" audit --budget 300 --html "$(CURDIR)/$(DEMO_PAGE)" -- -c /dev/null --rootdir . polluted; status=$$?; \
	if [ $$status -ne 1 ]; then echo "demo: expected findings (exit 1), got exit $$status" >&2; exit 1; fi
	@echo
	@echo "The report, with who harms whom: $(CURDIR)/$(DEMO_PAGE)"
	@echo "Next: '$(BIN)/hermetic explain CODE' says why a finding matters, '$(BIN)/hermetic check PATH' checks your own tests."

test: $(VENV)/.dev-installed  ## the whole suite, in parallel, but for the meta-tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --ignore=tests/meta $(PYTEST_ARGS) tests

# Apart from `test`: they run much of it again where nothing is kept of this tree, with workers of their own.
meta: $(VENV)/.dev-installed  ## whether the enforcement is there, and bites
	$(BIN)/python -m pytest $(PYTEST_ARGS) tests/meta

sabotage: $(VENV)/.dev-installed  ## switch the enforcement off in each known way, and see that it is noticed (resumable)
	$(BIN)/python scripts/sabotage.py

mutants: $(VENV)/.dev-installed  ## break what the regression tests guard, each mutant, and see that they fail (long)
	$(BIN)/python scripts/mutate_isolation.py

serve: $(VENV)/.dev-installed  ## the site, at the address that it prints
	$(BIN)/python -m mkdocs serve

# --- for contributors ---

check: static test meta  ## everything that must be green before a commit

static: lint types docstrings generated self docs  ## check without the tests

lint: $(VENV)/.dev-installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.dev-installed
	$(BIN)/mypy

docstrings: $(VENV)/.dev-installed
	$(BIN)/interrogate src

generated: $(VENV)/.dev-installed
	$(BIN)/python scripts/generate.py --check

self: $(VENV)/.dev-installed
	$(BIN)/hermetic check .

# Apart from `check`: it installs hooks, in a copy, and runs every layer there.
verify: $(VENV)/.dev-installed  ## whether this repository's own enforcement bites, by planted violations
	$(BIN)/hermetic verify

# It builds the site strictly and counts the warnings itself: mkdocs exits 0 on broken links with --quiet.
docs: $(VENV)/.dev-installed  ## the gate of the site: links, headings, code blocks that are run, generated pages
	$(BIN)/python scripts/check_docs.py $(DOCS_ARGS)

# Apart from the suite: pre-commit builds an environment, for which pip asks the package registry.
hooks-try: $(VENV)/.dev-installed  ## the hooks that others are offered, from a clone, with pre-commit try-repo
	$(BIN)/python -m pytest -m registry tests/e2e/test_try_repo.py

# Apart from the suite as well: it installs other versions of pytest and xdist.
compat: $(VENV)/.dev-installed  ## the core of the suite on the oldest and the newest supported pytest and xdist
	$(BIN)/python scripts/compatibility.py

assure: $(VENV)/.dev-installed  ## the core of the suite on each version of Python, pytest and xdist at hand (long, resumable)
	$(BIN)/python scripts/assure.py

bench: $(VENV)/.dev-installed  ## the corpus score and the speed ratios
	$(BIN)/python benchmarks/corpus_score.py
	$(BIN)/python benchmarks/lint_speed.py

format: $(VENV)/.dev-installed  ## rewrite the code as the linter and the formatter want it
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

UV_COMPILE = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet

lock: | $(BIN)/python  ## new locks; LOCK_ARGS=--upgrade takes newer versions
	@$(PIP) install uv==$(UV_VERSION)
	$(UV_COMPILE) $(LOCK_ARGS) pyproject.toml --extra dev --output-file requirements/dev.txt
	$(UV_COMPILE) requirements/demo.in --constraint requirements/dev.txt --output-file requirements/demo.txt

clean:  ## remove what was built and cached; `rm -rf .venv` starts over
	rm -rf site build dist .coverage .coverage.* htmlcov .hypothesis .pytest_cache .mypy_cache .ruff_cache
	find . -name .venv -prune -o -name .git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
