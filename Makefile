# Two commands do all the set-up: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint bench up clean

demo: $(VENV)/.demo
	$(BIN)/kerasq demo

# The tests that kill processes or drive a browser take minutes: `make test ARGS=` runs them all.
ARGS ?= -m "not faults and not browser"
test: $(VENV)/.test
	$(BIN)/pytest $(ARGS)

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Hours, on a machine that does nothing else meanwhile: kerasq beside its peers, into docs/performance.md.
bench: $(VENV)/.bench
	$(BIN)/python -m bench install
	$(BIN)/python -m bench all
	$(BIN)/python -m bench report

up: $(VENV)/.demo
	$(BIN)/kerasq up

clean:
	rm -rf $(VENV) build *.egg-info .kerasq

$(BIN)/python:
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[train,test,lint]'
	touch $@ $(VENV)/.demo

$(VENV)/.bench: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[bench]'
	touch $@ $(VENV)/.demo
