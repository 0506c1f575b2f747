# Two commands matter: `make run` and `make test`. Python 3.11 or newer is all that is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test test-duckdb-1.5 bench lint format editor clean

run: $(VENV)/installed
	@$(BIN)/python -m pipelines start

test: $(VENV)/installed-tests
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder -m "not alone"
	@$(BIN)/python -m pytest -m alone

# The same warehouse on the DuckDB that most analysts' tools still bring.
test-duckdb-1.5: $(VENV)/installed-tests
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --target $(VENV)/duckdb-1.5 --upgrade duckdb==1.5.6
	@PYTHONPATH=$(VENV)/duckdb-1.5 $(BIN)/python -m pytest tests/test_marts.py tests/test_loading.py tests/test_formats.py tests/test_publishing.py tests/test_dictionary.py

# What it costs, on made-up data: `make bench TICKETS="100000 1000000"`. Prints a table and writes bench.json.
TICKETS ?= 100000 1000000
bench: $(VENV)/installed-tests
	@$(BIN)/python -m tests.bench --tickets $(TICKETS)

lint: $(VENV)/installed-tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/sqlfmt --check --quiet warehouse
	@$(BIN)/python -m tests.audit

format: $(VENV)/installed-tests
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .
	@$(BIN)/sqlfmt --quiet warehouse

# The SQL page's editor as one file, built anew after a change to pages/editor. Only this needs Node.
editor:
	@cd pages/editor && npm ci --no-audit --no-fund && npm run build

$(VENV)/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/installed-tests: $(VENV)/installed tests/requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@

clean:
	rm -rf $(VENV) data
