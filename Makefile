# Everything that a fresh Debian machine with Python 3.11 or newer needs: make demo, make test.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed

.PHONY: help install runtime wheel screenshots demo test test-slow fuzz torture lint types bench catalogue lab docs course dist-test clean

help:
	@echo "make demo       compare networks on a small embedded data set: a table and a report"
	@echo "make runtime    fetch, through npm, what an exported page computes with"
	@echo "make wheel      the package with that in it, into dist/"
	@echo "make test       the test suite"
	@echo "make test-slow  the tests that take minutes: simulations, long trainings"
	@echo "make course     run every notebook of the course, as the test does"
	@echo "make dist-test  build sdist and wheel, install them into an empty environment, run the demo"
	@echo "make docs       the documentation site, into build/docs"
	@echo "make fuzz       damaged and hostile files and requests, for ten minutes; counts in fuzz.json"
	@echo "make torture    trainings killed at random and resumed, for ten minutes; counts in torture.json"
	@echo "make lint types the linter and the type checker"
	@echo "make catalogue  measure what each network costs, for leadline models"
	@echo "make lab        train what the lab's claims need, into runs/lab, and write the ledger that comes along"
	@echo "make bench      speed, side by side with the loop most people write"

install: $(INSTALLED)

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "leadline needs Python 3.11 or newer; choose one with: make PYTHON=python3.11 …"; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || \
		{ echo "python3 -m venv does not work here; on Debian: apt-get install python3-venv"; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(INSTALLED)

# onnxruntime-web, pinned in tools/runtime.lock.json; only `leadline export --to html` needs it.
runtime:
	$(PYTHON) tools/fetch_runtime.py

wheel: runtime
	$(PYTHON) -m pip wheel --quiet --no-deps --wheel-dir dist .

demo: install
	$(BIN)/leadline compare digits --minutes 3

# One process per core, with one thread each. Where there is npm, the exported page is tested, too.
test: install
	@command -v npm >/dev/null && $(PYTHON) tools/fetch_runtime.py || echo "the exported page is not tested (make runtime)"
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto

test-slow: install
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto -m slow

fuzz: install
	OMP_NUM_THREADS=1 $(BIN)/python tools/fuzzing/fuzz.py --minutes 10 --out fuzz.json

torture: install
	OMP_NUM_THREADS=1 $(BIN)/python tools/torture.py --minutes 10 --out torture.json

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

bench: install
	$(BIN)/python benchmarks/training_speed.py
	$(BIN)/python benchmarks/prediction_speed.py --turns 1

catalogue: install
	$(BIN)/python benchmarks/catalogue_costs.py

course: install
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto -m slow tests/test_course.py

# Where there is npm, with what an exported page computes with, as a release is.
dist-test: install
	@command -v npm >/dev/null && $(PYTHON) tools/fetch_runtime.py || echo "without the exported page (make runtime)"
	$(BIN)/python tools/dist_test.py

# Without a warning: a link that leads nowhere ends it.
docs: install
	$(BIN)/sphinx-build -W --keep-going -n -q -b html docs build/docs
	@echo "build/docs/index.html"

# The pictures of a report and an exported page; tools/answer_picture.py makes the README's.
screenshots: install runtime
	$(BIN)/python tools/screenshots.py

lab: install
	$(BIN)/python benchmarks/lab_ledger.py

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
