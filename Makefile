# What `make` can do here. Everything sets itself up first.
.PHONY: help demo test check accept docs bench lab lab-test lab-long clean
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
# Most tests wait for deadlines: three times as many as there are processors.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(min(3 * (os.cpu_count() or 1), 16))')
STAMP := $(VENV)/.stamp
# Two parts, each with a platform of its own: they mostly wait, so they wait at the same time. Deployments make
# them even.
PAIRS := $(wildcard tests/lab/test_storage_*.py) tests/lab/test_deploy_real.py
OTHERS := $(filter-out $(PAIRS),$(wildcard tests/lab/test_*.py))
LAB := $(RUN)/pytest -m 'lab and not long' --durations 20

help:  ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "saitotui needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(RUN)/pip install --quiet --upgrade 'pip>=25.1'
	$(RUN)/pip install --quiet --editable . --group dev
	@touch $@

demo: $(STAMP)  ## the console on the simulated platform
	@$(RUN)/saitotui demo $(ARGS)

check: $(STAMP)  ## format, lint, types, layers
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/lint-imports

test: check  ## check, and every test that needs no privileges
	$(RUN)/pytest -m 'not lab' -n $(WORKERS)

accept: $(STAMP)  ## accept changed snapshots (look at them first)
	$(RUN)/pytest tests/ui --accept

lab-test: $(STAMP)  ## tests against the real services (Debian, root)
	tests/lab/install.sh
	mkdir -p .lab; code=0; \
	$(LAB) $(PAIRS) > .lab/pairs.log 2>&1 & pairs=$$!; \
	$(LAB) $(OTHERS) || code=1; \
	wait $$pairs || code=1; cat .lab/pairs.log; \
	exit $$code

lab-long: $(STAMP)  ## the long series against the real services (Debian, root; about 50 minutes)
	tests/lab/install.sh
	$(RUN)/pytest -m long -s
	SAITOTUI_SWAPS=20 $(LAB) -s tests/lab/test_swap_real.py tests/lab/test_mysql_real.py

lab: $(STAMP)  ## the real storage pair for developers (root): make lab DO=up, then DO=status, 'ssh st1', ...
	@tests/lab/install.sh && $(RUN)/python -m tests.lab.storage $(DO)

bench: $(STAMP)  ## ratios, measured side by side in one run
	$(RUN)/python -m tests.bench

docs: $(STAMP)  ## write the documents that are made from the code
	$(RUN)/python -m tests.docs.pages

clean:  ## forget the environment and caches
	rm -rf $(VENV) .lab .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
