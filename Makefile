# Everything runs in .venv, which `environment` makes and keeps as requirements/ and pyproject.toml say.
SHELL := /bin/sh
PYTHON ?= python3
PY := .venv/bin/python
CODE := pipelines adapters bentos infra tests tools
TESTS := tests
WORKERS ?= logical
ARGS ?=
ONLY ?=

.DEFAULT_GOAL := help
.PHONY: help demo test engine platforms check format bench soak lock policy environment clean

help: ## this list
	@echo "usage: make TARGET"
	@echo
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{printf "%-16s%s\n", $$1, $$2}'
	@echo
	@echo "PYTHON=/path/to/python3 picks the interpreter (3.11 or newer)."

demo: environment ## run the example on real data, serve its model, ask it something
	@$(PY) tools/demo.py

test: environment ## all tests, quick ones first (ARGS='-k name' picks some)
	@if [ -n "$$CI" ]; then $(PY) -m tests.engine.build || echo "make test: engine tests will fail" >&2; fi
	@$(PY) -m pytest -n $(WORKERS) --dist loadgroup --ignore=tests/benchmarks $(ARGS) $(TESTS)

engine: environment ## real Pulumi and Kubernetes for the tests, built from Go modules once
	@$(PY) -m tests.engine.build

platforms: environment ## the conformance suite, and README's table of what works where (after `make engine`)
	@$(PY) -m pytest -n $(WORKERS) -p tests.conformance.table --conformance-table build/platforms.json tests/conformance
	@$(PY) -m tools.platforms build/platforms.json

check: environment ## format, lint, types and walls; changes nothing
	@failed=; \
	$(PY) -m ruff format --check $(CODE) || failed="$$failed format"; \
	$(PY) -m ruff check $(CODE) || failed="$$failed lint"; \
	$(PY) -m mypy $(CODE) || failed="$$failed types"; \
	.venv/bin/lint-imports --no-logo || failed="$$failed walls"; \
	if [ -n "$$failed" ]; then echo "make check: failed:$$failed" >&2; exit 1; fi; \
	echo "make check: all well"

format: environment ## put the code into its format, and mend what can be mended
	@$(PY) -m ruff check --fix-only $(CODE)
	@$(PY) -m ruff format $(CODE)

bench: environment ## the benchmarks, into build/bench.json and docs/performance.md (ONLY=NAME picks one)
	@$(PY) -m tests.benchmarks $(if $(ONLY),--only '$(ONLY)') --docs docs/performance.md $(ARGS)

soak: environment ## the long forms of the fuzz and fault tests
	@MOORAGE_SOAK=1 $(PY) -m pytest -n $(WORKERS) --dist loadgroup --ignore=tests/benchmarks $(ARGS) $(TESTS)

lock: environment ## write requirements/ anew from pyproject.toml (ARGS=--upgrade)
	@$(PY) -m tools.lock $(ARGS)

policy: environment ## give the policy pack its environment, for `pulumi preview --policy-pack infra/policy`
	@$(PY) -m tools.aside

environment: ## make or update .venv; the other targets do this by themselves
	@command -v $(PYTHON) >/dev/null || { \
	  echo "error: there is no '$(PYTHON)' here" >&2; \
	  echo "  fix: install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: '$(PYTHON)' is $$($(PYTHON) -V 2>&1); moorage needs 3.11 or newer" >&2; \
	  echo "  fix: install a newer one, or name it: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -B tools/environment.py
	@$(PY) -m compileall -q pipelines adapters bentos infra # where PYTHONDONTWRITEBYTECODE is set, starts would cost twice

clean: ## remove .venv, caches and the example's runs (.moorage)
	rm -rf .venv .moorage build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
