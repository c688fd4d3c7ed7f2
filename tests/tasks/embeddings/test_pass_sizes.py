"""What a machine's forward passes hold is measured once a home, and nothing in the file can stop an encoding."""

import json

import pytest

from minicoil.encoder import token_budget
from minicoil.encoder.token_budget import CANDIDATES, DEFAULT
from minicoil.sparse.model import MiniCoil
from tasks.embeddings import pass_sizes
from tasks.embeddings.embeddings import remembering
from tasks.embeddings.pass_sizes import pass_budget

COSTS = {128: 70.0, DEFAULT: 60.0, 512: 40.0, 1024: 50.0}


@pytest.fixture
def encoder(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"a graph" * 100)
    return path


@pytest.fixture
def forget():
    """As a new process would."""
    yield pass_sizes._known.clear
    pass_sizes._known.clear()


def test_the_choice_is_kept_for_the_next_process(tmp_path, encoder, forget):
    budget = pass_budget(tmp_path / "cache", encoder)
    assert budget is pass_budget(tmp_path / "cache", encoder) and budget.tokens == DEFAULT
    budget.choose(COSTS)
    forget()
    assert pass_budget(tmp_path / "cache", encoder).tokens == 512
    (entry,) = json.loads((tmp_path / "cache" / "passes.json").read_bytes()).values()
    assert entry == {"tokens": 512, "cpu_seconds_per_million": {str(k): v for k, v in sorted(COSTS.items())}}


def test_another_encoder_and_another_machine_measure_for_themselves(tmp_path, encoder, forget, monkeypatch):
    pass_budget(tmp_path, encoder).choose(COSTS)
    forget()
    other = tmp_path / "other.onnx"
    other.write_bytes(b"another graph" * 100)
    assert pass_budget(tmp_path, other).tokens == DEFAULT
    monkeypatch.setattr(pass_sizes, "cores", lambda: 77)
    assert pass_budget(tmp_path, encoder).tokens == DEFAULT
    pass_budget(tmp_path, encoder).choose({**COSTS, 1024: 1.0})
    monkeypatch.undo()
    forget()
    assert pass_budget(tmp_path, encoder).tokens == 512  # both are in the file


@pytest.mark.parametrize("tokens", [0, -1, 10**9, True, "512", 2.5, None])
def test_a_damaged_file_costs_a_measurement(tmp_path, encoder, forget, tokens):
    pass_budget(tmp_path, encoder).choose(COSTS)
    path = tmp_path / "passes.json"
    (key,) = json.loads(path.read_bytes())
    path.write_text(json.dumps({key: {"tokens": tokens}}))
    forget()
    assert pass_budget(tmp_path, encoder).tokens == DEFAULT
    for text in ("[1]", "{", '{"a": 1e999}', "\udcff"):
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        forget()
        assert pass_budget(tmp_path, encoder).tokens == DEFAULT


def test_passes_at_once_stand_beside_their_size(tmp_path, encoder, forget, monkeypatch):
    monkeypatch.setattr(pass_sizes, "cores", lambda: 8)
    monkeypatch.setattr(pass_sizes, "physical_cores", lambda: 4)
    budget = pass_budget(tmp_path, encoder)
    budget.choose(COSTS)
    budget.at_once.choose({8: [100.0, 101.0], 4: [120.0, 122.0]})
    forget()
    known = pass_budget(tmp_path, encoder)
    assert (known.tokens, known.at_once.of_threads(8)) == (512, 4)
    path = tmp_path / "passes.json"
    ((key, entry),) = json.loads(path.read_bytes()).items()
    assert entry["tokens_per_second"] == {"4": 121, "8": 100}  # 100.5, rounded to even
    for damaged in (0, 9, "4", True, None):  # more than there are was never measured
        path.write_text(json.dumps({key: {**entry, "at_once": damaged}}))
        forget()
        known = pass_budget(tmp_path, encoder)
        assert (known.tokens, known.at_once.of_threads(8)) == (512, 8)


def test_a_folder_that_cannot_be_written_costs_nothing_else(tmp_path, encoder, forget):
    (tmp_path / "cache").write_text("a file where the folder should be")
    budget = pass_budget(tmp_path / "cache", encoder)
    budget.choose(COSTS)
    assert budget.tokens == 512


def test_a_model_that_remembers_measures_by_encoding(tmp_path, bundle, forget, monkeypatch):
    monkeypatch.setattr(token_budget, "LEAST_TEXTS", 400)
    monkeypatch.setattr(token_budget, "LEAST_TOKENS", 200)
    texts = [f"{number} pods on a node near the river bank of every kernel " for number in range(400)]
    assert len(list(remembering(MiniCoil.load(bundle), tmp_path).embed(texts))) == 400
    (entry,) = json.loads((tmp_path / "passes.json").read_bytes()).values()
    assert entry["tokens"] in CANDIDATES and set(entry["cpu_seconds_per_million"]) == set(map(str, CANDIDATES))
    forget()
    again = remembering(MiniCoil.load(bundle), tmp_path)
    assert again.encoder._budget.tokens == entry["tokens"]
