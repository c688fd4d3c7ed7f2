# The whole ritual. Every target sets up .venv first, from one constraints file, with pip.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
HOME_DIR ?= .minicoil
export TOKENIZERS_PARALLELISM := false
# set in many containers: every process that a command or a test starts would compile this package anew, a second each
unexport PYTHONDONTWRITEBYTECODE

# several test processes share the cores: a thread of OpenMP that waits for others must not spin meanwhile (half the CPU)
test slow: export OMP_WAIT_POLICY := PASSIVE

.PHONY: install run base test slow examples check bench wheels clean

install: $(VENV)/.installed

# torch goes first and alone: every later resolution must see it installed. The plain registry's torch is a CUDA build on
# Linux, 2.5 GB to download and 4.6 GB on disk; its CPU build is 200 MB and 1.2 GB, and lies on an index of its own.
# TORCH=cuda: the registry's at once, where layers are to be trained on a GPU.
TORCH ?= cpu
TORCH_VERSION := 2.13.0
CPU_INDEX ?= https://download.pytorch.org/whl/cpu
INDEX_SECONDS ?= 10
# pip compiles 24,000 modules one after another; all cores do it at the end
PIP := $(BIN)/pip install --quiet --no-compile -c constraints.txt

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
	@echo "everything else: 560 MB to download, 140 MB of it for the tests"
	$(PIP) -e '.[dev]'
	@$(BIN)/python -m compileall -j 0 -qq $(VENV)/lib || true  # some packages bring templates that are no Python
	@echo "installed: $$(du -sh $(VENV) | cut -f1) in $(VENV); \`$(BIN)/minicoil doctor\` says whether all is well"
	touch $@

# BASE=1: the base of common words first, which names its own time, and a home that starts from it
run: install $(if $(BASE),base)  ## the product's life once, on real text, embedded: two domains, two releases, one search
	$(BIN)/python -m deployments.tour --home $(HOME_DIR) $(if $(BASE),--base dist/base)

# From docstrings of installed packages whose licence allows it, each named. Stopped, it goes on. WORDS=2000 for more.
WORDS ?= 1500
base: install  ## dist/base and dist/base.tar.xz: common English words to start from, without the encoder
	$(BIN)/python -m deployments.base --words $(WORDS)

# One more than the two cores this is meant for, because tests also wait for disks and other processes; a file whole in
# one of them: its fixtures (releases, servers) are made once.
PROCESSES ?= 3

test: install
	$(BIN)/pytest -n $(PROCESSES) --dist loadfile --durations=15

slow: install  ## end-to-end tests that start servers or kill processes
	$(BIN)/pytest -n $(PROCESSES) --dist loadfile -m slow --durations=15

# langchain-qdrant is 50 MB that nothing but its example needs, so `make install` leaves it out
examples: install  ## every example, run; those of libraries that the tests of `make test` do without included
	$(PIP) langchain-qdrant
	$(BIN)/pytest tests/examples

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest tests/test_architecture.py

bench: install  ## ratios against stated baselines, printed; an hour on two cores
	$(BIN)/pytest -m benchmark -s

# WHEELS="--extra light --python 3.11" for a part of it; pip downloads whatever its cache lacks
wheels: install  ## the built wheel with each extra in a clean environment, for each of Python 3.11, 3.12, 3.13 that is here
	$(BIN)/python .ci/wheels.py $(WHEELS)

clean:
	rm -rf $(VENV) $(HOME_DIR) .minicoil-base build dist *.egg-info
