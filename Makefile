# make test    run the tests            make demo    an inspection day, in day-out
# make lint    ruff and mypy            make bench   measure
# make setup   only prepare .venv       make pins    renew constraints.txt, and hashes.txt and security/ by make papers
# make docs    build build/site          make clean   remove what was made
# make release build, check and install as docs/release.md says; nothing is published
# make test-wheel     the tests against the built wheel, on every Python that is found here (PYTHONS="..." names them)
# make test-lowest    the same with the oldest dependencies that pyproject.toml allows; make test-newest, with the newest
# make test-postgres, test-spark, test-sail    the tests that need another program, which these install
#
# Every target prepares .venv by itself (tools/setup). PYTHON=/path/to/python chooses the interpreter.

# What a surrounding environment holds must not reach the programs started here.
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME PYTHONUSERBASE MYPYPATH
ifeq ($(strip $(HOME)),)
unexport HOME
endif

VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
TYPED  := $(wildcard src tests benchmarks examples tools)

export PYTHON

.PHONY: help setup test test-wheel test-lowest test-newest test-typing test-postgres test-spark test-sail lint docs bench demo pins \
	papers release clean
help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile

setup: $(READY)

# The stamp names the folder it was made in: a copied checkout would otherwise test its origin.
ifneq ($(shell test -x $(BIN)/python && cat $(READY) 2>/dev/null),$(shell pwd -P))
.PHONY: $(READY)
endif
$(READY): pyproject.toml constraints.txt tools/setup
	@sh tools/setup

# One process for each core, four at most; `make test WORKERS=` runs all tests in one process.
WORKERS := -n auto --maxprocesses 4 --dist worksteal
test: $(READY)
	$(BIN)/python -m pytest $(WORKERS)

# Everything that needs no source, against the wheel, in a virtual environment without the checkout: tools/test-wheel.
test-wheel: $(READY)
	tools/test-wheel pinned $(WORKERS)

test-lowest: $(READY)
	tools/test-wheel lowest $(WORKERS)

test-newest: $(READY)
	tools/test-wheel newest $(WORKERS)

# What users write, under four type checkers; pyright comes from npm.
test-typing: $(READY)
	$(BIN)/python tools/check_typing.py

# The register's tests once more, on a PostgreSQL of their own (from Debian's packages).
test-postgres: $(READY)
	PYTHON=$(BIN)/python tools/postgres

# What runs on Spark: on Spark itself, over 200 000 rows, and on Sail, which needs no Java. Each in a .venv of its own.
test-spark: $(READY)
	CERTCORE_SPARK_ROWS=$${CERTCORE_SPARK_ROWS:-200000} tools/spark spark

test-sail: $(READY)
	tools/spark sail

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy $(TYPED)

# Nothing is fetched, a warning is an error, and so is an example in a docstring that gives another answer.
SPHINX := -q -n -W --keep-going -d build/doctrees docs
docs: $(READY)
	@$(BIN)/sphinx-build -b html $(SPHINX) build/site
	@$(BIN)/sphinx-build -b doctest $(SPHINX) build/doctest
	@echo build/site/index.html

# Some minutes; `make bench SUITES="scan verify"` runs some suites. Other libraries are installed in .venv-bench-*.
bench: $(READY)
	$(BIN)/python -m benchmarks $(SUITES)

demo: $(READY)
	$(BIN)/python examples/inspection-day/run.py --out day-out

pins: $(READY)
	@sh tools/pins

papers: $(READY)
	@sh tools/papers

release: $(READY)
	tools/release

clean:
	rm -rf $(VENV) $(VENV)-spark $(VENV)-sail $(VENV)-bench-* demo-out day-out dist build htmlcov .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || :
