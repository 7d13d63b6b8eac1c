# crunchwatch: every target does its own set-up. Python 3.11 or newer, Java 17 and Maven are all it asks for.
PYTHON ?= python3
JOBS   ?= 3
VENV   ?= .venv
BIN     = $(VENV)/bin
STAMP   = $(VENV)/.installed

.PHONY: boards demo stack bench test docs drill fuzz chaos pager lint golden scorecard .scorecard-all .scorecard-public schemas lock venv soak clean

demo: $(STAMP)           ## watch February and March 2021 stream through a broker and a worker
	$(BIN)/crunchwatch demo

test: $(STAMP) lint      ## everything that has to hold; JOBS=3 for one process more
	$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal

chaos: $(STAMP)          ## break things on a real Apache Kafka and compare every byte; SHORT=1 takes half as long
	CHAOS_SHORT=$(SHORT) $(BIN)/python -m pytest -q -m chaos -n 2 --dist worksteal --durations=0 tests/chaos

docs: $(STAMP)           ## the site in build/site; a dead link or anchor is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

drill: $(STAMP)          ## what takes a minute each: access, hostile producers, dead networks, the pager, the stack, every query asked, thirty series cut for a quarter
	$(BIN)/python -m pytest -q -m 'drill or pager' -n 2 --dist worksteal --durations=10
	$(BIN)/python -m tests.cuts --cuts 30 --sessions 60

pager: $(STAMP)          ## each trouble of the pager by itself, through real Prometheus and Alertmanager
	$(BIN)/python -m pytest -q -m pager tests/pager

soak: $(STAMP)           ## twenty minutes (SOAK_MINUTES) at 2000 messages a second with kills and corruption; a hundred series cut for good
	$(BIN)/python -m tests.soak
	$(BIN)/python -m tests.cuts

stack: $(STAMP)          ## the whole stack without Docker, on loopback, until Ctrl-C
	$(BIN)/python -m grafana.stack

bench: $(STAMP)          ## how fast, as ratios to peers in the same run
	$(BIN)/python -m bench.throughput

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

fuzz: $(STAMP)           ## a million fuzzed messages, guided fuzzing of the decoder, long runs of the state machines
	FUZZ_EXAMPLES=500 $(BIN)/python -m pytest -q -n 2 tests/machines
	$(BIN)/python -m tests.fuzz.guided -runs=1000000 -max_total_time=600 -print_final_stats=1
	$(BIN)/python -m tests.fuzz.account --messages 1000000

scorecard: $(STAMP)      ## the desk preset against dated episodes and baselines, with quotes of the press and without
	$(MAKE) --no-print-directory -O -j2 .scorecard-all .scorecard-public

.scorecard-all: $(STAMP)
	$(BIN)/crunchwatch score bundled --html build/scorecard.html

.scorecard-public: $(STAMP)
	$(BIN)/crunchwatch score bundled --without quotes --html build/scorecard-public.html

boards: $(STAMP)         ## write the boards anew, and ask every query of boards and rules of a real Prometheus
	$(BIN)/python -m grafana.boards
	$(BIN)/python -m grafana.check

golden: $(STAMP)         ## write the golden files anew and show what changed
	$(BIN)/python -m tests.golden
	git --no-pager diff --stat -- tests/golden docs/schemas

lock: $(STAMP)           ## resolve the dependencies anew, with hashes and without any address
	$(BIN)/pip install -q uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra docs --extra plot --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header -o constraints.txt

venv: $(STAMP)

$(STAMP): constraints.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "crunchwatch needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r constraints.txt
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
