# Two commands do everything: `make run` and `make test`.  Needs Python 3.11 and nothing else.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501
# Another address than this machine's own needs ECG_ALLOW_NETWORK=1; see docs/serving.md.
ADDRESS ?=

.PHONY: run test lint types check mutants train benchmark clean

run: $(VENV)/.run
	OMP_NUM_THREADS=1 $(BIN)/streamlit run app.py --server.port $(PORT) \
		$(if $(ADDRESS),--server.address $(ADDRESS))

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadgroup --no-loadscope-reorder

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

check: lint types test

# Whether a test fails when the code is wrong: about an hour, in one process.
mutants: $(VENV)/.dev
	nice $(BIN)/python scripts/mutants.py --out results/mutants.md

train: $(VENV)/.run
	$(BIN)/python -m ecgcore train configs/core9.toml

benchmark: $(VENV)/.dev
	$(BIN)/python -m benchmarks.app

# Created from the pinned requirements; made anew when these change.
$(VENV)/.run: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements-dev.txt
	touch $(VENV)/.run $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .cache
