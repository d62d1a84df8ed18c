# Every target is a few plain commands; README.md lists them for machines without make.
PYTHON ?= python3
STORE  ?= $(if $(EXECUTION_DEBT_STORE),$(EXECUTION_DEBT_STORE),data/store)
VENV   := .venv
BIN    := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PY     := $(BIN)/python
PIP    := $(PY) -m pip install --disable-pip-version-check --no-input -q --require-hashes

.PHONY: help run test check demo bench bench-truth browser lock canary .canary pythons clean

help:
	@echo "make run          environment, demo snapshot if there is none, dashboard on http://127.0.0.1:8501"
	@echo "make test         environment, browser, check, every test"
	@echo "make check        style, types and the direction of imports"
	@echo "make demo         build the demo data and its snapshot again"
	@echo "make bench        measure the pages and the load;  make bench-truth: measure the estimators"
	@echo "make lock         choose package versions again;   make canary: try the newest ones, without pins"
	@echo "make pythons      make test in a fresh copy on every Python from 3.11 to 3.13 found here"
	@echo "make clean        remove what was built, not the data"

run: $(VENV)/.installed-run
	@test -f "$(STORE)/current.json" || { echo "No snapshot in $(STORE) yet: building the demo (once)."; $(PY) -m analysis.jobs.demo; }
	$(PY) -m streamlit run app.py

test: check browser
	$(PY) -m pytest -n 2 --dist loadgroup

check: $(VENV)/.installed-dev
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(BIN)/lint-imports
	$(PY) -m analysis.jobs.describe --check

demo: $(VENV)/.installed-run
	$(PY) -m analysis.jobs.demo

bench: $(VENV)/.installed-dev
	$(PY) -m benchmarks

bench-truth: $(VENV)/.installed-dev
	$(PY) -m benchmarks.truth

# The browser tests are never skipped: a Chromium is found, or installed, or this says what to do.
browser: $(VENV)/.installed-dev
	$(PY) tests/browser/chromium.py

lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q requirements/run.in -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q -c requirements.txt requirements/dev.in -o requirements/dev.txt

# On the newest Python found, since new releases leave old ones behind; make canary PRE=1 takes pre-releases as well,
# WRITE=1 puts what was found into requirements/canary.md.
canary:
	rm -rf .venv-canary
	@$(MAKE) --no-print-directory VENV=.venv-canary PYTHON="$(if $(filter file,$(origin PYTHON)),python3.13,$(PYTHON))" .canary

.canary: | $(PY)
	$(PY) requirements/canary.py $(if $(PRE),--pre) $(if $(WRITE),--write)

pythons:
	bash .ci/pythons

clean:
	rm -rf .venv .venv-canary .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Any Python from 3.11 to 3.13 that can make environments will do; the first one found is taken.
$(PY):
	@unable=; for python in "$(PYTHON)" python3 python3.13 python3.12 python3.11 python; do \
	  "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || continue; \
	  "$$python" -c 'import ensurepip, venv' 2>/dev/null || { unable="$$python"; continue; }; \
	  echo "Making $(VENV) with $$("$$python" --version)."; \
	  "$$python" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }; \
	  exit 0; \
	done; \
	if [ -n "$$unable" ]; then \
	  echo "$$unable cannot make environments. On Debian or Ubuntu: apt-get install python3-venv, then make again." >&2; \
	else \
	  echo "No Python 3.11, 3.12 or 3.13 found. Install one (on Debian: apt-get install python3 python3-venv)," >&2; \
	  echo "or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; \
	fi; exit 1

# The stamps make an install happen only when the pinned versions changed.
$(VENV)/.installed-run: requirements.txt | $(PY)
	@echo "Installing what the dashboard needs."
	$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements.txt requirements/dev.txt | $(PY)
	@echo "Installing what the dashboard and its tests need."
	$(PIP) -r requirements/dev.txt
	@touch $@ $(VENV)/.installed-run
