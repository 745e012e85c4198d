# Needs Python 3.11 or newer with pip, and git. Everything else is installed into .venv.

PYTHON ?= python3
ARGS ?=

venv := .venv
python := $(venv)/bin/python
# A file that exists while packages are being installed: found at the start, the last attempt
# was interrupted, and the environment is made anew.
unfinished := $(venv)/unfinished
requirements := pyproject.toml constraints.txt

.DEFAULT_GOAL := help
.PHONY: help run test check fix ui bench dev constraints

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo 'Options go into ARGS: make run ARGS="--set Trainer.seed=1". Another Python: make run PYTHON=python3.12'

run: $(venv)/core ## Run the experiment of luigi.toml
	@$(python) src/runner.py $(ARGS)

test: $(venv)/dev ## Run the tests
	@$(python) -m pytest $(ARGS)

check: ## Run all checks: format, lint, types, imports, containers, tests
	@.ci/run

fix: $(venv)/dev ## Format the code and mend what the linter can
	@$(python) -m ruff check --fix-only --quiet . && $(python) -m ruff format .

ui: $(venv)/core ## Serve the runs at http://localhost:5000
	@$(venv)/bin/runforest ui $(ARGS)

bench: $(venv)/dev ## Run the benchmarks; one alone: make bench ARGS=NAME
	@$(python) -m benchmarks $(ARGS)

dev: $(venv)/dev ## Install what tests and checks need, run nothing

constraints: ## Renew constraints.txt: the newest versions that pyproject.toml allows
	@$(call require_python)
	@rm -rf $(venv)-constraints && $(PYTHON) -m venv $(venv)-constraints
	@$(venv)-constraints/bin/python -m pip install --quiet --dry-run --ignore-installed \
	  --report $(venv)-constraints/report.json uv '.[dev,catboost,cmaes,dask,excel,lightgbm,xgboost]'
	@$(venv)-constraints/bin/python -c "$$list_versions" $(venv)-constraints/report.json \
	  >$(venv)-constraints/constraints.txt
	@mv $(venv)-constraints/constraints.txt constraints.txt && rm -rf $(venv)-constraints

$(venv)/core: $(requirements)
	@$(call install,.)
	@touch $@

$(venv)/dev: $(requirements)
	@$(call install,.[dev])
	@touch $(venv)/core $@

define require_python
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
  echo 'Runforest needs Python 3.11 or newer, and $(PYTHON) is not. Name one: make PYTHON=python3.12 ...' >&2; \
  exit 1; }
endef

# usage: $(call install,WHAT): the project with its extras, in the pinned versions; uv takes seconds
# where pip takes minutes, and shows how far it is; where uv cannot be had, pip does it
define install
if [ ! -x $(python) ] || [ -e $(unfinished) ]; then \
  { $(call require_python); } && $(PYTHON) -m venv --clear $(venv) || exit 1; \
fi; \
touch $(unfinished); \
echo 'Installing the pinned packages into $(venv)' >&2; \
{ $(python) -m pip install --quiet --disable-pip-version-check -c constraints.txt uv && \
  $(python) -m uv pip install --python $(python) -c constraints.txt -e '$(1)'; } || \
{ echo 'uv cannot do it here; pip can, and takes some minutes' >&2 && \
  $(python) -m pip install --disable-pip-version-check -c constraints.txt -e '$(1)'; } && \
rm $(unfinished)
endef

define list_versions
import json, sys
installs = json.load(open(sys.argv[1]))["install"]
packages = {item["metadata"]["name"]: item["metadata"]["version"] for item in installs}
del packages["runforest"]
print("# Pinned versions of the packages, of all extras and of uv. Renewed by: make constraints")
for name in sorted(packages, key=str.lower):
    print(f"{name}=={packages[name]}")
endef
export list_versions
