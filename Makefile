# Two commands do everything: `make run` and `make test`.  Needs Python 3.11 and nothing else.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501
# Another address than this machine's own needs ECG_ALLOW_NETWORK=1; see docs/serving.md.
ADDRESS ?=

.PHONY: run test lint types docs check mutants train benchmark locks sbom licences attempts clean

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

# The documents as a site in build/site; a broken link or reference is an error.
docs: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

check: lint types docs test

# Whether a test fails when the code is wrong: about an hour, in one process.
mutants: $(VENV)/.dev
	nice $(BIN)/python scripts/mutants.py --out results/mutants.md

train: $(VENV)/.run
	$(BIN)/python -m ecgcore train configs/core9.toml

benchmark: $(VENV)/.dev
	$(BIN)/python -m benchmarks.app

# Created from the locks; made anew when these change. Every file that is installed has a hash that
# stands in the repository. A CPU build of torch on this machine (pip's find-links) is preferred;
# the index has CUDA builds, which need more.
INSTALL = $(BIN)/python -m pip install --quiet --no-deps --require-hashes --only-binary :all:
TORCH = $(INSTALL) --no-index --requirement locks/torch-cpu.txt 2>/dev/null || \
	$(INSTALL) --requirement locks/torch.txt
COMPLETE = $(BIN)/python -m pip check >/dev/null || $(INSTALL) --requirement locks/cuda.txt
LOCKS := locks/app.txt locks/torch-cpu.txt locks/torch.txt locks/cuda.txt
# The one package without a wheel is built with the setuptools of the lock.
BUILT := --no-binary yattag --no-build-isolation --use-pep517

$(VENV)/.run: $(LOCKS)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) --requirement locks/app.txt
	$(TORCH)
	$(COMPLETE)
	touch $@

$(VENV)/.dev: $(LOCKS) locks/dev.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) --requirement locks/app.txt
	$(TORCH)
	$(INSTALL) $(BUILT) --requirement locks/dev.txt
	$(COMPLETE)
	touch $(VENV)/.run $@

# After a change of requirements.txt or requirements-dev.txt.
locks: $(VENV)/.dev
	$(BIN)/python -m scripts.lock

sbom: $(VENV)/.dev
	$(BIN)/python -m scripts.sbom --out build/sbom.cdx.json

licences: $(VENV)/.dev
	$(BIN)/python -m scripts.licences

# Plays every attack of docs/security.md against this tree.
attempts: $(VENV)/.dev
	$(BIN)/python -m scripts.attempts

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .cache
