# Everything runs in .venv, made on first use and again when pyproject.toml or constraints.txt change.
# Another interpreter: make test PYTHON=python3.12
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
BENCH_READY := .venv/.ready-bench

.DEFAULT_GOAL := help
.PHONY: help setup run test slow bench clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-6s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## make the environment in .venv

run: $(READY)  ## run scenarios/quickstart.toml and draw it; the result lands in runs/
	$(BIN)/spreadgame run scenarios/quickstart.toml --out runs --plot

test: $(READY)  ## lint, types and tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -c 'import spreadgame; spreadgame.run("scenarios/quickstart.toml", overrides={"run.steps": 10})' & \
		$(BIN)/mypy; code=$$?; wait; exit $$code
	$(BIN)/pytest -n 2 --dist worksteal

slow: $(READY)  ## the statistical tests, over thousands of runs
	$(BIN)/pytest -m slow -n 2 --dist worksteal

bench: $(BENCH_READY)  ## speed, beside what a user would pick instead
	$(BIN)/python -m benchmarks

clean:  ## remove the environments, caches and builds; runs/ stays
	rm -rf .venv .bench .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
		echo "Spreadgame needs Python 3.11 to 3.13 and '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." \
			"Name another: make PYTHON=python3.12" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	touch $@

$(BENCH_READY): $(READY)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[bench]"
	touch $@
