# The whole ritual. Every target sets up .venv first, from one constraints file, with pip.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
HOME_DIR ?= .minicoil
export TOKENIZERS_PARALLELISM := false

.PHONY: install run test slow check bench clean

install: $(VENV)/.installed

# torch goes first and alone: its CPU build is found by pip only, and every later resolution must see it installed.
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -c constraints.txt torch==2.13.0
	$(BIN)/pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@

run: install  ## the product's life once, on real text, embedded: two domains, two releases, one search
	$(BIN)/python -m deployments.tour --home $(HOME_DIR)

# Two processes, a file whole in one of them: its fixtures (releases, servers) are made once.
PROCESSES ?= 2

test: install
	$(BIN)/pytest -n $(PROCESSES) --dist loadfile

slow: install  ## end-to-end tests that start servers or kill processes; they wait much, so one process more
	$(BIN)/pytest -n $$(($(PROCESSES) + 1)) --dist loadfile -m slow --durations=15

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest tests/test_architecture.py

bench: install  ## ratios against stated baselines, printed; an hour on two cores
	$(BIN)/pytest -m benchmark -s

clean:
	rm -rf $(VENV) $(HOME_DIR) build dist *.egg-info
