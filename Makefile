# Two commands do everything: `make benchmark` and `make test`. Both install what they need
# into .venv, once: a stamp file per set of extras is newer than the files that define it.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install -q -c constraints.txt
OUT ?= benchmark-results/quick
JOBS ?= 2

.PHONY: test lint types unit benchmark clean

test: lint types unit

lint: $(VENV)/.test-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test-installed
	$(BIN)/mypy

unit: $(VENV)/.test-installed
	$(BIN)/python -m pytest -n $(JOBS) --cov --cov-report=term

benchmark: $(VENV)/.benchmark-installed
	$(BIN)/skfocal benchmark run --suite quick --jobs $(JOBS) --out $(OUT)
	$(BIN)/skfocal benchmark report $(OUT)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.benchmark-installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[benchmark]'
	touch $@

# torch first and pinned: the version range of another package would fetch the newest build,
# which on Linux brings gigabytes of CUDA libraries.
$(VENV)/.test-installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) "$$(grep '^torch==' constraints.txt)"
	$(PIP) -e '.[test]'
	touch $@ $(VENV)/.benchmark-installed

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .coverage*
