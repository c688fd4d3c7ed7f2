# The whole ritual. Every target sets up .venv first, from one constraints file, with pip.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
HOME_DIR ?= .minicoil
export TOKENIZERS_PARALLELISM := false

.PHONY: install run test slow check bench clean

install: $(VENV)/.installed

# torch goes first and alone: every later resolution must see it installed. The plain registry's torch is a CUDA build on
# Linux, 2.5 GB to download and 4.6 GB on disk; its CPU build is 200 MB and 1.2 GB, and lies on an index of its own.
# TORCH=cuda: the registry's at once, where layers are to be trained on a GPU.
TORCH ?= cpu
TORCH_VERSION := 2.13.0
CPU_INDEX ?= https://download.pytorch.org/whl/cpu
INDEX_SECONDS ?= 10
PIP := $(BIN)/pip install --quiet -c constraints.txt

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
ifeq ($(TORCH),cpu)
	@echo "torch $(TORCH_VERSION): asking $(CPU_INDEX) for the CPU build, 200 MB to download (TORCH=cuda takes the CUDA build)"
	@$(PIP) --no-deps --index-url $(CPU_INDEX) --timeout $(INDEX_SECONDS) --retries 0 torch==$(TORCH_VERSION) 2>/dev/null || { \
		echo "  it has none for this machine, or did not answer: the registry's build follows, on Linux with CUDA, 2.5 GB"; \
		$(PIP) torch==$(TORCH_VERSION); }
else
	@echo "torch $(TORCH_VERSION): the registry's build, on Linux with CUDA, 2.5 GB to download"
	$(PIP) torch==$(TORCH_VERSION)
endif
	@echo "everything else: 540 MB to download, 120 MB of it for the tests"
	$(PIP) -e '.[dev]'
	@echo "installed: $$(du -sh $(VENV) | cut -f1) in $(VENV); \`$(BIN)/minicoil doctor\` says whether all is well"
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
