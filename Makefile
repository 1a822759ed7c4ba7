# One command checks everything: `make test`. It needs make and Python 3.11 or later, nothing else:
# the tests of the studio take the machine's Node.js or pyright's, and install Chromium where they may.
# All paths are relative, so a checkout whose path has spaces works.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help test check lint types studio studio-checks docs format conformance demo chaos fuzz bench \
  bench-quick bench-peers bench-studio pins sbom clean

VENV := .venv
PEERS_VENV := benchmarks/peers/.venv
RUN := $(VENV)/bin/python -m
# --no-deps and `pip check` together prove that the pinned lists are complete;
# --only-binary makes a missing wheel an error, not a call for a compiler;
# --require-hashes refuses a file that is not the one that was pinned.
PINNED := --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary=:all:
INSTALL := $(RUN) pip install $(PINNED)
CHECK_INSTALLED := $(RUN) pip check --quiet --disable-pip-version-check
# seconds of `make chaos`, and of `make fuzz` for each of its targets
FOR := 600
# of the demo's server; 0: any free one
PORT := 8420
CHECKED := src tests examples benchmarks docs
# builds the studio, and runs scripts of studio/package.json
STUDIO := $(VENV)/bin/python hatch_build.py

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

test: lint types studio-checks check ## everything that continuous integration checks

check: $(VENV)/.dev ## the tests alone
	$(STUDIO) --skip-without-node
	$(RUN) tests.studio.browser
	$(RUN) tests.servers.pooler_program
	$(RUN) pytest --numprocesses=2

lint: $(VENV)/.dev ## ruff's rules and format
	$(RUN) ruff check
	$(RUN) ruff format --check

types: $(VENV)/.dev ## mypy --strict, and pyright over the package
	$(RUN) mypy
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(RUN) pyright

studio: $(VENV)/.runtime ## build the browser application that the server serves
	$(STUDIO)

studio-checks: $(VENV)/.dev ## the studio's types, rules, format and unit tests
	$(STUDIO) --skip-without-node check test

docs: $(VENV)/.docs ## the site of all documents, into build/site; stops at a broken link
	NO_MKDOCS_2_WARNING=1 $(RUN) mkdocs build

format: $(VENV)/.dev ## put imports and layout in order
	$(RUN) ruff check --fix
	$(RUN) ruff format

conformance: $(VENV)/.dev ## run a folder of SCXML cases on the engine: make conformance SUITE=folder
	$(RUN) tests.conformance.suites "$(SUITE)"

demo: $(VENV)/.runtime ## one machine with traffic, to look at: make demo PORT=8420
	@$(STUDIO) --skip-without-node || echo "The demo goes on without the studio." >&2
	$(RUN) examples.demo --port $(PORT)

chaos: $(VENV)/.dev ## kill and cut off everything for so many seconds: make chaos FOR=1800
	$(RUN) tests.acceptance.chaos --seconds $(FOR)

fuzz: $(VENV)/.dev ## rubbish for a reader of documents, or for a server: make fuzz TARGET=sockets FOR=600
	$(RUN) tests.fuzz$(if $(filter sockets,$(TARGET)),.sockets, $(TARGET)) --seconds $(FOR)

bench: $(VENV)/.bench ## all benchmarks, beside their peers
	$(RUN) benchmarks

bench-quick: $(VENV)/.bench ## the same in about a minute, to see that they run
	$(RUN) benchmarks --quick

bench-peers: $(VENV)/.dev $(VENV)/.bench ## durable steps on PostgreSQL beside peers; ARGS=--quick for a short run
	@$(MAKE) --no-print-directory $(PEERS_VENV)/.made || \
	  echo "Some peers could not be installed: the run leaves them out." >&2
	$(RUN) benchmarks.beside $(ARGS)

bench-studio: $(VENV)/.dev ## how fast the studio draws, scrolls and opens; ARGS=--quick for fewer laps
	$(STUDIO)
	$(RUN) tests.studio.browser
	$(RUN) benchmarks.studio $(ARGS)

pins: $(VENV)/.dev ## after a change of requirements/*.in: the same lists with the hashes of all files
	@for list in requirements/*.in; do \
	  $(VENV)/bin/uv pip compile --quiet --no-deps --generate-hashes --no-header --no-annotate \
	    --universal --python-version 3.13 "$$list" --output-file "$${list%.in}.txt" || exit 1; \
	done

# Of an environment with nothing but what the package needs to run, so that licences are known too;
# of the studio, the whole lock file: what only builds it is marked as such.
sbom: $(VENV)/.sbom ## what a release is made of, as CycloneDX: build/sbom/python.json and studio.json
	rm -rf build/sbom && mkdir -p build/sbom
	$(VENV)/bin/python -m venv build/sbom/environment
	build/sbom/environment/bin/python -m pip install $(PINNED) -r requirements/runtime.txt
	$(VENV)/bin/cyclonedx-py environment --pyproject pyproject.toml --mc-type library \
	  --output-reproducible --output-file build/sbom/python.json build/sbom/environment
	rm -rf build/sbom/environment
	$(STUDIO) sbom

clean: ## remove the environment and all that tools left behind
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	rm -rf $(PEERS_VENV) benchmarks/peers/xstate/node_modules benchmarks/peers/restate/node_modules
	rm -rf studio/node_modules src/statehold/studio
	find $(CHECKED) -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment; a stamp file says which of its layers are up to date -------------------

$(VENV)/.made:
	@if [ -n "$$PYTHON" ]; then set -- "$$PYTHON"; \
	else set -- python3.11 python3 python3.13 python3.12 python; fi; \
	python=; \
	for candidate do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "No Python 3.11 or later was found (tried: $$*). Install it, or name one: PYTHON=… make …" >&2; \
	  exit 1; \
	fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	  version=$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	  echo "$$python lacks venv or ensurepip: install the package python$$version-venv (Debian, Ubuntu: apt install python$$version-venv)" >&2; \
	  exit 1; \
	fi; \
	echo "$(VENV): $$("$$python" --version)"; \
	"$$python" -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.made requirements/runtime.txt requirements/build.txt pyproject.toml
	$(INSTALL) -r requirements/runtime.txt -r requirements/build.txt
	STATEHOLD_BUILD_STUDIO=skip $(RUN) pip install --quiet --disable-pip-version-check --no-deps \
	  --no-build-isolation --editable .
	$(CHECK_INSTALLED)
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt requirements/docs.txt
	$(INSTALL) -r requirements/dev.txt
	$(CHECK_INSTALLED)
	@touch $@

$(VENV)/.docs: $(VENV)/.runtime requirements/docs.txt
	$(INSTALL) -r requirements/docs.txt
	$(CHECK_INSTALLED)
	@touch $@

$(VENV)/.bench: $(VENV)/.runtime requirements/bench.txt
	$(INSTALL) -r requirements/bench.txt
	$(CHECK_INSTALLED)
	@touch $@

$(VENV)/.sbom: $(VENV)/.runtime requirements/sbom.txt
	$(INSTALL) -r requirements/sbom.txt
	$(CHECK_INSTALLED)
	@touch $@

# Peers whose requirements are none of ours, in an environment of their own; a run does without it.
$(PEERS_VENV)/.made: $(VENV)/.made requirements/bench-peers.txt
	$(VENV)/bin/python -m venv --clear $(PEERS_VENV)
	$(PEERS_VENV)/bin/python -m pip install $(PINNED) -r requirements/bench-peers.txt
	$(PEERS_VENV)/bin/python -m pip check --quiet --disable-pip-version-check
	@touch $@
