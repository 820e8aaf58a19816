# Two commands do everything: `make benchmark` and `make test`. Both install what they need
# into .venv, once: a stamp file per set of extras is newer than the files that define it.
# `make quick` is the inner loop; the lanes and `make dist` are for before a release.
PYTHON ?= python3.11
NEWEST ?= python3.13
VENV := .venv
BIN := $(VENV)/bin
INSTALL := python -m pip --disable-pip-version-check install -q
PIP := $(BIN)/$(INSTALL) -c constraints.txt
TORCH = "$$(grep '^torch==' constraints.txt)"
PYTEST := -m pytest -n
OUT ?= benchmark-results/quick
JOBS ?= 2

.PHONY: test lint types unit quick coverage docs benchmark results test-lowest test-no-torch test-newest dist clean

test: lint types unit

lint: $(VENV)/.dev-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/typos
	$(BIN)/lint-imports --no-cache

types: $(VENV)/.dev-installed
	$(BIN)/mypy

# One thread in each of the processes: they would wait for each other's. The lanes keep all threads.
unit: $(VENV)/.dev-installed
	OMP_NUM_THREADS=1 $(BIN)/python $(PYTEST) $(JOBS)

quick: $(VENV)/.dev-installed
	OMP_NUM_THREADS=1 $(BIN)/python $(PYTEST) $(JOBS) -q -m "not slow"

# Apart from `test`, whose time it nearly doubles.
coverage: $(VENV)/.dev-installed
	OMP_NUM_THREADS=1 $(BIN)/python $(PYTEST) $(JOBS) -q --cov --cov-report=term

# The pages with warnings as errors, links inside them included; then their snippets.
docs: $(VENV)/.docs-installed
	OMP_NUM_THREADS=1 $(BIN)/sphinx-build -q -W --keep-going -j $(JOBS) -b html docs docs/_build/html
	OMP_NUM_THREADS=1 $(BIN)/python $(PYTEST) $(JOBS) -q -p no:cacheprovider --doctest-glob='*.md' --ignore=docs/examples docs

benchmark: $(VENV)/.benchmark-installed
	$(BIN)/skfocal benchmark run --suite quick --jobs $(JOBS) --out $(OUT)
	$(BIN)/skfocal benchmark report $(OUT)

# Tables and figures, in README and docs too, from the results in benchmarks/results; no fits.
results: $(VENV)/.dev-installed
	$(PIP) 'baycomp>=1.0.3'
	$(BIN)/python benchmarks/study.py table
	$(BIN)/python benchmarks/update_documents.py

# --- lanes: each in an environment of its own ---------------------------------------------------

test-lowest: $(VENV)-lowest/.installed
	$(VENV)-lowest/bin/python $(PYTEST) $(JOBS)

test-no-torch: $(VENV)-no-torch/.installed
	$(VENV)-no-torch/bin/python $(PYTEST) $(JOBS)

test-newest: $(VENV)-newest/.installed
	$(VENV)-newest/bin/python $(PYTEST) $(JOBS)

# The floors of pyproject.toml, except of torch: an older build pulls gigabytes of CUDA libraries.
$(VENV)-lowest/.installed: pyproject.toml constraints.txt .ci/floors.py
	$(PYTHON) -m venv $(VENV)-lowest
	$(VENV)-lowest/bin/$(INSTALL) $(TORCH)
	$(VENV)-lowest/bin/python .ci/floors.py benchmark boosting neural test > $(VENV)-lowest/floors.txt
	$(VENV)-lowest/bin/$(INSTALL) -r $(VENV)-lowest/floors.txt -e .
	touch $@

$(VENV)-no-torch/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)-no-torch
	$(VENV)-no-torch/bin/$(INSTALL) -c constraints.txt -e '.[benchmark,boosting,test]'
	touch $@

# The newest of everything that the newest Python here can have; without torch, for the reason above.
$(VENV)-newest/.installed: pyproject.toml
	$(NEWEST) -m venv $(VENV)-newest
	$(VENV)-newest/bin/$(INSTALL) --upgrade --upgrade-strategy eager -e '.[benchmark,boosting,test]'
	touch $@

# --- release ------------------------------------------------------------------------------------

# Source archive and wheel, each checked and then tried in a clean environment of its own.
dist: $(VENV)-release/.installed
	rm -rf dist
	$(VENV)-release/bin/python -m build
	$(VENV)-release/bin/twine check --strict dist/*
	for file in dist/*; do \
	    $(PYTHON) -m venv --clear $(VENV)-smoke && \
	    $(VENV)-smoke/bin/$(INSTALL) -c constraints.txt $$file && \
	    $(VENV)-smoke/bin/python -I .ci/smoke.py || exit 1; \
	done

$(VENV)-release/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)-release
	$(VENV)-release/bin/$(INSTALL) -c constraints.txt 'build>=1.2' 'twine>=6'
	touch $@

# --- environments -------------------------------------------------------------------------------

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.benchmark-installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[benchmark]'
	touch $@

# torch first and pinned: the version range of another package would fetch the newest build,
# which on Linux brings gigabytes of CUDA libraries.
$(VENV)/.dev-installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) $(TORCH)
	$(PIP) -e '.[dev]'
	touch $@ $(VENV)/.benchmark-installed

$(VENV)/.docs-installed: $(VENV)/.dev-installed
	$(PIP) -e '.[docs]'
	touch $@

clean:
	rm -rf docs/_build docs/api docs/examples docs/losses docs/studies
	rm -rf $(VENV) $(VENV)-* .pytest_cache .mypy_cache .ruff_cache .coverage* dist
